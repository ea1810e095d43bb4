import Control
import HTML
import Ledger
import Metering

/// What was used: over time, by model, member and provider, from one moment, so that all tables add up to the same total.
enum UsagePage {
    /// Rows of a table before the rest is counted together.
    private static let rowsMax = 100

    static func show(_ team: Team) async throws(PageError) -> Reply {
        let filter = try UsageFilter(team.visit.query)
        let today = CalendarDay(team.now)
        let report = try await team.daemon.get(
            UsageReportView.self, "usage-report",
            query: filter.question(by: "\(filter.period.step);model;user;provider", today))
        let forecast: ForecastView? =
            team.may("forecastCredits") && !filter.isNarrowed
            ? try await team.daemon.get(ForecastView.self, "forecast") : nil
        func items(_ index: Int) -> [UsageSummaryItem] {
            report.parts.indices.contains(index) ? report.parts[index].items : []
        }
        let step = filter.period.step
        let bars = try chart(items(0), filter, today)
        return try Layout.page(team, .usage, title: "Usage") {
            filters(team, filter)
            figures(report, filter, forecast)
            Parts.card("Cost by \(step)") {
                if items(0).isEmpty {
                    Parts.nothing("No requests in this period.")
                } else {
                    BarChart.draw("Cost by \(step), \(report.since) to \(last(report)), in US dollars", bars)
                    element(.details, items(0).count <= 10 ? [.flag(.open)] : []) {
                        element(.summary, text: "The same as a table")
                        table(
                            "By \(step)", first: Words.label(step), items(0), report.total,
                            link: step == "day" ? { dayPlace(team, filter, $0) } : nil)
                    }
                }
            }
            element(.div) {
                Parts.card("By model") {
                    table(
                        "By model", first: "Model", items(1), report.total,
                        link: { key in place(team, filter) { $0.model = key } })
                }
                if team.me.member.role != "member" {
                    Parts.card("By member") {
                        table(
                            "By usage name", first: "Usage name", items(2), report.total, noName: "(no user)",
                            link: { key in key.isEmpty ? nil : place(team, filter) { $0.user = key } })
                    }
                }
                Parts.card("By provider") {
                    table(
                        "By provider", first: "Provider", items(3), report.total, noName: "(not said)",
                        link: { key in key.isEmpty ? nil : place(team, filter) { $0.provider = key } })
                }
            }
            element(.p, .class("row")) {
                Parts.link("Live requests", team.place("usage", "live"))
                Parts.link(
                    "Every combination as CSV",
                    team.place("usage.csv", query: [("by", "day,user,model,provider")] + filter.query()))
            }
        }
    }

    private static func last(_ report: UsageReportView) -> String {
        CalendarDay(report.until)?.advanced(byDays: -1).description ?? report.until
    }

    private static func place(
        _ team: Team, _ filter: UsageFilter, _ change: (inout UsageFilter) -> Void
    ) -> Place {
        team.place("usage", query: filter.query(change))
    }

    private static func dayPlace(_ team: Team, _ filter: UsageFilter, _ key: String) -> Place? {
        CalendarDay(key).map { day in place(team, filter) { $0.choose(day) } }
    }

    private static func filters(_ team: Team, _ filter: UsageFilter) -> HTML {
        func chip(_ words: String, _ isChosen: Bool, _ place: Place) -> HTML {
            element(.a, [.href(place)] + (isChosen ? [.aria("current", "true")] : [])) { words }
        }
        return element(.nav, .class("filters"), .aria("label", "What is shown")) {
            for period in UsageFilter.Period.allCases {
                chip(
                    period.words, filter.days == nil && filter.period == period,
                    place(team, filter) { $0.choose(period) })
            }
            if let days = filter.days {
                chip(
                    "\(days.since) to \(days.until.advanced(byDays: -1)) ✕", true,
                    place(team, filter) { $0.choose(.month) })
            }
            if team.me.member.role != "member" {
                chip("Only my usage", filter.isMine, place(team, filter) { $0.isMine.toggle() })
            }
            if let user = filter.user { chip("User \(user) ✕", true, place(team, filter) { $0.user = nil }) }
            if let model = filter.model { chip("Model \(model) ✕", true, place(team, filter) { $0.model = nil }) }
            if let provider = filter.provider {
                chip("Provider \(provider) ✕", true, place(team, filter) { $0.provider = nil })
            }
        }
    }

    private static func figures(
        _ report: UsageReportView, _ filter: UsageFilter, _ forecast: ForecastView?
    ) -> HTML {
        let total = report.total
        let days = filter.days == nil ? filter.period.words : "\(report.since) to \(last(report))"
        return Parts.figures {
            Parts.sum("Total cost", total.cost, days)
            Parts.figure(
                "Requests", Words.count(total.records),
                total.unpriced > 0 ? "\(Words.count(total.unpriced)) without a price yet" : nil)
            Parts.sum("Average per request", total.averageCost)
            Parts.figure(
                "Input tokens", Words.count(total.inputTokens ?? 0),
                "\(Words.count(total.cacheReadTokens ?? 0)) read from a cache")
            Parts.figure(
                "Output tokens", Words.count(total.outputTokens ?? 0),
                "\(Words.count(total.reasoningTokens ?? 0)) for reasoning")
            if let users = total.users { Parts.figure("Active users", Words.count(users), "In this period") }
            if let forecast {
                Parts.figure(
                    "Credits last", forecast.daysLeft.map { Words.count($0, "day", "days") } ?? "—",
                    forecast.runsOut.map { "Until \($0) at \(Words.usd(forecast.perDay)) per day" }
                        ?? "Nothing was spent in the last 7 days")
            }
        }
    }

    private static func chart(
        _ items: [UsageSummaryItem], _ filter: UsageFilter, _ today: CalendarDay
    ) throws(PageError) -> [BarChart.Bar] {
        var sums: [String: UsageSummaryItem] = [:]
        for item in items { sums[item.key.first ?? ""] = item }
        let (since, until) = filter.range(today)
        var bars: [BarChart.Bar] = []
        // Days, weeks and months without requests are bars of nothing, so that time runs evenly.
        var day = since
        if filter.period == .all, let first = items.first?.key.first { day = CalendarDay(first + "-01") ?? since }
        while day < until, bars.count < 400 {
            let key = filter.step(of: day)
            let item = sums[key]
            guard let cost = Money(decimal: item?.cost ?? "0") else { throw .noAnswer("a cost can't be read") }
            bars.append(
                .init(
                    label: filter.period == .all ? key : String(key.dropFirst(5)), nanos: cost.nanos,
                    words: "\(Words.usd(item?.cost ?? "0")), \(Words.count(item?.records ?? 0, "request", "requests"))")
            )
            day = filter.after(day)
        }
        return bars
    }

    /// A table of parts with their total below, and what it leaves out.
    static func table(
        _ caption: String, first: String, _ items: [UsageSummaryItem], _ total: UsageSummaryItem,
        noName: String = "", link: ((String) -> Place?)? = nil
    ) -> HTML {
        guard !items.isEmpty else { return Parts.nothing("No requests in this period.") }
        let hasUsers = items.contains { $0.users != nil }
        let shown = items.prefix(rowsMax)
        var columns = [first, "Cost#", "Requests#", "Input tokens#", "Output tokens#"]
        if hasUsers { columns.append("Users#") }
        func row(_ name: HTML, _ item: UsageSummaryItem) -> [HTML] {
            [
                name, Parts.text(Words.usd(item.cost)), Parts.text(Words.count(item.records)),
                Parts.text(Words.count(item.inputTokens ?? 0)), Parts.text(Words.count(item.outputTokens ?? 0)),
            ] + (hasUsers ? [Parts.text(item.users.map { Words.count($0) } ?? "—")] : [])
        }
        let table = Parts.table(
            caption, columns,
            shown.map { item in
                let key = item.key.first ?? ""
                let name = key.isEmpty ? noName : key
                let place = link?(key)
                return row(place.map { place in element(.a, .href(place)) { foreign(name) } } ?? foreign(name), item)
            }, foot: row(Parts.text("Total"), total))
        let left = items.count - shown.count
        return left > 0
            ? table + Parts.nothing("\(Words.count(Int64(left))) more are in the total and in the CSV.") : table
    }
}

extension UsageFilter {
    /// The part of the chart that a day is in, as the daemon names it.
    func step(of day: CalendarDay) -> String {
        switch period.step {
        case "week": monday(of: day).description
        case "month": String(day.description.prefix(7))
        default: day.description
        }
    }

    /// A day of the next part.
    func after(_ day: CalendarDay) -> CalendarDay {
        switch period.step {
        case "week": monday(of: day).advanced(byDays: 7)
        case "month":
            CalendarDay(String(day.description.prefix(7)) + "-01")?.advanced(byMonths: 1) ?? day.advanced(byDays: 31)
        default: day.advanced(byDays: 1)
        }
    }

    /// Day 0 was a Thursday.
    private func monday(of day: CalendarDay) -> CalendarDay {
        let since = (day.daysSinceEpoch + 3) % 7
        return day.advanced(byDays: -(since < 0 ? since + 7 : since))
    }
}
