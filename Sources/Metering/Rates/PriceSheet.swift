/// Prices for each unit that a sheet names.
public struct PriceSheet: Sendable, Hashable {
    /// One unit's price.
    public struct Entry: Sendable, Hashable {
        /// What is priced.
        public let unit: UsageUnit
        /// What one of it costs.
        public let price: UnitPrice
    }

    /// What it names, in the units' order: a handful, so that a search through them is the quickest look-up.
    public private(set) var entries: [Entry] = []

    /// A sheet that names no price.
    public init() {}

    /// Whether it names no price.
    public var isEmpty: Bool { entries.isEmpty }

    /// The price that this sheet itself names for a unit.
    public subscript(unit: UsageUnit) -> UnitPrice? {
        get {
            for entry in entries where entry.unit == unit { return entry.price }
            return nil
        }
        set {
            entries.removeAll { $0.unit == unit }
            guard let newValue else { return }
            let place = entries.firstIndex { $0.unit.rawValue > unit.rawValue } ?? entries.endIndex
            entries.insert(Entry(unit: unit, price: newValue), at: place)
        }
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

    /// Where every prompt belongs.
    static let none = ContextThreshold(promptTokens: 0, isInclusive: true)

    func isPassed(by tokens: Int64) -> Bool {
        isInclusive ? tokens >= promptTokens : tokens > promptTokens
    }
}

/// Prices by the length of the prompt: a sheet for every one, and those that are laid over it for long ones.
public struct ContextPrices: Sendable, Hashable {
    /// What holds above a threshold.
    public struct Step: Sendable, Hashable {
        /// The threshold.
        public var threshold: ContextThreshold
        /// The prices that change there.
        public var sheet: PriceSheet
    }

    /// The base sheet, then one for each threshold, ascending.
    public private(set) var steps: [Step]

    /// Prices that no threshold changes.
    public init(base: PriceSheet) {
        steps = [Step(threshold: .none, sheet: base)]
    }

    /// The prices of every prompt, however short.
    public var base: PriceSheet {
        get { steps.first?.sheet ?? PriceSheet() }
        set { steps[0].sheet = newValue }
    }

    /// Adds what holds above a threshold, in its order; nothing where the threshold is there already.
    public mutating func add(_ threshold: ContextThreshold, _ sheet: PriceSheet) {
        guard !steps.contains(where: { $0.threshold.promptTokens == threshold.promptTokens }) else { return }
        let place = steps.firstIndex { $0.threshold.promptTokens > threshold.promptTokens } ?? steps.endIndex
        steps.insert(Step(threshold: threshold, sheet: sheet), at: place)
    }

    /// Whether any step that a prompt reaches names a price of the unit.
    func names(_ unit: UsageUnit, promptTokens: Int64) -> Bool {
        steps[...highest(promptTokens: promptTokens)].contains { $0.sheet[unit] != nil }
    }

    /// The prices of both, where neither contradicts the other; nil where they do.
    func completed(with other: ContextPrices) -> ContextPrices? {
        var both = self
        for step in other.steps {
            guard let index = both.steps.firstIndex(where: { $0.threshold == step.threshold }) else {
                both.add(step.threshold, step.sheet)
                continue
            }
            for entry in step.sheet.entries {
                guard both.steps[index].sheet[entry.unit] ?? entry.price == entry.price else { return nil }
                both.steps[index].sheet[entry.unit] = entry.price
            }
        }
        return both
    }

    /// The highest step that a prompt reaches.
    func highest(promptTokens: Int64) -> Int {
        var index = steps.count - 1
        while index > 0, !steps[index].threshold.isPassed(by: promptTokens) { index -= 1 }
        return index
    }
}
