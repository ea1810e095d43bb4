import Foundation
import GRDB
import Metering

/// How far a ledger has come, as it is noted beside it: so that a ledger that was put back to an older state is known for it.
public struct LedgerMark: Codable, Sendable, Hashable {
    /// Which ledger; see ``LedgerReader/ledgerID()``.
    public let ledger: String
    /// Its newest commit then.
    public let commit: Int64
    /// That commit's digest, in hexadecimal.
    public let digest: String
    /// Usage records in it.
    public let records: Int64
    /// Transfers in it.
    public let transfers: Int64
    /// When that commit was made.
    public let committed: String
}

/// What a ledger had, and has no more.
public struct LedgerGap: Codable, Sendable, Hashable {
    /// The newest commit that is there; what came after it is missing.
    public let after: Int64
    /// When that was made; nil where there is none.
    public let since: String?
    /// When the newest commit was made that is known to be missing. There may have been more.
    public let until: String
    /// Usage records that are missing, at least.
    public let records: Int64
    /// Transfers that are missing, at least.
    public let transfers: Int64
    /// When that was noticed.
    public let noticed: String
}

/// What is kept in a state directory beside the ledger.
public struct LedgerHistory: Codable, Sendable, Hashable {
    /// How far the ledger had come.
    public var mark: LedgerMark
    /// The latest gap.
    public var gap: LedgerGap?
    /// When somebody last said that the clock is right.
    public var clockConfirmed: Timestamp? {
        get { confirmed.flatMap { Timestamp(rfc3339: $0) } }
        set { confirmed = newValue?.description }
    }
    private var confirmed: String?

    /// What is to be kept.
    public init(mark: LedgerMark, gap: LedgerGap?) {
        self.mark = mark
        self.gap = gap
    }

    private static func path(in directory: String) -> URL { URL(filePath: directory + "/history.json") }

    /// What is kept in a directory; nil where nothing is, or what can't be read.
    public static func kept(in directory: String) -> LedgerHistory? {
        (try? Data(contentsOf: path(in: directory))).flatMap { try? WireJSON.decode(LedgerHistory.self, from: $0) }
    }

    /// Puts aside what is kept in a directory if it can't be read, and gives its new path: it may be the only trace of another ledger.
    public static func putUnreadableAside(in directory: String, now: Timestamp) -> String? {
        let file = path(in: directory).path
        guard FileManager.default.fileExists(atPath: file), kept(in: directory) == nil else { return nil }
        let aside = "\(file).unreadable-\(now.milliseconds)"
        return (try? FileManager.default.moveItem(atPath: file, toPath: aside)) == nil ? nil : aside
    }

    /// Keeps it, in place of what was kept.
    public func keep(in directory: String) throws {
        try WireJSON.encode(self).write(to: Self.path(in: directory), options: .atomic)
    }
}

extension LedgerReader {
    /// How far the ledger has come; nil before its first commit.
    public func mark() async throws -> LedgerMark? {
        try await pool.read { database in
            let contents = try LedgerContents(database)
            guard let committed = contents.committed else { return nil }
            return LedgerMark(
                ledger: try String.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'ledger_id'") ?? "",
                commit: contents.commit, digest: try Self.digest(contents.commit, database) ?? "",
                records: contents.records, transfers: contents.transfers, committed: committed)
        }
    }

    /// What is missing of a ledger that had come to a mark; nil where nothing is, or the mark is of another ledger.
    public func gap(after mark: LedgerMark, now: Timestamp) async throws -> LedgerGap? {
        try await pool.read { database in
            let id = try String.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'ledger_id'")
            guard id == mark.ledger, try Self.digest(mark.commit, database) != mark.digest else { return nil }
            let contents = try LedgerContents(database)
            return LedgerGap(
                after: contents.commit, since: contents.committed, until: mark.committed,
                records: max(0, mark.records - contents.records),
                transfers: max(0, mark.transfers - contents.transfers), noticed: now.description)
        }
    }

    private static func digest(_ commit: Int64, _ database: Database) throws -> String? {
        try String.fetchOne(
            database, sql: "SELECT lower(hex(digest)) FROM ledger_commit WHERE number = ?", arguments: [commit])
    }
}
