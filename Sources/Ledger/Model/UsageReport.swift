import Metering

/// Usage of a part of a summary, added up, as it is shown.
public struct UsageSummaryItem: Codable, Sendable, Hashable {
    /// What it is of: members, models, days or values of a tag, in the order in which they were asked for; "" is nobody, or no tag.
    public let key: [String]
    /// Requests.
    public let records: Int64
    /// Of them, those that have no rate yet, and so cost nothing.
    public let unpriced: Int64
    /// What they cost, in US dollars.
    public let cost: String
    /// What a request cost on average, in US dollars, rounded to the nano-dollar, half to even; nil if there was none.
    public let averageCost: String?
    /// How many different names made them, nobody left out; nil by member and by tag.
    public let users: Int64?
    /// Tokens of prompts, those of caches included; nil by tag.
    public let inputTokens: Int64?
    /// Of those, what was read from a cache; nil by tag.
    public let cacheReadTokens: Int64?
    /// Of those, what was written to a cache; nil by tag.
    public let cacheWriteTokens: Int64?
    /// Tokens of answers, those of reasoning included; nil by tag.
    public let outputTokens: Int64?
    /// Of those, what was reasoning; nil by tag.
    public let reasoningTokens: Int64?

    /// - Parameters:
    ///   - users: how many names, if they were counted.
    ///   - hasTokens: whether tokens are kept for such a part.
    init(key: [String], _ sums: UsageSums, users: Int64?, hasTokens: Bool) {
        self.key = key
        self.users = users
        records = sums.records
        unpriced = sums.unpriced
        cost = Money(nanos: sums.cost).description
        averageCost = sums.records > 0 ? Self.average(sums.cost, sums.records).description : nil
        inputTokens = hasTokens ? sums.input : nil
        cacheReadTokens = hasTokens ? sums.cacheRead : nil
        cacheWriteTokens = hasTokens ? sums.cacheWrite : nil
        outputTokens = hasTokens ? sums.output : nil
        reasoningTokens = hasTokens ? sums.reasoning : nil
    }

    private static func average(_ cost: Int64, _ records: Int64) -> Money {
        let (quotient, remainder) = cost.quotientAndRemainder(dividingBy: records)
        let twice = Int128(remainder.magnitude) * 2
        let isUp = twice > records || (twice == records && !quotient.isMultiple(of: 2))
        return Money(nanos: isUp ? quotient + cost.signum() : quotient)
    }
}

/// What usage is added up by.
public enum UsageDimension: Sendable, Hashable {
    /// The member who spent.
    case user
    /// The model, as it was reported.
    case model
    /// The provider, as it was reported.
    case provider
    /// The UTC day.
    case day
    /// The week, by its Monday.
    case week
    /// The calendar month.
    case month
    /// The value of a tag.
    case tag(String)

    /// Whether it is the value of a tag.
    public var isTag: Bool {
        if case .tag = self { true } else { false }
    }

    /// Whether it is a part of time.
    public var isTime: Bool {
        switch self {
        case .day, .week, .month: true
        case .user, .model, .provider, .tag: false
        }
    }

    /// The one of that name: `user`, `model`, `provider`, `day`, `week`, `month` or `tag:NAME`.
    public init?(name: String) {
        switch name {
        case "user": self = .user
        case "model": self = .model
        case "provider": self = .provider
        case "day": self = .day
        case "week": self = .week
        case "month": self = .month
        default:
            guard name.hasPrefix("tag:"), name.utf8.count > 4 else { return nil }
            self = .tag(String(name.dropFirst(4)))
        }
    }
}

/// Which of a record's two times its day is of.
public enum UsageDay: Sendable, Hashable {
    /// When the request ended: for analytics.
    case ended
    /// When it was received and charged: for statements and periods.
    case charged
}

/// What is asked of usage that is added up.
public struct UsageQuery: Sendable, Hashable {
    /// Whose.
    public var org: String
    /// What by; a tag stands alone.
    public var dimensions: [UsageDimension]
    /// The first day.
    public var since: CalendarDay
    /// The first day that isn't counted.
    public var until: CalendarDay
    /// Which of a record's days counts.
    public var time = UsageDay.ended
    /// Only requests of these names; nil for everybody's. Not by tag.
    public var users: [String]?
    /// Only requests of these models; nil for all. Not by tag.
    public var models: [String]?
    /// Only requests to these providers; nil for all. Not by tag.
    public var providers: [String]?

    /// A query.
    public init(
        org: String, by dimensions: [UsageDimension], since: CalendarDay, until: CalendarDay,
        time: UsageDay = .ended, users: [String]? = nil, models: [String]? = nil, providers: [String]? = nil
    ) {
        self.org = org
        self.dimensions = dimensions
        self.since = since
        self.until = until
        self.time = time
        self.users = users
        self.models = models
        self.providers = providers
    }

    /// Whether it is of a part of the org's requests.
    var isNarrowed: Bool { users != nil || models != nil || providers != nil }
}

/// Usage added up, all of it as it was at one moment.
public struct UsageReport: Sendable, Hashable {
    /// The parts; the most expensive first, times in order.
    public let items: [UsageSummaryItem]
    /// All of it.
    public let total: UsageSummaryItem
    /// What of it is charged for holds that expired, and not replaced by usage; nil if there is none, or only a part was asked for.
    public let estimated: UsageSummaryItem?
    /// The newest record that is in it.
    public let through: Int64
}
