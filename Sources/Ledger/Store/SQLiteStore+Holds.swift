import Metering

// Holds: two-phase transfers. Pending when granted; then posted with the record that settles them, voided by `release`,
// or expired at their ttl.
extension SQLiteStore {
    mutating func authorize(_ request: HoldRequest, now: Timestamp) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[request.org] else { return Self.unknownOrg(request.org) }
        try expireGrants(of: org, now)
        let hash = holdIndex.hash(org: org.id, id: request.id)
        if let number = try holdNumber(hash, org: org, id: request.id) {
            try expireIfDue(org.holds[request.id], of: org, now)
            return try duplicate(of: number, request)
        }
        let amount: Int64
        switch try worstCase(request, now: now) {
        case .failure(let refusal): return .refused(refusal)
        case .success(let priced): amount = priced
        }
        let member = org.member(request.user)
        if let refusal = refusal(of: amount, org, member) { return .refused(refusal) }
        return .hold(try hold(amount, hash, request, org, member, now: now))
    }

    mutating func release(org name: String, id: String, now: Timestamp) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        try expireGrants(of: org, now)
        try expireIfDue(org.holds[id], of: org, now)
        let open = org.holds[id]
        if let open { try close(open, of: org, as: .released, at: now) }
        guard let number = try holdNumber(holdIndex.hash(org: org.id, id: id), org: org, id: id) else {
            return .refused(Refusal(.unknownHold, "org '\(name)' never had a hold of that id"))
        }
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

    private mutating func expireIfDue(_ hold: Hold?, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        guard let hold, hold.expires <= now else { return }
        try close(hold, of: org, as: .expired, at: hold.expires)
    }

    private mutating func hold(
        _ amount: Int64, _ hash: UInt64, _ request: HoldRequest, _ org: Org, _ member: Member?, now: Timestamp
    ) throws(SQLiteError) -> HoldReply {
        let number = next.hold
        var transfer: Int64?
        if amount > 0 { transfer = try reserve(amount, of: org, code: .hold, reference: number, at: now) }
        let expires = now.advanced(bySeconds: request.ttlSeconds)
        let hold = Hold(
            number: number, id: request.id, user: request.user, amount: amount, expires: expires, transfer: transfer)
        let (balance, available) = (org.account.balance, org.account.available)
        let detail = HoldDetail(
            id: request.id, user: request.user, model: request.model, provider: request.provider,
            tier: Int64(request.tier.rawValue), usage: request.usageJSON)
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
        try insert.run()
        row.append(to: &chain.holds)
        holdIndex.insert(hash, number)
        next.hold += 1
        org.holds[hold.id] = hold
        expirations.add(hold, of: org)
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

    /// What the worst case of a request comes to.
    private func worstCase(
        _ request: HoldRequest, now: Timestamp
    ) throws(SQLiteError) -> Result<Int64, Refusal> {
        switch request.worst {
        case .amount(let amount): return .success(amount.nanos)
        case .usage(_, let reading):
            let model = request.model ?? ""
            let tier = reading.servedTier ?? request.tier
            let priced = try price(model: model, provider: request.provider, reading, tier: tier, at: now)
            switch priced?.pricing {
            case .priced(let price): return .success(price.cost.nanos)
            case .overflow: return .failure(Refusal(.malformed, "usage comes to more money than an amount can hold"))
            case .noRate, nil:
                let reason = try reasonWithoutPrice(
                    model: model, provider: request.provider, reading, tier: tier, at: now)
                return .failure(
                    Refusal(.unknownModel, "\(reason), so the worst case can't be priced; give 'amount'"))
            }
        }
    }

    /// Why a hold of that amount is not granted; nil where it is.
    private func refusal(of amount: Int64, _ org: Org, _ member: Member?) -> Refusal? {
        switch org.state {
        case .active: break
        case .closed: return Refusal(.orgSuspended, "org '\(org.name)' is closed: nothing more may be spent")
        case .suspended: return Self.suspended(org)
        }
        guard org.holds.count < LedgerLimits.holdsPerOrgMax else {
            return Refusal(
                .limitExceeded,
                "org '\(org.name)' has \(LedgerLimits.holdsPerOrgMax) open holds, the most there may be; settle or release some"
            )
        }
        func passes(_ limit: Money?, _ spent: Int64, _ held: Int64) -> Bool {
            guard let limit else { return false }
            return Int128(spent) + Int128(held) + Int128(amount) > Int128(limit.nanos)
        }
        func words(_ limit: Money?, _ spent: Int64, _ held: Int64) -> String {
            "USD \(limit ?? .zero) with the USD \(Money(nanos: amount)) asked for: \(Money(nanos: spent)) spent, \(Money(nanos: held)) held"
        }
        if let member {
            let held = member.state.held
            let (today, month) = (member.spend(inDay: window.day), member.spend(inMonth: window.month))
            if passes(member.dailyLimit, today, held) {
                return Refusal(
                    .memberLimit,
                    "member '\(member.user)' would pass the daily limit of \(words(member.dailyLimit, today, held))")
            }
            if passes(member.monthlyLimit, month, held) {
                return Refusal(
                    .memberLimit,
                    "member '\(member.user)' would pass the monthly limit of \(words(member.monthlyLimit, month, held))"
                )
            }
        }
        let (spent, pending) = (org.account.spend(in: window.month), org.account.state.pending)
        if passes(org.monthlyBudget, spent, pending) {
            return Refusal(
                .orgBudget,
                "org '\(org.name)' would pass its monthly budget of \(words(org.monthlyBudget, spent, pending))")
        }
        let available = org.account.available
        guard amount <= available.nanos else {
            return Refusal(
                .insufficientCredits,
                "org '\(org.name)' has USD \(available) available and the hold takes USD \(Money(nanos: amount)); buy credits"
            )
        }
        return nil
    }

    /// The first reply again and the hold's state now, where the same is asked; a conflict that names the member where not.
    private func duplicate(of number: Int64, _ request: HoldRequest) throws(SQLiteError) -> Outcome {
        let row = statements.selectHold
        row.bind(1, number)
        defer { row.reset() }
        guard try row.step(), let state = HoldState(rawValue: row.int(10)) else { throw Self.damagedHold(number) }
        let usage = row.text(4)
        var differing: String?
        switch request.worst {
        case .amount(let amount):
            if usage != nil || row.int(6) != amount.nanos { differing = "amount" }
        case .usage(let json, _):
            if usage.map({ UsageRecord.sameJSON($0, json) }) != true { differing = "usage" }
        }
        if row.int(5) != request.ttlSeconds { differing = "ttl" }
        if row.int(3) != Int64(request.tier.rawValue) { differing = "tier" }
        if row.text(2) != request.provider { differing = "provider" }
        if row.text(1) != request.model { differing = "model" }
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

    private func holdNumber(_ hash: UInt64, org: Org, id: String) throws(SQLiteError) -> Int64? {
        let select = statements.selectHoldKey
        return try holdIndex.sequence(hash) { candidate throws(SQLiteError) in
            select.bind(1, candidate)
            select.bind(2, org.id)
            select.bind(3, id)
            defer { select.reset() }
            return try select.step()
        }
    }

    private static func damagedHold(_ number: Int64) -> SQLiteError {
        SQLiteError.damaged("the row of hold \(number) is damaged")
    }
}
