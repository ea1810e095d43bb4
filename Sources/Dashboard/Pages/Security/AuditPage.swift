import CSV
import HTML
import Ledger
import Metering
import Wording

/// Who changed what, before and after.
enum AuditPage {
    /// `GET …/audit`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let page = try await team.daemon.get(
            Page<AuditView>.self, "audit", query: [("limit", "50"), ("cursor", team.visit.query["cursor"])])
        let members = try await team.daemon.get(Page<MemberAnswer>.self, "team", query: [("limit", "1000")]).items
        let names = Dictionary(members.map { ($0.member, OrganizationPage.name($0)) }) { first, _ in first }
        return try Layout.page(team, .security, title: "Audit") {
            element(.p, .class("row")) { Parts.link("Download as CSV", team.place("audit.csv")) }
            Parts.card("Newest first") {
                if page.items.isEmpty {
                    Parts.nothing("Nothing was changed yet.")
                } else {
                    Parts.table(
                        "Changes", ["When", "By", "What", "Before", "After"],
                        page.items.map { entry in
                            [
                                Words.timeWithSeconds(entry.at), foreign(actor(entry, names)), what(entry),
                                tree(entry.before),
                                tree(entry.after),
                            ]
                        })
                }
                Parts.more(page.nextCursor.map { team.place("audit", query: [("cursor", $0)]) })
            }
        }
    }

    /// Who it was, as a team knows them. The CSV has the daemon's own words.
    private static func actor(_ entry: AuditView, _ names: [Int64: String]) -> String {
        guard let member = entry.member else { return entry.by == "meterd" ? "Automatic" : "Operator" }
        return names[member] ?? "Member \(member)"
    }

    /// What was done, and to whom.
    private static func what(_ entry: AuditView) -> HTML {
        var html = Parts.text(Words.spaced(entry.action))
        if let subject = entry.subject {
            html += element(.br) + element(.small) { foreign(entry.subjectName ?? "Member \(subject)") }
        }
        return html
    }

    /// Names and ids of the gateway's and of requests say nothing to people. The CSV has them.
    private static let unsaid: Set<String> = [
        "customer", "fingerprint", "id", "idempotency_key", "issuer", "subject", "identity", "gateway", "reference",
    ]

    private static func tree(_ tree: JSONTree?) -> HTML {
        guard case .object(let members)? = tree, !members.isEmpty else {
            return Parts.text(text(tree, isForPage: true))
        }
        let shown = members.filter { !unsaid.contains($0.key) && text($0.value) != "" }.sorted { $0.key < $1.key }
        guard !shown.isEmpty else { return Parts.text("—") }
        return shown.enumerated().reduce(into: HTML()) { html, next in
            if next.offset > 0 { html += element(.br) }
            html +=
                Parts.text(Words.label(next.element.key) + ": ") + foreign(text(next.element.value, isForPage: true))
        }
    }

    /// Sums of money have nine decimals.
    private static func isSum(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && parts[1].utf8.count == 9 && Money(decimal: text) != nil
    }

    private static func text(_ tree: JSONTree?, isForPage: Bool = false) -> String {
        switch tree {
        case nil, .null?: "—"
        case .bool(let bool)?: bool ? "yes" : "no"
        case .integer(let integer)?: "\(integer)"
        case .string(let string)?: isForPage && isSum(string) ? Words.usd(string) : string
        case .array(let items)?: items.map { text($0, isForPage: isForPage) }.joined(separator: ", ")
        case .object(let members)?:
            members.filter { !unsaid.contains($0.key) }.sorted { $0.key < $1.key }
                .map { "\($0.key.replacing("_", with: " ")) \(text($0.value, isForPage: isForPage))" }.joined(
                    separator: ", ")
        }
    }

    /// `GET …/audit.csv`
    static func download(_ team: Team) async throws(PageError) -> Reply {
        var lines = [["number", "at", "by", "action", "subject", "before", "after"].joined(separator: ",")]
        var cursor: String?
        var pages = 0
        repeat {
            let page = try await team.daemon.get(
                Page<AuditView>.self, "audit", query: [("limit", "1000"), ("cursor", cursor)])
            for entry in page.items {
                lines.append(
                    [
                        "\(entry.number)", entry.at, entry.by, entry.action,
                        entry.subjectName ?? entry.subject.map { "\($0)" } ?? "", text(entry.before), text(entry.after),
                    ].map(CSV.field).joined(separator: ","))
            }
            cursor = page.nextCursor
            pages += 1
            guard cursor == nil || pages < 100 else {
                throw .malformed(
                    "the audit has more than 100,000 entries; 'meterctl audit \(team.org) --csv' writes all of them")
            }
        } while cursor != nil
        return Reply(
            .file(
                Array((lines.joined(separator: "\r\n") + "\r\n").utf8), type: "text/csv; charset=utf-8",
                name: "audit.csv"))
    }
}
