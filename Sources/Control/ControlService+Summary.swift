import Billing
import Hummingbird
import Ledger
import Metering

/// Usage added up, as it is shown.
public struct UsageSummaryView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// What by: `user`, `model`, `day` or `tag:NAME`.
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
    var summaryEndpoints: [Endpoint] {
        let range = [
            (name: "since", description: "The first day, such as 2026-11-01; the month's first where it is left out"),
            (name: "until", description: "The first day that isn't counted; tomorrow where it is left out"),
        ]
        return [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/summary", name: "summarizeUsage",
                summary: "Usage by member, model, day or tag",
                query: [(name: "by", description: "user, model, day or tag:NAME; several with commas, a tag alone")]
                    + range,
                requiredQuery: ["by"], response: .reference("UsageSummary")
            ) { request, context in
                let org = try await org(context)
                let names = (Endpoint.text(request, "by") ?? "").split(separator: ",").map(String.init)
                let (since, until) = try days(request)
                return try Endpoint.json(try await summary(of: org.org, names, since, until, .ended))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/statement", name: "stateUsage",
                summary: "What was charged in a billing period, by model and member",
                query: [
                    (
                        name: "invoice",
                        description: "The invoice whose period's credits are meant: the one that it begins"
                    )
                ] + range, response: .reference("UsageSummary")
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
                return try Endpoint.json(try await summary(of: org.org, ["model", "user"], since, until, .charged))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/forecast", name: "forecastCredits",
                summary: "When the credits run out at the pace of the last seven days", response: .reference("Forecast")
            ) { _, context in
                try Endpoint.json(try await forecast(of: try await org(context)))
            },
        ]
    }

    /// The days that a request names.
    private func days(_ request: Request) throws -> (since: CalendarDay, until: CalendarDay) {
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

    private func summary(
        of org: String, _ names: [String], _ since: CalendarDay, _ until: CalendarDay, _ time: UsageDay
    ) async throws -> UsageSummaryView {
        let dimensions = names.compactMap { UsageDimension(name: $0) }
        let hasTag = dimensions.contains(where: \.isTag)
        guard !names.isEmpty, dimensions.count == names.count, Set(dimensions).count == dimensions.count,
            !hasTag || dimensions.count == 1
        else {
            throw Problem(.malformed, "by must be user, model or day, several with commas, or tag:NAME alone")
        }
        let items = try await reader.summary(of: org, by: dimensions, since: since, until: until, in: time)
        let total = try await reader.summary(of: org, by: [], since: since, until: until, in: time).first
        return UsageSummaryView(
            org: org, by: names, since: since.description, until: until.description, items: items,
            total: total
                ?? UsageSummaryItem(
                    key: [], records: 0, unpriced: 0, cost: Money.zero.description, inputTokens: 0, outputTokens: 0),
            estimated: try await reader.estimates(of: org, since: since, until: until, in: time))
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
            of: org.org, by: [.day], since: today.advanced(byDays: -7), until: today.advanced(byDays: 1), in: .charged)
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
