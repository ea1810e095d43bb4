import Foundation
import GRDB
import GRDBSQLite
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
            guard try !Schema.migrator().hasBeenSuperseded(database) else {
                throw LedgerOpenError(kind: .newerSchema, description: "\(path) was written by a newer meterd")
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
    ///
    /// - Parameter isCancelled: asked now and then; the copy ends with an error where it says so.
    public func snapshot(in directory: String, isCancelled: () -> Bool) throws -> LedgerSnapshot {
        let path = LedgerSnapshot.path(in: directory)
        defer { for ending in ["", "-journal", "-wal", "-shm"] { unlink(path + ending) } }
        let contents: LedgerContents
        do {
            var configuration = Configuration()
            // Whoever takes the copy proves and syncs it.
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF") }
            let copy = try DatabaseQueue(path: path, configuration: configuration)
            try copyPages(to: copy, isCancelled)
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

    /// Pages between two looks at whether to go on.
    private static let pagesAtOnce: Int32 = 4096

    private func copyPages(to copy: DatabaseQueue, _ isCancelled: () -> Bool) throws {
        try pool.read { source in
            // The snapshot begins with the first read, and the steps below stay on it.
            _ = try Int.fetchOne(source, sql: "SELECT count(*) FROM sqlite_schema")
            try copy.writeWithoutTransaction { target in
                guard let backup = sqlite3_backup_init(target.sqliteConnection, "main", source.sqliteConnection, "main")
                else { throw StorageFailure(description: "the copy can't begin") }
                var result = SQLITE_OK
                while result == SQLITE_OK, !isCancelled() { result = sqlite3_backup_step(backup, Self.pagesAtOnce) }
                let end = sqlite3_backup_finish(backup)
                guard result == SQLITE_DONE, end == SQLITE_OK else {
                    let reason =
                        switch result {
                        case SQLITE_OK: "it was given up, the daemon is stopping"
                        case SQLITE_FULL: "the disk is full"
                        default: sqlite3_errstr(result).map { String(cString: $0) } ?? "error \(result)"
                        }
                    throw StorageFailure(description: reason)
                }
            }
        }
    }
}
