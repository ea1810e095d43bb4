import Foundation
import GRDB
import Glibc

/// A consistent copy of the ledger, made while the daemon works, readable through a descriptor and gone with it.
public final class LedgerSnapshot: Sendable {
    /// Readable, at its beginning; this object's to close.
    public let descriptor: Int32
    /// Bytes of it.
    public let bytes: Int64
    /// What is in it.
    public let contents: LedgerContents

    /// What such a copy's file is called while it is being made.
    private static let prefix = "snapshot-"

    fileprivate init(descriptor: Int32, bytes: Int64, contents: LedgerContents) {
        self.descriptor = descriptor
        self.bytes = bytes
        self.contents = contents
    }

    deinit {
        close(descriptor)
    }

    /// Removes what copies a crash left behind.
    public static func removeLeftovers(in directory: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where name.hasPrefix(prefix) { unlink(directory + "/" + name) }
    }

    fileprivate static func path(in directory: String) -> String {
        "\(directory)/\(prefix)\(UUID().uuidString.lowercased()).db"
    }
}

/// How far a ledger goes.
public struct LedgerContents: Sendable, Hashable, Codable {
    /// Usage records in it.
    public let records: Int64
    /// Transfers in it.
    public let transfers: Int64
    /// Its newest commit.
    public let commit: Int64
    /// When that was made; nil where there is none.
    public let committed: String?

    init(_ database: Database) throws {
        records = try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM usage") ?? 0
        transfers = try Int64.fetchOne(database, sql: "SELECT max(id) FROM transfer") ?? 0
        let newest = try Row.fetchOne(
            database, sql: "SELECT number, at FROM ledger_commit ORDER BY number DESC LIMIT 1")
        commit = newest?["number"] ?? 0
        committed = newest.map { LedgerReader.time($0["at"]) }
    }

    /// How far a file goes that no daemon holds. The file is not changed.
    public init(databaseFile path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        self = try DatabaseQueue(path: path, configuration: configuration).read { database in
            guard try Int64.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID else {
                throw LedgerOpenError(kind: .unreadable, description: "\(path) is not a meterd database")
            }
            return try LedgerContents(database)
        }
    }
}

extension LedgerReader {
    /// Copies the ledger as it is at one moment into a file of a directory, page by page, from one read snapshot: the writer goes
    /// on, and its log grows for as long as this takes. The file's name is gone when this returns.
    ///
    /// SQLite's backup interface: <https://www.sqlite.org/backup.html>.
    public func snapshot(in directory: String) throws -> LedgerSnapshot {
        let path = LedgerSnapshot.path(in: directory)
        defer { for ending in ["", "-journal", "-wal", "-shm"] { unlink(path + ending) } }
        let contents: LedgerContents
        do {
            var configuration = Configuration()
            // Whoever takes the copy proves and syncs it.
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF") }
            let copy = try DatabaseQueue(path: path, configuration: configuration)
            try pool.backup(to: copy)
            // One plain file, that needs no log beside it.
            contents = try copy.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA journal_mode = DELETE")
                return try LedgerContents(database)
            }
            try copy.close()
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw StorageFailure(description: "\(path): \(String(cString: strerror(errno)))")
        }
        return LedgerSnapshot(descriptor: descriptor, bytes: Int64(status.st_size), contents: contents)
    }
}
