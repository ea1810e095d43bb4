/// Units × rate: one part of a price.
public struct LineItem: Sendable, Hashable {
    /// What was used.
    public let unit: UsageUnit
    /// How much of it.
    public let quantity: Int64
    /// What one of it costs.
    public let rate: UnitPrice
    /// Of which model; nil for the record's own.
    public let model: String?
    /// Who said what it costs; nil if a rate did.
    public let source: ReportedCost.Source?

    /// A line of a price.
    public init(
        unit: UsageUnit, quantity: Int64, rate: UnitPrice, model: String? = nil, source: ReportedCost.Source? = nil
    ) {
        self.unit = unit
        self.quantity = quantity
        self.rate = rate
        self.model = model
        self.source = source
    }

    /// Its exact amount in US dollars, of any length: `"0.0033475"`.
    public var amount: String {
        ExactDecimal.text(rate.amount(quantity: quantity), scale: UnitPrice.scale, trimmed: true)
    }
}

/// Something that was used and has no price yet.
public struct UnpricedUnit: Sendable, Hashable {
    /// What was used.
    public let unit: UsageUnit
    /// How much of it.
    public let quantity: Int64
    /// Of which model; nil for the record's own.
    public let model: String?

    /// Something without a price.
    public init(unit: UsageUnit, quantity: Int64, model: String? = nil) {
        self.unit = unit
        self.quantity = quantity
        self.model = model
    }

    /// As replies and lists name it: `web_search`, or `claude-opus-4-8:output`.
    public var name: String { model.map { "\($0):\(unit.name)" } ?? unit.name }
}

extension Price {
    /// Appends the lines as a JSON array, as every interface shows them; a last one, `rounding`, makes their sum the cost.
    public func appendLines(to json: inout [UInt8]) {
        json.append(UInt8(ascii: "["))
        for (index, line) in lines.enumerated() {
            json += index == 0 ? #"{"unit":""#.utf8 : #",{"unit":""#.utf8
            json += line.unit.name.utf8
            if let model = line.model {
                json += #"","model":""#.utf8
                json += JSONText.escaped(model).utf8
            }
            if let source = line.source {
                json += #"","source":""#.utf8
                json += source.name.utf8
            }
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

    /// What was used and has no price yet: it is charged when a rate comes.
    public private(set) var unpriced: [UnpricedUnit] = []
    /// What the request cost by the word of its sender, whether that was charged or not.
    public internal(set) var reported: ReportedCost?

    /// The sum of the lines before it is rounded, in US dollars, of any length.
    public var exact: String {
        ExactDecimal.text(Self.sum(lines) ?? 0, scale: UnitPrice.scale, trimmed: true)
    }

    /// What has to be added to the lines to make the sum equal ``cost``, in US dollars; nil if nothing has to.
    public var rounding: String? {
        let difference = Int128(cost.nanos) * Self.attosPerNano - (Self.sum(lines) ?? 0)
        guard difference != 0 else { return nil }
        return ExactDecimal.text(difference, scale: UnitPrice.scale, trimmed: true)
    }

    /// Whether the sender's word was charged.
    public var isReported: Bool { lines.contains { $0.source != nil } }

    private static let attosPerNano: Int128 = 1_000_000_000

    /// Nil if the sum passes 128 bits, which takes several lines of the largest prices.
    private static func sum(_ lines: [LineItem]) -> Int128? {
        var sum: Int128 = 0
        for line in lines {
            let (next, overflow) = sum.addingReportingOverflow(line.rate.amount(quantity: line.quantity))
            guard !overflow else { return nil }
            sum = next
        }
        return sum
    }

    /// The price of what is not to be paid for.
    public static let nothing = Price(lines: [], tier: .standard, tierFellBack: false, cost: .zero)

    private init(lines: [LineItem], tier: ServiceTier, tierFellBack: Bool, cost: Money) {
        self.lines = lines
        self.tier = tier
        self.tierFellBack = tierFellBack
        self.cost = cost
    }

    /// A price of lines; nil if their sum doesn't fit ``Money``.
    public init?(
        lines: [LineItem], tier: ServiceTier, tierFellBack: Bool, unpriced: [UnpricedUnit] = [],
        reported: ReportedCost? = nil, surcharges: [String: Surcharge] = [:]
    ) {
        guard let sum = Self.sum(lines), let nanos = Self.nanos(sum) else { return nil }
        self.lines = lines
        self.tier = tier
        self.tierFellBack = tierFellBack
        self.unpriced = unpriced
        self.reported = reported
        self.surcharges = surcharges
        cost = Money(nanos: nanos)
    }

    /// Rounds once, half to even.
    private static func nanos(_ attos: Int128) -> Int64? {
        // A price is less than USD 9 nearly always: dividing 64 bits takes a tenth of the time of 128.
        if let small = Int64(exactly: attos) { return rounded(small, by: 1_000_000_000) }
        return Int64(exactly: rounded(attos, by: attosPerNano))
    }

    private static func rounded<Value: SignedInteger>(_ value: Value, by divisor: Value) -> Value {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        let half = divisor / 2
        return quotient + (remainder > half || (remainder == half && quotient % 2 == 1) ? 1 : 0)
    }

    /// The price of a request at the cost that its sender reports.
    public init(reported: ReportedCost, tier: ServiceTier) {
        let attos = Int128(reported.amount.nanos) * Self.attosPerNano
        lines = [
            LineItem(unit: .reportedCost, quantity: 1, rate: UnitPrice(reported: attos), source: reported.source)
        ]
        self.tier = tier
        tierFellBack = false
        self.reported = reported
        cost = reported.amount
    }
}

/// What a rate has no price for, though it was used.
public enum MissingPrice: Sendable, Hashable, CustomStringConvertible {
    /// A unit.
    case unit(UsageUnit)
    /// A condition under which the request was served, such as `speed.fast`.
    case condition(String)
    /// The model itself.
    case model(String)

    /// As it stands in an error: `web_search`.
    public var description: String {
        switch self {
        case .unit(let unit): unit.name
        case .condition(let condition): condition
        case .model(let model): model
        }
    }
}

/// What came of asking for a price.
public enum Pricing: Sendable, Hashable {
    /// The price of everything that was used, or of the part of it that has one; ``Price/unpriced`` has the rest.
    case priced(Price)
    /// Nothing that was used has a price, or the request was served under a condition that has none.
    case noRate(MissingPrice)
    /// The sum is more than ``Money`` can hold.
    case overflow
}
