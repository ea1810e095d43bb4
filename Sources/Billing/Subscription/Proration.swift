import Metering

/// A part of a price for a part of a period.
public enum Proration {
    /// Nano-dollars in a cent: what is paid is whole cents.
    public static let nanosPerCent: Int64 = 10_000_000

    /// What so many of something cost from a day of a period to its end: price × quantity × days left ÷ days of the period, exact,
    /// rounded once, half to even, to the cent. Nil where that is more than an amount can hold.
    public static func amount(
        of price: Money, quantity: Int64, from day: CalendarDay, in period: BillingPeriod
    ) -> Money? {
        let (numerator, isTooMuch) = (Int128(price.nanos) * Int128(quantity)).multipliedReportingOverflow(
            by: Int128(period.remaining(from: day)))
        return isTooMuch ? nil : roundedToCent(numerator, over: Int128(period.days))
    }

    /// A fraction of nano-dollars in whole cents, half to even; nil where that is more than an amount can hold.
    static func roundedToCent(_ numerator: Int128, over denominator: Int128) -> Money? {
        let divisor = denominator * Int128(nanosPerCent)
        var (cents, rest) = numerator.quotientAndRemainder(dividingBy: divisor)
        if rest < 0 { (cents, rest) = (cents - 1, rest + divisor) }
        if rest * 2 > divisor || (rest * 2 == divisor && cents % 2 != 0) { cents += 1 }
        let (nanos, isTooMuch) = cents.multipliedReportingOverflow(by: Int128(nanosPerCent))
        return isTooMuch ? nil : Int64(exactly: nanos).map(Money.init(nanos:))
    }
}
