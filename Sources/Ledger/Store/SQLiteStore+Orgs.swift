import Metering

// What operators say of orgs and their members. Rare, so its statements are compiled when used.
extension SQLiteStore {
    mutating func create(_ org: NewOrg, _ key: IdempotencyKey, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: org.name, { .org($0, isReplay: true) }) { return answered }
        guard accounts.orgs[org.name] == nil else {
            return .refused(Refusal(.idConflict, "org '\(org.name)' exists already"))
        }
        if let real = orgNames[org.name] {
            return .refused(
                Refusal(
                    .idConflict,
                    "'\(org.name)' is another name of org '\(real)'; meterctl org alias remove takes it back"))
        }
        let insertOrg = try kept.statement(
            """
            INSERT INTO org(name, display_name, country, region, state, created, id) VALUES(?, ?, ?, ?, ?, ?, ?)
            """)
        let orgID = next.org
        insertOrg.bind(1, org.name)
        insertOrg.bind(2, org.displayName)
        insertOrg.bind(3, org.country)
        insertOrg.bind(4, org.region)
        insertOrg.bind(5, OrgState.active.rawValue)
        insertOrg.bind(6, now.milliseconds)
        insertOrg.bind(7, orgID)
        try insertOrg.run()
        next.org += 1
        let insertAccount = try kept.statement("INSERT INTO account(org, kind) VALUES(?, ?) RETURNING id")
        insertAccount.bind(1, orgID)
        insertAccount.bind(2, AccountKind.orgCredits.rawValue)
        let account = Account(id: try returned(by: insertAccount), org: org.name)
        OrgRow(id: orgID, name: org.name, created: now.milliseconds, account: account.id).append(to: &chain.orgs)
        accounts.add(Org(id: orgID, name: org.name, state: .active, account: account))

        let view = OrgView(
            org: org.name, displayName: org.displayName, country: org.country, region: org.region,
            state: OrgState.active.name, created: now.description, closed: nil, balance: Money.zero.description,
            available: Money.zero.description, monthlyBudget: nil)
        try remember(view, under: key, org: org.name, now: now)
        return .org(view, isReplay: false)
    }

    mutating func close(_ name: String, _ key: IdempotencyKey, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .org($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        if org.state != .closed {
            let update = try kept.statement("UPDATE org SET state = ?, closed = ? WHERE id = ?")
            update.bind(1, OrgState.closed.rawValue)
            update.bind(2, now.milliseconds)
            update.bind(3, org.id)
            try update.run()
            let before = org.state
            accounts.onRollBack { org.state = before }
            org.state = .closed
            try callForBill(of: org, now)
        }
        let row = try kept.statement("SELECT display_name, country, region, created, closed FROM org WHERE id = ?")
        row.bind(1, org.id)
        defer { row.reset() }
        _ = try row.step()
        let view = OrgView(
            org: name, displayName: row.text(0), country: row.text(1), region: row.text(2), state: org.state.name,
            created: Timestamp(milliseconds: row.int(3)).description,
            closed: row.isNull(4) ? nil : Timestamp(milliseconds: row.int(4)).description,
            balance: org.account.balance.description, available: org.account.available.description,
            monthlyBudget: org.monthlyBudget?.description)
        try remember(view, under: key, org: name, now: now)
        return .org(view, isReplay: false)
    }

    // MARK: Members

    mutating func addMember(
        _ user: String, of name: String, _ earlier: EarlierSpend, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .member($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        switch org.state {
        case .active: break
        case .closed: return Self.closed(org, "no more members")
        case .suspended: return .refused(Self.suspended(org))
        }
        let known = org.members[user]
        guard known == nil || known?.removed != nil else {
            return .refused(Refusal(.idConflict, "'\(user)' is a member of org '\(name)' already"))
        }
        if let most = org.membersMax, org.memberCount >= most {
            return .refused(Self.seatsFull(org, most))
        }
        guard known != nil || org.members.count < LedgerLimits.membersPerOrgMax else {
            return .refused(
                Refusal(
                    .limitExceeded,
                    "org '\(name)' has had \(LedgerLimits.membersPerOrgMax) members, the most there may be"))
        }
        // Who was a member before stays the same object: the batch may have touched it already.
        let member = known ?? Member(org: org.id, user: user, added: now)
        let before = (member.added, member.removed, member.dailyLimit, member.monthlyLimit)
        accounts.onRollBack {
            (member.added, member.removed, member.dailyLimit, member.monthlyLimit) = before
            org.members[user] = known
        }
        accounts.touch(member)
        member.state = try spend(of: user, org, earlier)
        (member.added, member.removed, member.dailyLimit, member.monthlyLimit) = (now, nil, nil, nil)
        org.members[user] = member
        let insert = try kept.statement(
            """
            INSERT OR REPLACE INTO member VALUES(?1, ?2, ?3, NULL, NULL, NULL, ?4, ?5, ?6, ?7,
                row_digest('member', ?1, ?2, ?4, ?5, ?6, ?7))
            """)
        insert.bind(1, org.id)
        insert.bind(2, user)
        insert.bind(3, now.milliseconds)
        insert.bind(4, member.state.day)
        insert.bind(5, member.state.daySpend)
        insert.bind(6, member.state.month)
        insert.bind(7, member.state.monthSpend)
        try insert.run()
        return try answer(member, of: org, key, now: now)
    }

    mutating func removeMember(
        _ user: String, of name: String, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .member($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        guard let member = org.member(user) else { return Self.noMember(user, name) }
        let update = try kept.statement("UPDATE member SET removed = ? WHERE org = ? AND user = ?")
        update.bind(1, now.milliseconds)
        update.bind(2, org.id)
        update.bind(3, user)
        try update.run()
        accounts.onRollBack { member.removed = nil }
        member.removed = now
        return try answer(member, of: org, key, now: now)
    }

    mutating func limitMember(
        _ user: String, of name: String, daily: Money?, monthly: Money?, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .member($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        guard let member = org.member(user) else { return Self.noMember(user, name) }
        let update = try kept.statement(
            "UPDATE member SET daily_limit = ?, monthly_limit = ? WHERE org = ? AND user = ?")
        update.bind(1, daily?.nanos)
        update.bind(2, monthly?.nanos)
        update.bind(3, org.id)
        update.bind(4, user)
        try update.run()
        let before = (member.dailyLimit, member.monthlyLimit)
        accounts.onRollBack { (member.dailyLimit, member.monthlyLimit) = before }
        (member.dailyLimit, member.monthlyLimit) = (daily, monthly)
        return try answer(member, of: org, key, now: now)
    }

    private func answer(
        _ member: Member, of org: Org, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        let view = MemberView(
            org: org.name, user: member.user, added: member.added.description, removed: member.removed?.description,
            dailyLimit: member.dailyLimit?.description, monthlyLimit: member.monthlyLimit?.description,
            spentToday: Money(nanos: member.spend(inDay: window.day)).description,
            spentThisMonth: Money(nanos: member.spend(inMonth: window.month)).description,
            held: Money(nanos: member.state.held).description)
        try remember(view, under: key, org: org.name, now: now)
        return .member(view, isReplay: false)
    }

    /// What a new member spent before in the present day and month, and holds: what a reader added up, and the records
    /// since. It is what the records received in it cost at present.
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

    private static func noMember(_ user: String, _ org: String) -> Outcome {
        .refused(Refusal(.notFound, "org '\(org)' has no member '\(user)'; meterctl member add makes one"))
    }

    private static func seatsFull(_ org: Org, _ seats: Int64) -> Refusal {
        Refusal(
            .seatsFull,
            "org '\(org.name)' has \(seats) seats that stay, all filled; meterctl seats add \(org.name) 1 buys another, meterctl member remove frees one"
        )
    }

    static func suspended(_ org: Org) -> Refusal {
        Refusal(
            .orgSuspended,
            "org '\(org.name)' is suspended until what it owes is paid; meterctl payments retry \(org.name) tries again"
        )
    }

    static func closed(_ org: Org, _ consequence: String) -> Outcome {
        .refused(Refusal(.orgClosed, "org '\(org.name)' is closed: \(consequence)"))
    }

    // MARK: Budget and alerts

    mutating func setBudget(
        of name: String, _ budget: Money?, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .budget($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        let update = try kept.statement("UPDATE org SET monthly_budget = ? WHERE id = ?")
        update.bind(1, budget?.nanos)
        update.bind(2, org.id)
        try update.run()
        let before = org.monthlyBudget
        accounts.onRollBack { org.monthlyBudget = before }
        org.monthlyBudget = budget
        let view = BudgetView(
            org: name, monthlyBudget: budget?.description,
            spentThisMonth: Money(nanos: org.account.spend(in: window.month)).description,
            held: Money(nanos: org.account.state.pending).description)
        try remember(view, under: key, org: name, now: now)
        return .budget(view, isReplay: false)
    }

    mutating func setAlerts(
        of name: String, _ thresholds: [Money], _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .alerts($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        let sorted = Set(thresholds).sorted(by: >)
        guard sorted.count <= LedgerLimits.alertsPerOrgMax else {
            return .refused(
                Refusal(.limitExceeded, "an org has at most \(LedgerLimits.alertsPerOrgMax) alert thresholds"))
        }
        let delete = try kept.statement("DELETE FROM alert WHERE org = ?")
        delete.bind(1, org.id)
        try delete.run()
        let insert = try kept.statement("INSERT INTO alert VALUES(?, ?)")
        for threshold in sorted {
            insert.bind(1, org.id)
            insert.bind(2, threshold.nanos)
            try insert.run()
        }
        let before = org.account.thresholds
        accounts.onRollBack { org.account.thresholds = before }
        org.account.thresholds = sorted
        let view = AlertsView(org: name, thresholds: sorted.map(\.description))
        try remember(view, under: key, org: name, now: now)
        // What is below a new threshold already has crossed it unseen; what the batch crosses is told at its end.
        let balance = org.account.committedBalance
        for threshold in sorted where !before.contains(threshold) && balance < threshold {
            try raiseBalanceLow(org.name, threshold, balance: org.account.balance, at: now)
        }
        return .alerts(view, isReplay: false)
    }

    func returned(by statement: SQLiteStatement) throws(SQLiteError) -> Int64 {
        guard try statement.step() else {
            throw SQLiteError(code: 1, extendedCode: 1, message: "an insert returned no row")
        }
        let value = statement.int(0)
        // RETURNING is done only when stepped to its end.
        while try statement.step() {}
        statement.reset()
        return value
    }
}
