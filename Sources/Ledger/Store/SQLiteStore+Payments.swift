import Metering

// Payments of an org's bill: opened, settled, and what they move.
extension SQLiteStore {
    mutating func open(
        _ payment: NewPayment, of org: Org, _ applied: BillingApplied, _ now: Timestamp
    ) throws(SQLiteError) -> Int64 {
        var row = PaymentRow(
            id: next.payment, org: org.id, amount: payment.amount.nanos, key: payment.key, gateway: payment.gateway,
            body: payment.body, created: now.milliseconds, fromBalance: payment.fromBalance.nanos,
            member: asker?.acting?.member)
        switch payment.purpose {
        case .sale(let sale):
            (row.product, row.net, row.tax) = (sale.product.rawValue, sale.net.nanos, sale.tax.nanos)
        case .invoice(let invoice): row.invoice = invoice ?? applied.invoices.last
        }
        let insert = try kept.statement(
            "INSERT INTO payment VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, NULL, NULL, ?, 0, 0, ?)"
        )
        insert.bind(1, row.id)
        insert.bind(2, row.org)
        insert.bind(3, row.amount)
        insert.bind(4, row.product)
        insert.bind(5, row.net)
        insert.bind(6, row.tax)
        insert.bind(7, row.invoice)
        insert.bind(8, row.key)
        insert.bind(9, row.gateway)
        insert.bind(10, row.body)
        insert.bind(11, row.created)
        insert.bind(12, PaymentState.pending.rawValue)
        insert.bind(13, row.fromBalance)
        insert.bind(14, row.member)
        try insert.run()
        row.append(to: &chain.payments)
        next.payment += 1
        if let settlement = payment.settlement { try settle(row.id, settlement, of: org, now) }
        return row.id
    }

    mutating func settle(
        _ number: Int64, _ settlement: Settlement, of org: Org, _ now: Timestamp
    ) throws(SQLiteError) {
        let row = try kept.statement(
            "SELECT amount, product, net, tax, invoice, from_balance FROM payment WHERE id = ?")
        row.bind(1, number)
        guard try row.step() else { throw SQLiteError.damaged("payment \(number) is missing") }
        let (amount, product, invoice) = (row.int(0), row.optionalInt(1), row.optionalInt(4))
        let (net, tax, fromBalance) = (row.int(2), row.int(3), row.int(5))
        row.reset()
        let receivable = try receivable(of: org)
        let first = next.transfer
        switch settlement {
        case .succeeded:
            let sold = try SoldProduct(stored: product, of: "payment \(number)")
            switch sold {
            case .seats: try move(net, receivable, accounts.seats, .sale, number, org, now)
            case .credits: try move(net, receivable, accounts.grants, .sale, number, org, now)
            case .balance: try move(net, receivable, try customerBalance(of: org), .sale, number, org, now)
            case nil: break
            }
            if product != nil { try move(tax, receivable, accounts.tax, .sale, number, org, now) }
            try move(amount - fromBalance, accounts.payments, receivable, .payment, number, org, now)
            if fromBalance != 0 {
                try moveEitherWay(
                    fromBalance, try customerBalance(of: org), receivable, .balancePayment, number, org, now)
            }
            if sold == .credits {
                let grant = NewGrant(
                    org: org.name, amount: Money(nanos: net), source: .purchase, reason: "payment \(number)")
                guard try give(grant, to: org, key: "payment-\(number)", now: now) != nil else {
                    throw SQLiteError.damaged("payment \(number) has no room")
                }
            }
            if let invoice { try settleInvoice(invoice, by: amount, payment: number, now) }
        case .toBeRefunded:
            try move(amount - fromBalance, accounts.payments, receivable, .payment, number, org, now)
        case .declined, .canceled: break
        }
        let update = try kept.statement(
            """
            UPDATE payment SET state = ?, reference = coalesce(?, reference), reason = coalesce(?, reason), settled = ?,
                first_transfer = coalesce(first_transfer, ?), last_transfer = coalesce(?, last_transfer)
            WHERE id = ?
            """)
        update.bind(1, settlement.state.rawValue)
        update.bind(2, settlement.reference)
        update.bind(3, settlement.reason)
        update.bind(4, now.milliseconds)
        update.bind(5, next.transfer > first ? first : nil)
        update.bind(6, next.transfer > first ? next.transfer - 1 : nil)
        update.bind(7, number)
        try update.run()
    }

    mutating func move(
        _ amount: Int64, _ debit: Account, _ credit: Account, _ code: TransferCode, _ reference: Int64, _ org: Org,
        _ now: Timestamp
    ) throws(SQLiteError) {
        guard amount > 0 else { return }
        let transfer = try post(
            amount, debit: debit, credit: credit, of: org, code: code, reference: reference, at: now)
        // There was room for ten of it when it was opened.
        guard transfer != nil else { throw SQLiteError.damaged("org '\(org.name)' owes more than an account can hold") }
    }

    mutating func receivable(of org: Org) throws(SQLiteError) -> Account {
        if let account = org.receivable { return account }
        let account = try makeAccount(.receivable, of: org)
        accounts.onRollBack { org.receivable = nil }
        org.receivable = account
        return account
    }

    mutating func makeAccount(_ kind: AccountKind, of org: Org) throws(SQLiteError) -> Account {
        let insert = try kept.statement("INSERT INTO account(org, kind) VALUES(?, ?) RETURNING id")
        insert.bind(1, org.id)
        insert.bind(2, kind.rawValue)
        return Account(id: try returned(by: insert), org: org.name)
    }

    func state(ofPayment number: Int64, _ org: Org) throws(SQLiteError) -> PaymentState? {
        let row = try kept.statement("SELECT state FROM payment WHERE id = ? AND org = ?")
        row.bind(1, number)
        row.bind(2, org.id)
        defer { row.reset() }
        return try row.step() ? try PaymentState(stored: row.int(0), of: "payment \(number)") : nil
    }

    func isKnown(_ key: String, _ org: Org) throws(SQLiteError) -> Bool {
        let row = try kept.statement("SELECT 1 FROM payment WHERE org = ? AND key = ?")
        row.bind(1, org.id)
        row.bind(2, key)
        defer { row.reset() }
        return try row.step()
    }
}

extension Settlement {
    /// The state that it leads to.
    var state: PaymentState {
        switch self {
        case .succeeded: .succeeded
        case .toBeRefunded: .refundDue
        case .declined: .declined
        case .canceled: .canceled
        }
    }

    var reference: String? {
        switch self {
        case .succeeded(let reference), .toBeRefunded(let reference, _), .declined(_, let reference):
            reference
        case .canceled: nil
        }
    }

    var reason: String? {
        switch self {
        case .toBeRefunded(_, let reason), .declined(let reason, _), .canceled(let reason): reason
        case .succeeded: nil
        }
    }

    func isPossible(from state: PaymentState) -> Bool {
        switch self {
        // Money that came after all: what was given up is known to have been paid.
        case .succeeded, .declined, .canceled: state == .pending
        case .toBeRefunded: state == .pending || state == .canceled || state == .declined
        }
    }
}
