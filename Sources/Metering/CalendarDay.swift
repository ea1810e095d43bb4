/// A day of the Gregorian calendar in UTC.
public struct CalendarDay: Sendable, Hashable, Comparable {
    /// Days since 1970-01-01.
    public let daysSinceEpoch: Int64

    /// So many days after 1970-01-01.
    public init(daysSinceEpoch: Int64) {
        self.daysSinceEpoch = daysSinceEpoch
    }

    /// A day by its numbers; nil where there is no such one.
    public init?(year: Int64, month: Int64, day: Int64) {
        guard (1970...9999).contains(year), (1...12).contains(month),
            (1...Timestamp.daysInMonth(month, year: year)).contains(day)
        else { return nil }
        self.init(daysSinceEpoch: Timestamp.daysSinceEpoch(year: year, month: month, day: day))
    }

    /// The day of a moment.
    public init(_ moment: Timestamp) {
        self.init(daysSinceEpoch: moment.day)
    }

    /// Its first moment.
    public var start: Timestamp { Timestamp(milliseconds: daysSinceEpoch * 86_400_000) }

    /// Its year, month and day of the month.
    public var civil: (year: Int64, month: Int64, day: Int64) { Timestamp.civil(daysSinceEpoch: daysSinceEpoch) }

    /// So many days later, or earlier.
    public func advanced(byDays days: Int64) -> CalendarDay {
        CalendarDay(daysSinceEpoch: daysSinceEpoch + days)
    }

    /// The same day of the month so many months later, or that month's last where it has no such day.
    public func advanced(byMonths months: Int64) -> CalendarDay {
        let (year, month, day) = civil
        let index = year * 12 + month - 1 + months
        let (newYear, newMonth) = (index / 12, index % 12 + 1)
        let clamped = min(day, Timestamp.daysInMonth(newMonth, year: newYear))
        return CalendarDay(daysSinceEpoch: Timestamp.daysSinceEpoch(year: newYear, month: newMonth, day: clamped))
    }

    /// Days from one day to another.
    public static func - (later: CalendarDay, earlier: CalendarDay) -> Int64 {
        later.daysSinceEpoch - earlier.daysSinceEpoch
    }

    /// The earlier day is the smaller.
    public static func < (left: CalendarDay, right: CalendarDay) -> Bool {
        left.daysSinceEpoch < right.daysSinceEpoch
    }
}

extension CalendarDay: CustomStringConvertible {
    /// `2026-11-25`.
    public var description: String {
        let (year, month, day) = civil
        func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + "\(number)" }
        return "\(year)-\(two(month))-\(two(day))"
    }
}
