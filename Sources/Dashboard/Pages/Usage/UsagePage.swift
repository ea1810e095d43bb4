import Control
import HTML
import Ledger
import Metering
import Wording

/// What was used: over time, by model, member and provider, from one moment, so that all tables add up to the same total.
enum UsagePage {
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let filter = try UsageFilter(team.visit.query)
        let today = CalendarDay(team.now)
        let report = try await team.daemon.get(
            UsageReportView.self, "usage-report",
            query: filter.question(by: "\(filter.period.step);model;user;provider;model,user", today))
        let people = try await UsageNames.of(team)
        let forecast: ForecastView? =
            team.may("forecastCredits") && !filter.isNarrowed
            ? try await team.daemon.get(ForecastView.self, "forecast") : nil
        func others(_ index: Int) -> Int { report.parts.indices.contains(index) ? report.parts[index].others : 0 }
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
                    element(
                        .div, .class("scroll newest-first"), .text(.role, "region"), .aria("label", "Chart"),
                        .text(.tabindex, "0")
                    ) {
                        BarChart.draw("Cost by \(step), \(report.since) to \(last(report)), in US dollars", bars)
                    }
                    element(.details, items(0).count <= 10 ? [.flag(.open)] : []) {
                        element(.summary, text: "The same as a table")
                        UsageTable(caption: "By \(step)", first: Words.label(step), total: report.total).draw(items(0))
                        {
                            key in
                            let place = step == "day" ? dayPlace(team, filter, key) : nil
                            return place.map { place in element(.a, .href(place), text: key) } ?? Parts.text(key)
                        }
                    }
                }
            }
            element(.div) {
                Parts.card("By model") {
                    UsageTable(caption: "By model", first: "Model", total: report.total).draw(
                        items(1), others: others(1)
                    ) { key in
                        model(team, filter, key, people, items(4))
                    }
                }
                if team.me.member.role != "member" {
                    Parts.card("By member") {
                        UsageTable(caption: "By member, most expensive first", first: "Member", total: report.total)
                            .draw(items(2), others: others(2)) { key in
                                guard !key.isEmpty else { return Parts.text("(no user)") }
                                return element(.a, .href(place(team, filter) { $0.user = key })) {
                                    foreign(people.name(of: key))
                                }
                            }
                    }
                }
                Parts.card("By provider") {
                    UsageTable(caption: "By provider", first: "Provider", total: report.total).draw(
                        items(3), others: others(3)
                    ) { key in
                        guard !key.isEmpty else { return Parts.text("(not said)") }
                        return element(.a, .href(place(team, filter) { $0.provider = key })) { foreign(key) }
                    }
                }
            }
            element(.p, .class("row")) {
                Parts.link("Live requests", team.place("usage", "live"))
                Parts.link("Weeks and months", team.place("usage", "compare", query: filter.parts()))
                if team.may("listTags") { Parts.link("By tag", team.place("usage", "tags")) }
                Parts.link(
                    "Every combination as CSV",
                    team.place("usage.csv", query: [("by", "day,user,model,provider")] + filter.query()))
            }
        }
    }

    /// A model, which opens to the members who used it most.
    private static func model(
        _ team: Team, _ filter: UsageFilter, _ key: String, _ people: UsageNames, _ pairs: [UsageSummaryItem]
    ) -> HTML {
        let only = place(team, filter) { $0.model = key }
        let members = pairs.filter { $0.key.first == key && $0.key.last != "" }
        guard team.me.member.role != "member", !members.isEmpty else {
            return element(.a, .href(only)) { foreign(key) }
        }
        return element(.details, .class("row-details")) {
            element(.summary) { foreign(key) }
            element(.ul) {
                for item in members.prefix(5) {
                    element(.li) {
                        foreign(people.name(of: item.key.last ?? ""))
                        ": \(Words.usd(item.cost)), \(Words.count(item.records, "request", "requests"))"
                    }
                }
                element(.li) { element(.a, .href(only), text: "Everything about this model") }
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
                    label: filter.period.step == "month" ? key : String(key.dropFirst(5)), nanos: cost.nanos,
                    words: "\(Words.usd(item?.cost ?? "0")), \(Words.count(item?.records ?? 0, "request", "requests"))")
            )
            day = filter.after(day)
        }
        return bars
    }
}

extension UsageFilter {
    /// The part of the chart that a day is in, as the daemon names it.
    func step(of day: CalendarDay) -> String {
        switch period.step {
        case "week": Self.monday(of: day).description
        case "month": String(day.description.prefix(7))
        default: day.description
        }
    }

    /// A day of the next part.
    func after(_ day: CalendarDay) -> CalendarDay {
        switch period.step {
        case "week": Self.monday(of: day).advanced(byDays: 7)
        case "month":
            CalendarDay(String(day.description.prefix(7)) + "-01")?.advanced(byMonths: 1) ?? day.advanced(byDays: 31)
        default: day.advanced(byDays: 1)
        }
    }

    /// The Monday of a day's week. Day 0 was a Thursday.
    static func monday(of day: CalendarDay) -> CalendarDay {
        let since = (day.daysSinceEpoch + 3) % 7
        return day.advanced(byDays: -(since < 0 ? since + 7 : since))
    }
}
