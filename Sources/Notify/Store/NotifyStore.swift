import Foundation
import GRDB
import Metering

/// meterd-notify's own file: the event that it has come to, and what waits to be delivered.
///
/// An event's deliveries and the number of the event are written in one transaction, so that after a crash nothing is missing and
/// nothing is there twice. Losing the file loses no money.
public final class NotifyStore: Sendable {
    let database: DatabaseQueue

    /// Opens the file, or makes it.
    ///
    /// - Parameter folder: of the file; nobody else may read there, as it holds names and addresses.
    public init(folder: String) throws {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
                    PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216
                    """)
        }
        // meterd-notify's own commands write beside the service.
        configuration.busyMode = .timeout(10)
        database = try DatabaseQueue(path: folder + "/notify.db", configuration: configuration)
        try Self.migrator.migrate(database)
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("deliveries") { database in
            try database.execute(
                sql: """
                    CREATE TABLE progress(id INTEGER PRIMARY KEY CHECK(id = 1), event INTEGER NOT NULL);
                    -- state: 1 waiting, 2 delivered, 3 dead. body: NULL once it is erased. ended: when it was delivered or given up.
                    CREATE TABLE delivery(
                        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, recipient TEXT NOT NULL,
                        event INTEGER NOT NULL, kind TEXT NOT NULL, org TEXT NOT NULL, created INTEGER NOT NULL,
                        body BLOB, state INTEGER NOT NULL, attempts INTEGER NOT NULL, ended INTEGER, words TEXT
                    ) STRICT;
                    CREATE INDEX delivery_waiting ON delivery(recipient, number) WHERE state = 1;
                    CREATE INDEX delivery_by_state ON delivery(state, number);
                    CREATE INDEX delivery_ended ON delivery(ended) WHERE ended IS NOT NULL;
                    -- A recipient of whom something waits. due: when the first of it is tried. failures: how often in turn it was in vain.
                    CREATE TABLE queue(
                        recipient TEXT PRIMARY KEY, due INTEGER NOT NULL, failures INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX queue_due ON queue(due);
                    """)
        }
        return migrator
    }

    /// The event that everything was made of up to; nil at the first start.
    func progress() throws(StoreError) -> Int64? {
        try reading { try Int64.fetchOne($0, sql: "SELECT event FROM progress") }
    }

    /// Keeps deliveries and the number of the event that they are made of up to.
    func add(_ deliveries: [NewDelivery], through event: Int64, at now: Timestamp) throws(StoreError) {
        try writing { database in
            for delivery in deliveries {
                try database.execute(
                    sql: """
                        INSERT INTO delivery(id, recipient, event, kind, org, created, body, state, attempts)
                        VALUES (?, ?, ?, ?, ?, ?, ?, 1, 0) ON CONFLICT(id) DO NOTHING
                        """,
                    arguments: [
                        delivery.id, delivery.recipient, delivery.event, delivery.kind, delivery.org, now.milliseconds,
                        delivery.body,
                    ])
                guard database.changesCount > 0 else { continue }
                try database.execute(
                    sql: "INSERT INTO queue VALUES (?, ?, 0) ON CONFLICT(recipient) DO NOTHING",
                    arguments: [delivery.recipient, now.milliseconds])
            }
            try database.execute(
                sql: "INSERT INTO progress VALUES (1, ?) ON CONFLICT(id) DO UPDATE SET event = excluded.event",
                arguments: [event])
        }
    }

    /// The first delivery of each recipient whose turn it is, the longest due first.
    ///
    /// - Parameters:
    ///   - prefix: what the recipients' names begin with.
    ///   - busy: recipients who are left out.
    func due(
        _ prefix: String, at now: Timestamp, besides busy: Set<String>, limit: Int
    ) throws(StoreError) -> [Delivery] {
        try reading { database in
            let recipients = try String.fetchAll(
                database,
                sql: "SELECT recipient FROM queue WHERE due <= ? AND substr(recipient, 1, ?) = ? ORDER BY due LIMIT ?",
                arguments: [now.milliseconds, prefix.count, prefix, limit + busy.count])
            return try recipients.filter { !busy.contains($0) }.prefix(limit).compactMap { recipient in
                try Row.fetchOne(
                    database, sql: "SELECT * FROM delivery WHERE recipient = ? AND state = 1 ORDER BY number LIMIT 1",
                    arguments: [recipient]
                ).map(Self.delivery)
            }
        }
    }

    /// When the next delivery is due, of recipients whose turn hasn't come; nil if nothing waits.
    func nextDue(after now: Timestamp) throws(StoreError) -> Timestamp? {
        try reading {
            try Int64.fetchOne($0, sql: "SELECT min(due) FROM queue WHERE due > ?", arguments: [now.milliseconds])
                .map(Timestamp.init(milliseconds:))
        }
    }

    /// The other side has taken it: what it held is erased, and the recipient's next one is due.
    func delivered(_ delivery: Delivery, at now: Timestamp) throws(StoreError) {
        try end(delivery, .delivered, erases: true, words: nil, at: now)
    }

    /// It is given up, and the recipient's next one is due.
    func gaveUp(_ delivery: Delivery, _ words: String, at now: Timestamp) throws(StoreError) {
        try end(delivery, .dead, erases: false, words: words, at: now)
    }

    private func end(
        _ delivery: Delivery, _ state: Delivery.State, erases: Bool, words: String?, at now: Timestamp
    ) throws(StoreError) {
        try writing { database in
            try database.execute(
                sql: """
                    UPDATE delivery SET state = ?, attempts = attempts + 1, ended = ?, words = coalesce(?, words),
                        body = CASE WHEN ? THEN NULL ELSE body END
                    WHERE id = ? AND state = 1
                    """, arguments: [state.rawValue, now.milliseconds, words, erases, delivery.id])
            try Self.advance(delivery.recipient, now, database)
        }
    }

    /// The recipient's next delivery is due, or nothing of theirs waits.
    private static func advance(_ recipient: String, _ now: Timestamp, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE queue SET due = ?, failures = 0 WHERE recipient = ?",
            arguments: [now.milliseconds, recipient])
        try database.execute(
            sql: """
                DELETE FROM queue WHERE recipient = ?1
                    AND NOT EXISTS (SELECT 1 FROM delivery WHERE recipient = ?1 AND state = 1)
                """, arguments: [recipient])
    }

    /// It is tried again later: the longer nothing has got through to the recipient, the later.
    func postponed(_ delivery: Delivery, _ words: String, at now: Timestamp) throws(StoreError) {
        try writing { database in
            try Self.note(words, of: delivery, database)
            try database.execute(
                sql: "UPDATE queue SET failures = failures + 1 WHERE recipient = ?", arguments: [delivery.recipient])
            let failures = try Int64.fetchOne(
                database, sql: "SELECT failures FROM queue WHERE recipient = ?", arguments: [delivery.recipient])
            let due = now.advanced(bySeconds: Backoff.seconds(after: failures ?? 1))
            try Self.wait(delivery.recipient, until: due, database)
        }
    }

    /// It is tried again at that time, behind what is due earlier. The recipient is not to blame.
    func putBehind(_ delivery: Delivery, _ words: String, until due: Timestamp) throws(StoreError) {
        try writing { database in
            try Self.note(words, of: delivery, database)
            try Self.wait(delivery.recipient, until: due, database)
        }
    }

    private static func note(_ words: String, of delivery: Delivery, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE delivery SET attempts = attempts + 1, words = ? WHERE id = ? AND state = 1",
            arguments: [words, delivery.id])
    }

    private static func wait(_ recipient: String, until due: Timestamp, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE queue SET due = ? WHERE recipient = ?", arguments: [due.milliseconds, recipient])
    }

    /// Has dead deliveries tried again, behind what waits; how many.
    ///
    /// - Parameter id: only that one.
    public func revive(id: String?, at now: Timestamp) throws(StoreError) -> Int {
        try writing { database in
            let rows = try Row.fetchAll(
                database,
                sql:
                    "SELECT number, recipient FROM delivery WHERE state = 3 AND body IS NOT NULL AND (id = ?1 OR ?1 IS NULL) ORDER BY number",
                arguments: [id])
            for row in rows {
                try database.execute(
                    sql: """
                        UPDATE delivery SET state = 1, attempts = 0, ended = NULL, created = ?,
                            number = (SELECT max(number) + 1 FROM delivery) WHERE number = ?
                        """, arguments: [now.milliseconds, row["number"] as Int64])
                try database.execute(
                    sql: "INSERT INTO queue VALUES (?, ?, 0) ON CONFLICT(recipient) DO NOTHING",
                    arguments: [row["recipient"] as String, now.milliseconds])
            }
            return rows.count
        }
    }

    /// Deliveries of a state, newest first.
    public func list(_ state: Delivery.State?, limit: Int) throws(StoreError) -> [Delivery] {
        try reading { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM delivery WHERE state = ?1 OR ?1 IS NULL ORDER BY number DESC LIMIT ?2",
                arguments: [state?.rawValue, limit]
            ).map(Self.delivery)
        }
    }

    /// How many wait, and how many are dead.
    public func counts() throws(StoreError) -> (waiting: Int, dead: Int) {
        try reading { database in
            func count(_ state: Delivery.State) throws -> Int {
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM delivery WHERE state = ?", arguments: [state.rawValue]) ?? 0
            }
            return (try count(.waiting), try count(.dead))
        }
    }

    /// Removes what ended long ago.
    func prune(at now: Timestamp) throws(StoreError) {
        try writing { database in
            try database.execute(
                sql: "DELETE FROM delivery WHERE ended < ? AND state = 2 OR ended < ? AND state = 3",
                arguments: [
                    now.advanced(bySeconds: -Backoff.shownSeconds).milliseconds,
                    now.advanced(bySeconds: -Backoff.deadSeconds).milliseconds,
                ])
        }
    }

    private static func delivery(_ row: Row) throws -> Delivery {
        guard let state = Delivery.State(rawValue: row["state"]) else {
            throw StoreError("delivery \(row["number"] as Int64) has a state that can't be read")
        }
        return Delivery(
            id: row["id"], recipient: row["recipient"], event: row["event"], kind: row["kind"], org: row["org"],
            created: Timestamp(milliseconds: row["created"]), body: row["body"], state: state,
            attempts: row["attempts"], words: row["words"])
    }

    private func reading<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.read(body)
        } catch {
            throw StoreError("the file can't be read: \(error)")
        }
    }

    private func writing<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try database.write(body)
        } catch {
            throw StoreError("the file can't be written: \(error)")
        }
    }
}

/// meterd-notify's own file can't be used.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// Why.
    public let description: String

    init(_ description: String) { self.description = description }
}
