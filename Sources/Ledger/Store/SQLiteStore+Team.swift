import Metering

// Changes of a team's members, by operators and by each other. What an endpoint's roles allow was looked at before; here is what
// depends on whom it is done to.
extension SQLiteStore {
    mutating func changeMember(
        _ number: Int64, of name: String, _ change: MemberChange, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replayMember(key, of: name) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        guard let member = org.team[number], member.takesPart || change == .erase else {
            return .refused(Refusal(.notFound, "org '\(name)' has no member \(number)"))
        }
        if let refusal = refusal(of: change, to: member, org, now) { return .refused(refusal) }
        switch change {
        case .remove where member.record.state == .invited:
            // Who never came is forgotten, as if the invitation had been withdrawn.
            try closeInvitations(of: member, as: .withdrawn)
            try letGo(member, of: org, now)
        case .remove: try remove(member, of: org, now)
        case .role(let role): try setRole(role, of: member, org, now)
        case .limits(let daily, let monthly):
            try self.change(member) { ($0.dailyLimit, $0.monthlyLimit) = (daily, monthly) }
        case .addUser(let user, let earlier):
            if let owner = org.members[user] {
                guard owner !== member else { break }
                return .refused(
                    Refusal(
                        .idConflict,
                        "usage of '\(user)' is member \(owner.id)'s in org '\(name)'; a name is never given to another")
                )
            }
            guard member.record.users.count < PeopleLimits.usersPerMemberMax else {
                return .refused(
                    Refusal(.limitExceeded, "a member has at most \(PeopleLimits.usersPerMemberMax) names for usage"))
            }
            try give(user, to: member, of: org, earlier, now)
        case .profile(let name, let email):
            try self.change(member) {
                $0.name = name ?? $0.name
                $0.email = email ?? $0.email
            }
        case .addIdentity(let identity):
            if let refusal = try add(identity, to: member, of: org, now) { return .refused(refusal) }
        case .removeIdentity(let identity):
            let delete = try kept.statement(
                "DELETE FROM member_identity WHERE issuer = ? AND subject = ? AND org = ? AND member = ?")
            delete.bind(1, identity.issuer)
            delete.bind(2, identity.subject)
            delete.bind(3, org.id)
            delete.bind(4, member.id)
            try delete.run()
        case .erase: try erase(member, of: org, now)
        }
        return try answer(member, of: org, key, now: now)
    }

    private mutating func setRole(_ role: OrgRole, of member: Member, _ org: Org, _ now: Timestamp) throws(SQLiteError)
    {
        let before = member.record.role
        guard role != before else { return }
        try change(member) { $0.role = role }
        if member.record.state == .invited {
            // Whoever accepts is given the role by the one who chose it last.
            let update = try kept.statement("UPDATE invitation SET by = ? WHERE member = ? AND state = 1")
            update.bind(1, asker?.acting?.member)
            update.bind(2, member.id)
            try update.run()
        }
        try raise(
            .memberRoleChanged, org.name, at: now,
            ["member": "\(member.id)", "role": role.name, "before": before.name])
    }

    /// Why that can't be done to that member; nil if it can.
    private func refusal(
        of change: MemberChange, to member: Member, _ org: Org, _ now: Timestamp
    ) -> Refusal? {
        if let acting = asker?.acting, let actor = org.team[acting.member],
            let refusal = refusal(of: change, to: member, by: actor, acting, now)
        {
            return refusal
        }
        switch change {
        case .remove: return lastOwnerRefusal(member, org)
        case .role(let role) where role < member.record.role: return lastOwnerRefusal(member, org)
        case .profile(_, let email?): return emailRefusal(email, org, except: member)
        case .addIdentity where member.record.state == .invited:
            return Refusal(.conflict, "member \(member.id) has not accepted their invitation yet")
        case .erase:
            guard member.record.state != .removed else { return nil }
            return Refusal(.conflict, "member \(member.id) takes part; remove them first")
        case .removeIdentity(let identity) where identity.issuer == org.policy.signInIssuer && asker?.acting != nil:
            return Refusal(
                .conflict, "org '\(org.name)' takes sign-ins at \(identity.issuer) only: this would lock you out")
        case .role, .limits, .addUser, .profile, .addIdentity, .removeIdentity: return nil
        }
    }

    /// Why a member may not do that to another, or to themselves; nil if they may.
    private func refusal(
        of change: MemberChange, to member: Member, by actor: Member, _ acting: ActingMember, _ now: Timestamp
    ) -> Refusal? {
        let isSelf = actor === member
        switch change {
        case .remove: return ceiling(of: actor, member.record.role, acting, now)
        case .role(let role):
            return ceiling(of: actor, member.record.role, acting, now) ?? ceiling(of: actor, role, acting, now)
        case .profile(_, nil): return isSelf ? nil : ceiling(of: actor, member.record.role, acting, now)
        case .profile(_, .some), .addIdentity, .removeIdentity:
            // Whoever could change another's address or sign-in could sign in as them.
            guard isSelf else { return Refusal(.forbidden, "only member \(member.id) may change that of themselves") }
            return staleness(of: acting, member, now)
        case .limits, .addUser, .erase: return nil
        }
    }

    /// Why a member may not give or take that role, or change whoever has it; nil if they may. Whatever is about owners takes a recent
    /// sign-in.
    func ceiling(of actor: Member, _ role: OrgRole, _ acting: ActingMember, _ now: Timestamp) -> Refusal? {
        guard actor.record.role.mayChange(role) else {
            return Refusal(
                .forbidden,
                "member \(actor.id) is \(actor.record.role.name) of org '\(acting.org)': only an owner may do that with an owner"
            )
        }
        return role == .owner ? staleness(of: acting, actor, now) : nil
    }

    /// Why an address can't be a member's; nil if it can. One person has one place in an org.
    func emailRefusal(_ email: String?, _ org: Org, except member: Member? = nil) -> Refusal? {
        guard let email = email?.lowercased() else { return nil }
        let other = org.team.values.first {
            $0 !== member && $0.record.state == .active && $0.record.email?.lowercased() == email
        }
        return other.map {
            Refusal(.idConflict, "\(naming($0.id)) of org '\(org.name)' has that e-mail address")
        }
    }

    /// A member in a refusal: members are not told who of them it is.
    private func naming(_ member: Int64) -> String { asker?.acting == nil ? "member \(member)" : "another member" }

    // MARK: Identities

    /// Has a member sign in at a place; a refusal if somebody else of the org does already.
    mutating func add(
        _ identity: SignInIdentity, to member: Member, of org: Org, _ now: Timestamp
    ) throws(SQLiteError) -> Refusal? {
        if let known = try owner(of: identity, org) {
            guard known != member.id else { return nil }
            return Refusal(.idConflict, "\(naming(known)) of org '\(org.name)' signs in there")
        }
        let count = try kept.statement("SELECT count(*) FROM member_identity WHERE member = ?")
        count.bind(1, member.id)
        _ = try count.step()
        let isFull = count.int(0) >= PeopleLimits.identitiesPerMemberMax
        count.reset()
        guard !isFull else {
            return Refusal(
                .limitExceeded, "a member signs in at \(PeopleLimits.identitiesPerMemberMax) places at most")
        }
        let insert = try kept.statement("INSERT INTO member_identity VALUES(?, ?, ?, ?, ?)")
        insert.bind(1, identity.issuer)
        insert.bind(2, identity.subject)
        insert.bind(3, org.id)
        insert.bind(4, member.id)
        insert.bind(5, now.milliseconds)
        try insert.run()
        return nil
    }

    /// Forgets where a member signs in.
    func deleteIdentities(of member: Member) throws(SQLiteError) {
        let delete = try kept.statement("DELETE FROM member_identity WHERE member = ?")
        delete.bind(1, member.id)
        try delete.run()
    }

    /// The member of an org who signs in there; nil if nobody does.
    func owner(of identity: SignInIdentity, _ org: Org) throws(SQLiteError) -> Int64? {
        let row = try kept.statement(
            "SELECT member FROM member_identity WHERE issuer = ? AND subject = ? AND org = ?")
        row.bind(1, identity.issuer)
        row.bind(2, identity.subject)
        row.bind(3, org.id)
        defer { row.reset() }
        return try row.step() ? row.int(0) : nil
    }

    // MARK: Erasure

    /// Forgets what is known of a removed member personally. Their number, their role and their usage stay.
    private mutating func erase(_ member: Member, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        try deleteIdentities(of: member)
        try change(member) { ($0.name, $0.email, $0.authenticated) = (nil, nil, nil) }
        try eraseAudit(of: member.id, org, now: now)
    }

    /// Forgets somebody who was invited and never came. Who has names for usage keeps their number, so that no name becomes another's.
    mutating func drop(_ member: Member, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        guard member.record.users.isEmpty else {
            try change(member) { ($0.state, $0.removed, $0.invitedUntil) = (.removed, now, nil) }
            return try erase(member, of: org, now)
        }
        accounts.onRollBack { org.team[member.id] = member }
        org.team[member.id] = nil
        try deleteIdentities(of: member)
        let delete = try kept.statement("DELETE FROM member WHERE id = ?")
        delete.bind(1, member.id)
        try delete.run()
        try eraseAudit(of: member.id, org, now: now)
    }

    /// Forgets all people of an org whose detail is erased.
    mutating func eraseMembers(of org: Org, _ now: Timestamp) throws(SQLiteError) {
        let before = (org.members, org.team)
        accounts.onRollBack { (org.members, org.team) = before }
        (org.members, org.team) = ([:], [:])
        for statement in [
            "DELETE FROM member_identity WHERE org = ?", "DELETE FROM member_user WHERE org = ?",
            "UPDATE invitation SET state = 3 WHERE org = ? AND state = 1", "DELETE FROM member WHERE org = ?",
        ] {
            let delete = try kept.statement(statement)
            delete.bind(1, org.id)
            try delete.run()
        }
        try eraseAudit(of: nil, org, now: now)
    }

    // MARK: Answers

    /// A member as those see them who may see everything.
    func teamView(_ member: Member, _ org: Org) -> TeamMemberView {
        let record = member.record
        let used = member.state.lastUsed > 0 ? Timestamp(milliseconds: member.state.lastUsed) : nil
        return TeamMemberView(
            member: member.id, org: org.name, name: record.name, email: record.email, role: record.role.name,
            state: record.state.name, user: record.users.first, users: record.users, added: record.added.description,
            removed: member.takesPart ? nil : record.removed?.description,
            lastActivity: [record.authenticated, record.active, used].compactMap { $0 }.max()?.description,
            dailyLimit: record.dailyLimit?.description, monthlyLimit: record.monthlyLimit?.description,
            spentToday: Money(nanos: member.spend(inDay: window.day)).description,
            spentThisMonth: Money(nanos: member.spend(inMonth: window.month)).description,
            held: Money(nanos: member.state.held).description)
    }

    /// What is answered of a member. What is kept of the answer has nothing personal, so that nothing has to be erased there.
    func answer(
        _ member: Member, of org: Org, _ key: IdempotencyKey, keptFor name: String? = nil, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        let view = teamView(member, org)
        var impersonal = view
        (impersonal.name, impersonal.email, impersonal.user, impersonal.users) = (nil, nil, nil, nil)
        try remember(impersonal, under: key, org: name ?? org.name, now: now)
        return .teamMember(view, isReplay: false)
    }

    /// What was answered of a member, with what is known of them now.
    func replayMember(
        _ key: IdempotencyKey, of org: String = ""
    ) throws(SQLiteError) -> Outcome? {
        try replay(key, org: org) { (kept: TeamMemberView) in
            var view = kept
            let record = accounts.orgs[kept.org]?.team[kept.member]?.record
            (view.name, view.email) = (record?.name, record?.email)
            (view.user, view.users) = (record?.users.first, record?.users)
            return .teamMember(view, isReplay: true)
        }
    }
}
