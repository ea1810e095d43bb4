import HTML
import Ledger
import Wording

/// A table of usage that is added up, with the total below, and what it leaves out.
struct UsageTable {
    /// What it is of; screen readers say it.
    let caption: String
    /// The heading of the first column.
    let first: String
    let total: UsageSummaryItem
    /// Whether tokens are known; by tag they aren't.
    var hasTokens = true

    /// Rows before the rest is counted together.
    static let rowsMax = 100

    /// - Parameters:
    ///   - others: how many there are beside the items.
    ///   - name: what stands in the first column for a key.
    func draw(_ items: [UsageSummaryItem], others: Int = 0, name: (String) -> HTML) -> HTML {
        guard !items.isEmpty else { return Parts.nothing("No requests in this period.") }
        let hasUsers = items.contains { $0.users != nil }
        let shown = items.prefix(Self.rowsMax)
        var columns = [first, "Cost#", "Requests#"]
        if hasTokens { columns += ["Input tokens#", "Output tokens#"] }
        if hasUsers { columns.append("Users#") }
        func row(_ name: HTML, _ item: UsageSummaryItem) -> [HTML] {
            var row = [name, Parts.text(Words.usd(item.cost)), Parts.text(Words.count(item.records))]
            if hasTokens {
                row += [item.inputTokens, item.outputTokens].map { Parts.text(Words.count($0 ?? 0)) }
            }
            return row + (hasUsers ? [Parts.text(item.users.map { Words.count($0) } ?? "—")] : [])
        }
        let table = Parts.table(
            caption, columns, shown.map { row(name($0.key.first ?? ""), $0) }, foot: row(Parts.text("Total"), total))
        let left = items.count - shown.count + others
        return left > 0
            ? table + Parts.nothing("\(Words.count(Int64(left))) more are in the total and in the CSV.") : table
    }
}

/// The members to whom names in usage records belong.
struct UsageNames: Sendable {
    private let members: [String: String]

    /// Those that the visitor may know; for a member none, since they see only their own usage.
    static func of(_ team: Team) async throws(PageError) -> UsageNames {
        guard team.may("listMembers") else { return UsageNames(members: [:]) }
        let page = try await team.daemon.get(Page<MemberAnswer>.self, "team", query: [("limit", "1000")])
        var members: [String: String] = [:]
        for member in page.items {
            for user in member.users ?? [] { members[user] = member.name }
        }
        return UsageNames(members: members)
    }

    /// `Ana (ana)` of a member with a name; else the name as it is in the records.
    func name(of user: String) -> String { members[user].map { $0 == user ? user : "\($0) (\(user))" } ?? user }
}
