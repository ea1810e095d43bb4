import ArgumentParser
import Foundation
import Ledger

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "What was changed, by whom, before and after.",
        discussion: """
            Examples: meterctl audit acme
                      meterctl audit acme --csv --limit 100000 >audit.csv
                      meterctl audit (all orgs, and what is of none)

            Newest first. Everything that is changed through the control socket is in it, whether by an operator or by a member.
            """)

    @Argument(help: "The org; all of them if it is left out.") var org: String?
    @Option(help: "Changes at most.") var limit = 100
    @Flag(help: "Print comma-separated values.") var csv = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await orExit {
            let path = org.map { ["v1", "orgs", $0, "audit"] } ?? ["v1", "audit"]
            let page = try await common.client.list(AuditView.self, path, limit: limit)
            guard csv else { return try common.show(page: page, table) }
            Terminal.print(Self.csv(page.items))
            if page.nextCursor != nil { Terminal.complain("there are more; --limit shows more of them") }
        }
    }

    private func table(_ page: Page<AuditView>) -> String {
        var columns: [(String, Table.Alignment)] = [("NUMBER", .right), ("AT", .left)]
        if org == nil { columns.append(("ORG", .left)) }
        columns += [("WHAT", .left), ("BY", .left), ("TO", .left), ("CHANGE", .left)]
        var table = Table(columns: columns)
        table.rows = page.items.map { entry in
            ["\(entry.number)", entry.at] + (org == nil ? [entry.org ?? ""] : []) + [
                entry.action, entry.by, Self.subject(entry), Self.change(entry),
            ]
        }
        return table.text
    }

    private static func subject(_ entry: AuditView) -> String {
        guard let subject = entry.subject else { return "" }
        return "member \(subject)" + (entry.subjectName.map { " (\($0))" } ?? "")
    }

    /// What is different: `role: member → admin`.
    private static func change(_ entry: AuditView) -> String {
        if entry.erased == true { return "(erased)" }
        let (before, after) = (members(entry.before), members(entry.after))
        return Set(before.keys).union(after.keys).sorted().map { name in
            switch (before[name], after[name]) {
            case (let old?, let new?): "\(name): \(old) → \(new)"
            case (let old?, nil): "\(name): \(old) → nothing"
            case (nil, let new?): "\(name): \(new)"
            case (nil, nil): name
            }
        }.joined(separator: ", ")
    }

    private static func members(_ tree: JSONTree?) -> [String: String] {
        guard case .object(let members)? = tree else { return [:] }
        return members.mapValues(\.words)
    }

    private static func csv(_ entries: [AuditView]) -> String {
        let header = ["number", "at", "org", "action", "by", "uid", "member", "subject", "before", "after"]
        func text(_ number: Int64?) -> String { number.map { "\($0)" } ?? "" }
        let rows = entries.map { entry -> [String] in
            var row = ["\(entry.number)", entry.at, entry.org ?? "", entry.action, entry.by]
            row += [text(entry.uid), text(entry.member), text(entry.subject)]
            row += [entry.before?.words ?? "", entry.after?.words ?? ""]
            return row
        }
        return ([header] + rows).map { $0.map(UsageCommand.field).joined(separator: ",") }.joined(separator: "\r\n")
    }
}

extension JSONTree {
    /// As people read it: a text without quotes, everything else as JSON.
    fileprivate var words: String {
        if case .string(let text) = self { return text }
        guard let bytes = try? WireJSON.encode(self) else { return "?" }
        return String(decoding: bytes, as: UTF8.self)
    }
}
