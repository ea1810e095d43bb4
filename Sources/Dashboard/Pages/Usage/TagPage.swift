import Control
import HTML
import Ledger
import Metering

/// Usage by the values of one tag.
enum TagPage {
    /// `GET …/usage/tags`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let filter = try UsageFilter(team.visit.query)
        let today = CalendarDay(team.now)
        let (since, until) = filter.range(today)
        let days = [("since", since.description as String?), ("until", until.description)]
        let names = try await team.daemon.get(TagNamesView.self, "tags", query: days).tags
        let chosen = team.visit.query.text("tag") ?? names.first
        let summary: UsageSummaryView? =
            if let chosen {
                try await team.daemon.get(
                    UsageSummaryView.self, "summary", query: [("by", "tag:" + chosen), ("limit", "1000")] + days)
            } else { nil }
        return try Layout.page(team, .usage, title: "Usage by tag") {
            element(.p, .class("row")) { Parts.link("Usage", team.place("usage", query: filter.query())) }
            element(.nav, .class("filters"), .aria("label", "Period")) {
                for period in UsageFilter.Period.allCases {
                    chip(
                        period.words, filter.days == nil && filter.period == period,
                        team.place("usage", "tags", query: [("tag", chosen)] + filter.query { $0.choose(period) }))
                }
            }
            if names.isEmpty, chosen == nil {
                Parts.nothing("No request of this period has a tag. Proxies send tags with usage records.")
            } else {
                element(.nav, .class("filters"), .aria("label", "Tag")) {
                    for name in names {
                        chip(
                            name, name == chosen,
                            team.place("usage", "tags", query: [("tag", name)] + filter.query()))
                    }
                }
            }
            if let summary, let chosen {
                Parts.card("By \(chosen)") {
                    UsageTable(caption: "By \(chosen)", first: "Value", total: summary.total, hasTokens: false)
                        .draw(summary.items) { foreign($0) }
                    Parts.nothing(
                        "The total is of all requests of this period, also of those without this tag. A request is counted under each of its tags."
                    )
                }
                element(.p, .class("row")) {
                    Parts.link(
                        "CSV", team.place("usage.csv", query: [("by", "tag:" + chosen)] + filter.query()))
                }
            }
        }
    }

    private static func chip(_ words: String, _ isChosen: Bool, _ place: Place) -> HTML {
        element(.a, [.href(place)] + (isChosen ? [.aria("current", "true")] : [])) { foreign(words) }
    }
}
