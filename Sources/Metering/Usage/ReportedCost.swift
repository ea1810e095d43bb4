/// What a request cost by the word of whoever reports it: in the usage object, or beside it in the record.
///
/// Whether it is charged is a matter of ``CostPolicy``. It is exact to the nano-dollar: a longer decimal is rounded half to
/// even, which takes the noise off prices that passed through binary floating point on their way.
public struct ReportedCost: Sendable, Hashable {
    /// Where it stood. The raw value is on disk.
    public enum Source: UInt8, Sendable, CaseIterable {
        /// The record's own `cost`.
        case record = 1
        /// `usage.cost` (OpenRouter and others: <https://openrouter.ai/docs/use-cases/usage-accounting>).
        case usageCost = 2
        /// `usage.cost_in_usd_ticks` (<https://docs.x.ai/developers/cost-tracking>).
        case ticks = 3
        /// `usage.cost.total_cost` (Perplexity).
        case totalCost = 4
        /// `usage.estimated_cost` (DeepInfra).
        case estimatedCost = 5
        /// `usage.response_cost` (LiteLLM).
        case responseCost = 6

        /// The name in line items.
        public var name: String {
            switch self {
            case .record: "cost"
            case .usageCost: "usage.cost"
            case .ticks: "usage.cost_in_usd_ticks"
            case .totalCost: "usage.cost.total_cost"
            case .estimatedCost: "usage.estimated_cost"
            case .responseCost: "usage.response_cost"
            }
        }
    }

    /// How much; more than zero, at most a million US dollars.
    public let amount: Money
    /// Where it stood.
    public let source: Source

    /// A cost that was reported; nil if it is no price: zero, negative, or above a million US dollars.
    ///
    /// Zero is what LiteLLM reports for a model that it has no price of.
    public init?(_ amount: Money, source: Source) {
        guard amount > .zero, amount.nanos <= 1_000_000_000_000_000 else { return nil }
        self.amount = amount
        self.source = source
    }
}

extension Money {
    /// The amount that a decimal of any length names, rounded half to even to the nano-dollar; nil if it is no decimal or
    /// does not fit. Places below 10⁻²⁷ are an error, like any digit that can't be told from noise.
    public init?(roundingDecimal text: some StringProtocol, timesTenTo exponent: Int = 0) {
        guard let value = ExactDecimal.parse(text, scale: 27 + exponent) else { return nil }
        let unit = ExactDecimal.powerOfTen(18)
        let (quotient, remainder) = value.magnitude.quotientAndRemainder(dividingBy: unit.magnitude)
        let half = unit.magnitude / 2
        let rounded = quotient + (remainder > half || (remainder == half && quotient % 2 == 1) ? 1 : 0)
        guard let nanos = Int64(exactly: value < 0 ? -Int128(rounded) : Int128(rounded)) else { return nil }
        self.init(nanos: nanos)
    }
}

/// What is done with a reported cost.
public enum CostPolicy: UInt8, Sendable, CaseIterable {
    /// Our own price is charged; the difference is kept and counted.
    case compare = 0
    /// The reported cost is charged if there is no rate for the request.
    case fallback = 1
    /// The reported cost is charged.
    case trust = 2

    /// The word in the configuration.
    public var name: String {
        switch self {
        case .compare: "compare"
        case .fallback: "fallback"
        case .trust: "trust"
        }
    }

    /// The policy of that name.
    public init?(name: String) {
        guard let policy = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = policy
    }
}

/// Which policy holds for a reported cost: the sender's own, else the provider's, else the default.
public struct CostPolicies: Sendable, Hashable {
    /// For providers and senders without one of their own.
    public var standard: CostPolicy
    /// By provider, in the spelling of rate files.
    public var providers: [String: CostPolicy]
    /// By sender.
    public var senders: [String: CostPolicy]

    /// By how many thousandths of our price a reported cost may differ before it is counted as another one.
    public var toleranceThousandths: Int

    /// Policies; by default reported costs are compared, and may differ by one per cent.
    public init(
        standard: CostPolicy = .compare, providers: [String: CostPolicy] = [:], senders: [String: CostPolicy] = [:],
        toleranceThousandths: Int = 10
    ) {
        self.toleranceThousandths = toleranceThousandths
        self.standard = standard
        self.providers = providers
        self.senders = senders
    }

    /// Whether a reported cost differs from ours by more than the tolerance.
    public func differs(_ ours: Money, _ theirs: Money) -> Bool {
        let difference = Int128(ours.nanos) - Int128(theirs.nanos)
        // A rounding to the millionth of a dollar is no difference.
        guard difference.magnitude > 1_000 else { return false }
        return difference.magnitude * 1000 > Int128(ours.nanos).magnitude * UInt128(toleranceThousandths)
    }

    /// The policy for a record.
    public func policy(provider: String?, sender: String?) -> CostPolicy {
        sender.flatMap { senders[$0] } ?? provider.flatMap { providers[$0] } ?? standard
    }
}
