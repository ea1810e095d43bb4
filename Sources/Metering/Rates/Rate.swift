/// A tier's prices: by the length of the prompt, and by the hour where that matters.
public struct PriceSchedule: Sendable, Hashable {
    /// What holds in some hours of the week.
    public struct Window: Sendable, Hashable {
        /// When.
        public var hours: WeeklyHours
        /// The prices that change then.
        public var prices: ContextPrices

        /// Prices of some hours.
        public init(hours: WeeklyHours, prices: ContextPrices) {
            self.hours = hours
            self.prices = prices
        }
    }

    /// The prices at any hour.
    public var prices: ContextPrices
    /// What changes in some hours; of several that are open the first counts.
    public var windows: [Window]

    /// A schedule of those prices.
    public init(prices: ContextPrices, windows: [Window] = []) {
        self.prices = prices
        self.windows = windows
    }

    func window(at moment: Timestamp) -> ContextPrices? {
        windows.first { $0.hours.contains(moment) }?.prices
    }
}

/// What multiplies the price of every token under a condition: 1.1 where a request was served in a dearer region.
public struct Surcharge: Sendable, Hashable {
    /// Decimal places of ``thousandths``.
    static let scale = 3

    /// A thousandth of the multiple.
    public let thousandths: Int64

    /// The multiple that a decimal of at most three places names; nil where it is none, or not between 0 and 1,000.
    public init?(decimal text: some StringProtocol) {
        guard let value = ExactDecimal.parse(text, scale: Self.scale), (0...1_000_000).contains(value) else {
            return nil
        }
        thousandths = Int64(value)
    }

    /// `1.1`
    public var text: String { ExactDecimal.text(Int128(thousandths), scale: Self.scale, trimmed: true) }
}

/// What one provider charges for one model: unit × context length × hour × service tier. Its date is its card's.
public struct Rate: Sendable, Hashable {
    /// Who sells the model.
    public let provider: String
    /// The name the provider reports.
    public let model: String
    /// Other names of the same model at the same price.
    public var aliases: [String]
    /// Those of its names under which its price is meant where several providers sell a model of that name and the record
    /// doesn't say whose.
    public var defaultNames: Set<String>
    /// The schedule of each tier that is published; `standard` always is.
    public var schedules: [ServiceTier: PriceSchedule]
    /// What multiplies all token prices under a condition that a usage object reports (`geo.us`, `speed.fast`).
    public var surcharges: [String: Surcharge]
    /// Published prices that no usage record can report yet, verbatim, by the name that their source gives them.
    public var unused: [String: String]

    /// A rate with the schedules of its tiers.
    public init(
        provider: String, model: String, aliases: [String] = [], defaultNames: Set<String> = [],
        schedules: [ServiceTier: PriceSchedule], surcharges: [String: Surcharge] = [:], unused: [String: String] = [:]
    ) {
        self.provider = provider
        self.model = model
        self.aliases = aliases
        self.defaultNames = defaultNames
        self.schedules = schedules
        self.surcharges = surcharges
        self.unused = unused
    }

    /// The prices of both, where neither contradicts the other; nil where they do.
    func completed(with other: Rate) -> Rate? {
        var both = self
        for (tier, theirs) in other.schedules {
            guard let ours = both.schedules[tier] else {
                both.schedules[tier] = theirs
                continue
            }
            guard ours.windows == theirs.windows, let prices = ours.prices.completed(with: theirs.prices) else {
                return nil
            }
            both.schedules[tier]?.prices = prices
        }
        for (condition, surcharge) in other.surcharges {
            guard both.surcharges.updateValue(surcharge, forKey: condition) ?? surcharge == surcharge else {
                return nil
            }
        }
        both.unused.merge(other.unused) { first, _ in first }
        return both
    }

    /// Its model name and its aliases.
    public var names: [String] { [model] + aliases }

    /// Whether both charge the same for everything that can be charged, whoever sells it under whatever name.
    public func hasSamePrices(as other: Rate) -> Bool {
        schedules == other.schedules && surcharges == other.surcharges
    }

    /// The prices that hold for one request.
    func prices(tier: ServiceTier, promptTokens: Int64, at moment: Timestamp) -> RequestPrices {
        let standard = schedules[.standard]
        let own = tier == .standard ? nil : schedules[tier]
        return RequestPrices(
            standard: standard?.prices, own: own?.prices, standardWindow: standard?.window(at: moment),
            ownWindow: own?.window(at: moment), promptTokens: promptTokens)
    }
}

/// The sheets that can price one request, the most particular first.
///
/// A price stands in a cell of hour × length × tier. A tier's own window comes first, then what the tier and standard say for
/// any hour: at the longest threshold first, at each the tier before standard. Standard's window changes standard's prices,
/// and so only what the tier doesn't publish at all.
struct RequestPrices {
    let standard, own, standardWindow, ownWindow: ContextPrices?
    let promptTokens: Int64

    /// The price of a unit, or of the unit that stands in for it (``UsageUnit/fallback``); and whether it is standard's.
    func price(of unit: UsageUnit) -> (price: UnitPrice, isStandard: Bool)? {
        var candidate: UsageUnit? = unit
        while let named = candidate {
            if let found = price(ofItself: named) { return found }
            candidate = named.fallback
        }
        return nil
    }

    private func price(ofItself unit: UsageUnit) -> (price: UnitPrice, isStandard: Bool)? {
        if let ownWindow, let found = price(of: unit, standard: nil, own: ownWindow) { return found }
        if let standardWindow, own.map({ !$0.names(unit, promptTokens: promptTokens) }) ?? true,
            let found = price(of: unit, standard: standardWindow, own: nil)
        {
            return found
        }
        return price(of: unit, standard: standard, own: own)
    }

    private func price(
        of unit: UsageUnit, standard: ContextPrices?, own: ContextPrices?
    ) -> (price: UnitPrice, isStandard: Bool)? {
        var standardStep = standard.map { $0.highest(promptTokens: promptTokens) } ?? -1
        var ownStep = own.map { $0.highest(promptTokens: promptTokens) } ?? -1
        while standardStep >= 0 || ownStep >= 0 {
            let standardAt = standardStep >= 0 ? standard?.steps[standardStep] : nil
            let ownAt = ownStep >= 0 ? own?.steps[ownStep] : nil
            let isOwnNext =
                ownAt.map { $0.threshold.promptTokens >= (standardAt?.threshold.promptTokens ?? -1) } ?? false
            if isOwnNext {
                if let price = ownAt?.sheet[unit] { return (price, false) }
                ownStep -= 1
            } else {
                if let price = standardAt?.sheet[unit] { return (price, true) }
                standardStep -= 1
            }
        }
        return nil
    }
}
