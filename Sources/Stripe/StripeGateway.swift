import Billing
import Foundation
import Metering
import NIOCore

/// Collects by Stripe: one customer per org, with a saved card. Nobody has to be there, unless a bank wants its customer to confirm.
public struct StripeGateway: PaymentGateway {
    let client: StripeClient
    private let signature: WebhookSignature?
    let ledgerID: String

    /// A gateway.
    ///
    /// - Parameters:
    ///   - base: `https://api.stripe.com`; http only on this machine.
    ///   - key: the secret API key.
    ///   - webhookSecret: what Stripe signs webhooks with; nil: none are taken.
    ///   - ledgerID: what tells this ledger's payments from all others.
    ///   - timeoutSeconds: how long an answer may take.
    public init(
        base: String, key: Secret, webhookSecret: Secret?, ledgerID: String, timeoutSeconds: Int64 = 30
    ) throws(StripeSetupError) {
        client = try StripeClient(base: base, key: key, timeout: .seconds(timeoutSeconds))
        signature = webhookSecret.map { WebhookSignature(secret: $0) }
        self.ledgerID = ledgerID
    }

    /// `stripe`
    public var name: String { "stripe" }
    /// Never.
    public var isManual: Bool { false }

    // MARK: Refunds

    /// What Stripe collects at least. See <https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>.
    public var minimum: Money { Money(nanos: 500_000_000) }

    /// Metadata by which a refund is found again.
    static let refundMark = "meterd_refund"

    /// Gives a payment back; see ``PaymentGateway/refund(_:isRepeat:)``.
    public func refund(_ request: RefundRequest, isRepeat: Bool) async -> RefundResult {
        guard let intent = request.reference else {
            return .failed(reference: nil, words: "Stripe's name of the payment is not known")
        }
        var failed = 0
        if isRepeat || request.isAnew {
            let answer = await client.get("/v1/refunds", [("payment_intent", intent), ("limit", "100")])
            guard case .answered(200, let body) = answer,
                let refunds = Self.decode(StripeList<StripeRefund>.self, body)?.data
            else { return .unknown("Stripe can't say whether it has the refund") }
            let own = refunds.filter { refund in
                if let mark = refund.metadata?[Self.refundMark] { return mark == request.key }
                // Made before refunds had marks, or by a person at Stripe: of the same amount, it is this one.
                return refund.amount == request.amount.nanos / Proration.nanosPerCent
            }
            if let newest = own.first {
                let result = Self.result(of: newest)
                guard case .failed = result, request.isAnew else { return result }
            }
            failed = own.count
        }
        let cents = request.amount.nanos / Proration.nanosPerCent
        let answer = await client.post(
            "/v1/refunds",
            [
                ("payment_intent", intent), ("amount", "\(cents)"), ("metadata[\(Self.refundMark)]", request.key),
            ], key: failed == 0 ? request.key : "\(request.key)-\(failed + 1)")
        switch answer {
        case .noAnswer(let words): return .unknown(words)
        case .answered(200, let body):
            guard let refund = Self.decode(StripeRefund.self, body) else {
                return .unknown("Stripe's answer can't be read")
            }
            return Self.result(of: refund)
        case .answered(let status, let body):
            let problem = Self.decode(StripeProblem.self, body)?.error
            let words = "Stripe answered \(status): \(problem?.message ?? "no reason")"
            switch status {
            case 401, 403, 409, 429, 500...: return .unknown(words)
            default: return .failed(reference: nil, words: words)
            }
        }
    }

    /// See <https://docs.stripe.com/refunds#failed-refunds>.
    private static func result(of refund: StripeRefund) -> RefundResult {
        switch refund.status {
        case "succeeded": .succeeded(reference: refund.id)
        case "failed", "canceled":
            .failed(
                reference: refund.id,
                words: "Stripe says that it \(refund.status ?? "") (\(refund.failure_reason ?? "no reason"))")
        // `pending`; or `requires_action`: the customer was asked by Stripe where to send it.
        default: .pending(reference: refund.id)
        }
    }

    // MARK: Methods

    /// Takes note of a card that was saved at Stripe. One that belongs to a customer there makes that customer the org's.
    public func save(_ method: String, for org: String, customer: String?) async throws(GatewayProblem) -> SavedMethod {
        var stored = try await ask(StripeMethod.self, await client.get("/v1/payment_methods/\(Self.path(method))"))
        guard stored.type == "card" else {
            throw GatewayProblem(
                "only cards can be charged, and \(method) is a \(stored.type ?? "thing")", isRetryable: false)
        }
        if let owner = stored.customer, let customer, owner != customer {
            throw GatewayProblem(
                "\(method) belongs to another customer at Stripe than org '\(org)' (\(customer))", isRetryable: false)
        }
        let owner: String
        if let known = customer ?? stored.customer {
            owner = known
        } else {
            owner = try await makeCustomer(for: org)
        }
        if stored.customer == nil {
            // The id that Stripe gives here is the one to charge: a test's name stands for a card that has one of its own.
            stored = try await ask(
                StripeMethod.self,
                await client.post(
                    "/v1/payment_methods/\(Self.path(stored.id))/attach", [("customer", owner)],
                    key: "meterd-\(ledgerID)-attach-\(stored.id)-\(owner)"))
        }
        return SavedMethod(
            customer: owner,
            method: PaymentMethod(
                id: stored.id, brand: stored.card?.brand ?? "card", last4: stored.card?.last4 ?? "????",
                expiryMonth: stored.card?.exp_month, expiryYear: stored.card?.exp_year,
                fingerprint: stored.card?.fingerprint))
    }

    /// The org's customer at Stripe, made once.
    func makeCustomer(for org: String) async throws(GatewayProblem) -> String {
        try await ask(
            StripeCustomer.self,
            await client.post(
                "/v1/customers", [("name", org), ("metadata[meterd_org]", org)],
                key: "meterd-\(ledgerID)-customer-\(org)")
        ).id
    }

    func ask<Object: Decodable>(
        _ type: Object.Type, _ answer: StripeClient.Answer
    ) async throws(GatewayProblem) -> Object {
        switch answer {
        case .noAnswer(let words): throw GatewayProblem(words, isRetryable: true)
        case .answered(200, let body):
            guard let object = Self.decode(type, body) else {
                throw GatewayProblem("Stripe's answer can't be read", isRetryable: true)
            }
            return object
        case .answered(let status, let body):
            let problem = Self.decode(StripeProblem.self, body)?.error
            if status == 402 {
                throw GatewayProblem(
                    "the card can't be saved: \(Self.reason(problem?.code, problem?.decline_code).words)",
                    isRetryable: false)
            }
            let words = "Stripe answered \(status): \(problem?.message ?? "no reason")"
            throw GatewayProblem(words, isRetryable: status == 409 || status == 429 || status >= 500)
        }
    }

    // MARK: Webhooks

    /// What a webhook says, once its signature is found to be right; see ``PaymentGateway/news(_:signature:now:)``.
    public func news(
        _ body: [UInt8], signature header: String, now: Timestamp
    ) throws(GatewayProblem) -> GatewayNews {
        guard let signature else {
            throw GatewayProblem(
                "there is no webhook secret here; the credential stripe-webhook-secret hands it in", isRetryable: false)
        }
        guard try signature.verify(body, header, now: now) else { return .known }
        guard let event = Self.decode(StripeEvent.self, Data(body)) else {
            throw GatewayProblem("the webhook's body is no event", isRetryable: false)
        }
        switch event.data.object.object {
        case "dispute", "refund": return .returns
        case "charge" where event.type.hasPrefix("charge.refund"): return .returns
        default: break
        }
        guard event.data.object.object == "payment_intent",
            let key = event.data.object.metadata?[Self.paymentMark]
        else { return .nothing(type: event.type) }
        let prefix = "meterd-\(ledgerID)-payment-"
        guard key.hasPrefix(prefix), let number = Int64(key.dropFirst(prefix.count)) else {
            return .nothing(type: event.type)
        }
        return .payment(number)
    }

    // MARK: Reading

    static func path(_ id: String) -> String {
        id.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(CharacterSet(charactersIn: "_-"))) ?? ""
    }

    static func decode<Object: Decodable>(_ type: Object.Type, _ body: Data) -> Object? {
        try? JSONDecoder().decode(type, from: body)
    }
}
