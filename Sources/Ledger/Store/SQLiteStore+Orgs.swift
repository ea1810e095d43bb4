import Metering

// What operators say of orgs. Rare, so its statements are compiled when used.
extension SQLiteStore {
    mutating func create(_ org: NewOrg, _ key: IdempotencyKey, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: org.name, { .org($0, isReplay: true) }) { return answered }
        if let refusal = try found(org, now: now) { return .refused(refusal) }
        guard let made = accounts.orgs[org.name] else { return Self.unknownOrg(org.name) }
        let view = try view(of: made)
        try remember(view, under: key, org: org.name, now: now)
        return .org(view, isReplay: false)
    }

    /// Founds an org; a refusal if its name is another's.
    mutating func found(_ org: NewOrg, now: Timestamp) throws(SQLiteError) -> Refusal? {
        guard accounts.orgs[org.name] == nil else {
            return Refusal(.idConflict, "org '\(org.name)' exists already")
        }
        if let real = orgNames[org.name] {
            return Refusal(
                .idConflict, "'\(org.name)' is another name of org '\(real)'; meterctl org alias remove takes it back")
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
        return nil
    }

    mutating func close(_ name: String, _ key: IdempotencyKey, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .org($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        if org.state != .closed {
            try close(org, now: now)
            try callForBill(of: org, now)
        }
        let view = try view(of: org)
        try remember(view, under: key, org: name, now: now)
        return .org(view, isReplay: false)
    }

    /// Closes an org.
    mutating func close(_ org: Org, now: Timestamp) throws(SQLiteError) {
        let update = try kept.statement("UPDATE org SET state = ?, closed = ? WHERE id = ?")
        update.bind(1, OrgState.closed.rawValue)
        update.bind(2, now.milliseconds)
        update.bind(3, org.id)
        try update.run()
        let before = org.state
        accounts.onRollBack { org.state = before }
        org.state = .closed
    }

    /// An org as it is shown.
    func view(of org: Org) throws(SQLiteError) -> OrgView {
        let row = try kept.statement("SELECT display_name, country, region, created, closed FROM org WHERE id = ?")
        row.bind(1, org.id)
        defer { row.reset() }
        guard try row.step() else { throw SQLiteError.damaged("org \(org.id) is missing") }
        return OrgView(
            org: org.name, displayName: row.text(0), country: row.text(1), region: row.text(2), state: org.state.name,
            created: Timestamp(milliseconds: row.int(3)).description,
            closed: row.isNull(4) ? nil : Timestamp(milliseconds: row.int(4)).description,
            balance: org.account.balance.description, available: org.account.available.description,
            monthlyBudget: org.monthlyBudget?.description)
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
        let view = self.budget(of: org)
        try remember(view, under: key, org: name, now: now)
        return .budget(view, isReplay: false)
    }

    /// An org's budget as it is shown.
    func budget(of org: Org) -> BudgetView {
        BudgetView(
            org: org.name, monthlyBudget: org.monthlyBudget?.description,
            spentThisMonth: Money(nanos: org.account.spend(in: window.month)).description,
            held: Money(nanos: org.account.state.pending).description)
    }

    /// An org's alerts as they are shown.
    func alerts(of org: Org) -> AlertsView {
        AlertsView(org: org.name, thresholds: org.account.thresholds.map(\.description))
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
        let view = alerts(of: org)
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
