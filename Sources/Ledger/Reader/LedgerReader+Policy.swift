import GRDB
import Metering

// What operators decided about orgs' requests, and what came of it.
extension LedgerReader {
    /// An org's policy; nil if there is no such org.
    public func policy(of org: String) async throws -> OrgPolicyView? {
        try await pool.read { database in
            guard
                let row = try Row.fetchOne(
                    database,
                    sql: """
                        SELECT org.id, org_policy.*,
                            (SELECT coalesce(sum(worst - amount), 0) FROM hold
                                WHERE hold.org = org.id AND hold.state = 1 AND worst IS NOT NULL) AS exposure,
                            (SELECT count(*) FROM usage
                                WHERE status = 2 AND correction = 0 AND usage <> '' AND usage.org = org.id) AS unpriced
                        FROM org LEFT JOIN org_policy ON org_policy.org = org.id WHERE org.name = ?
                        """, arguments: [org])
            else { return nil }
            guard
                let policy = OrgPolicy(
                    tokens: row["default_output_tokens"], exposure: row["capped_exposure_max"],
                    models: row["allowed_models"], charges: row["charge_expired_holds"] ?? 0,
                    unpriced: row["unpriced_records_max"], training: row["allow_training"],
                    analytics: row["allow_usage_analytics"], reporting: row["allow_anonymized_reporting"],
                    issuer: row["sign_in_issuer"])
            else { throw SQLiteError.damaged("the policy of org '\(org)' is damaged") }
            return OrgPolicyView(org: org, policy, exposure: row["exposure"], unpriced: row["unpriced"])
        }
    }

    /// What expired holds of an org are charged that no usage has replaced; nil if there is nothing of it.
    ///
    /// - Parameter time: which of a record's days counts.
    static func estimates(
        _ database: Database, _ org: String, _ since: CalendarDay, _ until: CalendarDay, _ time: UsageDay
    ) throws -> UsageSummaryItem? {
        let column = time == .charged ? "usage.received" : "usage.at"
        guard
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT count(*) AS records, coalesce(sum(usage.cost), 0) AS cost
                    FROM hold JOIN org ON org.id = hold.org JOIN usage ON usage.sequence = hold.estimated_by
                    WHERE org.name = ? AND hold.estimated_by IS NOT NULL AND usage.correction = 0
                        AND \(column) >= ? AND \(column) < ?
                    """, arguments: [org, since.start.milliseconds, until.start.milliseconds]),
            row["records"] as Int64 > 0
        else { return nil }
        return UsageSummaryItem(
            key: [], UsageSums(records: row["records"], cost: row["cost"]), users: nil, hasTokens: false)
    }
}
