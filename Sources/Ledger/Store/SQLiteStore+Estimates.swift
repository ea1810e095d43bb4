import Metering

/// The usage record that charges what a hold had reserved when it expired unsettled.
public enum Estimate {
    /// What such a record's id begins with. A client's id is printable ASCII, so that none can be the same.
    public static let idPrefix = "\u{2248}hold:"

    /// The id of the record that charges what a hold had reserved.
    public static func id(ofHold id: String) -> String { idPrefix + id }

    /// The model of an estimate whose hold names none.
    public static let unknownModel = "unspecified"
}

// Holds that expire unsettled: usage that got lost. An org's policy may have what they had reserved charged. Usage that names such
// a hold later replaces that, and a release voids it, so that nothing is paid for twice.
extension SQLiteStore {
    /// Expires an open hold at its time, tells of it, and charges what it had reserved if the org's policy says so.
    mutating func expire(_ hold: Hold, of org: Org, now: Timestamp) throws(SQLiteError) {
        try close(hold, of: org, as: .expired, at: hold.expires)
        let row = statements.selectHold
        row.bind(1, hold.number)
        defer { row.reset() }
        guard try row.step() else { throw Self.damagedHold(hold.number) }
        let kept = KeptHold(
            model: row.text(1), provider: row.text(2),
            tier: try ServiceTier(stored: row.int(3), of: "hold \(hold.number)"), usage: row.text(4))
        row.reset()
        var data = ["hold": hold.id, "amount": Money(nanos: hold.amount).description]
        data["user"] = hold.user
        data["model"] = kept.model
        data["provider"] = kept.provider
        if org.policy.chargesExpiredHolds, try charge(hold, kept, of: org, now: now) {
            data["record"] = Estimate.id(ofHold: hold.id)
        }
        try raise(.holdExpired, org.name, at: hold.expires, data)
    }

    /// What an estimate takes from its hold's row.
    private struct KeptHold {
        let model, provider: String?
        let tier: ServiceTier
        let usage: String?

        /// The usage object read; nothing if there is none. No price depends on it.
        var reading: UsageReading {
            let read = usage.flatMap { try? UsageReading(json: $0, provider: provider, model: model ?? "") }
            return read ?? UsageReading()
        }
    }

    /// Charges what a hold had reserved; false if there is nothing to charge, or more than one record may cost.
    ///
    /// It is a usage record like any other, of the hold's user and model, with one line: what was reserved, for the request. It ended
    /// when the hold expired, as far back as a record may; limits, budgets and grants are those of the commit. A closed or suspended
    /// org is charged as well, as it is for usage that still arrives.
    private mutating func charge(
        _ hold: Hold, _ kept: KeptHold, of org: Org, now: Timestamp
    ) throws(SQLiteError) -> Bool {
        guard hold.amount > 0, hold.amount <= LedgerLimits.recordCostMax.nanos,
            org.account.canDebit(hold.amount),
            let rate = UnitPrice(attos: Int128(hold.amount) * 1_000_000_000),
            let price = Price(
                lines: [LineItem(unit: .request, quantity: 1, rate: rate)], tier: kept.tier, tierFellBack: false)
        else { return false }
        let record = UsageRecord(
            id: Estimate.id(ofHold: hold.id), org: org.name, user: hold.user,
            model: kept.model ?? Estimate.unknownModel, provider: kept.provider,
            at: max(hold.expires, now.advanced(bySeconds: -TimeWindow.backSecondsMax)), tier: kept.tier, hold: hold.id,
            usage: kept.usage ?? "{}", reading: kept.reading)
        let charge = preparer.charge(
            record, price, card: nil, version: bookInBatch.version, received: now, peer: nil)
        try expireGrants(of: org, now)
        let transfer = try post(
            hold.amount, debit: org.account, credit: accounts.usage, of: org, code: .charge, reference: next.usage,
            at: now)
        accounts.spend(hold.amount, org, org.known(hold.user), window)
        let balance = org.account.balance
        let row = UsageRow(
            sequence: next.usage, previous: org.account.state.lastUsage, org: org.id,
            status: ChargeStatus.estimated.rawValue, cost: hold.amount, card: nil, balance: balance.nanos,
            held: balance.nanos - org.account.available.nanos, holdNumber: hold.number,
            holdState: HoldState.expired.rawValue, transfer: transfer, digest: charge.digest)
        try insert(row, record, at: record.at ?? now, received: now, nil, charge)
        org.account.state.lastUsage = next.usage
        index.insert(index.hash(org: org.id, id: record.id), next.usage)
        let update = try self.kept.statement("UPDATE hold SET estimated_by = ? WHERE number = ?")
        update.bind(1, next.usage)
        update.bind(2, hold.number)
        try update.run()
        next.usage += 1
        return true
    }

    /// Takes back what a hold's estimate charged, if a record names a hold that expired and was charged. The record itself is
    /// charged in full after it.
    mutating func replaceEstimate(
        of named: NamedHold, by record: UsageRecord, of org: Org, now: Timestamp
    ) throws(SQLiteError) -> Refusal? {
        guard case .closed(let number, .expired) = named else { return nil }
        return try takeBackEstimate(
            ofHold: number, as: .replaced, because: "usage record '\(record.id)' names its hold", of: org, now: now)
    }

    /// Takes back what a hold's estimate charged, since the hold is released: the request was never made.
    mutating func voidEstimate(ofHold number: Int64, of org: Org, now: Timestamp) throws(SQLiteError) -> Refusal? {
        try takeBackEstimate(ofHold: number, as: .voided, because: "its hold was released", of: org, now: now)
    }

    private mutating func takeBackEstimate(
        ofHold number: Int64, as kind: CorrectionKind, because reason: String, of org: Org, now: Timestamp
    ) throws(SQLiteError) -> Refusal? {
        let row = statements.selectHold
        row.bind(1, number)
        defer { row.reset() }
        guard try row.step() else { throw Self.damagedHold(number) }
        guard let sequence = row.optionalInt(12) else { return nil }
        row.reset()
        let charge = try currentCharge(of: sequence)
        guard !charge.isVoided else { return nil }
        let change = Change(
            kind: kind, reason: reason, actor: nil, raw: nil, priced: PricedCharge(price: Price.nothing, card: nil))
        switch try post(change, to: charge, of: org, now: now) {
        case .success: return nil
        case .failure(let refusal): return refusal
        }
    }
}
