import Metering

/// Payments come by bank transfer, or however else, and an operator records them: `meterctl payments record`.
public struct ManualGateway: PaymentGateway {
    /// A gateway of that kind.
    public init() {}

    /// `manual`
    public var name: String { "manual" }
    /// Always.
    public var isManual: Bool { true }

    /// Waits for an operator.
    public func charge(_ request: ChargeRequest, isRepeat: Bool) async -> ChargeResult { .pending }

    /// Waits for an operator.
    public func refund(_ request: RefundRequest, isRepeat: Bool) async -> RefundResult {
        .pending(reference: nil)
    }

    /// Nothing is charged here.
    public func save(_ method: String, for org: String, customer: String?) async throws(GatewayProblem) -> SavedMethod {
        throw GatewayProblem(
            "payments are recorded by an operator here, so that no method is charged; billing.gateway in meterd.yaml says which gateway is used",
            isRetryable: false)
    }

    /// There are no webhooks here.
    public func news(
        _ body: [UInt8], signature: String, now: Timestamp
    ) throws(GatewayProblem) -> GatewayNews {
        throw GatewayProblem("payments are recorded by an operator here: no webhooks are taken", isRetryable: false)
    }
}
