import Metering

extension Verifier {
    /// What the transfers so far come to, for one org.
    private struct Running {
        var pending: Int128 = 0
        var lastTransfer: Int64 = 0
        /// What is left of all grants, and what was spent beyond them.
        var remaining: Int128 = 0
        var overdraft: Int128 = 0
        /// The month of the newest charge, and what was spent in it.
        var month: Int64 = 0
        var monthSpend: Int128 = 0
    }

    /// Adds up every transfer, follows holds and grants through them, and compares every account.
    mutating func addUpTransfers() throws(SQLiteError) {
        var debits: [Int64: Int128] = [:]
        var credits: [Int64: Int128] = [:]
        var running: [Int64: Running] = [:]
        // Open holds by their pending transfer.
        var open: [Int64: (hold: Int64, amount: Int64)] = [:]
        var holdsWithTransfer: Int64 = 0
        let holds = try connection.prepare("SELECT org, amount, transfer, state, closed FROM hold WHERE number = ?")
        let charged = try connection.prepare(
            """
            SELECT received FROM usage WHERE sequence = (SELECT correction.usage FROM correction WHERE number = ?)
            """)
        let rows = try connection.prepare(
            """
            SELECT id, previous, debit_account, credit_account, amount, code, reference, pending, draws, at FROM transfer
            ORDER BY id
            """)
        while try rows.step() {
            let (number, debit, credit, amount) = (rows.int(0), rows.int(2), rows.int(3), rows.int(4))
            report.transfers += 1
            if number != report.transfers {
                report.add("transfer \(number) stands where transfer \(report.transfers) is due: one is missing")
                report.transfers = number
            }
            if amount <= 0 { report.add("transfer \(number) moves \(amount) nano-dollars") }
            guard let code = TransferCode(rawValue: rows.int(5)) else {
                report.add("transfer \(number) has the unknown code \(rows.int(5))")
                continue
            }
            guard let owner = accounts[debit]?.org ?? accounts[credit]?.org, let own = creditsOfOrg[owner] else {
                report.add("transfer \(number) moves money of no org")
                debits[debit, default: 0] += Int128(amount)
                credits[credit, default: 0] += Int128(amount)
                continue
            }
            var state = running[own] ?? Running()
            if rows.int(1) != state.lastTransfer {
                report.add("transfer \(number): it does not name its org's transfer before it")
            }
            state.lastTransfer = number

            if code == .hold {
                open[number] = (rows.int(6), amount)
                state.pending += Int128(amount)
                holdsWithTransfer += 1
                holds.bind(1, rows.int(6))
                let isThere = try holds.step()
                if !isThere || holds.int(0) != accounts[own]?.org ?? 0 || holds.int(1) != amount
                    || holds.int(2) != number
                {
                    report.add("hold \(rows.int(6)) is not what its transfer \(number) says")
                }
                holds.reset()
            } else if rows.int(7) > 0 {
                if let closed = open.removeValue(forKey: rows.int(7)) {
                    state.pending -= Int128(closed.amount)
                    if code.isReservation, closed.hold != rows.int(6) || closed.amount != amount {
                        report.add("transfer \(number) does not free what hold \(closed.hold) reserves")
                    }
                    holds.bind(1, closed.hold)
                    if try !holds.step() || holds.int(3) != Self.state(after: code).rawValue
                        || holds.int(4) != rows.int(9)
                    {
                        report.add("hold \(closed.hold): its state is not what transfer \(number) made of it")
                    }
                    holds.reset()
                } else {
                    report.add("transfer \(number) closes a hold that is not open")
                }
            } else if code.isReservation {
                report.add("transfer \(number) names no hold")
            }
            if !code.isReservation {
                debits[debit, default: 0] += Int128(amount)
                credits[credit, default: 0] += Int128(amount)
                if code.isBilling || code == .creditsRefunded || code == .creditsReturned {
                    followBilling(number, code, rows.int(6), amount, debit: debit, credit: credit)
                }
                if !code.isBilling {
                    follow(number, amount, isDebit: own == debit, rows.optionalBlob(8), &state)
                }
            }
            // A clock that was set back is still in the month that it had come to.
            let month = max(state.month, Timestamp(milliseconds: rows.int(9)).month)
            switch code {
            case .charge, .correctionCharge:
                state.monthSpend = (state.month == month ? state.monthSpend : 0) + Int128(amount)
                state.month = month
            case .correctionCredit:
                // What is given back lowers the month in which the record was received, no later one.
                charged.bind(1, rows.int(6))
                if try charged.step(), Timestamp(milliseconds: charged.int(0)).month == month {
                    state.monthSpend = (state.month == month ? state.monthSpend : 0) - Int128(amount)
                    state.month = month
                }
                charged.reset()
            default: break
            }
            running[own] = state
        }
        compare(debits, credits, running)
        try compareHolds(open: open, holdsWithTransfer)
    }

    private static func state(after code: TransferCode) -> HoldState {
        switch code {
        case .charge, .holdSettled: .settled
        case .holdExpired: .expired
        case .holdReleased: .released
        default: .unknown
        }
    }

    /// Follows grants through a posted transfer.
    private mutating func follow(
        _ number: Int64, _ amount: Int64, isDebit: Bool, _ blob: [UInt8]?, _ state: inout Running
    ) {
        guard let draws = DrawCodec.decode(blob, of: amount) else {
            report.add("transfer \(number): its draws can't be read")
            return
        }
        let drawn = draws.reduce(Int128(0)) { $0 + Int128($1.amount) }
        let beyond = Int128(amount) - drawn
        for draw in draws {
            let left = (remaining[draw.grant] ?? 0) &+ (isDebit ? -draw.amount : draw.amount)
            remaining[draw.grant] = left == 0 ? nil : left
            if left < 0 { report.add("transfer \(number) draws more from grant \(draw.grant) than is left of it") }
        }
        state.remaining += isDebit ? -drawn : drawn
        state.overdraft += isDebit ? beyond : -beyond
        if beyond < 0 || state.overdraft < 0 || (state.overdraft > 0 && state.remaining > 0) {
            report.add("transfer \(number): its draws are not its amount")
        }
    }

    private mutating func compare(
        _ debits: [Int64: Int128], _ credits: [Int64: Int128], _ running: [Int64: Running]
    ) {
        for (id, account) in accounts.sorted(by: { $0.key < $1.key }) {
            report.accounts += 1
            let state = running[id] ?? Running()
            // What an org's credits are compared with beside their totals.
            var sums: [(String, stored: Int128, sum: Int128)] = [
                ("debits", account.debits, debits[id] ?? 0), ("credits", account.credits, credits[id] ?? 0),
            ]
            if account.org != nil, account.kind == AccountKind.orgCredits.rawValue {
                sums.append(("holds", Int128(account.pending), state.pending))
                sums.append(
                    ("grants less overdraft", account.credits - account.debits, state.remaining - state.overdraft))
                sums.append(("spends of the month", Int128(account.monthSpend), state.monthSpend))
                sums.append(("months", Int128(account.month), Int128(state.month)))
                if account.lastTransfer != state.lastTransfer {
                    report.add("account \(account.name): its newest transfer is not the one it names")
                }
            }
            if account.kind != AccountKind.orgCredits.rawValue,
                account.pending | account.frontGrant | account.frontRemaining | account.monthSpend | account.month
                    | account.lastTransfer | account.lastUsage != 0
            {
                report.add("account \(account.name): it has holds, grants or a month's spend, which only credits have")
            }
            for (side, stored, sum) in sums where stored != sum {
                report.add("account \(account.name): \(side) are \(stored) nano-dollars, its transfers \(sum)")
            }
        }
        for (id, account) in accounts.sorted(by: { $0.key < $1.key }) where AccountKind(rawValue: account.kind) == nil {
            report.add("account \(id) is of a kind that there is not")
        }
        let named = Set(debits.keys).union(credits.keys).subtracting(accounts.keys)
        for account in named.sorted() { report.add("transfers name account \(account), which is not there") }
        let total = accounts.values.reduce(Int128(0)) { $0 + $1.credits - $1.debits }
        if total != 0 { report.add("the sum over all accounts is \(total) nano-dollars, not zero") }
    }

    /// Compares the holds that are open with those that should be, and looks for any without a transfer.
    private mutating func compareHolds(
        open: [Int64: (hold: Int64, amount: Int64)], _ withTransfer: Int64
    ) throws(SQLiteError) {
        let rows = try connection.prepare("SELECT number, amount, transfer, state, closed FROM hold ORDER BY number")
        var stillOpen = open
        var counted: Int64 = 0
        while try rows.step() {
            report.holds += 1
            if rows.int(0) != report.holds {
                report.add("hold \(rows.int(0)) stands where hold \(report.holds) is due: one is missing")
                report.holds = rows.int(0)
            }
            guard let transfer = rows.optionalInt(2) else {
                if rows.int(1) != 0 { report.add("hold \(rows.int(0)): no transfer reserved it") }
                continue
            }
            counted += 1
            let isOpen = stillOpen.removeValue(forKey: transfer) != nil
            if isOpen, !rows.isNull(4) {
                report.add("hold \(rows.int(0)): it is open and has a time at which it was closed")
            }
            if isOpen != (rows.int(3) == HoldState.open.rawValue) {
                report.add("hold \(rows.int(0)): it is \(isOpen ? "not closed" : "closed") by any transfer")
            }
        }
        for hold in stillOpen.values.map(\.hold).sorted() { report.add("hold \(hold) is reserved, and is not there") }
        if counted != withTransfer { report.add("\(withTransfer) transfers reserve \(counted) holds") }
    }
}
