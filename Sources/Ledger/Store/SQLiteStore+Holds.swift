import Metering

// Holds: two-phase transfers. Pending when granted; then posted with the record that settles them, voided by `release`,
// or expired at their ttl.
extension SQLiteStore {
    mutating func release(org name: String, id: String, now: Timestamp) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        try expireGrants(of: org, now)
        try expireIfDue(org.holds[id], of: org, now)
        let open = org.holds[id]
        if let open { try close(open, of: org, as: .released, at: now) }
        guard let number = try holdNumber(holdIndex.hash(org: org.id, id: id), org: org, id: id) else {
            return .refused(Refusal(.unknownHold, "org '\(name)' never had a hold of that id"))
        }
        if open == nil, let refusal = try voidEstimate(ofHold: number, of: org, now: now) { return .refused(refusal) }
        let row = statements.selectHold
        row.bind(1, number)
        defer { row.reset() }
        guard try row.step(), let state = HoldState(rawValue: row.int(10)) else { throw Self.damagedHold(number) }
        return .hold(
            HoldReply(
                status: .closed(state), held: Money(nanos: row.int(6)), balance: org.account.balance,
                available: org.account.available, expires: Timestamp(milliseconds: row.int(9)),
                state: open == nil ? state : nil, isDuplicate: false))
    }

    /// Closes an open hold. Where its reservation is not freed by the charge that settles it, it is freed here, by the
    /// transfer that is returned.
    @discardableResult
    mutating func close(
        _ hold: Hold, of org: Org, as state: HoldState, at: Timestamp, settledBy sequence: Int64? = nil,
        isFreed: Bool = false
    ) throws(SQLiteError) -> Int64? {
        var transfer: Int64?
        if hold.amount > 0, !isFreed {
            let code: TransferCode =
                switch state {
                case .settled: .holdSettled
                case .expired: .holdExpired
                case .released, .open, .unknown: .holdReleased
                }
            transfer = try reserve(hold.amount, of: org, code: code, reference: hold.number, at: at, closing: hold)
        }
        let update = statements.closeHold
        update.bind(1, state.rawValue)
        update.bind(2, at.milliseconds)
        update.bind(3, sequence)
        update.bind(4, hold.number)
        try update.run()
        hold.isOpen = false
        org.holds[hold.id] = nil
        if hold.exposure > 0 {
            accounts.touch(org.account)
            org.account.state.exposure -= hold.exposure
        }
        expirations.didClose()
        accounts.onRollBack {
            hold.isOpen = true
            org.holds[hold.id] = hold
        }
        if let user = hold.user, let member = org.members[user] {
            accounts.touch(member)
            member.state.held -= hold.amount
        }
        return transfer
    }

    /// The hold that a record names, as the record finds it.
    enum NamedHold {
        case none
        case open(Hold)
        case closed(number: Int64, HoldState)
        case unknown
    }

    mutating func namedHold(_ id: String?, of org: Org, now: Timestamp) throws(SQLiteError) -> NamedHold {
        guard let id else { return .none }
        if let hold = org.holds[id], hold.expires > now { return .open(hold) }
        try expireIfDue(org.holds[id], of: org, now)
        guard let number = try holdNumber(holdIndex.hash(org: org.id, id: id), org: org, id: id) else {
            return .unknown
        }
        let row = statements.selectHold
        row.bind(1, number)
        defer { row.reset() }
        guard try row.step(), let state = HoldState(rawValue: row.int(10)) else { throw Self.damagedHold(number) }
        return .closed(number: number, state)
    }

    /// What a hold reserved, whatever became of it.
    func amount(ofHold number: Int64) throws(SQLiteError) -> Int64 {
        let row = statements.selectHold
        row.bind(1, number)
        defer { row.reset() }
        guard try row.step() else { throw Self.damagedHold(number) }
        return row.int(6)
    }

    mutating func expireIfDue(_ hold: Hold?, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        guard let hold, hold.expires <= now, !isTimeInDoubt else { return }
        try expire(hold, of: org, now: now)
    }

    mutating func hold(
        _ reservation: Reservation, _ hash: UInt64, _ request: HoldRequest, _ org: Org, _ member: Member?,
        now: Timestamp
    ) throws(SQLiteError) -> HoldReply {
        let number = next.hold
        let amount = reservation.amount
        var transfer: Int64?
        if amount > 0 { transfer = try reserve(amount, of: org, code: .hold, reference: number, at: now) }
        let expires = now.advanced(bySeconds: request.ttlSeconds)
        let hold = Hold(
            number: number, id: request.id, user: request.user, amount: amount, exposure: reservation.exposure,
            expires: expires, transfer: transfer)
        let (balance, available) = (org.account.balance, org.account.available)
        let terms = HoldTerms(request)
        let detail = HoldDetail(
            id: request.id, user: request.user, model: reservation.model, provider: reservation.provider,
            tier: Int64(request.tier.rawValue), usage: request.usageJSON,
            terms: terms.isImplied(usage: request.usageJSON) ? nil : try terms.encoded(),
            worst: reservation.exposure > 0 ? reservation.worst : nil)
        let row = HoldRow(
            number: number, org: org.id, ttl: request.ttlSeconds, amount: amount, balance: balance.nanos,
            available: available.nanos, created: now.milliseconds, expires: expires.milliseconds, transfer: transfer,
            digest: chain.digest { detail.append(to: &$0) })
        let insert = statements.insertHold
        insert.bind(1, row.number)
        insert.bind(2, row.org)
        insert.bind(3, detail.id)
        insert.bind(4, detail.user)
        insert.bind(5, detail.model)
        insert.bind(6, detail.provider)
        insert.bind(7, detail.tier)
        insert.bind(8, detail.usage)
        insert.bind(9, row.ttl)
        insert.bind(10, row.amount)
        insert.bind(11, row.balance)
        insert.bind(12, row.available)
        insert.bind(13, row.created)
        insert.bind(14, row.expires)
        insert.bind(15, row.transfer)
        insert.bind(16, blob: row.digest)
        insert.bind(17, detail.terms)
        insert.bind(18, detail.worst)
        try insert.run()
        row.append(to: &chain.holds)
        holdIndex.insert(hash, number)
        next.hold += 1
        org.holds[hold.id] = hold
        expirations.add(hold, of: org)
        if hold.exposure > 0 {
            accounts.touch(org.account)
            org.account.state.exposure += hold.exposure
        }
        accounts.onRollBack {
            hold.isOpen = false
            org.holds[hold.id] = nil
        }
        if let member = member ?? request.user.flatMap({ org.members[$0] }) {
            accounts.touch(member)
            member.state.held += amount
        }
        return HoldReply(
            status: .held, held: Money(nanos: amount), balance: balance, available: available, expires: expires,
            state: nil, isDuplicate: false)
    }

    /// The first reply again and the hold's state now, where the same is asked; a conflict that names the member where not.
    func duplicate(of number: Int64, _ request: HoldRequest) throws(SQLiteError) -> Outcome {
        let row = statements.selectHold
        row.bind(1, number)
        defer { row.reset() }
        guard try row.step(), let state = HoldState(rawValue: row.int(10)) else { throw Self.damagedHold(number) }
        let usage = row.text(4)
        let terms = try HoldTerms(kept: row.text(11), amount: row.int(6), usage: usage, number: number)
        var differing: String?
        switch (usage, request.usageJSON) {
        case (nil, nil): break
        case (let kept?, let asked?): if !UsageRecord.sameJSON(kept, asked) { differing = "usage" }
        case (nil, _?), (_?, nil): differing = "usage"
        }
        differing = terms.firstDifference(from: HoldTerms(request)) ?? differing
        if row.int(5) != request.ttlSeconds { differing = "ttl" }
        if row.int(3) != Int64(request.tier.rawValue) { differing = "tier" }
        // Of several models the row names the dearest.
        if terms.models == nil, request.candidates == nil {
            if row.text(2) != request.provider { differing = "provider" }
            if row.text(1) != request.model { differing = "model" }
        }
        if row.text(0) != request.user { differing = "user" }
        if let differing {
            return .refused(
                Refusal(.idConflict, "id '\(request.id)' was already used for a different hold: \(differing) differs"))
        }
        return .hold(
            HoldReply(
                status: .held, held: Money(nanos: row.int(6)), balance: Money(nanos: row.int(7)),
                available: Money(nanos: row.int(8)), expires: Timestamp(milliseconds: row.int(9)), state: state,
                isDuplicate: true))
    }

    func holdNumber(_ hash: UInt64, org: Org, id: String) throws(SQLiteError) -> Int64? {
        let select = statements.selectHoldKey
        return try holdIndex.sequence(hash) { candidate throws(SQLiteError) in
            select.bind(1, candidate)
            select.bind(2, org.id)
            select.bind(3, id)
            defer { select.reset() }
            return try select.step()
        }
    }

    static func damagedHold(_ number: Int64) -> SQLiteError {
        SQLiteError.damaged("the row of hold \(number) is damaged")
    }
}
