import Metering

// Grants: made, taken back, and credited again by corrections.
extension SQLiteStore {
    mutating func give(_ new: NewGrant, _ key: IdempotencyKey, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: new.org, { .grant($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[new.org] else { return Self.unknownOrg(new.org) }
        // The answers to keys are kept for 46 days, a grant's key for as long as the grant.
        if let earlier = try grant(ofKey: key.key, org) {
            return Self.isSame(earlier, new)
                ? .grant(earlier, isReplay: true) : .refused(Self.conflict(key))
        }
        guard org.state != .closed else { return Self.closed(org, "it takes no more credits") }
        if let expires = new.expires, expires <= now {
            return .refused(Refusal(.malformed, "expires lies in the past"))
        }
        try expireGrants(of: org, now)
        guard org.grants.count < LedgerLimits.grantsPerOrgMax else {
            return .refused(
                Refusal(
                    .limitExceeded,
                    "org '\(org.name)' has \(LedgerLimits.grantsPerOrgMax) grants with something left, the most there may be"
                ))
        }
        guard let number = try give(new, to: org, key: key.key, now: now) else {
            return .refused(Refusal(.malformed, "amount would take the ledger past what an account can hold"))
        }
        let view = try view(ofGrant: number, org)
        try remember(view, under: key, org: org.name, now: now)
        return .grant(view, isReplay: false)
    }

    /// Makes a grant; nil, and nothing done, where a total would overflow.
    mutating func give(_ new: NewGrant, to org: Org, key: String, now: Timestamp) throws(SQLiteError) -> Int64? {
        let (amount, overdraft) = (new.amount.nanos, org.overdraft)
        let remaining = max(0, amount - overdraft)
        let number = next.grant
        let transfer = try post(
            amount, debit: accounts.grants, credit: org.account, of: org, code: .grant, reference: number, at: now,
            draws: remaining > 0 ? [Draw(grant: number, amount: remaining)] : [])
        guard let transfer else { return nil }
        let row = GrantRow(
            id: number, org: org.id, amount: amount, source: new.source.rawValue, priority: Int64(new.priority),
            expires: new.expires?.milliseconds, reason: new.reason, key: key, transfer: transfer,
            balanceAfter: org.account.balance.nanos, created: now.milliseconds)
        try insert(row, remaining: remaining, of: org)
        return number
    }

    mutating func void(
        _ number: Int64, of name: String, reason: String?, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .grant($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        try expireGrants(of: org, now)
        guard try storedGrant(number, of: org) != nil else {
            return .refused(
                Refusal(.notFound, "org '\(name)' has no grant \(number); meterctl credits list shows them"))
        }
        var amount = Money.zero
        if let grant = org.grants.first(where: { $0.id == number }) {
            amount = try takeBack(grant, of: org, reason: reason, now: now)
        }
        var view = try view(ofGrant: number, org)
        view.voided = amount.description
        try remember(view, under: key, org: name, now: now)
        return .grant(view, isReplay: false)
    }

    /// Moves what is left of a grant back to where grants come from.
    private mutating func takeBack(
        _ grant: Grant, of org: Org, reason: String?, now: Timestamp
    ) throws(SQLiteError) -> Money {
        let amount = org.remaining(of: grant)
        let transfer = try post(
            amount, debit: org.account, credit: accounts.grants, of: org, code: .creditsVoided, reference: grant.id,
            at: now, draws: [Draw(grant: grant.id, amount: amount)])
        guard transfer != nil else { throw SQLiteError.damaged("grant \(grant.id) has more left than was ever given") }
        try close(grant, of: org, as: .voided)
        var data = ["grant": "\(grant.id)", "amount": Money(nanos: amount).description]
        data["reason"] = reason
        try raise(.creditsVoided, org.name, at: now, data)
        return Money(nanos: amount)
    }

    /// Puts back into a grant what a correction gives to it. What has expired or was taken back meanwhile is so again.
    mutating func restore(_ draw: Draw, of org: Org, now: Timestamp) throws(SQLiteError) {
        if let open = org.grants.first(where: { $0.id == draw.grant }) {
            return try add(draw.amount, to: open, of: org)
        }
        guard let (grant, state) = try storedGrant(draw.grant, of: org) else {
            throw SQLiteError.damaged("grant \(draw.grant) is missing")
        }
        grant.remaining = draw.amount
        let update = statements.updateGrant
        update.bind(1, GrantState.open.rawValue)
        update.bind(2, draw.amount)
        update.bind(3, grant.id)
        try update.run()
        try self.open(grant, of: org)
        if state == .voided { _ = try takeBack(grant, of: org, reason: nil, now: now) }
        try expireGrants(of: org, now)
    }

    /// Makes a grant of what a correction gives back that no grant had paid.
    mutating func adjust(
        _ amount: Int64, of org: Org, correction: Int64, transfer: Int64, now: Timestamp
    ) throws(SQLiteError) {
        let row = GrantRow(
            id: next.grant, org: org.id, amount: amount, source: GrantSource.adjustment.rawValue,
            priority: Int64(LedgerLimits.priorityDefault), expires: nil, reason: "correction \(correction)",
            key: "correction-\(correction)", transfer: transfer, balanceAfter: org.account.balance.nanos,
            created: now.milliseconds)
        try insert(row, remaining: amount, of: org)
    }

    private mutating func insert(_ row: GrantRow, remaining: Int64, of org: Org) throws(SQLiteError) {
        let insert = try kept.statement("INSERT INTO credit_grant VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        insert.bind(1, row.id)
        insert.bind(2, row.org)
        insert.bind(3, row.amount)
        insert.bind(4, row.source)
        insert.bind(5, row.priority)
        insert.bind(6, row.expires)
        insert.bind(7, row.reason)
        insert.bind(8, row.key)
        insert.bind(9, row.transfer)
        insert.bind(10, row.balanceAfter)
        insert.bind(11, row.created)
        insert.bind(12, remaining > 0 ? GrantState.open.rawValue : GrantState.spent.rawValue)
        insert.bind(13, remaining)
        try insert.run()
        row.append(to: &chain.grants)
        next.grant += 1
        guard remaining > 0 else { return }
        let grant = Grant(
            id: row.id, source: try GrantSource(stored: row.source, of: "grant \(row.id)"), priority: Int(row.priority),
            expires: row.expires.map(Timestamp.init(milliseconds:)), remaining: remaining)
        try open(grant, of: org)
    }

    // MARK: Grants on disk

    private func storedGrant(_ number: Int64, of org: Org) throws(SQLiteError) -> (Grant, GrantState)? {
        let row = try kept.statement(
            "SELECT source, priority, expires, state, remaining FROM credit_grant WHERE id = ? AND org = ?")
        row.bind(1, number)
        row.bind(2, org.id)
        defer { row.reset() }
        guard try row.step() else { return nil }
        let source = try GrantSource(stored: row.int(0), of: "grant \(number)")
        let state = try GrantState(stored: row.int(3), of: "grant \(number)")
        let grant = Grant(
            id: number, source: source, priority: Int(row.int(1)),
            expires: row.optionalInt(2).map(Timestamp.init(milliseconds:)), remaining: row.int(4))
        return (grant, state)
    }

    private func grant(ofKey key: String, _ org: Org) throws(SQLiteError) -> GrantView? {
        let row = try kept.statement("SELECT id FROM credit_grant WHERE org = ? AND key = ?")
        row.bind(1, org.id)
        row.bind(2, key)
        defer { row.reset() }
        guard try row.step() else { return nil }
        return try view(ofGrant: row.int(0), org)
    }

    private func view(ofGrant number: Int64, _ org: Org) throws(SQLiteError) -> GrantView {
        let row = try kept.statement(
            """
            SELECT amount, remaining, state, source, priority, expires, reason, created, key, balance_after
            FROM credit_grant WHERE id = ?
            """)
        row.bind(1, number)
        defer { row.reset() }
        guard try row.step(), let key = row.text(8) else { throw SQLiteError.damaged("grant \(number) is missing") }
        let isFront = org.account.state.frontGrant == number
        return GrantView(
            grant: number, org: org.name, amount: Money(nanos: row.int(0)).description,
            remaining: Money(nanos: isFront ? org.account.state.frontRemaining : row.int(1)).description,
            state: try GrantState(stored: row.int(2), of: "grant \(number)").name,
            source: try GrantSource(stored: row.int(3), of: "grant \(number)").name, priority: Int(row.int(4)),
            expires: row.optionalInt(5).map { Timestamp(milliseconds: $0).description }, reason: row.text(6),
            created: Timestamp(milliseconds: row.int(7)).description, key: key,
            balanceAfter: Money(nanos: row.int(9)).description)
    }

    private static func isSame(_ view: GrantView, _ new: NewGrant) -> Bool {
        view.amount == new.amount.description && view.source == new.source.name && view.priority == new.priority
            && view.expires == new.expires?.description && view.reason == new.reason
    }
}
