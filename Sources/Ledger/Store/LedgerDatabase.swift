import CSQLiteSetup
import Foundation
import GRDB
import GRDBSQLite
import Glibc
import Metering

/// Why a state directory can't be used. The message says what to do.
public struct LedgerOpenError: Error, Sendable, CustomStringConvertible {
    /// Which of the reasons, for an exit code.
    public enum Kind: Sendable, Hashable {
        /// There is no ledger. It is lost, its disk isn't mounted, or it was never made.
        case missing
        /// It is another ledger than the one that was there before.
        case another
        /// The directory or a file in it can't be created or written.
        case unwritable
        /// Another daemon holds it.
        case locked
        /// A newer version of meterd wrote it.
        case newerSchema
        /// It is no ledger of ours, or damaged.
        case unreadable
        /// The disk failed or is full; another try may succeed.
        case failed
    }

    /// Which of the reasons.
    public let kind: Kind
    /// One line: what, and what to do.
    public let description: String

    /// An error of that kind.
    public init(kind: Kind, description: String) {
        (self.kind, self.description) = (kind, description)
    }
}

/// A state directory that this process holds alone, its database migrated and ready to be opened.
///
/// A lock file keeps a second daemon out for as long as the value lives: SQLite 3.40 can lose a commit where a second
/// connection checkpoints (<https://www.sqlite.org/wal.html#walresetbug>), so the daemon alone opens the file.
public final class LedgerDatabase: Sendable {
    /// The database file.
    public let path: String
    /// Whether nothing was ever recorded in it.
    public let isEmpty: Bool
    /// When its newest commit was made; nil if nothing was recorded.
    public let committed: Timestamp?
    /// Whether it was made just now.
    public let isNew: Bool
    private let lock: StateLock

    /// SQLite's own settings, once for the process; nothing where SQLite was used before.
    private static let setup = sqlite_setup_without_memory_statistics()

    /// Locks the directory and migrates its database.
    ///
    /// A ledger that is not there may be on a disk that isn't mounted, or lost. An empty one in its place would refuse every org's
    /// usage for good; so none is made unless somebody says so.
    ///
    /// - Parameters:
    ///   - makesLedger: whether a ledger that is not there is made, and its directory.
    ///   - willMigrate: called before migrations run, with how many there are; they may take long.
    public init(
        in directory: String, makesLedger: Bool = false, willMigrate: (Int) -> Void = { _ in }
    ) throws(LedgerOpenError) {
        _ = Self.setup
        path = directory + "/meterd.db"
        if !makesLedger, access(path, F_OK) != 0, errno == ENOENT {
            throw Self.failure(.missing, path, "is not there")
        }
        lock = try StateLock(directory, makesDirectory: makesLedger)
        do {
            let found: (committed: Timestamp?, isNew: Bool)
            do {
                found = try Self.migrate(path, makesLedger, willMigrate)
            } catch let error where DamageCheck.mayHavePassed(error, path) {
                found = try Self.migrate(path, makesLedger, willMigrate)
            }
            (committed, isNew) = found
            isEmpty = committed == nil
        } catch let error as DatabaseError where error.isDamage && !DamageCheck.isReadable(path) {
            throw Self.failure(.failed, path, "can't be read; look at the disk (journalctl -k)")
        } catch let error as LedgerOpenError {
            throw error
        } catch let error as DatabaseError where Self.transient.contains(error.resultCode) {
            throw Self.failure(.failed, path, "can't be opened: \(error.message ?? "unknown error"); look at the disk")
        } catch {
            throw Self.failure(.unreadable, path, "can't be opened: \(error); restore it from a backup")
        }
    }

    /// Brings a copy that nobody uses, such as a backup of an older version, to this version's form.
    public static func bringUp(databaseFile path: String) throws(LedgerOpenError) {
        do {
            _ = try migrate(path, false) { _ in }
        } catch let error as LedgerOpenError {
            throw error
        } catch {
            throw failure(.unreadable, path, "can't be brought to this version's form: \(error)")
        }
    }

    /// What is about the disk or this moment, and says nothing of what is in the file.
    private static let transient: [ResultCode] = [
        .SQLITE_IOERR, .SQLITE_FULL, .SQLITE_CANTOPEN, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_NOMEM, .SQLITE_PROTOCOL,
        .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_INTERRUPT,
    ]

    /// Brings the database to the newest form; says when something was last recorded in it, and whether it was made just now.
    private static func migrate(
        _ path: String, _ makesLedger: Bool, _ willMigrate: (Int) -> Void
    ) throws -> (committed: Timestamp?, isNew: Bool) {
        // The journal mode is the store's to set: GRDB would write to the file before we know whose it is.
        let queue: DatabaseQueue
        do {
            var configuration = Configuration()
            // What is moved without having been made durable first can't be undone; see below.
            configuration.prepareDatabase { _ = sqlite_setup_without_checkpoint_on_close($0.sqliteConnection) }
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch let error as DatabaseError
            where error.resultCode == .SQLITE_CANTOPEN || error.resultCode == .SQLITE_READONLY
        {
            throw failure(.unwritable, path, "can't be opened: \(error.message ?? "unknown error")")
        }
        defer { try? queue.close() }
        let migrator = Schema.migrator()
        let (pending, isNew) = try queue.read { database -> (Int, isNew: Bool) in
            let owner = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let tables = try Self.tables(database)
            guard owner == Schema.applicationID || tables == 0 else {
                throw failure(.unreadable, path, "is not a meterd database; point state_dir elsewhere")
            }
            let applied = try migrator.appliedIdentifiers(database)
            guard Schema.abandoned.isDisjoint(with: applied) else {
                throw failure(
                    .unreadable, path,
                    "was made by a development version from before the first release; begin with a new state directory")
            }
            guard try !migrator.hasBeenSuperseded(database) else {
                throw failure(
                    .newerSchema, path, "was written by a newer meterd; install that version or restore a backup")
            }
            guard makesLedger || tables > 0 else {
                throw failure(.missing, path, "holds no ledger: whoever began to make one did not end")
            }
            return (migrator.migrations.count - applied.count, isNew: tables == 0)
        }
        try queue.writeWithoutTransaction { try makeLogDurable($0) }
        if isNew {
            // First of all and by itself, so that a start that was cut off is known for ours by the next one.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA application_id = \(Schema.applicationID)") }
        }
        if pending > 0 {
            if !isNew { willMigrate(pending) }
            try migrator.migrate(queue)
        }
        // A process that was killed between the write of a commit and its sync leaves it in the log: it counts, so it has to be
        // durable before anybody hears that it is there.
        do {
            try queue.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            // It is synced before it is moved; where there is no room to move it, it stays.
        }
        let committed = try queue.read {
            try Int64.fetchOne($0, sql: "SELECT at FROM ledger_commit ORDER BY number DESC LIMIT 1")
        }
        return (committed.map { Timestamp(milliseconds: $0) }, isNew)
    }

    /// Writes the log anew before anything of it is moved into the database file.
    ///
    /// The kernel gives the error of a failed sync once, and takes what it could not write for written: a process that starts
    /// after it reads a log that is whole in memory and torn on the disk, and no sync mends that. Were it moved, and the power cut
    /// meanwhile, the file would have pages of a commit of which the log has the others no more.
    private static func makeLogDurable(_ database: Database) throws {
        let size = 1 << 20
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
        defer { buffer.deallocate() }
        let code = sqlite_rewrite_log(database.sqliteConnection, buffer, Int32(size))
        guard code == SQLITE_OK || code & 0xFF == SQLITE_FULL else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code), message: "the write-ahead log can't be written anew")
        }
    }

    /// Tables and indexes there are; none where a start was cut off before it had made the first of ours.
    private static func tables(_ database: Database) throws -> Int {
        let names = try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema")
        let isBarelyBegun = names.allSatisfy { $0.contains("grdb_migrations") }
        guard isBarelyBegun, !names.isEmpty else { return names.count }
        return try Int.fetchOne(database, sql: "SELECT count(*) FROM grdb_migrations") == 0 ? 0 : names.count
    }

    private static func failure(_ kind: LedgerOpenError.Kind, _ path: String, _ words: String) -> LedgerOpenError {
        LedgerOpenError(kind: kind, description: "\(path) \(words)")
    }
}
