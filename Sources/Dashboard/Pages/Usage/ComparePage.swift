import Control
import HTML
import Ledger
import Metering

/// Weeks and months beside each other.
enum ComparePage {
    private static let (weeks, months): (Int64, Int64) = (8, 12)

    /// `GET …/usage/compare`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let filter = try UsageFilter(team.visit.query)
        let today = CalendarDay(team.now)
        let monday = UsageFilter.monday(of: today)
        let byWeek = try await report(team, filter, "week", since: monday.advanced(byDays: -7 * (weeks - 1)), today)
        let byMonth = try await report(
            team, filter, "month", since: today.firstOfMonth.advanced(byMonths: 1 - months), today)
        return try Layout.page(team, .usage, title: "Weeks and months") {
            element(.p, .class("row")) { Parts.link("Usage", team.place("usage", query: filter.query())) }
            if filter.isNarrowed { Parts.nothing("Only a part of the requests: \(filter.words).") }
            card("The past \(weeks) weeks", "Week from", byWeek, present: monday.description)
            card("The past \(months) months", "Month", byMonth, present: String(today.description.prefix(7)))
        }
    }

    private static func report(
        _ team: Team, _ filter: UsageFilter, _ step: String, since: CalendarDay, _ today: CalendarDay
    ) async throws(PageError) -> UsageReportView {
        let days = [("since", since.description), ("until", today.advanced(byDays: 1).description)]
        let question = filter.question(by: step, today).filter { $0.0 != "since" && $0.0 != "until" }
        return try await team.daemon.get(UsageReportView.self, "usage-report", query: question + days)
    }

    private static func card(_ title: String, _ first: String, _ report: UsageReportView, present: String) -> HTML {
        Parts.card(title) {
            UsageTable(caption: title, first: first, total: report.total).draw(
                (report.parts.first?.items ?? []).reversed()
            ) { key in
                Parts.text(key == present ? "\(key), so far" : key)
            }
        }
    }
}
