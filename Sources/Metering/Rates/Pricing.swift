/// Units × rate: one part of a price.
public struct LineItem: Sendable, Hashable {
    /// What was used.
    public let unit: UsageUnit
    /// How much of it.
    public let quantity: Int64
    /// What one of it costs.
    public let rate: UnitPrice

    /// A line of a price.
    public init(unit: UsageUnit, quantity: Int64, rate: UnitPrice) {
        self.unit = unit
        self.quantity = quantity
        self.rate = rate
    }

    /// Its exact amount in US dollars, of any length: `"0.0033475"`.
    public var amount: String {
        ExactDecimal.text(rate.amount(quantity: quantity), scale: UnitPrice.scale, trimmed: true)
    }
}

/// What a request costs, and why.
public struct Price: Sendable, Hashable {
    /// The exact parts, in the units' order; units that were not used have none.
    public let lines: [LineItem]
    /// Their sum, rounded once, half to even, to the nano-dollar.
    public let cost: Money
    /// The tier it was priced at.
    public let tier: ServiceTier
    /// True where that tier publishes no price for something that was used, and standard's was taken.
    public let tierFellBack: Bool

    /// The sum of the lines before it is rounded, in US dollars, of any length.
    public var exact: String {
        ExactDecimal.text(Self.sum(lines), scale: UnitPrice.scale, trimmed: true)
    }

    /// What has to be added to the lines to make the sum equal ``cost``, in US dollars; nil where nothing has to.
    public var rounding: String? {
        let difference = Int128(cost.nanos) * Self.attosPerNano - Self.sum(lines)
        guard difference != 0 else { return nil }
        return ExactDecimal.text(difference, scale: UnitPrice.scale, trimmed: true)
    }

    private static let attosPerNano: Int128 = 1_000_000_000

    private static func sum(_ lines: [LineItem]) -> Int128 {
        // 12 lines of at most 2⁴² × 10²⁴ stay inside Int128's 1.7 × 10³⁸ only just: 12 × 4.4 × 10³⁶ = 5.3 × 10³⁷.
        lines.reduce(0) { $0 + $1.rate.amount(quantity: $1.quantity) }
    }

    /// The price of what is not to be paid for.
    public static let nothing = Price(lines: [], tier: .standard, tierFellBack: false, cost: .zero)

    private init(lines: [LineItem], tier: ServiceTier, tierFellBack: Bool, cost: Money) {
        self.lines = lines
        self.tier = tier
        self.tierFellBack = tierFellBack
        self.cost = cost
    }

    /// A price from lines that were kept; nil where the sum doesn't fit ``Money``.
    public init?(lines: [LineItem], tier: ServiceTier, tierFellBack: Bool) {
        let (quotient, remainder) = Self.sum(lines).quotientAndRemainder(dividingBy: Self.attosPerNano)
        let half = Self.attosPerNano / 2
        let roundsUp = remainder > half || (remainder == half && quotient % 2 == 1)
        guard let nanos = Int64(exactly: quotient + (roundsUp ? 1 : 0)) else { return nil }
        self.lines = lines
        self.tier = tier
        self.tierFellBack = tierFellBack
        cost = Money(nanos: nanos)
    }
}

/// What came of asking for a price.
public enum Pricing: Sendable, Hashable {
    /// The price.
    case priced(Price)
    /// The rate has no price for a unit that was used, and nothing stands in for it: charging is not possible yet.
    case noRate(UsageUnit)
    /// The sum is more than ``Money`` can hold.
    case overflow
}

extension Rate {
    /// Prices a request exactly.
    ///
    /// The whole request is priced by one sheet, picked by the tier and by the whole prompt, cached tokens included.
    public func price(_ buckets: UsageBuckets, tier: ServiceTier) -> Pricing {
        let (standard, own) = sheets(tier: tier, promptTokens: buckets.promptTokens)
        let sheet = own.map { standard.overlaid(with: $0) } ?? standard
        var lines: [LineItem] = []
        lines.reserveCapacity(4)
        var fellBack = false
        for unit in UsageUnit.allCases {
            let quantity = buckets[unit]
            guard quantity > 0 else { continue }
            guard let (price, from) = sheet.price(of: unit) else { return .noRate(unit) }
            if let own, own[from] == nil { fellBack = true }
            lines.append(LineItem(unit: unit, quantity: quantity, rate: price))
        }
        guard let price = Price(lines: lines, tier: tier, tierFellBack: fellBack) else { return .overflow }
        return .priced(price)
    }
}
