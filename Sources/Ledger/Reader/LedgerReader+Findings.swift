import Foundation
import GRDB

// What was found in usage objects.
extension LedgerReader {
    /// Members that nobody knows, the most frequent first.
    ///
    /// - Parameter provider: only this provider's; nil for all.
    public func unreadMembers(provider: String?, limit: Int) async throws -> [UnreadMemberView] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT unread_member.*, usage.id AS id, org.name AS org FROM unread_member
                    LEFT JOIN usage ON usage.sequence = sample LEFT JOIN org ON org.id = usage.org
                    WHERE ?1 IS NULL OR unread_member.provider = ?1 ORDER BY records DESC, unread_member.name LIMIT ?2
                    """, arguments: [provider, limit])
            return rows.map { row in
                UnreadMemberView(
                    provider: Self.named(row["provider"], "(none)"), member: Self.named(row["name"], "(other)"),
                    model: row["model"], records: row["records"], total: row["total"], first: Self.time(row["first"]),
                    last: Self.time(row["last"]), org: row["org"], id: row["id"])
            }
        }
    }

    /// How reported costs compare with ours, by model, the most that differ first.
    public func costDrift(limit: Int) async throws -> [CostDriftView] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT cost_drift.*, usage.id AS id, org.name AS org FROM cost_drift
                    LEFT JOIN usage ON usage.sequence = sample LEFT JOIN org ON org.id = usage.org
                    ORDER BY differing DESC, records DESC, cost_drift.model LIMIT ?
                    """, arguments: [limit])
            return rows.map { row in
                CostDriftView(
                    provider: Self.named(row["provider"], "(none)"), model: Self.named(row["model"], "(other)"),
                    records: row["records"], differing: row["differing"], charged: Self.money(row["ours"]),
                    reported: Self.money(row["theirs"]), last: Self.time(row["last"]), org: row["org"], id: row["id"])
            }
        }
    }

    private static func named(_ text: String, _ other: String) -> String { text.isEmpty ? other : text }
}
