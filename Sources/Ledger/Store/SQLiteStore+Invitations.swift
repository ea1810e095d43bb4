import Metering

// Invitations: made, sent again, withdrawn, accepted. A role that somebody may not give is not given by an invitation either: that is
// looked at when it is made, when it is sent again, and when it is accepted.
extension SQLiteStore {
    mutating func invite(
        _ invitation: NewInvitation, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replayInvitation(key, of: invitation.org) { return answered }
        guard let org = accounts.orgs[invitation.org] else { return Self.unknownOrg(invitation.org) }
        if let refusal = try refusal(ofInvitingTo: org, invitation.role, invitation.secretHash, now) {
            return .refused(refusal)
        }
        try pruneInvitations(of: org, now)
        let member: Member
        if let number = invitation.member {
            guard let known = org.team[number] else {
                return .refused(Refusal(.notFound, "org '\(org.name)' has no member \(number)"))
            }
            if let refusal = refusal(ofInvitingAgain: known, invitation, org, now) { return .refused(refusal) }
            member = known
            try closeInvitations(of: member, as: .withdrawn)
            if member.record.state == .removed {
                try change(member) {
                    ($0.state, $0.role, $0.added) = (.invited, invitation.role, now)
                    $0.email = invitation.email ?? $0.email
                    $0.name = invitation.name ?? $0.name
                }
            }
        } else {
            guard let email = invitation.email else {
                return .refused(
                    Refusal(.malformed, "an invitation takes an e-mail address, or a member to invite again"))
            }
            let invited = org.team.values.first {
                $0.record.state == .invited && $0.record.email?.lowercased() == email.lowercased()
            }
            if let invited, invited.fillsSeat(at: now) {
                return .refused(
                    Refusal(
                        .idConflict,
                        "an invitation to that address is open in org '\(org.name)': it can be sent again, or withdrawn"
                    ))
            }
            if let refusal = emailRefusal(email, org) ?? seatRefusal(org, now) { return .refused(refusal) }
            if let invited {
                member = invited
                try closeInvitations(of: member, as: .withdrawn)
                try change(member) {
                    ($0.role, $0.added) = (invitation.role, now)
                    $0.name = invitation.name ?? $0.name
                }
            } else {
                guard org.team.count < LedgerLimits.membersPerOrgMax else { return .refused(Self.teamFull(org)) }
                member = try addMember(
                    Member.Record(
                        role: invitation.role, state: .invited, name: invitation.name, email: email, added: now),
                    to: org)
            }
        }
        let expires = now.advanced(bySeconds: invitation.seconds)
        let insert = try kept.statement("INSERT INTO invitation VALUES(?, ?, ?, 1, ?, ?, ?, 1, ?)")
        let number = next.invitation
        insert.bind(1, number)
        insert.bind(2, org.id)
        insert.bind(3, member.id)
        insert.bind(4, blob: invitation.secretHash)
        insert.bind(5, now.milliseconds)
        insert.bind(6, expires.milliseconds)
        insert.bind(7, asker?.acting?.member)
        try insert.run()
        next.invitation += 1
        try change(member) { $0.invitedUntil = expires }
        try raise(
            .memberInvited, org.name, at: now,
            ["invitation": "\(number)", "member": "\(member.id)", "role": member.record.role.name])
        return try answer(invitation: number, of: org, key, now: now)
    }

    mutating func changeInvitation(
        _ number: Int64, of name: String, _ change: InvitationChange, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replayInvitation(key, of: name) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        guard let found = try invitation(number, of: org), found.state == .open, let member = org.team[found.member]
        else {
            return .refused(Refusal(.notFound, "org '\(name)' has no open invitation \(number)"))
        }
        switch change {
        case .resend(let hash, let seconds):
            // Whoever has its secret signs in as that member: such an invitation is an operator's alone.
            guard asker?.acting == nil || member.record.state != .active else {
                return .refused(
                    Refusal(.forbidden, "an operator invited member \(member.id) again, and sends that again"))
            }
            if let refusal = try refusal(ofInvitingTo: org, member.record.role, hash, now) { return .refused(refusal) }
            if member.record.state == .invited, !member.fillsSeat(at: now), let refusal = seatRefusal(org, now) {
                return .refused(refusal)
            }
            let expires = now.advanced(bySeconds: seconds)
            let update = try kept.statement(
                "UPDATE invitation SET secret_hash = ?, expires = ?, sent = sent + 1, by = ? WHERE id = ?")
            update.bind(1, blob: hash)
            update.bind(2, expires.milliseconds)
            update.bind(3, asker?.acting?.member)
            update.bind(4, number)
            try update.run()
            try self.change(member) { $0.invitedUntil = expires }
            try raise(
                .memberInvited, org.name, at: now,
                ["invitation": "\(number)", "member": "\(member.id)", "role": member.record.role.name])
        case .withdraw:
            if let acting = asker?.acting, let actor = org.team[acting.member],
                let refusal = ceiling(of: actor, member.record.role, acting, now)
            {
                return .refused(refusal)
            }
            try closeInvitations(of: member, as: .withdrawn)
            try self.change(member) { $0.invitedUntil = nil }
            if member.record.state == .invited { try letGo(member, of: org, now) }
        }
        return try answer(invitation: number, of: org, key, now: now)
    }

    /// Reads what an invitation offers.
    mutating func showInvitation(_ hash: [UInt8], now: Timestamp) throws(SQLiteError) -> Outcome {
        guard let (number, org) = try openInvitation(hash, now) else { return Self.noInvitation }
        var view = try view(ofInvitation: number, org)
        view.requiredIssuer = org.policy.signInIssuer
        view.orgName = try self.view(of: org).displayName
        return .invitation(view, isReplay: true)
    }

    mutating func accept(
        _ acceptance: Acceptance, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replayMember(key) { return answered }
        guard let (number, org) = try openInvitation(acceptance.secretHash, now),
            let found = try invitation(number, of: org), let invited = org.team[found.member]
        else { return Self.noInvitation }
        guard org.policy.accepts(issuer: acceptance.identity.issuer) else {
            return .refused(Self.wrongIssuer(org))
        }
        if let by = found.by {
            guard let inviter = org.team[by], inviter.record.state == .active,
                inviter.record.role.mayChange(invited.record.role)
            else {
                return .refused(
                    Refusal(
                        .forbidden,
                        "whoever sent this invitation may not give that role any more; ask for another invitation"))
            }
        }
        guard org.state != .closed || invited.record.state == .active else {
            return .refused(Refusal(.orgClosed, "org '\(org.name)' is closed: no more members"))
        }
        if let refusal = emailRefusal(invited.record.email, org, except: invited) { return .refused(refusal) }
        if let most = org.membersMax, invited.record.state == .invited, org.seatsFilled(at: now) > most {
            return .refused(Refusal(.seatsFull, "org '\(org.name)' has no seat that is free"))
        }
        var member = invited
        if let other = try owner(of: acceptance.identity, org), other != invited.id {
            guard let known = org.team[other], known.record.state == .removed, invited.record.state == .invited,
                invited.record.removed == nil
            else {
                return .refused(
                    Refusal(.idConflict, "whoever signs in there is member \(other) of org '\(org.name)' already"))
            }
            guard known.record.users.count + invited.record.users.count <= PeopleLimits.usersPerMemberMax else {
                return .refused(
                    Refusal(.limitExceeded, "a member has at most \(PeopleLimits.usersPerMemberMax) names for usage"))
            }
            // The same person as before: their number, their names and what they spent are theirs again.
            try merge(invited, into: known, of: org, now)
            member = known
        } else {
            // Whoever was removed, or can't sign in any more, signs in as they do now, and no longer as they did.
            if invited.record.removed != nil || invited.record.state == .active {
                try deleteIdentities(of: invited)
            }
            if let refusal = try add(acceptance.identity, to: invited, of: org, now) { return .refused(refusal) }
        }
        try closeInvitations(of: member, as: .accepted)
        try change(member) {
            ($0.state, $0.removed, $0.invitedUntil) = (.active, nil, nil)
            ($0.authenticated, $0.active) = (now, now)
            $0.name = acceptance.name ?? $0.name
        }
        try raise(
            .memberJoined, org.name, at: now, ["member": "\(member.id)", "role": member.record.role.name])
        return try answer(member, of: org, key, keptFor: "", now: now)
    }

    // MARK: What they share

    private static let noInvitation = Outcome.refused(
        Refusal(
            .notFound, "no invitation can be accepted with that: it expired, was withdrawn or was used; ask for another"
        ))

    private func refusal(
        ofInvitingTo org: Org, _ role: OrgRole, _ hash: [UInt8], _ now: Timestamp
    ) throws(SQLiteError) -> Refusal? {
        switch org.state {
        case .active: break
        case .closed: return Refusal(.orgClosed, "org '\(org.name)' is closed: no more members")
        case .suspended:
            // An operator lets an owner in who has to pay.
            if asker?.acting != nil { return Self.suspended(org) }
        }
        if let acting = asker?.acting {
            guard let actor = org.team[acting.member] else { return .noSuchOrg(org.name) }
            if let refusal = ceiling(of: actor, role, acting, now) { return refusal }
        }
        guard try invitationsToday(org) < PeopleLimits.invitationsPerDayMax else {
            return Refusal(
                .limitExceeded,
                "org '\(org.name)' has sent \(PeopleLimits.invitationsPerDayMax) invitations today, the most there may be"
            )
        }
        let known = try kept.statement("SELECT 1 FROM invitation WHERE secret_hash = ? AND state = 1")
        known.bind(1, blob: hash)
        defer { known.reset() }
        return try known.step() ? Refusal(.conflict, "an invitation with that secret is open already") : nil
    }

    /// Why somebody who is on record can't be invited again; nil if they can.
    private func refusal(
        ofInvitingAgain member: Member, _ invitation: NewInvitation, _ org: Org, _ now: Timestamp
    ) -> Refusal? {
        switch member.record.state {
        case .invited:
            return Refusal(.conflict, "member \(member.id) is invited: their invitation can be sent again")
        case .active:
            guard asker?.acting == nil else {
                return Refusal(.conflict, "member \(member.id) of org '\(org.name)' takes part already")
            }
            guard invitation.role == member.record.role else {
                return Refusal(
                    .conflict, "member \(member.id) is \(member.record.role.name); change their role by itself")
            }
            return nil
        case .removed:
            if asker?.acting != nil, let email = invitation.email, let known = member.record.email,
                email.lowercased() != known.lowercased()
            {
                return Refusal(
                    .forbidden, "member \(member.id) had another e-mail address; invite somebody else as a new member")
            }
            if let acting = asker?.acting, let actor = org.team[acting.member],
                let refusal = ceiling(of: actor, member.record.role, acting, now)
            {
                return refusal
            }
            let email = invitation.email ?? member.record.email
            return emailRefusal(email, org, except: member) ?? seatRefusal(org, now)
        }
    }

    /// Who is open to be accepted with that secret.
    private func openInvitation(
        _ hash: [UInt8], _ now: Timestamp
    ) throws(SQLiteError) -> (number: Int64, org: Org)? {
        let row = try kept.statement(
            """
            SELECT invitation.id, org.name FROM invitation JOIN org ON org.id = invitation.org
            WHERE secret_hash = ? AND invitation.state = 1 AND expires > ?
            """)
        row.bind(1, blob: hash)
        row.bind(2, now.milliseconds)
        defer { row.reset() }
        guard try row.step(), let org = row.text(1).flatMap({ accounts.orgs[$0] }) else { return nil }
        return (row.int(0), org)
    }

    private struct Found {
        let member: Int64
        let state: InvitationState
        let created, expires, sent: Int64
        let by: Int64?
    }

    private func invitation(_ number: Int64, of org: Org) throws(SQLiteError) -> Found? {
        let row = try kept.statement(
            "SELECT member, state, created, expires, sent, by FROM invitation WHERE id = ? AND org = ?")
        row.bind(1, number)
        row.bind(2, org.id)
        defer { row.reset() }
        guard try row.step() else { return nil }
        return Found(
            member: row.int(0), state: try InvitationState(stored: row.int(1), of: "invitation \(number)"),
            created: row.int(2), expires: row.int(3), sent: row.int(4), by: row.optionalInt(5))
    }

    /// Ends the invitations of a member that are open.
    func closeInvitations(of member: Member, as state: InvitationState) throws(SQLiteError) {
        let close = try kept.statement("UPDATE invitation SET state = ? WHERE member = ? AND state = 1")
        close.bind(1, state.rawValue)
        close.bind(2, member.id)
        try close.run()
    }

    /// What becomes of somebody whose invitation is no more: a member who was removed is that again, and others are forgotten.
    mutating func letGo(_ member: Member, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        guard member.record.removed != nil else { return try drop(member, of: org, now) }
        try change(member) { ($0.state, $0.invitedUntil) = (.removed, nil) }
    }

    /// The same of all orgs; for a timer.
    mutating func pruneInvitations(_ now: Timestamp) throws(SQLiteError) -> Outcome {
        guard !isTimeInDoubt else { return .alive }
        for org in accounts.orgs.values { try pruneInvitations(of: org, now) }
        return .alive
    }

    /// Forgets people whose invitations expired long ago.
    private mutating func pruneInvitations(of org: Org, _ now: Timestamp) throws(SQLiteError) {
        let before = now.advanced(bySeconds: -PeopleLimits.expiredInvitationSeconds)
        for member in org.team.values where member.record.state == .invited {
            guard let until = member.record.invitedUntil, until < before else { continue }
            try closeInvitations(of: member, as: .withdrawn)
            try letGo(member, of: org, now)
        }
    }

    /// Gives a member who was removed what an invitation offered them under another number.
    private mutating func merge(
        _ invited: Member, into member: Member, of org: Org, _ now: Timestamp
    ) throws(SQLiteError) {
        try closeInvitations(of: invited, as: .accepted)
        let (before, users) = (invited.record, invited.record.users)
        let offered = member.record
        accounts.onRollBack {
            invited.record = before
            member.record = offered
            for user in users { org.members[user] = invited }
        }
        accounts.touch(member)
        let move = try kept.statement("UPDATE member_user SET member = ? WHERE org = ? AND user = ?")
        for user in users {
            move.bind(1, member.id)
            move.bind(2, org.id)
            move.bind(3, user)
            try move.run()
            org.members[user] = member
        }
        member.record.users += users
        invited.record.users = []
        let state = invited.state
        member.state.daySpend = member.spend(inDay: state.day) + state.daySpend
        member.state.day = max(member.state.day, state.day)
        member.state.monthSpend = member.spend(inMonth: state.month) + state.monthSpend
        member.state.month = max(member.state.month, state.month)
        member.state.held += state.held
        try change(member) {
            $0.role = before.role
            $0.dailyLimit = before.dailyLimit ?? $0.dailyLimit
            $0.monthlyLimit = before.monthlyLimit ?? $0.monthlyLimit
            $0.email = before.email ?? $0.email
        }
        try drop(invited, of: org, now)
    }

    // MARK: Answers

    private func view(ofInvitation number: Int64, _ org: Org) throws(SQLiteError) -> InvitationView {
        guard let found = try invitation(number, of: org) else {
            throw SQLiteError.damaged("invitation \(number) is missing")
        }
        let member = org.team[found.member]
        return InvitationView(
            invitation: number, org: org.name, member: found.member, email: member?.record.email,
            name: member?.record.name, role: (member?.record.role ?? .member).name, state: found.state.name,
            created: Timestamp(milliseconds: found.created).description,
            expires: Timestamp(milliseconds: found.expires).description, sent: found.sent, invitedBy: found.by)
    }

    private func answer(
        invitation number: Int64, of org: Org, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        let view = try view(ofInvitation: number, org)
        var impersonal = view
        (impersonal.email, impersonal.name) = (nil, nil)
        try remember(impersonal, under: key, org: org.name, now: now)
        return .invitation(view, isReplay: false)
    }

    private func replayInvitation(_ key: IdempotencyKey, of org: String) throws(SQLiteError) -> Outcome? {
        try replay(key, org: org) { (kept: InvitationView) in
            var view = kept
            let record = accounts.orgs[org]?.team[kept.member]?.record
            (view.email, view.name) = (record?.email, record?.name)
            return .invitation(view, isReplay: true)
        }
    }
}
