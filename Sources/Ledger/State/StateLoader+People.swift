import Metering

extension StateLoader {
    static func loadMembers(_ connection: SQLiteConnection, _ orgs: [Int64: Org]) throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT member.id, member.org, member.role, member.state, name, email, added, removed, daily_limit,
                monthly_limit, authenticated, active, day, day_spend, month, month_spend, last_used, invitation.expires
            FROM member LEFT JOIN invitation ON invitation.member = member.id AND invitation.state = 1
            """)
        while try rows.step() {
            let id = rows.int(0)
            let org = try org(rows.int(1), orgs, "member \(id)")
            let record = Member.Record(
                role: try OrgRole(stored: rows.int(2), of: "member \(id)"),
                state: try MemberState(stored: rows.int(3), of: "member \(id)"), name: rows.text(4),
                email: rows.text(5),
                added: Timestamp(milliseconds: rows.int(6)), removed: rows.time(7),
                dailyLimit: rows.optionalInt(8).map(Money.init(nanos:)),
                monthlyLimit: rows.optionalInt(9).map(Money.init(nanos:)), authenticated: rows.time(10),
                active: rows.time(11), invitedUntil: rows.time(17))
            let member = Member(id: id, org: org.id, record: record)
            member.state = Member.State(
                day: rows.int(12), daySpend: rows.int(13), month: rows.int(14), monthSpend: rows.int(15),
                lastUsed: rows.int(16))
            member.committed = member.state
            guard org.team.updateValue(member, forKey: id) == nil else {
                throw SQLiteError.damaged("member \(id) has several invitations that are open")
            }
        }
        let users = try connection.prepare("SELECT org, user, member FROM member_user ORDER BY added, user")
        while try users.step() {
            let org = try org(users.int(0), orgs, "a name of a member")
            guard let user = users.text(1), let member = org.team[users.int(2)] else {
                throw SQLiteError.damaged("a name in org '\(org.name)' is of member \(users.int(2)), who is not there")
            }
            org.members[user] = member
            member.record.users.append(user)
        }
    }
}

extension SQLiteStatement {
    /// A column of milliseconds that may be NULL.
    fileprivate func time(_ column: Int32) -> Timestamp? {
        optionalInt(column).map(Timestamp.init(milliseconds:))
    }
}
