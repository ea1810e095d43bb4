import Billing
import Foundation
import Metering

// Payments.
extension StripeGateway {
    /// Metadata by which a payment is found again.
    static let paymentMark = "meterd_payment"
    /// Stripe forgets a key after a day at the earliest: a request is sent under it for less.
    private static let keySeconds: Int64 = 23 * 3600
    /// An answer of 500 is kept with its key: after an hour it is known that nothing came of it.
    private static let failureSeconds: Int64 = 3600

    /// Asks for a payment; see ``PaymentGateway/charge(_:isRepeat:)``.
    ///
    /// It is first tried without the customer. If the bank wants them to confirm, and they can, the same payment intent is confirmed
    /// again with a page to return to, so that Stripe names a page for them:
    /// <https://docs.stripe.com/payments/3d-secure/authentication-flow#redirect>. One intent per payment: it is paid once at most.
    public func charge(_ request: ChargeRequest, isRepeat: Bool) async -> ChargeResult {
        let result = await ask(request, isRepeat: isRepeat)
        guard case .declined(_, let intent?) = result else { return result }
        return await giveUp(intent) ?? result
    }

    private func ask(_ request: ChargeRequest, isRepeat: Bool) async -> ChargeResult {
        guard let customer = request.customer, let method = request.method else {
            return .declined(.noPaymentMethod, reference: nil)
        }
        if isRepeat {
            switch await find(request, customer) {
            case .success(let intent?): return await result(of: intent, request)
            case .success(nil): break
            case .failure(let trouble): return .unknown(trouble.words)
            }
            if request.opened.advanced(bySeconds: Self.keySeconds) <= request.now {
                return .declined(.neverArrived, reference: nil)
            }
        }
        let answer = await client.post(
            "/v1/payment_intents",
            [
                ("amount", "\(request.amount.nanos / Proration.nanosPerCent)"), ("currency", "usd"),
                ("customer", customer), ("payment_method", method.id), ("payment_method_types[]", "card"),
                ("off_session", "true"), ("confirm", "true"), ("description", request.description),
                ("metadata[\(Self.paymentMark)]", request.key), ("metadata[meterd_org]", request.org),
            ], key: request.key)
        return await result(of: answer, request, isRepeat: isRepeat)
    }

    /// What an answer to a request says that asks a bank.
    private func result(
        of answer: StripeClient.Answer, _ request: ChargeRequest, isRepeat: Bool
    ) async -> ChargeResult {
        switch answer {
        case .noAnswer(let words): return .unknown(words)
        case .answered(200, let body):
            guard let intent = Self.decode(StripeIntent.self, body) else {
                return .unknown("Stripe's answer can't be read")
            }
            return await result(of: intent, request)
        case .answered(let status, let body):
            let problem = Self.decode(StripeProblem.self, body)?.error
            switch status {
            case 402:
                let reason = Self.reason(problem?.code, problem?.decline_code)
                return await declined(reason, problem?.payment_intent?.id, request)
            case 401, 403: return .unknown("Stripe does not accept the API key: \(problem?.message ?? "")")
            case 409, 429: return .unknown("Stripe wants to be asked later: \(problem?.message ?? "")")
            case 500...:
                let isOver = request.opened.advanced(bySeconds: Self.failureSeconds) <= request.now
                return isRepeat && isOver
                    ? .declined(.neverArrived, reference: nil) : .unknown("Stripe answered \(status)")
            default:
                return .impossible(
                    Self.obstacle(problem?.code), words: "Stripe answered \(status): \(problem?.message ?? "no reason")"
                )
            }
        }
    }

    private struct Trouble: Error {
        let words: String
    }

    /// Finds the intent of a payment among the customer's; nil if there is none.
    private func find(_ request: ChargeRequest, _ customer: String) async -> Result<StripeIntent?, Trouble> {
        // The machines' clocks may differ.
        let since = request.opened.milliseconds / 1000 - 3600
        var query = [("customer", customer), ("created[gte]", "\(since)"), ("limit", "100")]
        while true {
            guard case .answered(200, let body) = await client.get("/v1/payment_intents", query),
                let page = Self.decode(StripeList<StripeIntent>.self, body)
            else { return .failure(Trouble(words: "Stripe can't say whether it has the payment")) }
            if let found = page.data.first(where: { $0.metadata?[Self.paymentMark] == request.key }) {
                return .success(found)
            }
            guard page.has_more == true, let last = page.data.last else { return .success(nil) }
            query = query.filter { $0.0 != "starting_after" } + [("starting_after", last.id)]
        }
    }

    private func result(of intent: StripeIntent, _ request: ChargeRequest) async -> ChargeResult {
        switch intent.status {
        case "succeeded": return .succeeded(reference: intent.id)
        case "processing", "requires_confirmation", "requires_capture": return .pending
        case "requires_action":
            guard let confirmation = request.confirmation else {
                return .declined(.authenticationRequired, reference: intent.id)
            }
            guard confirmation.isOpen else { return .declined(.notConfirmed, reference: intent.id) }
            // Some banks ask their customer by other ways than a page.
            return intent.next_action?.redirect_to_url?.url.map { .waitsForCustomer(page: $0) } ?? .pending
        case "canceled" where intent.last_payment_error == nil:
            return .declined(request.confirmation == nil ? .refused : .notConfirmed, reference: intent.id)
        case "canceled":
            return .declined(
                Self.reason(intent.last_payment_error?.code, intent.last_payment_error?.decline_code),
                reference: intent.id)
        default:
            let reason = Self.reason(intent.last_payment_error?.code, intent.last_payment_error?.decline_code)
            return await declined(reason, intent.id, request)
        }
    }

    /// A payment was declined. If that was because the customer was not there, but they can be: has Stripe name a page for them.
    private func declined(_ reason: DeclineReason, _ intent: String?, _ request: ChargeRequest) async -> ChargeResult {
        guard reason == .authenticationRequired, let intent, let confirmation = request.confirmation,
            confirmation.isOpen,
            let method = request.method
        else { return .declined(reason, reference: intent) }
        // Without a key: an intent is confirmed once, however often it is asked for, and an answer of 500 is not kept.
        // The card is set up for payments without the customer, so that the next one doesn't need them.
        let answer = await client.post(
            "/v1/payment_intents/\(Self.path(intent))/confirm",
            [
                ("payment_method", method.id), ("return_url", confirmation.returnURL),
                ("setup_future_usage", "off_session"),
            ], key: nil)
        switch answer {
        case .answered(200, let body):
            guard let confirmed = Self.decode(StripeIntent.self, body) else {
                return .unknown("Stripe's answer can't be read")
            }
            // Not again: a bank that wants what it just got would be asked without end.
            guard confirmed.status != "requires_payment_method" else { return .declined(reason, reference: intent) }
            return await result(of: confirmed, request)
        case .answered(402, let body):
            let problem = Self.decode(StripeProblem.self, body)?.error
            return .declined(Self.reason(problem?.code, problem?.decline_code), reference: intent)
        default:
            let result = await result(of: answer, request, isRepeat: false)
            guard case .impossible = result else { return result }
            return await giveUp(intent) ?? result
        }
    }

    /// Sees to it that nobody pays an intent that was declined. Nil once that is certain; else what became of it meanwhile.
    private func giveUp(_ intent: String) async -> ChargeResult? {
        let path = "/v1/payment_intents/\(Self.path(intent))"
        if case .answered(200, _) = await client.post("\(path)/cancel", [], key: nil) { return nil }
        // It may have been given up before, or its customer may have paid just now.
        guard case .answered(200, let body) = await client.get(path), let found = Self.decode(StripeIntent.self, body)
        else { return .unknown("Stripe can't say whether the payment was given up") }
        switch found.status {
        case "canceled": return nil
        case "succeeded": return .succeeded(reference: found.id)
        default: return .unknown("Stripe did not give the payment up: it is \(found.status)")
        }
    }

    /// Stripe's codes in our words. See <https://docs.stripe.com/declines/codes> and <https://docs.stripe.com/error-codes>.
    static func reason(_ code: String?, _ declineCode: String?) -> DeclineReason {
        switch (declineCode ?? code, code) {
        case ("expired_card", _), (_, "expired_card"): .expiredCard
        case ("insufficient_funds", _): .insufficientFunds
        case ("card_velocity_exceeded", _), ("withdrawal_count_limit_exceeded", _), ("amount_too_large", _): .cardLimit
        case ("payment_intent_authentication_failure", _), (_, "payment_intent_authentication_failure"): .notConfirmed
        case ("authentication_required", _), (_, "authentication_required"): .authenticationRequired
        case ("lost_card", _), ("stolen_card", _), ("pickup_card", _), ("restricted_card", _): .cardBlocked
        case ("do_not_try_again", _), ("incorrect_number", _), ("invalid_account", _),
            ("revocation_of_authorization", _),
            ("revocation_of_all_authorizations", _), ("stop_payment_order", _), ("transaction_not_allowed", _),
            ("card_not_supported", _), ("currency_not_supported", _):
            .notAllowed
        default: .refused
        }
    }

    /// Codes of requests that Stripe does not carry out, in our words. See <https://docs.stripe.com/error-codes>.
    private static func obstacle(_ code: String?) -> DeclineReason {
        switch code {
        case "amount_too_small": .amountTooSmall
        case "resource_missing", "payment_method_unexpected_state", "payment_method_not_available": .methodMissing
        case "payment_method_currency_mismatch", "currency_not_supported": .wrongCurrency
        default: .gatewayRefused
        }
    }
}
