import Billing
import Hummingbird
import Ledger
import Metering

/// Usage added up, as it is shown.
public struct UsageSummaryView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// What by: `user`, `model`, `provider`, `day`, `week`, `month` or `tag:NAME`.
    public let by: [String]
    /// The first day, UTC.
    public let since: String
    /// The first day that isn't counted.
    public let until: String
    /// The parts; the most expensive first, days in order.
    public let items: [UsageSummaryItem]
    /// All of it.
    public let total: UsageSummaryItem
    /// What of it is estimates: charged for holds that expired unsettled, and not replaced by usage. Nil if there are none.
    public let estimated: UsageSummaryItem?
    /// When it was added up: items, total and estimates are of one moment.
    public let asOf: String?
    /// The sequence number of the newest record that is in it.
    public let through: Int64?
    /// Where the items go on; nil at their end.
    public let nextCursor: String?
}

/// When credits run out, as it is shown. Money in US dollars.
public struct ForecastView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// What is left of its credits.
    public let balance: String
    /// Days whose usage the pace is taken from, today only where there are no others; 0 where there were none.
    public let days: Int64
    /// What was spent a day on those, rounded down.
    public let perDay: String
    /// Full days for which the credits last at that pace; nil where nothing was spent.
    public let daysLeft: Int64?
    /// The day on which they run out; nil where nothing was spent, or not within a hundred years.
    public let runsOut: String?
    /// What was charged in this calendar month.
    public let spentThisMonth: String
    /// What this month comes to at that pace.
    public let monthAtThisPace: String
    /// What may be spent in a month; nil for no limit.
    public let monthlyBudget: String?
}

// Usage added up.
extension ControlService {
    /// The days that usage is added up of.
    static let rangeQuery = [
        (name: "since", description: "The first day, such as 2026-11-01; the month's first if it is left out"),
        (name: "until", description: "The first day that isn't counted; tomorrow if it is left out"),
    ]

    /// What of the requests is meant.
    static let narrowingQuery = [
        (name: "user", description: "Only requests of this name"),
        (name: "model", description: "Only requests of this model"),
        (name: "provider", description: "Only requests to this provider"),
        (name: "mine", description: "true for the acting member's own requests only"),
    ]

    var summaryEndpoints: [Endpoint] {
        let range = Self.rangeQuery
        let narrowing =
            Self.narrowingQuery + [
                (
                    name: "limit",
                    description:
                        "Items per page, 1 to 100000; if it is left out, 100 for a member and all of them for an operator"
                ),
                (name: "cursor", description: "The next_cursor of the page before; each page is of its own moment"),
            ]
        return [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/summary", name: "summarizeUsage",
                summary: "Usage by member, model, provider, day, week, month or tag",
                query: [
                    (
                        name: "by",
                        description:
                            "user, model, provider, day, week, month or tag:NAME; several with commas, a tag alone"
                    )
                ] + range + narrowing,
                requiredQuery: ["by"], response: .reference("UsageSummary")
            ) { request, context in
                let org = try await org(context)
                let names = (Endpoint.text(request, "by") ?? "").split(separator: ",").map(String.init)
                let (since, until) = try days(request)
                let query = try query(request, context, org.org, by: names, since, until, .ended)
                return try Endpoint.json(try await summary(query, by: names, request, context))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/statement", name: "stateUsage",
                summary: "What was charged in a billing period, by model and member",
                query: [
                    (
                        name: "invoice",
                        description: "The invoice whose period's credits are meant: the one that it begins"
                    )
                ] + range + narrowing, response: .reference("UsageSummary")
            ) { request, context in
                let org = try await org(context)
                var (since, until) = try days(request)
                if let number = Endpoint.text(request, "invoice") {
                    let invoice = try await billing.invoice(number, of: org.org)
                    guard let start = invoice.periodStart.flatMap({ CalendarDay($0) }),
                        let end = invoice.periodEnd.flatMap({ CalendarDay($0) })
                    else { throw Problem(.malformed, "invoice \(number) is of no period") }
                    (since, until) = (start, end)
                }
                let names = ["model", "user"]
                let query = try query(request, context, org.org, by: names, since, until, .charged)
                return try Endpoint.json(try await summary(query, by: names, request, context))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/forecast", name: "forecastCredits",
                summary: "When the credits run out at the pace of the last seven days", response: .reference("Forecast")
            ) { _, context in
                try Endpoint.json(try await forecast(of: try await org(context)))
            },
        ]
    }

    /// Items of one answer: a table that is downloaded whole is of one moment.
    static let summaryItemsMax = 100_000

    /// The days that a request names.
    func days(_ request: Request) throws -> (since: CalendarDay, until: CalendarDay) {
        func day(_ name: String, or fallback: CalendarDay) throws -> CalendarDay {
            guard let text = Endpoint.text(request, name) else { return fallback }
            guard let day = CalendarDay(text) else {
                throw Problem(.malformed, "\(name) must be a day such as 2026-11-01: usage is added up by UTC days")
            }
            return day
        }
        let now = clock()
        let since = try day("since", or: CalendarDay(now.startOfMonth))
        let until = try day("until", or: CalendarDay(now).advanced(byDays: 1))
        guard since < until else { throw Problem(.malformed, "until must be after since") }
        return (since, until)
    }

    /// What is asked of usage that is added up.
    func query(
        _ request: Request, _ context: ControlRequestContext, _ org: String, by names: [String], _ since: CalendarDay,
        _ until: CalendarDay, _ time: UsageDay
    ) throws -> UsageQuery {
        let dimensions = names.compactMap { UsageDimension(name: $0) }
        let hasTag = dimensions.contains(where: \.isTag)
        guard !names.isEmpty, dimensions.count == names.count, Set(dimensions).count == dimensions.count,
            !hasTag || dimensions.count == 1
        else {
            throw Problem(
                .malformed,
                "by must be user, model, provider, day, week or month, several with commas, or tag:NAME alone")
        }
        var query = UsageQuery(org: org, by: dimensions, since: since, until: until, time: time)
        query.users = Endpoint.text(request, "user").map { [$0] }
        query.models = Endpoint.text(request, "model").map { [$0] }
        query.providers = Endpoint.text(request, "provider").map { [$0] }
        if Endpoint.text(request, "mine") == "true" {
            guard let membership = context.membership else {
                throw Problem(.malformed, "mine is of the member whom the header \(Self.actingHeader) names")
            }
            query.users = (query.users ?? membership.users).filter(membership.users.contains)
        }
        // What somebody may see goes before what they ask for.
        if let own = Self.ownUsers(context) { query.users = (query.users ?? own).filter(own.contains) }
        guard !hasTag || (query.users == nil && query.models == nil && query.providers == nil) else {
            throw Problem(
                Self.ownUsers(context) == nil ? .malformed : .forbidden,
                "usage by tag is added up for the whole org: it can't be narrowed to members, models or providers")
        }
        return query
    }

    private func summary(
        _ query: UsageQuery, by names: [String], _ request: Request, _ context: ControlRequestContext
    ) async throws -> UsageSummaryView {
        let report = try await reader.usage(query)
        var (items, next) = (report.items, String?.none)
        // Without a limit all of it, as scripts have it.
        if context.membership != nil || Endpoint.text(request, "limit") != nil
            || Endpoint.text(request, "cursor") != nil
        {
            let limit = try Endpoint.limit(request, max: Self.summaryItemsMax)
            let start = Int(min(try Endpoint.numericCursor(request) ?? 0, Int64(items.count)))
            next = items.count - start > limit ? "\(start + limit)" : nil
            items = Array(items.dropFirst(start).prefix(limit))
        }
        return UsageSummaryView(
            org: query.org, by: names, since: query.since.description, until: query.until.description, items: items,
            total: report.total, estimated: report.estimated, asOf: clock().description, through: report.through,
            nextCursor: next)
    }

    /// A sum that a view of the ledger gives; what can't be read as one is no sum at all.
    private static func money(_ text: String) throws -> Money {
        guard let money = Money(decimal: text) else {
            throw Problem(.ledgerDamaged, "'\(text)' stands where a sum of US dollars should")
        }
        return money
    }

    private func forecast(of org: OrgView) async throws -> ForecastView {
        let now = clock()
        let today = CalendarDay(now)
        var spent = try await reader.summary(
            of: org.org, by: [.day], since: today.advanced(byDays: -7), until: today.advanced(byDays: 1))
        // Today is not over: it counts only where there is nothing else.
        if spent.count > 1 { spent.removeAll { $0.key == [today.description] } }
        // Of an org that is younger the days before its first are none.
        let days = spent.first?.key.first.flatMap { CalendarDay($0) }.map { max(1, today - $0) } ?? 0
        let sum = try spent.reduce(Int64(0)) { $0 + (try Self.money($1.cost)).nanos }
        let perDay = days > 0 ? sum / days : 0
        let balance = try Self.money(org.balance)
        let left = perDay > 0 ? max(0, balance.nanos) / perDay : nil
        let budget = try await reader.budget(of: org.org, at: now)
        let month = try budget.map { try Self.money($0.spentThisMonth).nanos } ?? 0
        let monthEnd = CalendarDay(now.startOfMonth).advanced(byMonths: 1)
        let rest = perDay.multipliedReportingOverflow(by: monthEnd - today)
        return ForecastView(
            org: org.org, balance: org.balance, days: days, perDay: Money(nanos: perDay).description, daysLeft: left,
            runsOut: left.flatMap { $0 <= 36_525 ? today.advanced(byDays: $0).description : nil },
            spentThisMonth: Money(nanos: month).description,
            monthAtThisPace: Money(nanos: rest.overflow ? month : month &+ rest.partialValue).description,
            monthlyBudget: budget?.monthlyBudget)
    }
}
