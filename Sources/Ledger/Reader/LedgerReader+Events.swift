import Foundation
import GRDB

// The event log.
extension LedgerReader {
    /// Events after a number, oldest first.
    public func events(after cursor: Int64, limit: Int) async throws -> Page<LedgerEvent> {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT * FROM event WHERE number > ? ORDER BY number LIMIT ?",
                arguments: [cursor, limit + 1])
            let events = try rows.prefix(limit).map { row in
                LedgerEvent(
                    number: row["number"], at: Self.time(row["at"]), kind: row["kind"], org: row["org"],
                    data: try WireJSON.decode([String: String].self, from: Data((row["data"] as String).utf8)))
            }
            let isMore = rows.count > limit
            return Page(items: events, nextCursor: isMore ? events.last.map { "\($0.number)" } : nil)
        }
    }

    /// The number of the newest event; 0 if there is none.
    public func newestEvent() async throws -> Int64 {
        try await pool.read { try Int64.fetchOne($0, sql: "SELECT max(number) FROM event") ?? 0 }
    }
}
