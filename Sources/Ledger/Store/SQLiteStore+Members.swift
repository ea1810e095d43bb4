import Metering

// Members by the names that usage records have: what an operator says of them.
extension SQLiteStore {
    mutating func addMember(
        _ user: String, of name: String, _ earlier: EarlierSpend, _ profile: MemberProfile, _ key: IdempotencyKey,
        now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .member($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        switch org.state {
        case .active: break
        case .closed: return Self.closed(org, "no more members")
        case .suspended: return .refused(Self.suspended(org))
        }
        let known = org.members[user]
        guard known?.takesPart != true else {
            return .refused(Refusal(.idConflict, "'\(user)' is a member of org '\(name)' already"))
        }
        if let refusal = seatRefusal(org, now) ?? emailRefusal(profile.email, org, except: known) {
            return .refused(refusal)
        }
        let member: Member
        if let known {
            // Who was a member before stays the same person, and what they spend was counted on.
            member = known
            try change(member) {
                ($0.state, $0.role, $0.added, $0.removed) = (.active, profile.role, now, nil)
                ($0.dailyLimit, $0.monthlyLimit) = (nil, nil)
                $0.name = profile.name ?? $0.name
                $0.email = profile.email ?? $0.email
            }
        } else {
            guard org.team.count < LedgerLimits.membersPerOrgMax else { return .refused(Self.teamFull(org)) }
            let record = Member.Record(
                role: profile.role, state: .active, name: profile.name, email: profile.email, added: now)
            member = try addMember(record, to: org)
            try give(user, to: member, of: org, earlier, now)
        }
        return try answer(member, user, of: org, key, now: now)
    }

    mutating func removeMember(
        _ user: String, of name: String, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .member($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        guard let member = org.member(user) else { return Self.noMember(user, name) }
        if let refusal = lastOwnerRefusal(member, org) { return .refused(refusal) }
        try remove(member, of: org, now)
        return try answer(member, user, of: org, key, now: now)
    }

    mutating func limitMember(
        _ user: String, of name: String, daily: Money?, monthly: Money?, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .member($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        guard let member = org.member(user) else { return Self.noMember(user, name) }
        try change(member) { ($0.dailyLimit, $0.monthlyLimit) = (daily, monthly) }
        return try answer(member, user, of: org, key, now: now)
    }

    private func answer(
        _ member: Member, _ user: String, of org: Org, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        let view = memberView(member, user, org)
        try remember(view, under: key, org: org.name, now: now)
        return .member(view, isReplay: false)
    }

    /// A member by one of their names.
    func memberView(_ member: Member, _ user: String, _ org: Org) -> MemberView {
        MemberView(
            org: org.name, user: user, added: member.record.added.description,
            removed: member.takesPart ? nil : member.record.removed?.description,
            dailyLimit: member.dailyLimit?.description, monthlyLimit: member.monthlyLimit?.description,
            spentToday: Money(nanos: member.spend(inDay: window.day)).description,
            spentThisMonth: Money(nanos: member.spend(inMonth: window.month)).description,
            held: Money(nanos: member.state.held).description, member: member.id, role: member.record.role.name)
    }

    private static func noMember(_ user: String, _ org: String) -> Outcome {
        .refused(Refusal(.notFound, "org '\(org)' has no member '\(user)'; meterctl member add makes one"))
    }
}

// What every change of a member goes through.
extension SQLiteStore {
    /// Changes what is on record of a member.
    mutating func change(
        _ member: Member, _ edit: (inout Member.Record) -> Void
    ) throws(SQLiteError) {
        let before = member.record
        accounts.onRollBack { member.record = before }
        edit(&member.record)
        if member.record != before { try save(member) }
    }

    /// Takes in a new member.
    mutating func addMember(_ record: Member.Record, to org: Org) throws(SQLiteError) -> Member {
        let member = Member(id: next.member, org: org.id, record: record)
        member.state = Member.State(day: window.day, month: window.month)
        member.committed = member.state
        accounts.onRollBack { org.team[member.id] = nil }
        org.team[member.id] = member
        try save(member)
        let count = try kept.statement("UPDATE meta SET value = ? WHERE name = 'last_member'")
        count.bind(1, member.id)
        try count.run()
        next.member += 1
        return member
    }

    private func save(_ member: Member) throws(SQLiteError) {
        let record = member.record
        let save = try kept.statement(
            """
            INSERT INTO member VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                row_digest('member', ?1, ?13, ?14, ?15, ?16, ?17))
            ON CONFLICT(id) DO UPDATE SET role = ?3, state = ?4, name = ?5, email = ?6, added = ?7, removed = ?8,
                daily_limit = ?9, monthly_limit = ?10, authenticated = ?11, active = ?12
            """)
        save.bind(1, member.id)
        save.bind(2, member.org)
        save.bind(3, record.role.rawValue)
        save.bind(4, record.state.rawValue)
        save.bind(5, record.name)
        save.bind(6, record.email)
        save.bind(7, record.added.milliseconds)
        save.bind(8, record.removed?.milliseconds)
        save.bind(9, record.dailyLimit?.nanos)
        save.bind(10, record.monthlyLimit?.nanos)
        save.bind(11, record.authenticated?.milliseconds)
        save.bind(12, record.active?.milliseconds)
        save.bind(13, member.state.day)
        save.bind(14, member.state.daySpend)
        save.bind(15, member.state.month)
        save.bind(16, member.state.monthSpend)
        save.bind(17, member.state.lastUsed)
        try save.run()
    }

    /// Makes usage records of a name a member's, for good, with what was spent under it in the present day and month.
    mutating func give(
        _ user: String, to member: Member, of org: Org, _ earlier: EarlierSpend, _ now: Timestamp
    ) throws(SQLiteError) {
        let spent = try spend(of: user, org, earlier)
        accounts.touch(member)
        member.state.daySpend = member.spend(inDay: spent.day) + spent.daySpend
        member.state.day = max(member.state.day, spent.day)
        member.state.monthSpend = member.spend(inMonth: spent.month) + spent.monthSpend
        member.state.month = max(member.state.month, spent.month)
        member.state.held += spent.held
        let before = member.record
        accounts.onRollBack {
            member.record = before
            org.members[user] = nil
        }
        member.record.users.append(user)
        org.members[user] = member
        let insert = try kept.statement("INSERT INTO member_user VALUES(?, ?, ?, ?)")
        insert.bind(1, org.id)
        insert.bind(2, user)
        insert.bind(3, member.id)
        insert.bind(4, now.milliseconds)
        try insert.run()
    }

    /// Ends a membership: invitations and ways to sign in go with it, what is known of the person stays until it is erased.
    mutating func remove(_ member: Member, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        try closeInvitations(of: member, as: .withdrawn)
        try change(member) {
            ($0.state, $0.removed, $0.invitedUntil) = (.removed, now, nil)
        }
        try raise(.memberRemoved, org.name, at: now, ["member": "\(member.id)"])
    }

    /// Why the last owner can't go or become something less.
    func lastOwnerRefusal(_ member: Member, _ org: Org) -> Refusal? {
        guard member.record.role == .owner, member.record.state == .active, org.ownerCount == 1 else { return nil }
        return Refusal(
            .lastOwner, "member \(member.id) is the last owner of org '\(org.name)'; make somebody else an owner first")
    }

    /// Why nobody more can become a member now; nil if there is a seat.
    func seatRefusal(_ org: Org, _ now: Timestamp) -> Refusal? {
        guard let most = org.membersMax, org.seatsFilled(at: now) >= most else { return nil }
        return Refusal(
            .seatsFull,
            "org '\(org.name)' has \(most) seats that stay, all filled; meterctl seats add \(org.name) 1 buys another, meterctl member remove frees one"
        )
    }

    static func teamFull(_ org: Org) -> Refusal {
        Refusal(
            .limitExceeded,
            "org '\(org.name)' has had \(LedgerLimits.membersPerOrgMax) members, the most there may be")
    }

    /// What was spent under a name in the present day and month, and is held: what a reader added up, and the records since. It is what
    /// the records received in it cost at present.
    private func spend(of user: String, _ org: Org, _ earlier: EarlierSpend) throws(SQLiteError) -> Member.State {
        let seen = Window(earlier.moment)
        var state = Member.State(day: window.day, month: window.month)
        if seen.day == window.day { state.daySpend = earlier.day.nanos }
        if seen.month == window.month { state.monthSpend = earlier.month.nanos }
        let row = try kept.statement(
            """
            SELECT usage.previous, user, CASE WHEN usage.correction > 0 THEN correction.cost ELSE usage.cost END, received
            FROM usage LEFT JOIN correction ON correction.number = usage.correction WHERE sequence = ?
            """)
        var sequence = org.account.state.lastUsage
        while sequence > earlier.throughSequence {
            row.bind(1, sequence)
            guard try row.step() else { throw SQLiteError.damaged("usage record \(sequence) is missing") }
            if row.text(1) == user {
                let when = Window(Timestamp(milliseconds: row.int(3)))
                if when.day == window.day { state.daySpend += row.int(2) }
                if when.month == window.month { state.monthSpend += row.int(2) }
            }
            sequence = row.int(0)
            row.reset()
        }
        for hold in org.holds.values where hold.user == user { state.held += hold.amount }
        return state
    }

    /// The number of the member who was made last.
    static func lastMember(_ connection: SQLiteConnection) throws(SQLiteError) -> Int64 {
        let row = try connection.prepare("SELECT value FROM meta WHERE name = 'last_member'")
        defer { row.reset() }
        guard try row.step() else { throw SQLiteError.damaged("the number of the last member is missing") }
        return row.int(0)
    }
}
