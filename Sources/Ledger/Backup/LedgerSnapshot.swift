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
    /// Which ledger; see ``LedgerReader/ledgerID()``.
    public let ledger: String
    /// Usage records in it.
    public let records: Int64
    /// Transfers in it.
    public let transfers: Int64
    /// Its newest commit.
    public let commit: Int64
    /// When that was made; nil where there is none.
    public let committed: String?

    init(_ database: Database) throws {
        ledger = try String.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'ledger_id'") ?? ""
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

extension LedgerSnapshot {
    /// Copies the ledger into a file of a directory, as it is at one moment near the end of this call. Calls may be long: they belong
    /// on a ``BackgroundThread``. The file's name is gone when this returns.
    ///
    /// - Parameters:
    ///   - path: the database that the writer has open.
    ///   - watch: what that writer was given.
    ///   - nudge: has the writer commit something, be it nothing.
    ///   - isCancelled: asked now and then; the copy ends with an error if it says so.
    public static func make(
        of path: String, _ watch: CopyWatch, in directory: String, nudge: @escaping () throws -> Void,
        isCancelled: @escaping () -> Bool
    ) throws -> LedgerSnapshot {
        try withCopy(of: path, watch, in: directory, nudge: nudge, isCancelled: isCancelled) { copy in
            let contents = try LedgerContents(databaseFile: copy)
            let descriptor = open(copy, O_RDONLY | O_CLOEXEC)
            var status = stat()
            guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
                throw StorageFailure(description: "\(copy): \(String(cString: strerror(errno)))")
            }
            return LedgerSnapshot(descriptor: descriptor, bytes: Int64(status.st_size), contents: contents)
        }
    }

    /// Calls a body with the path of such a copy, and removes it.
    public static func withCopy<Value>(
        of path: String, _ watch: CopyWatch, in directory: String, nudge: @escaping () throws -> Void,
        isCancelled: @escaping () -> Bool, _ body: (String) throws -> Value
    ) throws -> Value {
        let copy = Self.path(in: directory)
        defer { for ending in ["", "-journal", "-wal", "-shm"] { unlink(copy + ending) } }
        try FileCopy(of: path, to: copy, watch, nudge: nudge, isCancelled: isCancelled).run()
        return try body(copy)
    }
}
