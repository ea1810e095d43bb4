import Metering

// A usage record's way through the writer: seen before? → in time? → price → debit → row.
extension SQLiteStore {
    mutating func charge(_ record: UsageRecord, received: Timestamp, now: Timestamp) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[record.org] else { return Self.unknownOrg(record.org) }
        let hash = index.hash(org: org.id, id: record.id)
        if let sequence = try sequence(hash, org: org, id: record.id) {
            return try duplicate(of: sequence, record)
        }
        let at = record.at ?? received
        if let refusal = Self.checkTime(at, received: received) { return .refused(refusal) }

        let (entry, pricing) = price(record, at: at)
        var cost = Money.zero
        var lines: [LineItem] = []
        var fellBack = false
        var status = ChargeStatus.unpriced
        switch pricing {
        case .priced(let price):
            cost = price.cost
            lines = price.lines
            fellBack = price.tierFellBack
            status = .charged
        case .noRate, nil:
            break
        case .overflow:
            return .refused(Refusal(.malformed, "usage comes to more money than an amount can hold"))
        }
        if cost > .zero {
            guard
                try transfer(
                    cost, debit: org.account, credit: accounts.usage, org: org.account, code: .charge,
                    reference: next.usage, now: now)
            else { return .refused(Refusal(.malformed, "usage comes to more money than an account can hold")) }
        }
        let balance = org.account.balance
        if status == .charged, balance < .zero { status = .overdrawn }

        let insert = statements.insertUsage
        insert.bind(1, next.usage)
        insert.bind(2, org.account.state.lastUsage)
        insert.bind(3, org.id)
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
        insert.bind(16, fellBack ? 1 : 0)
        insert.bind(17, status.rawValue)
        insert.bind(18, cost.nanos)
        insert.bind(19, status == .unpriced ? nil : entry?.id)
        insert.bind(20, blob: LineItemCodec.encode(lines))
        insert.bind(21, balance.nanos)
        insert.bind(22, balance.nanos - org.available.nanos)
        try insert.run()
        accounts.touch(org.account)
        org.account.state.lastUsage = next.usage
        index.insert(hash, next.usage)
        next.usage += 1
        return .usage(
            ChargeReply(
                status: status, cost: cost, balance: balance, available: org.available,
                namesUnknownHold: record.hold != nil, isDuplicate: false))
    }

    func find(org name: String, id: String) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        guard let found = try sequence(index.hash(org: org.id, id: id), org: org, id: id) else {
            return .refused(Refusal(.notFound, "org '\(name)' has no usage record of that id"))
        }
        return .found(sequence: found)
    }

    private func sequence(_ hash: UInt64, org: Org, id: String) throws(SQLiteError) -> Int64? {
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
            let status = ChargeStatus(rawValue: row.int(9))
        else {
            throw SQLiteError(code: 11, extendedCode: 11, message: "the row of usage record \(sequence) is damaged")
        }
        let first = UsageRecord(
            id: record.id, org: record.org, user: row.text(0), model: model, provider: row.text(2),
            at: row.int(4) == 0 ? nil : Timestamp(milliseconds: row.int(3)),
            tier: ServiceTier(rawValue: UInt8(truncatingIfNeeded: row.int(5))) ?? .standard, hold: row.text(6),
            usage: usage, tags: row.text(8), reading: record.reading)
        if let member = first.firstDifference(from: record) {
            return .refused(
                Refusal(.idConflict, "id '\(record.id)' was already used for a different record: \(member) differs"))
        }
        let balance = row.int(11)
        return .usage(
            ChargeReply(
                status: status, cost: Money(nanos: row.int(10)), balance: Money(nanos: balance),
                available: Money(nanos: balance - row.int(12)), namesUnknownHold: record.hold != nil, isDuplicate: true)
        )
    }

    private func price(_ record: UsageRecord, at: Timestamp) -> (RateBook.Entry?, Pricing?) {
        guard let entry = bookInBatch.entry(at: at),
            let rate = entry.card.rate(model: record.model, provider: record.provider)
        else { return (nil, nil) }
        return (entry, rate.price(record.reading.buckets, tier: record.billedTier))
    }

    private static func checkTime(_ at: Timestamp, received: Timestamp) -> Refusal? {
        if at > received.advanced(bySeconds: TimeWindow.aheadSecondsMax) {
            return Refusal(.timeOutOfRange, "at is more than 15 minutes ahead of the daemon's clock (\(received))")
        }
        if at < received.advanced(bySeconds: -TimeWindow.backSecondsMax) {
            return Refusal(.timeOutOfRange, "at is more than 45 days before the daemon's clock (\(received))")
        }
        return nil
    }
}
