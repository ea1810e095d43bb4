import Billing
import Foundation
import Metering

// Cards that customers enter on a page of Stripe's: Checkout in the mode `setup`.
// See <https://docs.stripe.com/payments/save-and-reuse?platform=checkout>.
extension StripeGateway {
    /// Metadata by which a session is known to be of an org of this ledger.
    private static let orgMark = "meterd_org"

    private func mark(of org: String) -> String { "\(ledgerID)/\(org)" }

    /// Makes a session; see ``PaymentGateway/beginEntry(for:customer:returningTo:key:)``.
    public func beginEntry(
        for org: String, customer: String?, returningTo page: String, key: String
    ) async throws(GatewayProblem) -> MethodEntry {
        let owner: String
        if let customer { owner = customer } else { owner = try await makeCustomer(for: org) }
        // Stripe fills in the session's name.
        let separator = page.contains("?") ? "&" : "?"
        let session = try await ask(
            StripeSession.self,
            await client.post(
                "/v1/checkout/sessions",
                [
                    ("mode", "setup"), ("currency", "usd"), ("payment_method_types[0]", "card"), ("customer", owner),
                    ("success_url", "\(page)\(separator)session={CHECKOUT_SESSION_ID}"),
                    ("cancel_url", "\(page)\(separator)session={CHECKOUT_SESSION_ID}"),
                    ("metadata[\(Self.orgMark)]", mark(of: org)),
                ], key: key))
        guard let url = session.url else {
            throw GatewayProblem("Stripe gave no page to enter a card on", isRetryable: true)
        }
        let expires = session.expires_at.map { Timestamp(milliseconds: $0 * 1000).description }
        return MethodEntry(session: session.id, url: url, expires: expires)
    }

    /// Asks for a session; see ``PaymentGateway/entry(_:of:)``.
    public func entry(_ session: String, of org: String) async throws(GatewayProblem) -> MethodEntry.Outcome {
        let answer = await client.get("/v1/checkout/sessions/\(Self.path(session))", [("expand[0]", "setup_intent")])
        if case .answered(404, _) = answer { return .unknown }
        let found = try await ask(StripeSession.self, answer)
        guard found.metadata?[Self.orgMark] == mark(of: org) else { return .unknown }
        switch found.status {
        case "complete":
            guard let method = found.setup_intent?.payment_method else {
                throw GatewayProblem("Stripe doesn't say which card was entered", isRetryable: true)
            }
            return .entered(method: method)
        case "expired": return .expired
        default: return .open
        }
    }
}
