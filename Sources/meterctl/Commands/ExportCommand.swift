import ArgumentParser
import Background
import Foundation
import Ledger

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes everything that is kept of an org into files.",
        discussion: """
            Examples: meterctl export acme
                      meterctl export acme --format csv --out /srv/acme

            One file a kind: usage, transfers, grants, members, payments, invoices, and the org itself. A folder that is there \
            already is not touched; it gets its name when all of it is written.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv
        case jsonl
    }

    @Argument(help: "The org.") var org: String
    @Option(help: "csv or jsonl.") var format = Format.jsonl
    @Option(help: "The folder; ORG-export if absent.") var out: String?
    @OptionGroup var common: CommonOptions

    /// What is exported, with the columns that a table of it has; members that are objects or lists are JSON in their field.
    private static let kinds: [(name: String, columns: [String])] = [
        (
            "usage",
            [
                "sequence", "id", "user", "model", "provider", "at", "received", "tier", "status", "cost",
                "balance_after",
                "hold", "rate_card", "correction", "lines", "usage", "tags", "peer_uid", "peer_pid", "digest", "sender",
            ]
        ),
        ("transfers", ["transfer", "at", "code", "debit", "credit", "amount", "reference", "closes", "grants"]),
        (
            "grants",
            [
                "grant", "created", "source", "amount", "remaining", "state", "priority", "expires", "reason", "key",
                "balance_after",
            ]
        ),
        (
            "members",
            ["user", "added", "removed", "daily_limit", "monthly_limit", "spent_today", "spent_this_month", "held"]
        ),
        (
            "payments",
            [
                "payment", "created", "settled", "purpose", "is_top_up", "amount", "state", "reason", "gateway",
                "reference",
                "method", "lines",
            ]
        ),
        (
            "invoices",
            [
                "number", "kind", "issued", "state", "period_start", "period_end", "net", "tax", "total", "paid_before",
                "due",
                "credited", "open", "paid_at", "payment", "corrects", "reason", "buyer", "lines", "notes",
            ]
        ),
    ]

    func run() async throws {
        BackgroundThread.becomeProcess()
        try await orExit {
            let target = out ?? "\(org)-export"
            let partial = "\(target).partial-\(getpid())"
            let files = FileManager.default
            guard !files.fileExists(atPath: target) else {
                throw Failure(status: .refused, message: "\(target) is there already; --out names another folder")
            }
            let document = try await common.client.raw(["v1", "orgs", org])
            do {
                // What is in it is nobody else's business.
                try files.createDirectory(
                    atPath: partial, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                try document.write(to: URL(filePath: "\(partial)/org.json"))
                var counts: [String: Int] = [:]
                for kind in Self.kinds { counts[kind.name] = try await write(kind, into: partial) }
                try files.moveItem(atPath: partial, toPath: target)
                try common.show(counts) { counts in
                    definitions([("written to", target)] + Self.kinds.map { ($0.name, "\(counts[$0.name] ?? 0)") })
                }
            } catch {
                try? files.removeItem(atPath: partial)
                throw error as? Failure
                    ?? Failure(status: .refused, message: "\(target) can't be written: \(error.localizedDescription)")
            }
        }
    }

    private func write(_ kind: (name: String, columns: [String]), into folder: String) async throws -> Int {
        let path = "\(folder)/\(kind.name).\(format.rawValue)"
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else { throw Failure(status: .refused, message: "\(path) can't be written") }
        if format == .csv { try file.write(contentsOf: Data(Self.row(kind.columns).utf8)) }
        let bar = ProgressBar(total: nil, unit: kind.name)
        defer { bar.clear() }
        var count = 0
        var cursor: String?
        repeat {
            let data = try await common.client.raw(
                ["v1", "orgs", org, kind.name], ["limit": "\(LedgerReader.pageMax)", "cursor": cursor])
            guard let page = try JSONSerialization.jsonObject(with: data) as? [String: Any],
                let items = page["items"] as? [[String: Any]]
            else { throw Failure(status: .refused, message: "meterd gave a list that this meterctl can't read") }
            for item in items {
                let line = format == .csv ? Self.row(kind.columns.map { Self.field(item[$0]) }) : Self.json(item) + "\n"
                try file.write(contentsOf: Data(line.utf8))
            }
            count += items.count
            bar.update(count, "")
            cursor = page["next_cursor"] as? String
        } while cursor != nil
        try file.synchronize()
        try file.close()
        return count
    }

    private static func row(_ fields: [String]) -> String {
        fields.map(UsageCommand.field).joined(separator: ",") + "\r\n"
    }

    private static func field(_ value: Any?) -> String {
        switch value {
        case nil, is NSNull: ""
        case let text as String: text
        case let value?: json(value)
        }
    }

    private static func json(_ value: Any) -> String {
        let data = try? JSONSerialization.data(
            withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
