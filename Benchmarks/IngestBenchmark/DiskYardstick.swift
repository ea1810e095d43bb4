import Foundation
import GRDBSQLite
import Glibc
import LoadGenerator

/// What one durable write costs on this disk, without a daemon: medians in microseconds.
struct DiskYardstick {
    let syncMicros: Double
    let transactionMicros: Double

    static func measure(in directory: String, rounds: Int) throws -> DiskYardstick {
        DiskYardstick(
            syncMicros: try measureSync(directory + "/yardstick", rounds),
            transactionMicros: try measureTransaction(directory + "/yardstick.db", rounds))
    }

    private static func measureSync(_ path: String, _ rounds: Int) throws -> Double {
        let file = open(path, O_RDWR | O_CREAT, 0o600)
        guard file >= 0 else { throw BenchmarkError("\(path) can't be written") }
        defer { close(file) }
        let bytes = [UInt8](repeating: 1, count: 512)
        return median(rounds) {
            _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            fdatasync(file)
        }
    }

    /// A usage row, a transfer and a balance in one transaction, as plainly as SQLite can have them.
    private static func measureTransaction(_ path: String, _ rounds: Int) throws -> Double {
        var handle: OpaquePointer?
        guard sqlite3_open(path, &handle) == SQLITE_OK else { throw BenchmarkError("\(path) can't be opened") }
        defer { sqlite3_close_v2(handle) }
        sqlite3_exec(
            handle,
            """
            PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;
            CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER);
            CREATE TABLE usage(seq INTEGER PRIMARY KEY, id TEXT UNIQUE, account INTEGER, model TEXT, usage TEXT, cost INTEGER);
            CREATE TABLE transfer(id INTEGER PRIMARY KEY, debit INTEGER, credit INTEGER, amount INTEGER);
            INSERT INTO account VALUES(1, 1000000000000);
            """, nil, nil, nil)
        let statements = [
            "BEGIN IMMEDIATE",
            "INSERT INTO usage(id, account, model, usage, cost) VALUES(hex(randomblob(16)), 1, 'claude-sonnet-4-5',"
                + " '{\"input_tokens\":1200,\"cache_read_input_tokens\":800,\"output_tokens\":350}', 9090000)",
            "INSERT INTO transfer(debit, credit, amount) VALUES(1, 2, 9090000)",
            "UPDATE account SET balance = balance - 9090000 WHERE id = 1", "COMMIT",
        ].map { sql -> OpaquePointer? in
            var statement: OpaquePointer?
            sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
            return statement
        }
        defer { for statement in statements { sqlite3_finalize(statement) } }
        return median(rounds) {
            for statement in statements {
                sqlite3_step(statement)
                sqlite3_reset(statement)
            }
        }
    }

    private static func median(_ rounds: Int, _ body: () -> Void) -> Double {
        var times: [Double] = []
        for _ in 0..<rounds {
            let start = Load.now()
            body()
            times.append((Load.now() - start) * 1e6)
        }
        return times.sorted()[rounds / 2]
    }
}
