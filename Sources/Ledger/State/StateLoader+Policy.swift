import Foundation
import Metering

// What operators decided about orgs' requests, and what it is compared with.
extension StateLoader {
    static func loadPolicies(_ connection: SQLiteConnection, _ orgs: [Int64: Org], now: Timestamp) throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT org, default_output_tokens, capped_exposure_max, allowed_models, charge_expired_holds,
                unpriced_records_max, allow_training, allow_usage_analytics, allow_anonymized_reporting,
                sign_in_issuer
            FROM org_policy
            """)
        while try rows.step() {
            let org = try org(rows.int(0), orgs, "a policy")
            guard
                let policy = OrgPolicy(
                    tokens: rows.optionalInt(1), exposure: rows.optionalInt(2), models: rows.text(3),
                    charges: rows.int(4), unpriced: rows.optionalInt(5), training: rows.optionalInt(6),
                    analytics: rows.optionalInt(7), reporting: rows.optionalInt(8), issuer: rows.text(9))
            else { throw SQLiteError.damaged("the policy of org '\(org.name)' is damaged") }
            org.policy = policy
        }
        try loadForbidden(connection, orgs, hour: now.hour)
    }

    /// The forbidden models that were told of in this hour.
    private static func loadForbidden(
        _ connection: SQLiteConnection, _ orgs: [Int64: Org], hour: Int64
    ) throws(SQLiteError) {
        let byName = Dictionary(orgs.values.map { ($0.name, $0) }) { first, _ in first }
        let rows = try connection.prepare("SELECT org, data FROM event WHERE at >= ? AND kind = ?")
        rows.bind(1, hour * 3_600_000)
        rows.bind(2, LedgerEvent.Kind.forbiddenModelUsed.rawValue)
        while try rows.step() {
            guard let org = rows.text(0).flatMap({ byName[$0] }), let data = rows.text(1) else { continue }
            guard let model = (try? WireJSON.decode([String: String].self, from: Data(data.utf8)))?["model"] else {
                throw SQLiteError.damaged("an event of org '\(org.name)' is damaged")
            }
            _ = org.forbidden.note(model, hour: hour)
        }
    }

    /// Counts the records that wait for a rate. What was erased waits for none.
    static func loadUnpriced(_ connection: SQLiteConnection, _ orgs: [Int64: Org]) throws(SQLiteError) {
        let rows = try connection.prepare(
            "SELECT org, count(*) FROM usage WHERE status = 2 AND correction = 0 AND usage <> '' GROUP BY org")
        while try rows.step() {
            let account = try org(rows.int(0), orgs, "an unpriced usage record").account
            account.state.unpriced = rows.int(1)
            account.committed.unpriced = rows.int(1)
        }
    }
}
