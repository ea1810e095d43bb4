import GRDBSQLite
import LoadGenerator

/// A usage row, a transfer and a balance a record, as plainly as SQLite can have them: the ids in a unique index.
final class PlainSQLite {
    private var handle: OpaquePointer?
    private var statements: [OpaquePointer?] = []

    init(_ path: String, orgs: Int) throws {
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

    func run(_ batch: Int, orgs: Int, _ seconds: Double) throws -> Rate {
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
