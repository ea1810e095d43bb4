/// Hours of the week in which another price holds: an off-peak discount.
///
/// Hours are of the day in UTC, from inclusive, to exclusive; `10:00-02:00` runs over midnight, `00:00-24:00` is all day.
/// Days are those of the seller's calendar, which may lie some hours off UTC; what counts is the day of the moment itself.
public struct WeeklyHours: Sendable, Hashable {
    /// A part of a day in UTC.
    public struct Span: Sendable, Hashable {
        /// The first minute of the day in it.
        public var from: Int
        /// The first minute of the day behind it: up to 1440. Smaller than `from` where it runs over midnight.
        public var to: Int

        /// The span that `10:00-24:00` names; nil where the text is none.
        public init?(_ text: some StringProtocol) {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let from = Self.minute(parts[0]), let to = Self.minute(parts[1]), from < 1440 else {
                return nil
            }
            self.from = from
            self.to = to == 0 ? 1440 : to
            if self.from == self.to { return nil }
        }

        private static func minute(_ text: some StringProtocol) -> Int? {
            let text = Array(text.utf8.filter { $0 != UInt8(ascii: " ") })
            guard text.count == 5, text[2] == UInt8(ascii: ":"),
                [0, 1, 3, 4].allSatisfy({ (48...57).contains(text[$0]) })
            else { return nil }
            let hour = Int(text[0] - 48) * 10 + Int(text[1] - 48)
            let minute = Int(text[3] - 48) * 10 + Int(text[4] - 48)
            guard minute < 60, hour * 60 + minute <= 1440 else { return nil }
            return hour * 60 + minute
        }

        func contains(_ minute: Int) -> Bool {
            from < to ? (from..<to).contains(minute) : minute >= from || minute < to
        }

        /// `10:00-24:00`
        public var text: String {
            Self.clock(from) + "-" + Self.clock(to)
        }

        /// Minutes as hours and minutes: `08:00`
        static func clock(_ minutes: Int) -> String {
            func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
            return two(minutes / 60) + ":" + two(minutes % 60)
        }
    }

    /// The days' names, Monday first.
    public static let dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// Parts of each of the days.
    public var spans: [Span]
    /// The days as bits, Monday the lowest; all of them where the hours are the same every day.
    public var days: UInt8
    /// How many minutes the calendar that names the days is ahead of UTC: 480 for Shanghai.
    public var calendarMinutes: Int

    /// Every day of the week.
    public static let everyDay: UInt8 = 0b111_1111

    /// Hours on days.
    public init(spans: [Span], days: UInt8 = everyDay, calendarMinutes: Int = 0) {
        self.spans = spans
        self.days = days
        self.calendarMinutes = calendarMinutes
    }

    /// Whether a moment lies in them.
    public func contains(_ moment: Timestamp) -> Bool {
        let local = moment.advanced(bySeconds: Int64(calendarMinutes) * 60)
        // 1970-01-01 was a Thursday.
        let weekday = Int(((local.day + 3) % 7 + 7) % 7)
        guard days & (1 << UInt8(weekday)) != 0 else { return false }
        let minute = Int((moment.milliseconds - moment.day * 86_400_000) / 60_000)
        return spans.contains { $0.contains(minute) }
    }
}
