import GRDB
import Metering

/// What was charged lately, by org and model.
public struct ActivityView: Codable, Sendable, Hashable {
    /// The newest record that is counted: where the next look begins.
    public let through: Int64
    /// True where there were more records than one look counts.
    public let isPartial: Bool
    /// By org and model, most records first.
    public let items: [Item]

    /// One org's use of one model.
    public struct Item: Codable, Sendable, Hashable {
        /// The org.
        public let org: String
        /// The model, as it was reported.
        public let model: String
        /// Records.
        public let records: Int64
        /// What they cost when they were charged, in US dollars.
        public let cost: String
    }
}

extension LedgerReader {
    /// Records that one look counts at most.
    private static let activityMax: Int64 = 500_000
    private static let activityItemsMax = 500

    /// What was charged after a record; without one, nothing but where to begin.
    public func activity(after: Int64?) async throws -> ActivityView {
        try await pool.read { database in
            let newest = try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM usage") ?? 0
            guard let after, after < newest else { return ActivityView(through: newest, isPartial: false, items: []) }
            let first = max(after, newest - Self.activityMax)
            // Dollars and their fractions are added up apart: 64 bits hold neither sum's whole.
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT org.name AS org, model, count(*) AS records, sum(cost / 1000000000) AS dollars,
                        sum(cost % 1000000000) AS nanos
                    FROM usage JOIN org ON org.id = usage.org WHERE sequence > ? AND sequence <= ?
                    GROUP BY usage.org, model ORDER BY records DESC, org, model LIMIT ?
                    """, arguments: [first, newest, Self.activityItemsMax])
            let items = rows.map { row in
                let (dollars, nanos): (Int64, Int64) = (row["dollars"], row["nanos"])
                let (whole, rest) = nanos.quotientAndRemainder(dividingBy: 1_000_000_000)
                let text = "\(rest)"
                return ActivityView.Item(
                    org: row["org"], model: row["model"], records: row["records"],
                    cost: "\(dollars + whole)." + String(repeating: "0", count: 9 - text.count) + text)
            }
            return ActivityView(through: newest, isPartial: first > after, items: items)
        }
    }
}
