import Ledger
import Metering

/// How payments stand, over all orgs, as it is shown.
public struct PaymentsStatus: Codable, Sendable, Hashable {
    /// Who collects: `manual` or `stripe`.
    public let gateway: String
    /// Whether customers can be led to a page on which they confirm a payment: `billing.return_url` is set.
    public let hasReturnUrl: Bool
    /// Since when the gateway gives no answer; nil while it does.
    public let failingSince: String?
    /// What was wrong then.
    public let failure: String?
    /// Payments that are not settled.
    public let pending: Int64
    /// The oldest payment that the gateway has still to settle.
    public let oldestPending: String?
    /// Payments that succeeded since the daemon's start.
    public let succeeded: UInt64
    /// Payments that a bank declined since then.
    public let declined: UInt64
    /// Payments that no bank was asked for since then.
    public let problems: UInt64
    /// Refunds that are due or on their way.
    public let refundsDue: Int64
    /// Refunds that failed.
    public let refundsFailed: Int64
    /// Chargebacks that are not decided.
    public let chargebacks: Int64

    init(gateway: String, hasReturnUrl: Bool, _ backlog: PaymentBacklog, _ contact: GatewayContact.Counts) {
        self.gateway = gateway
        self.hasReturnUrl = hasReturnUrl
        failingSince = contact.failingSince?.description
        failure = contact.words
        pending = backlog.pending
        oldestPending = backlog.oldestPending?.description
        succeeded = contact.succeeded
        declined = contact.declined
        problems = contact.problems
        refundsDue = backlog.refundsDue
        refundsFailed = backlog.refundsFailed
        chargebacks = backlog.chargebacks
    }
}

extension BillingService {
    /// How payments stand, over all orgs.
    public func paymentsStatus() async throws -> PaymentsStatus {
        PaymentsStatus(
            gateway: gateway.name, hasReturnUrl: returnURL != nil,
            try await reader.paymentBacklog(manual: ManualGateway().name), contact.now)
    }
}
