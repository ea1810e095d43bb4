import Foundation
import GRDB
import Metering

/// The dashboard's own file: sessions, passkeys, orders that were begun. It knows no money, and losing it loses no money.
///
/// Secrets are kept as their SHA-256 only.
public final class DashboardStore: Sendable {
    let database: DatabaseQueue

    /// Opens the file, or makes it.
    ///
    /// - Parameter folder: where it lies; nobody else may read there.
    public init(folder: String) throws {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            try database.execute(
                sql: "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY")
        }
        configuration.busyMode = .timeout(5)
        database = try DatabaseQueue(path: folder + "/dashboard.db", configuration: configuration)
        try database.write { try $0.execute(sql: "PRAGMA foreign_keys = ON") }
        try Self.migrator.migrate(database)
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("sessions") { database in
            try database.execute(
                sql: """
                    CREATE TABLE session(
                        hash BLOB PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, method TEXT NOT NULL,
                        memberships TEXT NOT NULL, created INTEGER NOT NULL, seen INTEGER NOT NULL,
                        proven_here INTEGER, proven_there INTEGER, browser TEXT NOT NULL, notice TEXT
                    ) WITHOUT ROWID;
                    CREATE INDEX session_of_person ON session(issuer, subject);
                    CREATE INDEX session_seen ON session(seen);
                    CREATE TABLE passkey(
                        credential BLOB PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL,
                        public_key BLOB NOT NULL, sign_count INTEGER NOT NULL,
                        is_backup_eligible INTEGER NOT NULL, is_backed_up INTEGER NOT NULL, transports TEXT NOT NULL,
                        name TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER
                    ) WITHOUT ROWID;
                    CREATE INDEX passkey_of_person ON passkey(issuer, subject);
                    CREATE TABLE pending(
                        hash BLOB PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, created INTEGER NOT NULL
                    ) WITHOUT ROWID;
                    CREATE INDEX pending_created ON pending(created);
                    CREATE TABLE placed_order(
                        id TEXT PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, org TEXT NOT NULL,
                        kind TEXT NOT NULL, quantity TEXT NOT NULL, created INTEGER NOT NULL, state TEXT NOT NULL,
                        total TEXT, sent INTEGER, payment INTEGER, words TEXT
                    ) WITHOUT ROWID;
                    CREATE INDEX order_created ON placed_order(created);
                    """)
        }
        return migrator
    }

    /// What the database throws, as a reason why a page isn't there.
    func reading<Value>(_ body: (Database) throws -> Value) throws(PageError) -> Value {
        do {
            return try database.read(body)
        } catch let error as PageError {
            throw error
        } catch {
            throw .broken("the dashboard's file can't be read: \(error)")
        }
    }

    /// The same for a change.
    func writing<Value>(_ body: (Database) throws -> Value) throws(PageError) -> Value {
        do {
            return try database.write(body)
        } catch let error as PageError {
            throw error
        } catch {
            throw .broken("the dashboard's file can't be written: \(error)")
        }
    }

    /// Removes what has ended: sessions, sign-ins that were begun, orders of more than 46 days, for which the daemon's keys are kept.
    public func prune(at now: Timestamp) throws {
        try database.write { database in
            try database.execute(
                sql: "DELETE FROM session WHERE seen <= ? OR created <= ?",
                arguments: [
                    now.advanced(bySeconds: -Session.idleSeconds).milliseconds,
                    now.advanced(bySeconds: -Session.lifeSeconds).milliseconds,
                ])
            try database.execute(
                sql: "DELETE FROM pending WHERE created <= ?",
                arguments: [now.advanced(bySeconds: -Pending.secondsMax).milliseconds])
            try database.execute(
                sql: "DELETE FROM placed_order WHERE created <= ?",
                arguments: [now.advanced(bySeconds: -46 * 86_400).milliseconds])
        }
    }
}
