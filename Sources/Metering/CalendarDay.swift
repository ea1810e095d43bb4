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

    /// The day that a text names, such as `2026-11-25`; nil where it names none.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return nil }
        var numbers: [Int64] = []
        for part in [bytes[0..<4], bytes[5..<7], bytes[8..<10]] {
            guard part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
            numbers.append(part.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) })
        }
        self.init(year: numbers[0], month: numbers[1], day: numbers[2])
    }

    /// The day of a moment.
    public init(_ moment: Timestamp) {
        self.init(daysSinceEpoch: moment.day)
    }

    /// Its first moment.
    public var start: Timestamp { Timestamp(milliseconds: daysSinceEpoch * 86_400_000) }

    /// Its year, month and day of the month.
    public var civil: (year: Int64, month: Int64, day: Int64) { Timestamp.civil(daysSinceEpoch: daysSinceEpoch) }

    /// The first day of its month.
    public var firstOfMonth: CalendarDay { advanced(byDays: 1 - civil.day) }

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
