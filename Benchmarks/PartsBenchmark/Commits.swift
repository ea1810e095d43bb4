import Foundation
import GRDBSQLite
import Ledger
import LoadGenerator
import Metering
import Synchronization

/// The ledger's own commits, without a socket in front.
final class LedgerCommits {
    private let source: RecordSource
    private let database: LedgerDatabase
    private var store: SQLiteStore
    private var preparer = ChargePreparer()

    init(_ source: RecordSource, _ directory: String, orgs: Int) throws {
        self.source = source
        (database, store) = try Self.open(source.document, in: directory, now: source.now) { _ in }
        _ = try store.commit(
            (1...orgs).flatMap { number -> [Mutation] in
                let name = "org-\(number)"
                return [
                    .createOrg(
                        NewOrg(name: name, displayName: nil, country: nil, region: nil),
                        IdempotencyKey(route: "createOrg", key: name, body: name)),
                    .grant(
                        NewGrant(org: name, amount: Money(decimal: "1000000") ?? .zero, reason: nil),
                        IdempotencyKey(route: "grant", key: name, body: name)),
                ]
            })
    }

    func run(_ batch: Int, _ seconds: Double) throws -> Rate {
        let lot = 20_000
        var ready: [Mutation] = []
        var rates: [Rate] = []
        // What the event loop does is done before the time is taken.
        while rates.count < 3 {
            while ready.count < max(lot, batch * 8) {
                ready += source.lines(1000).compactMap(source.record).map {
                    .usage(
                        $0, received: source.now,
                        prepared: preparer.prepare($0, received: source.now, book: store.book))
                }
            }
            let (start, cpu) = (Load.now(), Load.now(CLOCK_THREAD_CPUTIME_ID))
            var count = 0
            while count + batch <= ready.count, Load.now() - start < seconds / 3 {
                for outcome in try store.commit(Array(ready[count..<(count + batch)])) {
                    guard case .usage(let reply) = outcome, !reply.isDuplicate else {
                        throw BenchmarkError("a record was not charged: \(outcome)")
                    }
                }
                count += batch
            }
            ready.removeFirst(count)
            rates.append(
                Rate(
                    perSecond: Double(count) / (Load.now() - start),
                    cpuMicros: (Load.now(CLOCK_THREAD_CPUTIME_ID) - cpu) / Double(count) * 1e6))
        }
        try store.close()
        return Rate.median(rates)
    }

    /// The cards of a document, as a ledger has them.
    static func book(_ document: String, in directory: String, now: Timestamp) throws -> RateBook {
        try open(document, in: directory, now: now) { _ in }.1.book
    }

    private static func open(
        _ document: String, in directory: String, now: Timestamp, _ configure: (inout StoreOptions) -> Void
    ) throws -> (LedgerDatabase, SQLiteStore) {
        let database = try LedgerDatabase(in: directory)
        var options = StoreOptions(clock: { now })
        configure(&options)
        var store = try SQLiteStore(path: database.path, options: options)
        _ = try store.commit([
            .recordCard(NewCard(document: document, card: try RateDocument.parse(document), source: "benchmark"), nil)
        ])
        return (database, store)
    }
}

/// A usage row, a transfer and a balance a record, as plainly as SQLite can have them: the ids in a unique index.
final class PlainCommits {
    private var handle: OpaquePointer?
    private var statements: [OpaquePointer?] = []
    private let orgs: Int

    init(_ path: String, orgs: Int) throws {
        self.orgs = orgs
        guard sqlite3_open(path, &handle) == SQLITE_OK else { throw BenchmarkError("\(path) can't be opened") }
        sqlite3_exec(
            handle,
            """
            PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-262144;
            CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
            CREATE TABLE usage(
                seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account INTEGER, model TEXT, usage TEXT, cost INTEGER);
            CREATE TABLE transfer(id INTEGER PRIMARY KEY, debit INTEGER, credit INTEGER, amount INTEGER, balance INTEGER);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(orgs))
            INSERT INTO account SELECT i, 1000000000000 FROM n;
            """, nil, nil, nil)
        statements = [
            "BEGIN IMMEDIATE",
            "INSERT INTO usage(id, account, model, usage, cost) VALUES(lower(hex(randomblob(16))), ?1,"
                + " 'claude-sonnet-4-5', '{\"input_tokens\":1200,\"cache_creation_input_tokens\":0,"
                + "\"cache_read_input_tokens\":800,\"output_tokens\":350,\"service_tier\":\"standard\"}', 9090000)",
            "INSERT INTO transfer(debit, credit, amount) VALUES(?1, 2, 9090000)",
            "UPDATE account SET balance = balance - 9090000 WHERE id = ?1", "COMMIT",
        ].map { sql in
            var statement: OpaquePointer?
            sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
            return statement
        }
    }

    deinit {
        for statement in statements { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    func run(_ batch: Int, _ seconds: Double) throws -> Rate {
        try Rate.measure(batch, seconds) {
            try step(0)
            for _ in 0..<batch {
                let org = Int64.random(in: 1...Int64(orgs))
                for position in 1...3 { try step(position, org) }
            }
            try step(4)
        }
    }

    private func step(_ position: Int, _ org: Int64? = nil) throws {
        let statement = statements[position]
        if let org { sqlite3_bind_int64(statement, 1, org) }
        guard sqlite3_step(statement) == SQLITE_DONE else {
            throw BenchmarkError(sqlite3_errmsg(handle).map { String(cString: $0) } ?? "unknown error")
        }
        sqlite3_reset(statement)
    }
}
