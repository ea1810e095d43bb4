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

extension Price {
    /// Appends the lines as a JSON array, as every interface shows them; a last one, `rounding`, makes their sum the cost.
    public func appendLines(to json: inout [UInt8]) {
        json.append(UInt8(ascii: "["))
        for (index, line) in lines.enumerated() {
            json += index == 0 ? #"{"unit":""#.utf8 : #",{"unit":""#.utf8
            json += line.unit.name.utf8
            json += #"","quantity":"#.utf8
            ExactDecimal.append(Int128(line.quantity), scale: 0, trimmed: false, to: &json)
            json += #","rate":""#.utf8
            ExactDecimal.append(line.rate.attos, scale: UnitPrice.scale, trimmed: true, to: &json)
            json += #"","amount":""#.utf8
            ExactDecimal.append(
                line.rate.amount(quantity: line.quantity), scale: UnitPrice.scale, trimmed: true, to: &json)
            json += #""}"#.utf8
        }
        if let rounding {
            json += (lines.isEmpty ? "" : ",").utf8
            json += #"{"unit":"rounding","amount":""#.utf8
            json += rounding.utf8
            json += #""}"#.utf8
        }
        json.append(UInt8(ascii: "]"))
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
    /// What multiplied its token prices, by condition; not kept with a charge, whose lines have the product.
    public private(set) var surcharges: [String: Surcharge] = [:]
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

    fileprivate func raised(by surcharges: [String: Surcharge]) -> Price {
        var copy = self
        copy.surcharges = surcharges
        return copy
    }

    private static let attosPerNano: Int128 = 1_000_000_000

    private static func sum(_ lines: [LineItem]) -> Int128 {
        // 18 lines of at most 2⁴² × 10²⁴ stay inside Int128's 1.7 × 10³⁸: 18 × 4.4 × 10³⁶ = 7.9 × 10³⁷.
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

/// What a rate has no price for, though it was used.
public enum MissingPrice: Sendable, Hashable, CustomStringConvertible {
    /// A unit.
    case unit(UsageUnit)
    /// A condition under which the request was served, such as `speed.fast`.
    case condition(String)

    /// As it stands in an error: `web_search`.
    public var description: String {
        switch self {
        case .unit(let unit): unit.name
        case .condition(let condition): condition
        }
    }
}

/// What came of asking for a price.
public enum Pricing: Sendable, Hashable {
    /// The price.
    case priced(Price)
    /// The rate has no price for something that was used, and nothing stands in for it: charging is not possible yet.
    case noRate(MissingPrice)
    /// The sum is more than ``Money`` can hold.
    case overflow
}

extension Rate {
    /// Prices a request exactly.
    ///
    /// The whole request is priced by one set of sheets, picked by its tier, its moment, and its whole prompt, cached
    /// tokens included. The rules and a worked example for each: `docs/rates.md`.
    ///
    /// - Parameters:
    ///   - conditions: what the usage object reports beside counts; see ``UsageReading/conditions``.
    ///   - moment: when the request ended; matters where prices change by the hour.
    public func price(
        _ buckets: UsageBuckets, conditions: [String] = [], tier: ServiceTier, at moment: Timestamp
    ) -> Pricing {
        // A speed and a region at most: 10⁶ each, so that a price times both stays inside Int128.
        var (multiple, divisor): (Int128, Int128) = (1, 1)
        var applied: [String: Surcharge] = [:]
        for condition in conditions {
            if let surcharge = surcharges[condition] {
                multiple *= Int128(surcharge.thousandths)
                divisor *= 1000
                applied[condition] = surcharge
            } else if condition.hasPrefix("speed.") {
                return .noRate(.condition(condition))
            }
        }
        let sheets = prices(tier: tier, promptTokens: buckets.promptTokens, at: moment)
        var lines: [LineItem] = []
        lines.reserveCapacity(4)
        var fellBack = false
        for unit in UsageUnit.allCases {
            let quantity = unit == .request ? 1 : buckets[unit]
            guard quantity > 0 else { continue }
            guard let (price, isStandard) = sheets.price(of: unit) else {
                if unit.isFreeUnlessPublished { continue }
                return .noRate(.unit(unit))
            }
            if isStandard, tier != .standard { fellBack = true }
            guard !applied.isEmpty, unit.isTokens else {
                lines.append(LineItem(unit: unit, quantity: quantity, rate: price))
                continue
            }
            guard let raised = price.multiplied(by: multiple, over: divisor) else { return .overflow }
            lines.append(LineItem(unit: unit, quantity: quantity, rate: raised))
        }
        guard let price = Price(lines: lines, tier: tier, tierFellBack: fellBack) else { return .overflow }
        return .priced(price.raised(by: applied))
    }
}
