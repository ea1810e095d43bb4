import HTML
import Metering

/// What a usage page is about. It stands in the address, so that a link shows the same to others.
struct UsageFilter: Sendable, Hashable {
    /// How far back.
    enum Period: String, Sendable, CaseIterable {
        case week, month, year, all

        var words: String {
            switch self {
            case .week: "Past 7 days"
            case .month: "Past 30 days"
            case .year: "Past 12 months"
            case .all: "All"
            }
        }

        /// The first day of it, when `today` is the last.
        func since(_ today: CalendarDay) -> CalendarDay {
            switch self {
            case .week: today.advanced(byDays: -6)
            case .month: today.advanced(byDays: -29)
            case .year: today.firstOfMonth.advanced(byMonths: -11)
            case .all: CalendarDay(daysSinceEpoch: 0)
            }
        }

        /// What a bar of the chart stands for.
        var step: String {
            switch self {
            case .week, .month: "day"
            case .year, .all: "month"
            }
        }
    }

    var period = Period.month
    /// Days of a period of one's own; nil for ``period``.
    var days: (since: CalendarDay, until: CalendarDay)? {
        get { first.flatMap { first in last.map { (first, $0.advanced(byDays: 1)) } } }
    }
    private var first: CalendarDay?
    private var last: CalendarDay?
    var isMine = false
    var user: String?
    var model: String?
    var provider: String?

    init(_ fields: FormFields) throws(PageError) {
        if let text = fields.text("period") {
            guard let period = Period(rawValue: text) else { throw .malformed("there is no period '\(text)'") }
            self.period = period
        }
        if let from = fields.text("from"), let to = fields.text("to") {
            guard let first = CalendarDay(from), let last = CalendarDay(to), first <= last else {
                throw .malformed("from and to must be days such as 2026-11-01, in that order")
            }
            (self.first, self.last) = (first, last)
        }
        isMine = fields["mine"] == "yes"
        user = fields.text("user")
        model = fields.text("model")
        provider = fields.text("provider")
    }

    /// The days that are meant, the second not included.
    func range(_ today: CalendarDay) -> (since: CalendarDay, until: CalendarDay) {
        days ?? (period.since(today), today.advanced(byDays: 1))
    }

    /// Whether only a part of the org's requests is meant.
    var isNarrowed: Bool { isMine || user != nil || model != nil || provider != nil }

    /// As it stands in an address, with some of it changed.
    func query(_ change: (inout UsageFilter) -> Void = { _ in }) -> [(String, String?)] {
        var other = self
        change(&other)
        return [
            ("period", other.days == nil && other.period != .month ? other.period.rawValue : nil),
            ("from", other.first?.description), ("to", other.last?.description), ("mine", other.isMine ? "yes" : nil),
            ("user", other.user), ("model", other.model), ("provider", other.provider),
        ]
    }

    /// What of the requests is meant, as it stands in an address; without the period.
    func parts() -> [(String, String?)] {
        [("mine", isMine ? "yes" : nil), ("user", user), ("model", model), ("provider", provider)]
    }

    /// The same in words.
    var words: String {
        let parts = [
            isMine ? "only yours" : nil, user.map { "user \($0)" }, model.map { "model \($0)" },
            provider.map { "provider \($0)" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }

    /// Another of the fixed periods.
    mutating func choose(_ period: Period) {
        self.period = period
        (first, last) = (nil, nil)
    }

    /// One day.
    mutating func choose(_ day: CalendarDay) { (first, last) = (day, day) }

    /// What the daemon is asked.
    func question(by dimensions: String, _ today: CalendarDay) -> [(String, String?)] {
        let (since, until) = range(today)
        return [
            ("by", dimensions), ("since", since.description), ("until", until.description),
            ("mine", isMine ? "true" : nil), ("user", user), ("model", model), ("provider", provider),
            ("limit", "\(UsageTable.rowsMax)"),
        ]
    }

    static func == (one: UsageFilter, other: UsageFilter) -> Bool {
        one.query().map(\.1) == other.query().map(\.1)
    }

    func hash(into hasher: inout Hasher) { for value in query() { hasher.combine(value.1) } }
}
