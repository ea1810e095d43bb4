extension Verifier {
    /// Looks whether names, sign-ins and invitations are of members of their own org.
    mutating func lookAtPeople() throws(SQLiteError) {
        let checks = [
            (
                "SELECT member_user.member FROM member_user LEFT JOIN member ON member.id = member_user.member AND member.org = member_user.org WHERE member.id IS NULL",
                "a name that usage records have is of somebody who is no member of that org: member"
            ),
            (
                "SELECT member_identity.member FROM member_identity LEFT JOIN member ON member.id = member_identity.member AND member.org = member_identity.org WHERE member.id IS NULL",
                "a sign-in is of somebody who is no member of that org: member"
            ),
            (
                "SELECT invitation.id FROM invitation LEFT JOIN member ON member.id = invitation.member AND member.org = invitation.org WHERE invitation.state = 1 AND member.id IS NULL",
                "an open invitation is for nobody: invitation"
            ),
            (
                "SELECT id FROM member WHERE state = 1 AND id NOT IN (SELECT member FROM invitation WHERE state = 1)",
                "somebody is invited without an open invitation: member"
            ),
            (
                "SELECT max(id) FROM member HAVING max(id) > (SELECT value FROM meta WHERE name = 'last_member')",
                "a member has a higher number than the last that was given: member"
            ),
        ]
        for (sql, words) in checks {
            let rows = try connection.prepare(sql)
            while try rows.step() { report.add("\(words) \(rows.int(0))") }
        }
    }
}
