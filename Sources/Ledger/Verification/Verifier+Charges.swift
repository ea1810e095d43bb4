import Metering

extension Verifier {
    /// Compares each usage record's cost with its line items and with the transfer that charged it, and each correction
    /// with the transfer that moved its difference.
    mutating func compareCharges() throws(SQLiteError) {
        let transfers = try connection.prepare(
            "SELECT code, reference, amount, debit_account, credit_account FROM transfer WHERE id = ?")
        let newest = try compareCorrections(transfers)
        let rows = try connection.prepare(
            """
            SELECT sequence, org, previous, cost, lines, transfer, correction, usage = '', status, hold_number, hold_state,
                missing
            FROM usage ORDER BY sequence
            """)
        let holds = try connection.prepare("SELECT settled_by FROM hold WHERE number = ?")
        var settled: Int64 = 0
        var chains: [Int64: Int64] = [:]
        var charged: Int64 = 0
        while try rows.step() {
            let (sequence, org, cost) = (rows.int(0), rows.int(1), rows.int(3))
            report.records += 1
            if sequence != report.records {
                report.add("usage record \(sequence) stands where \(report.records) is due: one is missing")
                report.records = sequence
            }
            if chains.updateValue(sequence, forKey: org) ?? 0 != rows.int(2) {
                report.add("usage record \(sequence): it does not name its org's record before it")
            }
            if newest[sequence]?.number ?? 0 != rows.int(6) {
                report.add("usage record \(sequence): its newest correction is not the one it names")
            }
            let isErased = rows.int(7) == 1
            if isErased {
                report.erased += 1
                if sequence > erasedThrough[org] ?? 0 {
                    report.add("usage record \(sequence): its detail is gone, and no erasure says so")
                }
            } else if Self.cost(rows.blob(4)) != cost {
                report.add("usage record \(sequence): its line items are not its cost of \(cost) nano-dollars")
            }
            let isMissing = !isErased && (newest[sequence]?.isMissing ?? Self.isMissing(rows.blob(4)))
            if rows.int(11) != (isMissing ? 1 : 0) {
                report.add("usage record \(sequence): it doesn't say rightly whether something of it has no price")
            }
            if rows.int(8) == ChargeStatus.unpriced.rawValue, cost != 0 {
                report.add("usage record \(sequence): it is unpriced and was charged")
            }
            if cost > 0 { charged += 1 }
            if let hold = rows.optionalInt(9), rows.isNull(10) {
                settled += 1
                holds.bind(1, hold)
                if try !holds.step() || holds.optionalInt(0) != sequence {
                    report.add("usage record \(sequence): the hold \(hold) that it settled does not say so")
                }
                holds.reset()
            }
            guard let transfer = rows.optionalInt(5) else {
                if cost != 0 { report.add("usage record \(sequence): no transfer charged it") }
                continue
            }
            transfers.bind(1, transfer)
            let isThere = try transfers.step()
            let code = TransferCode(rawValue: transfers.int(0))
            let isOwn = isThere && transfers.int(3) == creditsOfOrg[org]
            let isCharge = code == .charge && transfers.int(1) == sequence && transfers.int(2) == cost
            if !isOwn || !(cost > 0 ? isCharge : code == .holdSettled) {
                report.add("usage record \(sequence): its transfer has another amount or org")
            }
            transfers.reset()
        }
        let settledHolds = try connection.prepare("SELECT count(*) FROM hold WHERE settled_by IS NOT NULL")
        if try settledHolds.step(), settledHolds.int(0) != settled {
            report.add("\(settledHolds.int(0)) holds name a record that settled them, and \(settled) records did")
        }
        for (org, account) in creditsOfOrg where accounts[account]?.lastUsage ?? 0 != chains[org] ?? 0 {
            report.add("account \(name(account)): its newest usage record is not the one it names")
        }
        let charges = try connection.prepare("SELECT count(*) FROM transfer WHERE code = ?")
        charges.bind(1, TransferCode.charge.rawValue)
        if try charges.step(), charges.int(0) != charged {
            report.add("\(charges.int(0)) transfers charge \(charged) usage records")
        }
    }

    /// Corrections by their record: the newest one and what the record costs by it.
    private mutating func compareCorrections(
        _ transfers: SQLiteStatement
    ) throws(SQLiteError) -> [Int64: (number: Int64, cost: Int64, isMissing: Bool)] {
        var newest: [Int64: (number: Int64, cost: Int64, isMissing: Bool)] = [:]
        var moved: Int64 = 0
        let rows = try connection.prepare(
            """
            SELECT correction.number, correction.usage, correction.previous, correction.cost, correction.lines,
                correction.transfer, usage.cost, usage.org, usage.usage = '', kind
            FROM correction LEFT JOIN usage ON usage.sequence = correction.usage ORDER BY number
            """)
        while try rows.step() {
            let (number, record, cost) = (rows.int(0), rows.int(1), rows.int(3))
            report.corrections += 1
            if number != report.corrections {
                report.add("correction \(number) stands where \(report.corrections) is due: one is missing")
                report.corrections = number
            }
            let before = newest[record]
            newest[record] = (number, cost, Self.isMissing(rows.blob(4)))
            if before?.number ?? 0 != rows.int(2) {
                report.add("correction \(number): it does not name its record's correction before it")
            }
            let isErased = rows.int(8) == 1 && rows.blob(4).isEmpty
            if !isErased, Self.cost(rows.blob(4)) != cost {
                report.add("correction \(number): its line items are not its cost of \(cost) nano-dollars")
            }
            let difference = Int128(cost) - Int128(before?.cost ?? rows.int(6))
            guard let transfer = rows.optionalInt(5) else {
                if difference != 0 { report.add("correction \(number): no transfer moved its difference") }
                continue
            }
            moved += 1
            transfers.bind(1, transfer)
            let isThere = try transfers.step()
            let account = creditsOfOrg[rows.int(7)]
            let isRight =
                difference > 0
                ? transfers.int(0) == TransferCode.correctionCharge.rawValue && transfers.int(3) == account
                : transfers.int(0) == TransferCode.correctionCredit.rawValue && transfers.int(4) == account
            if !isThere || !isRight || transfers.int(1) != number || Int128(transfers.int(2)) != abs(difference) {
                report.add("correction \(number): its transfer has another amount or org")
            }
            transfers.reset()
        }
        let posted = try connection.prepare("SELECT count(*) FROM transfer WHERE code IN (?, ?)")
        posted.bind(1, TransferCode.correctionCharge.rawValue)
        posted.bind(2, TransferCode.correctionCredit.rawValue)
        if try posted.step(), posted.int(0) != moved {
            report.add("\(posted.int(0)) transfers move the difference of \(moved) corrections")
        }
        return newest
    }

    /// Whether something of a kept price has none yet.
    private static func isMissing(_ lines: [UInt8]) -> Bool {
        PriceCodec.decode(lines).map { !$0.unpriced.isEmpty } ?? false
    }

    /// What kept line items come to, in nano-dollars.
    private static func cost(_ lines: [UInt8]) -> Int64? {
        PriceCodec.decode(lines)?.cost?.nanos
    }
}
