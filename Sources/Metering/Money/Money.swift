/// An amount of US dollars, exact to one nano-dollar (10⁻⁹ USD).
///
/// Arithmetic that leaves the range of `Int64` nano-dollars (about ±9.2 billion USD) is an error, never a wrap.
/// The text form is the one of Google's `Money` with the fraction written out: a decimal of exactly nine places.
public struct Money: Sendable, Hashable, Comparable {
    /// The amount in nano-dollars.
    public let nanos: Int64

    /// No money.
    public static let zero = Money(nanos: 0)

    /// An amount of `nanos` nano-dollars.
    public init(nanos: Int64) {
        self.nanos = nanos
    }

    /// The amount that a decimal text names (`"12"`, `"-0.25"`, `"0.008850000"`), or nil where it is not a decimal,
    /// has more than nine decimals, or does not fit.
    public init?(decimal text: some StringProtocol) {
        guard let attos = ExactDecimal.parse(text, scale: 9), let nanos = Int64(exactly: attos) else { return nil }
        self.nanos = nanos
    }

    /// The sum, or nil where it does not fit.
    public func adding(_ other: Money) -> Money? {
        let (sum, overflow) = nanos.addingReportingOverflow(other.nanos)
        return overflow ? nil : Money(nanos: sum)
    }

    /// The difference, or nil where it does not fit.
    public func subtracting(_ other: Money) -> Money? {
        let (difference, overflow) = nanos.subtractingReportingOverflow(other.nanos)
        return overflow ? nil : Money(nanos: difference)
    }

    /// Orders by amount.
    public static func < (left: Money, right: Money) -> Bool {
        left.nanos < right.nanos
    }
}

extension Money: CustomStringConvertible {
    /// The amount in dollars with nine decimals, as it stands in every interface: `"41.990910000"`.
    public var description: String {
        ExactDecimal.text(Int128(nanos), scale: 9, trimmed: false)
    }
}

extension Money {
    /// The same text for sums that may be larger than an amount.
    public static func decimal(nanos: Int128) -> String {
        ExactDecimal.text(nanos, scale: 9, trimmed: false)
    }
}

extension Money {
    /// A number of so many decimal places without the zeros that end it: `8.875`.
    package static func trimmedDecimal(_ value: Int64, places: Int) -> String {
        ExactDecimal.text(Int128(value), scale: places, trimmed: true)
    }

    /// The integer `value × 10^places` of a plain decimal; nil where it is none, has more places, or does not fit.
    package static func scaled(decimal text: String, places: Int) -> Int64? {
        ExactDecimal.parse(text, scale: places).flatMap { Int64(exactly: $0) }
    }
}
