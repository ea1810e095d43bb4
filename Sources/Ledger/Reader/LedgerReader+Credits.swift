import GRDB
import Metering

// Holds, members, limits and alerts.
extension LedgerReader {
    /// An org's open holds, newest first.
    public func openHolds(of org: String, before cursor: Int64?, limit: Int) async throws -> Page<HoldView> {
        try await holds(of: org, in: .open, before: cursor, limit: limit)
    }

    /// An org's holds that expired unsettled, newest first.
    public func expiredHolds(of org: String, before cursor: Int64?, limit: Int) async throws -> Page<HoldView> {
        try await holds(of: org, in: .expired, before: cursor, limit: limit)
    }

    /// Holds in a state that has an index: open or expired ones.
    private func holds(
        of org: String, in state: HoldState, before cursor: Int64?, limit: Int
    ) async throws -> Page<HoldView> {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                kept: """
                    SELECT hold.*, org.name AS org_name FROM hold JOIN org ON org.id = hold.org
                    WHERE org.name = ? AND hold.state = \(state.rawValue) AND hold.number < ? ORDER BY hold.number DESC LIMIT ?
                    """,
                [org, cursor ?? Int64.max, limit + 1])
            return try Self.page(rows, limit: limit, Self.hold) { "\($0["number"] as Int64)" }
        }
    }

    /// An org's members by name, removed ones included, as they stand at a moment.
    public func members(
        of org: String, after cursor: String?, limit: Int, at moment: Timestamp
    ) async throws -> Page<MemberView> {
        let window = Window(moment)
        return try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                kept: """
                    WITH own AS (SELECT id FROM org WHERE name = ?), \(Self.heldByMember)
                    SELECT member.*, member_user.user, ? AS org_name, coalesce(held.amount, 0) AS held
                    FROM member_user JOIN member ON member.id = member_user.member
                        LEFT JOIN held ON held.member = member.id
                    WHERE member_user.org = (SELECT id FROM own) AND member_user.user > ?
                    ORDER BY member_user.user LIMIT ?
                    """,
                [org, org, cursor ?? "", limit + 1])
            return try Self.page(rows, limit: limit, { try Self.member($0, window) }) { $0["user"] }
        }
    }

    /// An org's budget as it stands at a moment; nil where there is no such org.
    public func budget(of org: String, at moment: Timestamp) async throws -> BudgetView? {
        let month = Window(moment).month
        return try await pool.read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT monthly_budget, pending, CASE WHEN month >= ? THEN month_spend ELSE 0 END AS spent
                    FROM org JOIN account ON account.org = org.id AND account.kind = 1 WHERE org.name = ?
                    """, arguments: [month, org]
            ).map {
                BudgetView(
                    org: org, monthlyBudget: ($0["monthly_budget"] as Int64?).map(Self.money),
                    spentThisMonth: Self.money($0["spent"]), held: Self.money($0["pending"]))
            }
        }
    }

    /// The balances at which an org's operators are told.
    public func alerts(of org: String) async throws -> AlertsView {
        try await pool.read { database in
            let thresholds = try Int64.fetchAll(
                database,
                sql: """
                    SELECT threshold FROM alert JOIN org ON org.id = alert.org WHERE org.name = ?
                    ORDER BY threshold DESC
                    """, arguments: [org])
            return AlertsView(org: org, thresholds: thresholds.map(Self.money))
        }
    }

    /// What somebody spent in the day and month of a moment, whether a member or not.
    ///
    /// Walks the org's records from the newest to the month's first.
    public func spend(of user: String, in org: String, at moment: Timestamp) async throws -> EarlierSpend {
        let (day, month) = (moment.startOfDay.milliseconds, moment.startOfMonth.milliseconds)
        return try await pool.read { database in
            let newest = try Int64.fetchOne(
                database,
                sql: """
                    SELECT last_usage FROM account JOIN org ON org.id = account.org WHERE org.name = ? AND kind = 1
                    """, arguments: [org])
            // A day's allowance: records of two batches may be received in another order than they are committed.
            let row = try Row.fetchOne(
                database,
                sql: """
                    WITH RECURSIVE own(number) AS (
                        SELECT ? WHERE ? > 0
                        UNION ALL
                        SELECT usage.previous FROM own JOIN usage ON usage.sequence = own.number
                        WHERE usage.previous > 0 AND usage.received >= ? - 86400000
                    )
                    SELECT coalesce(sum(CASE WHEN received >= ? THEN current END), 0) AS month,
                        coalesce(sum(CASE WHEN received >= ? THEN current END), 0) AS day
                    FROM (
                        SELECT received, CASE WHEN usage.correction > 0 THEN correction.cost ELSE usage.cost END AS current
                        FROM own CROSS JOIN usage ON usage.sequence = own.number
                        LEFT JOIN correction ON correction.number = usage.correction WHERE usage.user = ?
                    )
                    """, arguments: [newest, newest, month, month, day, user])
            return EarlierSpend(
                day: Money(nanos: row?["day"] ?? 0), month: Money(nanos: row?["month"] ?? 0),
                throughSequence: newest ?? 0, moment: moment)
        }
    }

    /// What the open holds of an org's members reserve.
    static let heldByMember = """
        held AS (
            SELECT member, sum(amount) AS amount
            FROM hold JOIN member_user ON member_user.org = hold.org AND member_user.user = hold.user
            WHERE hold.org = (SELECT id FROM own) AND hold.state = 1 GROUP BY member
        )
        """

    private static func member(_ row: Row, _ window: Window) throws -> MemberView {
        let (day, month): (Int64, Int64) = (row["day"], row["month"])
        let state = try MemberState(stored: row["state"] as Int64, of: "member \(row["id"] as Int64)")
        return MemberView(
            org: row["org_name"], user: row["user"], added: time(row["added"]),
            removed: state == .removed ? (row["removed"] as Int64?).map(time) : nil,
            dailyLimit: (row["daily_limit"] as Int64?).map(money),
            monthlyLimit: (row["monthly_limit"] as Int64?).map(money),
            spentToday: money(day >= window.day ? row["day_spend"] : 0),
            spentThisMonth: money(month >= window.month ? row["month_spend"] : 0), held: money(row["held"]),
            member: row["id"],
            role: try OrgRole(stored: row["role"] as Int64, of: "member \(row["id"] as Int64)").name)
    }
}
