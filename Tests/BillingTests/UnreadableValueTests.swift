import Foundation
import Ledger
import Metering
import TestSupport
import Testing

/// A state, a kind or a tier that no version of meterd wrote is nobody's default: what reads its row says which row it is.
@Suite struct UnreadableValueTests {
    /// Where the ledger keeps a number that stands for a word, and what an error calls it.
    private static let columns: [(table: String, column: String, words: String)] = [
        ("account", "kind", "account kind"), ("org", "state", "org state"),
        ("credit_grant", "state", "grant state"), ("credit_grant", "source", "grant source"),
        ("hold", "state", "hold state"),
        ("usage", "status", "charge status"), ("usage", "tier", "service tier"),
        ("usage", "billed_tier", "service tier"), ("usage", "hold_state", "hold state"),
        ("correction", "kind", "correction kind"), ("correction", "billed_tier", "service tier"),
        ("transfer", "code", "transfer code"),
        ("payment", "state", "payment state"), ("payment", "product", "product"),
        ("invoice", "kind", "invoice kind"), ("invoice", "state", "invoice state"),
        ("invoice_note", "kind", "note kind"), ("quarantine", "state", "quarantine state"),
    ]

    @Test func aNumberThatMeansNothingIsAnErrorThatNamesTheRow() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.db"
        try await TamperTests.fill(path)
        #expect(try await Self.problems(path) == [])
        let copy = directory.path + "/copy.db"
        for (table, column, words) in Self.columns {
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            defer { for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: copy + ending) } }
            // A hold is read if a record names it.
            let one =
                table == "hold"
                ? "number = (SELECT max(hold_number) FROM usage)"
                : "rowid = (SELECT max(rowid) FROM \(table) WHERE \(column) IS NOT NULL)"
            let change = TamperTests.Change(table: table, sql: "UPDATE \(table) SET \(column) = 77 WHERE \(one)")
            #expect(try await TamperTests.make(change, copy))
            let problems = try await Self.problems(copy)
            let named = problems.first { $0.contains("the \(words) 77") }
            #expect(named != nil, "\(table).\(column): \(problems)")
        }
    }

    /// What reading everything, and opening the ledger, fails with.
    private static func problems(_ path: String) async throws -> [String] {
        var problems: [String] = []
        let reader = try LedgerReader(path: path)
        func note(_ read: () async throws -> Void) async {
            do { try await read() } catch { problems.append("\(error)") }
        }
        let most = LedgerReader.pageMax
        await note { _ = try await reader.orgs(after: nil, limit: most) }
        for org in ["acme", "other"] {
            await note { _ = try await reader.billing(of: org, at: Timestamp(milliseconds: 0)) }
            await note { _ = try await reader.grants(of: org, before: nil, limit: most) }
            await note { _ = try await reader.usage(of: org, LedgerReader.UsageFilter(), before: nil, limit: most) }
            await note { _ = try await reader.transfers(of: org, before: nil, limit: most) }
            await note { _ = try await reader.openHolds(of: org, before: nil, limit: most) }
            await note { _ = try await reader.expiredHolds(of: org, before: nil, limit: most) }
            await note { _ = try await reader.payments(of: org, before: nil, limit: most) }
            await note { _ = try await reader.invoices(of: org, before: nil, limit: most) }
        }
        for sequence in 1...(try await reader.counts().records) {
            await note { _ = try await reader.explanation(sequence: sequence) }
        }
        await note {
            _ = try await reader.repricing(
                with: .empty, since: Timestamp(milliseconds: 0), org: nil, after: 0, limit: most)
        }
        await note {
            _ = try await reader.quarantined(LedgerReader.QuarantineFilter(state: nil), before: nil, limit: most)
        }
        await note { _ = try JournalExport.write(databaseFile: path, org: nil) { _ in } }
        try reader.close()
        await note { _ = try SQLiteStore(path: path, options: StoreOptions(clock: { Timestamp(milliseconds: 0) })) }
        return problems
    }
}
