/// What one unit (a token, a query) costs: an exact decimal of US dollars with up to 18 places.
///
/// Eighteen places hold every published rate: USD per million tokens with up to twelve decimals.
public struct UnitPrice: Sendable, Hashable {
    /// The price of one unit in atto-dollars (10⁻¹⁸ USD).
    public let attos: Int128

    /// Decimal places of ``attos`` below a dollar.
    static let scale = 18

    /// The largest price that is accepted: one million dollars a unit. It keeps units × price inside `Int128`.
    static let attosMax = ExactDecimal.powerOfTen(scale + 6)

    /// A price in atto-dollars; nil where it is negative or above a million dollars a unit.
    public init?(attos: Int128) {
        guard attos >= 0, attos <= Self.attosMax else { return nil }
        self.attos = attos
    }

    /// A reported cost as the price of one request: at most a million US dollars, as ``ReportedCost`` sees to.
    init(reported attos: Int128) {
        self.attos = min(max(attos, 0), Self.attosMax)
    }

    /// The price that a decimal names in US dollars per `units` units, `units` being a power of ten up to a million.
    ///
    /// Nil where the text is no decimal, is negative, too large, or has places below 10⁻¹⁸ USD a unit.
    public init?(decimal text: some StringProtocol, perUnits units: Int) {
        var exponent = 0
        var rest = units
        while rest > 1 {
            guard rest % 10 == 0 else { return nil }
            rest /= 10
            exponent += 1
        }
        guard let attos = ExactDecimal.parse(text, scale: Self.scale - exponent) else { return nil }
        self.init(attos: attos)
    }

    /// The price per so many units, a thousand or one, that a decimal of any length names, rounded half to even so that one unit
    /// has 18 places; nil if it is none.
    static func rounded(_ text: some StringProtocol, perUnits units: Int) -> String? {
        // 36 places hold what a binary64 number of 17 significant digits prints, from 10⁻¹⁹ dollars on.
        guard let value = ExactDecimal.parse(text, scale: scale + 18), value >= 0 else { return nil }
        let unit = ExactDecimal.powerOfTen(18) * Int128(units)
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: unit)
        let roundsUp = remainder > unit / 2 || (remainder == unit / 2 && quotient % 2 == 1)
        let attos = quotient + (roundsUp ? 1 : 0)
        return ExactDecimal.text(attos * Int128(units), scale: scale, trimmed: true)
    }

    /// The price times a fraction, rounded half to even to the atto-dollar; nil where it is too large.
    ///
    /// The numerator is at most 10¹², so that the product is at most 10³⁶.
    func multiplied(by numerator: Int128, over denominator: Int128) -> UnitPrice? {
        let (quotient, remainder) = (attos * numerator).quotientAndRemainder(dividingBy: denominator)
        let roundsUp = remainder * 2 > denominator || (remainder * 2 == denominator && quotient % 2 == 1)
        return UnitPrice(attos: quotient + (roundsUp ? 1 : 0))
    }

    /// The price as a decimal of US dollars per `units` units, a power of ten up to a million, with at least two places.
    public func text(perUnits units: Int) -> String {
        var text = ExactDecimal.text(attos * Int128(units), scale: Self.scale, trimmed: true)
        let places = text.firstIndex(of: ".").map { text.distance(from: $0, to: text.endIndex) - 1 } ?? 0
        if places == 0 { text += "." }
        if places < 2 { text += String(repeating: "0", count: 2 - places) }
        return text
    }

    /// Atto-dollars for `quantity` units. It can't overflow: quantities are at most 2⁴², prices at most 10²⁴.
    func amount(quantity: Int64) -> Int128 {
        attos * Int128(quantity)
    }
}

extension UnitPrice: CustomStringConvertible {
    /// US dollars for one unit, without zeros that say nothing: `"0.000003"`.
    public var description: String {
        ExactDecimal.text(attos, scale: Self.scale, trimmed: true)
    }
}
