import Foundation
import GRDB
import Metering

// People, invitations and the audit.
extension LedgerReader {
    /// What decides whether a member may see something: their org, their role, the names of their usage.
    public struct Membership: Sendable, Hashable {
        /// Their number.
        public let member: Int64
        /// Their org.
        public let org: String
        /// What they may do.
        public let role: OrgRole
        /// The names that their usage records have.
        public let users: [String]
    }

    /// A member who is active; nil if there is none of that number.
    public func membership(_ member: Int64) async throws -> Membership? {
        try await pool.read { database in
            guard
                let row = try Row.fetchOne(
                    database,
                    kept: """
                        SELECT org.name, role FROM member JOIN org ON org.id = member.org
                        WHERE member.id = ? AND member.state = \(MemberState.active.rawValue)
                        """, [member])
            else { return nil }
            return Membership(
                member: member, org: row["name"],
                role: try OrgRole(stored: row["role"] as Int64, of: "member \(member)"),
                users: try Self.users(of: member, database))
        }
    }

    private static func users(of member: Int64, _ database: Database) throws -> [String] {
        try String.fetchAll(
            database, sql: "SELECT user FROM member_user WHERE member = ? ORDER BY added, user", arguments: [member])
    }

    /// An org's members in the order of their numbers, invited and removed ones included, as they stand at a moment.
    public func team(
        of org: String, after cursor: Int64?, limit: Int, at moment: Timestamp
    ) async throws -> Page<TeamMemberView> {
        try await pool.read { database in
            let rows = try Self.team(of: org, "member.id > ?", [cursor ?? 0, Int64(limit) + 1], database)
            return try Self.page(rows, limit: limit, { try Self.teamMember($0, org, moment, database) }) {
                "\($0["id"] as Int64)"
            }
        }
    }

    /// The active owners and admins of an org, by number; ``pageMax`` at most.
    public func managers(of org: String, at moment: Timestamp) async throws -> [TeamMemberView] {
        try await pool.read { database in
            try Self.team(
                of: org, "member.state = ? AND member.role > ?",
                [MemberState.active.rawValue, OrgRole.member.rawValue, Int64(Self.pageMax)], database
            ).map {
                try Self.teamMember($0, org, moment, database)
            }
        }
    }

    /// One member of an org; nil if there is none of that number.
    public func teamMember(_ member: Int64, of org: String, at moment: Timestamp) async throws -> TeamMemberView? {
        try await pool.read { database in
            try Self.team(of: org, "member.id = ?", [member, 1], database).first.map {
                try Self.teamMember($0, org, moment, database)
            }
        }
    }

    private static func team(
        of org: String, _ condition: String, _ arguments: [Int64], _ database: Database
    ) throws -> [Row] {
        try Row.fetchAll(
            database,
            sql: """
                WITH own AS (SELECT id FROM org WHERE name = ?), \(heldByMember)
                SELECT member.*, coalesce(held.amount, 0) AS held FROM member LEFT JOIN held ON held.member = member.id
                WHERE member.org = (SELECT id FROM own) AND \(condition) ORDER BY member.id LIMIT ?
                """, arguments: [org] + StatementArguments(arguments))
    }

    private static func teamMember(
        _ row: Row, _ org: String, _ moment: Timestamp, _ database: Database
    ) throws -> TeamMemberView {
        let window = Window(moment)
        let (id, day, month): (Int64, Int64, Int64) = (row["id"], row["day"], row["month"])
        let state = try MemberState(stored: row["state"] as Int64, of: "member \(id)")
        let used: Int64 = row["last_used"]
        let names = try users(of: id, database)
        let newest = [row["authenticated"] as Int64?, row["active"], used > 0 ? used : nil].compactMap { $0 }.max()
        return TeamMemberView(
            member: id, org: org, name: row["name"], email: row["email"],
            role: try OrgRole(stored: row["role"] as Int64, of: "member \(id)").name, state: state.name,
            user: names.first, users: names, added: time(row["added"]),
            removed: state == .removed ? (row["removed"] as Int64?).map(time) : nil, lastActivity: newest.map(time),
            dailyLimit: (row["daily_limit"] as Int64?).map(money),
            monthlyLimit: (row["monthly_limit"] as Int64?).map(money),
            spentToday: money(day >= window.day ? row["day_spend"] : 0),
            spentThisMonth: money(month >= window.month ? row["month_spend"] : 0), held: money(row["held"]))
    }

    /// As whom a member signs in, by issuer.
    public func identities(of member: Int64) async throws -> [SignInIdentity] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT issuer, subject FROM member_identity WHERE member = ? ORDER BY issuer, subject",
                arguments: [member])
            return try rows.map { row in
                guard let identity = SignInIdentity(issuer: row["issuer"], subject: row["subject"]) else {
                    throw SQLiteError.damaged("an identity of member \(member) can't be read")
                }
                return identity
            }
        }
    }

    /// An org's invitations, newest first, as they stand at a moment.
    public func invitations(
        of org: String, before cursor: Int64?, limit: Int, at moment: Timestamp
    ) async throws -> Page<InvitationView> {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT invitation.*, member.email, member.name, coalesce(member.role, 1) AS role
                    FROM invitation JOIN org ON org.id = invitation.org LEFT JOIN member ON member.id = invitation.member
                    WHERE org.name = ? AND invitation.id < ? ORDER BY invitation.id DESC LIMIT ?
                    """, arguments: [org, cursor ?? Int64.max, limit + 1])
            return try Self.page(rows, limit: limit, { try Self.invitation($0, org, moment) }) {
                "\($0["id"] as Int64)"
            }
        }
    }

    private static func invitation(_ row: Row, _ org: String, _ moment: Timestamp) throws -> InvitationView {
        let id: Int64 = row["id"]
        let state = try InvitationState(stored: row["state"] as Int64, of: "invitation \(id)")
        let isExpired = state == .open && (row["expires"] as Int64) <= moment.milliseconds
        return InvitationView(
            invitation: id, org: org, member: row["member"], email: row["email"], name: row["name"],
            role: try OrgRole(stored: row["role"] as Int64, of: "invitation \(id)").name,
            state: isExpired ? "expired" : state.name, created: time(row["created"]), expires: time(row["expires"]),
            sent: row["sent"], invitedBy: row["by"])
    }

    /// What was changed on somebody's behalf, newest first: of an org, or of none and all of them.
    public func audit(of org: String?, before cursor: Int64?, limit: Int) async throws -> Page<AuditView> {
        try await pool.read { database in
            let condition = org == nil ? "? IS NULL" : "audit.org = (SELECT id FROM org WHERE name = ?)"
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT audit.*, org.name AS org_name, actor.name AS actor_name, target.name AS subject_name
                    FROM audit LEFT JOIN org ON org.id = audit.org LEFT JOIN member AS actor ON actor.id = audit.member
                        LEFT JOIN member AS target ON target.id = audit.subject
                    WHERE \(condition) AND audit.number < ? ORDER BY audit.number DESC LIMIT ?
                    """, arguments: [org, cursor ?? Int64.max, limit + 1])
            return try Self.page(rows, limit: limit, { try Self.audit($0, database) }) { "\($0["number"] as Int64)" }
        }
    }

    private static func audit(_ row: Row, _ database: Database) throws -> AuditView {
        let number: Int64 = row["number"]
        let (uid, member): (Int64?, Int64?) = (row["uid"], row["member"])
        let peer = uid.map { "uid \($0)" } ?? "somebody"
        let by: String
        switch (member, uid) {
        case (let member?, _):
            let name = (row["actor_name"] as String?).map { " (\($0))" } ?? ""
            by = "member \(member)\(name) of \(row["org_name"] as String? ?? "no org"), by \(peer)"
        case (nil, .some): by = "operator, \(peer)"
        case (nil, nil): by = "meterd"
        }
        var detail: [String: JSONTree] = [:]
        let text: String? = row["detail"]
        if let text {
            guard case .object(let members)? = try? JSONDecoder().decode(JSONTree.self, from: Data(text.utf8)) else {
                throw SQLiteError.damaged("audit row \(number) is damaged: its detail can't be read")
            }
            detail = members
        }
        if let change = row["change"] as Int64? {
            let states = try billStates(at: change, database)
            let differences = JSONTree.differences(states.before, states.after)
            (detail["before"], detail["after"]) = (differences.before, differences.after)
        }
        return AuditView(
            number: number, at: time(row["at"]), org: row["org_name"], action: row["action"], by: by, uid: uid,
            member: member, subject: row["subject"], subjectName: row["subject_name"], before: detail["before"],
            after: detail["after"], erased: text == nil ? true : nil)
    }

    /// What was on record of a bill before a step of it, and after.
    private static func billStates(
        at change: Int64, _ database: Database
    ) throws -> (before: JSONTree?, after: JSONTree?) {
        func state(_ number: Int64) throws -> (state: JSONTree, previous: Int64)? {
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT state, previous FROM billing_change WHERE number = ?", arguments: [number])
            else { return nil }
            guard let tree = try? JSONDecoder().decode(JSONTree.self, from: Data((row["state"] as String).utf8)) else {
                throw SQLiteError.damaged("step \(number) of a bill is damaged: its state can't be read")
            }
            return (tree, row["previous"])
        }
        guard let after = try state(change) else { throw SQLiteError.damaged("step \(change) of a bill is missing") }
        return (after.previous > 0 ? try state(after.previous)?.state : nil, after.state)
    }
}
