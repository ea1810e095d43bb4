import Metering

/// One billing month of a subscription: from the day of the month at which it began to the day before that day in the next month.
///
/// A subscription that began on a 29th to 31st has its day on the last one of a month that is shorter, and comes back to the
/// original day afterwards.
public struct BillingPeriod: Sendable, Hashable {
    /// Its number, from 0.
    public let number: Int64
    /// Its first day.
    public let start: CalendarDay
    /// The first day of the period after it.
    public let end: CalendarDay

    /// The period of that number of a subscription that began on a day.
    public init(number: Int64, signup: CalendarDay) {
        self.number = number
        // Each is counted from the signup, not from the period before: a short month doesn't move the days after it.
        start = signup.advanced(byMonths: number)
        end = signup.advanced(byMonths: number + 1)
    }

    /// The period that a day is in; nil before the signup.
    public init?(of day: CalendarDay, signup: CalendarDay) {
        guard day >= signup else { return nil }
        let (year, month, _) = day.civil
        let (firstYear, firstMonth, _) = signup.civil
        let months = (year - firstYear) * 12 + month - firstMonth
        let period = BillingPeriod(number: months, signup: signup)
        self = day >= period.start ? period : BillingPeriod(number: months - 1, signup: signup)
    }

    /// Days in it: 28 to 31.
    public var days: Int64 { end - start }

    /// Days from one of its days, that included, to its end.
    public func remaining(from day: CalendarDay) -> Int64 {
        min(max(end - day, 0), days)
    }
}
