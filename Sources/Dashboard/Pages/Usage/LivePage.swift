import HTML
import Ledger
import Wording

/// Requests as they happen, the newest first, and one of them in full.
enum LivePage {
    private static let shown = 50

    /// `GET …/usage/live`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let filter = try UsageFilter(team.visit.query)
        let cursor = team.visit.query["cursor"]
        let page = try await team.daemon.get(
            Page<UsageView>.self, "usage",
            query: [
                ("limit", "\(shown)"), ("cursor", cursor), ("mine", filter.isMine ? "true" : nil),
                ("user", filter.user),
                ("model", filter.model), ("provider", filter.provider),
            ])
        let here = team.place("usage", "live", query: filter.query())
        return try Layout.page(team, .usage, title: "Live requests") {
            element(.p, .class("row")) {
                Parts.link("Usage", team.place("usage", query: filter.query()))
                Parts.link("Newest", here)
            }
            element(.section, [.class("card")] + (cursor == nil ? [.data("live", here.description)] : [])) {
                element(.h2, text: "Newest first")
                if page.items.isEmpty {
                    Parts.nothing(
                        page.nextCursor == nil
                            ? "No requests yet. They appear here as the proxies report them." : "None of these yet.")
                } else {
                    Parts.table(
                        "Requests", ["Ended", "User", "Model", "Provider", "Status", "Cost#"],
                        page.items.map { record in
                            [
                                element(.a, .href(team.place("usage", "records", record.id))) {
                                    Words.timeWithSeconds(record.at)
                                },
                                foreign(record.user ?? "—"), foreign(record.model), foreign(record.provider ?? "—"),
                                Parts.badge(record.status), Parts.text(Words.usd(record.cost)),
                            ]
                        })
                }
                if page.nextCursor != nil, page.items.count < shown {
                    Parts.nothing(
                        "Among the newest requests before that there are no more of these. Look further back:")
                }
                Parts.more(
                    page.nextCursor.map { team.place("usage", "live", query: filter.query() + [("cursor", $0)]) })
            }
        }
    }

    /// `GET …/usage/records/{id}`
    static func record(_ team: Team) async throws(PageError) -> Reply {
        let record = try await team.daemon.get(UsageView.self, "usage", try team.visit.parameter("id"))
        return try Layout.page(team, .usage, title: "Request") {
            Parts.card("What it was") {
                Parts.facts([
                    ("Id", element(.code) { foreign(record.id) }), ("Ended", Words.time(record.at)),
                    ("Received", Words.time(record.received)), ("User", foreign(record.user ?? "—")),
                    ("Model", foreign(record.model)), ("Provider", foreign(record.provider ?? "—")),
                    ("Service tier", Parts.text(record.tier)), ("Status", Parts.badge(record.status)),
                    ("Cost", element(.strong, text: Words.usd(record.cost))),
                    ("Tags", foreign(record.tags ?? "—")),
                ])
            }
            Parts.card("Line items") {
                if record.lines.isEmpty {
                    Parts.nothing("This request has no price yet. It is charged when a rate card has one.")
                } else {
                    Parts.table(
                        "Units times rate, in US dollars", ["Unit", "Model", "Quantity#", "Rate per unit#", "Amount#"],
                        record.lines.map { line in
                            [
                                Parts.text(Words.label(line.unit)), foreign(line.model ?? "—"),
                                Parts.text(line.quantity.map { Words.count($0) } ?? "—"),
                                Parts.text(line.rate ?? "—"), Parts.text(line.amount),
                            ]
                        },
                        foot: [
                            Parts.text("Total"), Parts.text(""), Parts.text(""), Parts.text(""),
                            Parts.text(Words.usd(record.cost)),
                        ])
                }
            }
            Parts.card("As the provider reported it") {
                element(.p) { element(.code) { foreign(record.usage) } }
            }
        }
    }
}
