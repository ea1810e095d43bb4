import Metering

/// What is sold, how it is taxed, who collects: as configured.
public struct BillingTerms: Sendable, Hashable {
    /// Prices and periods.
    public var plan: Plan
    /// Taxes.
    public var taxes: TaxTable
    /// The gateway's name.
    public var gateway: String
    /// Whether an operator records payments.
    public var isManual: Bool
    /// The smallest sum that the gateway collects.
    public var minimum: Money

    /// Terms.
    public init(plan: Plan, taxes: TaxTable, gateway: String, isManual: Bool, minimum: Money = .zero) {
        self.minimum = minimum
        self.plan = plan
        self.taxes = taxes
        self.gateway = gateway
        self.isManual = isManual
    }
}
