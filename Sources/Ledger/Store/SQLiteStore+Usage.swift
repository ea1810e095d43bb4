import Metering

/// What a usage record is looked up by.
struct RequestKey {
    /// Its org.
    let org: Org
    /// The hash of the org's number and the record's id.
    let hash: UInt64
}

// A usage record's way through the writer: seen before? → in time? → price → debit → row.
extension SQLiteStore {
    /// Charges a record.
    ///
    /// - Parameter first: when the daemon read it first, if it was kept in quarantine: that stands for a missing `at` and dates
    ///   the time window. Nil for the moment of its receipt.
    mutating func charge(
        _ record: UsageRecord, _ key: RequestKey?, received: Timestamp, first: Timestamp? = nil, _ peer: Peer?,
        _ prepared: PreparedCharge?, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        guard let org = key?.org ?? accounts.orgs[record.org] else { return Self.unknownOrg(record.org) }
        let hash = key?.hash ?? index.hash(org: org.id, id: record.id)
        if let sequence = try sequence(hash, org: org, id: record.id) {
            return try duplicate(of: sequence, record)
        }
        let at = record.at ?? first ?? received
        if let refusal = checkTime(at, received: first ?? received) { return .refused(refusal) }

        var charge = prepared.flatMap { $0.version == bookInBatch.version ? $0 : nil }
        if charge == nil {
            let priced = try price(record, from: peer?.sender, at: at)
            switch priced?.pricing {
            case .priced(let price):
                guard price.cost <= LedgerLimits.recordCostMax else { return .refused(Self.tooMuch) }
                charge = preparer.charge(
                    record, price, card: priced?.entry?.id, version: bookInBatch.version, received: received,
                    at: at, peer: peer)
            case .noRate, nil: break
            case .overflow: return .refused(Self.tooMuch)
            }
        }
        let cost = charge?.cost ?? .zero
        var status = charge == nil ? ChargeStatus.unpriced : .charged
        try expireGrants(of: org, now)
        // A hold that is due expires here, and may be charged its estimate.
        let named = try namedHold(record.hold, of: org, now: now)
        guard org.account.canDebit(cost.nanos) else {
            return .refused(Refusal(.malformed, "usage comes to more money than an account can hold"))
        }
        if let refusal = try replaceEstimate(of: named, by: record, of: org, now: now) { return .refused(refusal) }
        if org.policy.allowedModels != nil { try tellOfForbidden(record, org, now) }
        var settled: Hold?
        if case .open(let hold) = named { settled = hold }
        var transfer: Int64?
        // What a removed member spends is counted on, so that it stands when they are a member again.
        let member = org.known(record.user)
        if cost > .zero {
            transfer = try post(
                cost.nanos, debit: org.account, credit: accounts.usage, of: org, code: .charge, reference: next.usage,
                at: now, closing: settled)
            accounts.spend(cost.nanos, org, member, window)
        }
        if let member {
            accounts.touch(member)
            member.state.lastUsed = max(member.state.lastUsed, now.milliseconds)
        }
        if let settled {
            let freed = try close(
                settled, of: org, as: .settled, at: now, settledBy: next.usage, isFreed: transfer != nil)
            transfer = transfer ?? freed
        }
        try noteFindings(of: record, charge?.price, at: now)
        let balance = org.account.balance
        if status == .charged, balance < .zero { status = .overdrawn }

        let (holdNumber, holdState) = Self.columns(named)
        let row = UsageRow(
            sequence: next.usage, previous: org.account.state.lastUsage, org: org.id, status: status.rawValue,
            cost: cost.nanos, card: charge?.card, balance: balance.nanos,
            held: balance.nanos - org.account.available.nanos, holdNumber: holdNumber, holdState: holdState?.rawValue,
            transfer: transfer,
            digest: charge?.digest
                ?? preparer.digest(
                    of: record, received: received, at: at, peer: peer, tierFellBack: false,
                    lines: PriceCodec.encode(unpricedWith: record.cost))
        )
        try insert(row, record, at: at, received: received, peer, charge)
        accounts.touch(org.account)
        org.account.state.lastUsage = next.usage
        if status == .unpriced { org.account.state.unpriced += 1 }
        index.insert(hash, next.usage)
        next.usage += 1
        let overrun = settled.flatMap { cost.nanos > $0.amount ? Money(nanos: cost.nanos - $0.amount) : nil }
        return .usage(
            ChargeReply(
                status: status, cost: cost, balance: balance, available: org.account.available, holdState: holdState,
                overrun: overrun, unpricedUnits: charge?.price.unpriced.map(\.name) ?? [], isDuplicate: false))
    }

    private static let tooMuch = Refusal(
        .malformed, "usage comes to more than USD \(LedgerLimits.recordCostMax), the most that one record may cost")

    /// What is kept with a record of the hold it names: its number, and its state where it was not open.
    private static func columns(_ named: NamedHold) -> (number: Int64?, state: HoldState?) {
        switch named {
        case .none: (nil, nil)
        case .open(let hold): (hold.number, nil)
        case .closed(let number, let state): (number, state)
        case .unknown: (nil, .unknown)
        }
    }

    mutating func insert(
        _ row: UsageRow, _ record: UsageRecord, at: Timestamp, received: Timestamp, _ peer: Peer?,
        _ charge: PreparedCharge?
    ) throws(SQLiteError) {
        let insert = statements.insertUsage
        insert.bind(1, row.sequence)
        insert.bind(2, row.previous)
        insert.bind(3, row.org)
        insert.bind(4, record.id)
        insert.bind(5, record.user)
        insert.bind(6, record.model)
        insert.bind(7, record.provider)
        insert.bind(8, at.milliseconds)
        insert.bind(9, record.at == nil ? 0 : 1)
        insert.bind(10, received.milliseconds)
        insert.bind(11, Int64(record.tier.rawValue))
        insert.bind(12, record.hold)
        insert.bind(13, record.usage)
        insert.bind(14, record.tags)
        insert.bind(15, Int64(record.billedTier.rawValue))
        insert.bind(16, charge?.tierFellBack == true ? 1 : 0)
        insert.bind(17, row.status)
        insert.bind(18, row.cost)
        insert.bind(19, row.card)
        insert.bind(20, blob: charge?.lines ?? PriceCodec.encode(unpricedWith: record.cost))
        insert.bind(21, row.balance)
        insert.bind(22, row.held)
        insert.bind(23, row.holdNumber)
        insert.bind(24, row.holdState)
        insert.bind(25, row.transfer)
        insert.bind(26, blob: row.digest)
        insert.bind(27, try peer.map { peer throws(SQLiteError) in try number(of: peer) })
        insert.bind(28, charge?.price.unpriced.isEmpty == false ? 1 : 0)
        try insert.run()
        row.append(to: &chain.usage)
    }

    func find(org name: String, id: String) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        guard let found = try sequence(index.hash(org: org.id, id: id), org: org, id: id) else {
            return .refused(.noRecord(id, org: name))
        }
        return .found(sequence: found)
    }

    /// What usage records are looked up by; nil for what is no usage record or whose org is not known yet.
    static func keys(
        of mutations: ArraySlice<Mutation>, _ orgs: [String: Org], _ index: RequestIndex
    ) -> [RequestKey?] {
        mutations.map { mutation in
            guard case .usage(let record, _, _, _, _) = mutation, let org = orgs[record.org] else { return nil }
            return RequestKey(org: org, hash: index.hash(org: org.id, id: record.id))
        }
    }

    func sequence(_ hash: UInt64, org: Org, id: String) throws(SQLiteError) -> Int64? {
        let select = statements.selectUsageKey
        return try index.sequence(hash) { candidate throws(SQLiteError) in
            select.bind(1, candidate)
            select.bind(2, org.id)
            select.bind(3, id)
            defer { select.reset() }
            return try select.step()
        }
    }

    /// The first reply again where the record is the same, a conflict that names the member where it is not.
    private func duplicate(of sequence: Int64, _ record: UsageRecord) throws(SQLiteError) -> Outcome {
        let row = statements.selectUsage
        row.bind(1, sequence)
        defer { row.reset() }
        guard try row.step(), let model = row.text(1), let usage = row.text(7),
            let status = ChargeStatus(rawValue: row.int(9)), let kept = PriceCodec.decode(row.blob(15))
        else {
            throw SQLiteError.damaged("the row of usage record \(sequence) is damaged")
        }
        let first = UsageRecord(
            id: record.id, org: record.org, user: row.text(0), model: model, provider: row.text(2),
            at: row.int(4) == 0 ? nil : Timestamp(milliseconds: row.int(3)),
            tier: try ServiceTier(stored: row.int(5), of: "usage record \(sequence)"), hold: row.text(6),
            usage: usage, tags: row.text(8), cost: kept.reported.flatMap { $0.source == .record ? $0 : nil },
            reading: record.reading)
        if let member = first.firstDifference(from: record) {
            return .refused(
                Refusal(.idConflict, "id '\(record.id)' was already used for a different record: \(member) differs"))
        }
        let (cost, balance) = (row.int(10), row.int(11))
        let holdState = try HoldState(stored: row.optionalInt(14), of: "usage record \(sequence)")
        var overrun: Money?
        if holdState == nil, let number = row.optionalInt(13) {
            let held = try amount(ofHold: number)
            if cost > held { overrun = Money(nanos: cost - held) }
        }
        return .usage(
            ChargeReply(
                status: status, cost: Money(nanos: cost), balance: Money(nanos: balance),
                available: Money(nanos: balance - row.int(12)), holdState: holdState, overrun: overrun,
                unpricedUnits: kept.unpriced.map(\.name), isDuplicate: true))
    }

    private func checkTime(_ at: Timestamp, received: Timestamp) -> Refusal? {
        guard let refusal = Self.outOfRange(at, received), isTimeInDoubt else { return Self.outOfRange(at, received) }
        // It may be the daemon's clock that is wrong.
        return Refusal(.clockUnconfirmed, refusal.message + ", which nobody has confirmed yet")
    }

    private static func outOfRange(_ at: Timestamp, _ received: Timestamp) -> Refusal? {
        if at > received.advanced(bySeconds: TimeWindow.aheadSecondsMax) {
            return Refusal(.timeOutOfRange, "at is more than 15 minutes ahead of the daemon's clock (\(received))")
        }
        if at < received.advanced(bySeconds: -TimeWindow.backSecondsMax) {
            return Refusal(.timeOutOfRange, "at is more than 45 days before the daemon's clock (\(received))")
        }
        return nil
    }
}
