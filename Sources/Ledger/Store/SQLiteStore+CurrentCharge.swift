import Metering

// What a record costs now, corrections included.
extension SQLiteStore {
    /// A record as it is charged at present.
    struct CurrentCharge {
        let sequence: Int64
        let org, id, model: String
        let user, provider, sender: String?
        let at, received: Timestamp
        let tier: ServiceTier
        /// The usage object that it is priced by.
        let usage: String
        let isVoided: Bool
        let isUnpriced: Bool
        /// Whether it is charged what a hold had reserved, which no card says anything of.
        let isEstimated: Bool
        let cost: Money
        let card: Int64?
        /// What its newest price is made of.
        let kept: KeptPrice
        /// What the record's own `cost` says.
        let reported: ReportedCost?
        /// The transfers that charged it, oldest first.
        let transfers: [Int64]
        let correction: Int64
    }

    func currentCharge(of sequence: Int64) throws(SQLiteError) -> CurrentCharge {
        let row = try kept.statement(
            """
            SELECT org.name, usage.id, user, model, provider, at, received, tier, usage, status, cost, card, transfer,
                correction, lines, peer.sender
            FROM usage JOIN org ON org.id = usage.org LEFT JOIN peer ON peer.id = usage.peer WHERE sequence = ?
            """)
        row.bind(1, sequence)
        defer { row.reset() }
        guard try row.step(), let org = row.text(0), let id = row.text(1), let model = row.text(3),
            let reported = row.text(8), let first = PriceCodec.decode(row.blob(14))
        else { throw SQLiteError.damaged("usage record \(sequence) is damaged") }
        var transfers: [Int64] = []
        var usage: String?
        var newest: (kind: CorrectionKind, cost: Int64, card: Int64?, kept: KeptPrice)?
        let corrections = try kept.statement(
            "SELECT previous, kind, raw, cost, card, transfer, lines FROM correction WHERE number = ?")
        var number = row.int(13)
        while number > 0 {
            corrections.bind(1, number)
            guard try corrections.step() else { throw SQLiteError.damaged("correction \(number) is missing") }
            if newest == nil {
                guard let kept = PriceCodec.decode(corrections.blob(6)) else {
                    throw SQLiteError.damaged("correction \(number) is damaged")
                }
                newest = (
                    try CorrectionKind(stored: corrections.int(1), of: "correction \(number)"), corrections.int(3),
                    corrections.optionalInt(4), kept
                )
            }
            if usage == nil { usage = corrections.text(2) }
            if let transfer = corrections.optionalInt(5) { transfers.append(transfer) }
            number = corrections.int(0)
            corrections.reset()
        }
        if let transfer = row.optionalInt(12) { transfers.append(transfer) }
        return CurrentCharge(
            sequence: sequence, org: org, id: id, model: model, user: row.text(2), provider: row.text(4),
            sender: row.text(15),
            at: Timestamp(milliseconds: row.int(5)), received: Timestamp(milliseconds: row.int(6)),
            tier: try ServiceTier(stored: row.int(7), of: "usage record \(sequence)"),
            usage: usage ?? reported, isVoided: newest?.kind.isVoid ?? false,
            isUnpriced: newest == nil && row.int(9) == ChargeStatus.unpriced.rawValue,
            isEstimated: newest == nil && row.int(9) == ChargeStatus.estimated.rawValue,
            cost: Money(nanos: newest?.cost ?? row.int(10)), card: newest == nil ? row.optionalInt(11) : newest?.card,
            kept: newest?.kept ?? first, reported: first.reported.flatMap { $0.source == .record ? $0 : nil },
            transfers: transfers.reversed(), correction: row.int(13))
    }
}
