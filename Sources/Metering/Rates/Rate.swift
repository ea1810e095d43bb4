/// Prices for each unit that a sheet names.
public struct PriceSheet: Sendable, Hashable {
    private var prices: [UnitPrice?] = Array(repeating: nil, count: UsageUnit.allCases.count)

    /// A sheet that names no price.
    public init() {}

    /// The price that this sheet itself names for a unit.
    public subscript(unit: UsageUnit) -> UnitPrice? {
        get { prices[Int(unit.rawValue)] }
        set { prices[Int(unit.rawValue)] = newValue }
    }

    /// The sheet with `other`'s prices in place of its own, where `other` has one.
    func overlaid(with other: PriceSheet) -> PriceSheet {
        var result = self
        for unit in UsageUnit.allCases {
            if let price = other[unit] { result[unit] = price }
        }
        return result
    }

    /// The price of a unit here, or of the unit that stands in for it (``UsageUnit/fallback``); with that unit.
    func price(of unit: UsageUnit) -> (price: UnitPrice, from: UsageUnit)? {
        var candidate: UsageUnit? = unit
        while let named = candidate {
            if let price = self[named] { return (price, named) }
            candidate = named.fallback
        }
        return nil
    }
}

/// The length of prompt from which on the whole request has another price.
public struct ContextThreshold: Sendable, Hashable {
    /// Prompt tokens, cached ones included.
    public var promptTokens: Int64
    /// True where the price holds for prompts of exactly so many tokens as well (xAI), false where only for longer.
    public var isInclusive: Bool

    /// A threshold at so many prompt tokens.
    public init(promptTokens: Int64, isInclusive: Bool) {
        self.promptTokens = promptTokens
        self.isInclusive = isInclusive
    }

    func isPassed(by tokens: Int64) -> Bool {
        isInclusive ? tokens >= promptTokens : tokens > promptTokens
    }
}

/// A base sheet and those that hold in its place for long prompts.
public struct PriceSchedule: Sendable, Hashable {
    /// The prices of a short prompt.
    public var base = PriceSheet()
    /// What changes above each threshold, ascending.
    public var context: [(threshold: ContextThreshold, sheet: PriceSheet)] = []

    /// A schedule without prices.
    public init() {}

    /// What is published beside the base for the longest threshold that a prompt passes.
    func override(promptTokens: Int64) -> PriceSheet? {
        context.last { $0.threshold.isPassed(by: promptTokens) }?.sheet
    }

    /// Equal where all sheets and thresholds are.
    public static func == (left: PriceSchedule, right: PriceSchedule) -> Bool {
        left.base == right.base && left.context.elementsEqual(right.context, by: { $0 == $1 })
    }

    /// Feeds the parts that `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(base)
        for (threshold, sheet) in context {
            hasher.combine(threshold)
            hasher.combine(sheet)
        }
    }
}

/// What one provider charges for one model: unit × context length × service tier. Its date is its card's.
public struct Rate: Sendable, Hashable {
    /// Who sells the model.
    public let provider: String
    /// The name the provider reports.
    public let model: String
    /// Other names of the same model at the same price.
    public let aliases: [String]
    /// The schedule of each tier that is published; `standard` always is.
    public let schedules: [ServiceTier: PriceSchedule]

    /// A rate with the schedules of its tiers.
    public init(provider: String, model: String, aliases: [String], schedules: [ServiceTier: PriceSchedule]) {
        self.provider = provider
        self.model = model
        self.aliases = aliases
        self.schedules = schedules
    }

    /// The prices that hold for a prompt of that length at a tier.
    ///
    /// A sheet is laid over the one it changes: long context over base, a tier over standard. What a tier doesn't
    /// publish it takes from standard, at the same length.
    func sheets(tier: ServiceTier, promptTokens: Int64) -> (standard: PriceSheet, tier: PriceSheet?) {
        let standard = schedules[.standard] ?? PriceSchedule()
        var result = standard.base
        if let long = standard.override(promptTokens: promptTokens) { result = result.overlaid(with: long) }
        guard tier != .standard else { return (result, nil) }
        guard let schedule = schedules[tier] else { return (result, PriceSheet()) }
        var own = schedule.base
        if let long = schedule.override(promptTokens: promptTokens) { own = own.overlaid(with: long) }
        return (result, own)
    }
}
