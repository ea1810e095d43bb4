import Metering

// Money that goes back, and the customer's balance.
extension SQLiteStore {
    // MARK: The customer's balance

    /// Has the customer's balance pay a part of an invoice, or an invoice collect what was carried over.
    mutating func applyBalance(
        _ amount: Int64, to invoice: Int64, of org: Org, _ now: Timestamp
    ) throws(SQLiteError) {
        let (balance, receivable) = (try customerBalance(of: org), try receivable(of: org))
        try moveEitherWay(amount, balance, receivable, .balanceApplied, invoice, org, now)
        try settleInvoice(invoice, by: amount, payment: nil, now)
    }

    /// Adds what a credit note took back, and had been paid, to the customer's balance.
    mutating func addToBalance(_ amount: Int64, note: Int64, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        try move(amount, try receivable(of: org), try customerBalance(of: org), .creditNote, note, org, now)
    }

    /// Moves an amount, which below zero goes the other way.
    mutating func moveEitherWay(
        _ amount: Int64, _ debit: Account, _ credit: Account, _ code: TransferCode, _ reference: Int64, _ org: Org,
        _ now: Timestamp
    ) throws(SQLiteError) {
        if amount > 0 {
            try move(amount, debit, credit, code, reference, org, now)
        } else if amount < 0 {
            try move(-amount, credit, debit, code, reference, org, now)
        }
    }

    /// Adds to what was paid of an invoice; below zero, takes from it. An invoice on which nothing is due is paid, and one on which
    /// something is due again is open.
    mutating func settleInvoice(
        _ invoice: Int64, by amount: Int64, payment: Int64?, _ now: Timestamp
    ) throws(SQLiteError) {
        let select = try kept.statement(
            "SELECT net_due + tax_due - credited - settled, state FROM invoice WHERE id = ?")
        select.bind(1, invoice)
        guard try select.step() else { throw SQLiteError.damaged("invoice \(invoice) is missing") }
        let (open, state) = (select.int(0) - amount, select.int(1))
        select.reset()
        let update = try kept.statement(
            "UPDATE invoice SET settled = settled + ?, state = ?, paid = ?, payment = coalesce(?, payment) WHERE id = ?"
        )
        update.bind(1, amount)
        update.bind(2, (open > 0 ? InvoiceState.open : .paid).rawValue)
        update.bind(3, open > 0 ? nil : now.milliseconds)
        update.bind(4, open > 0 ? nil : payment)
        update.bind(5, invoice)
        if open <= 0, state == InvoiceState.paid.rawValue {
            // It was paid already: the time stays.
            let keep = try kept.statement("UPDATE invoice SET settled = settled + ? WHERE id = ?")
            keep.bind(1, amount)
            keep.bind(2, invoice)
            update.reset()
            return try keep.run()
        }
        try update.run()
    }

    mutating func customerBalance(of org: Org) throws(SQLiteError) -> Account {
        if let account = org.customerBalance { return account }
        let account = try makeAccount(.customerBalance, of: org)
        accounts.onRollBack { org.customerBalance = nil }
        org.customerBalance = account
        return account
    }

    // MARK: Refunds

    /// Opens a refund, and takes what it gives back for it.
    mutating func open(
        _ refund: NewRefund, of org: Org, _ applied: BillingApplied, _ now: Timestamp
    ) throws(SQLiteError) -> Int64 {
        let payment = try kept.statement("SELECT gateway FROM payment WHERE id = ?")
        payment.bind(1, refund.payment)
        guard try payment.step(), let gateway = payment.text(0) else {
            throw SQLiteError.damaged("payment \(refund.payment) is missing")
        }
        payment.reset()
        var row = RefundRow(
            id: next.refund, org: org.id, payment: refund.payment, cause: refund.cause.kind.rawValue,
            net: refund.net.nanos, tax: refund.tax.nanos, gateway: gateway, reason: refund.reason,
            created: now.milliseconds)
        switch refund.cause {
        case .creditNote(let note): row.note = note ?? applied.invoices.last
        case .credits: row.note = applied.invoices.last
        case .inVain, .balance: break
        }
        let insert = try kept.statement("INSERT INTO refund VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)")
        for (position, value) in [row.id, row.org, row.payment, row.cause, row.net, row.tax].enumerated() {
            insert.bind(Int32(position) + 1, value)
        }
        insert.bind(7, row.note)
        insert.bind(8, row.gateway)
        insert.bind(9, row.reason)
        insert.bind(10, row.created)
        insert.bind(11, RefundState.due.rawValue)
        try insert.run()
        row.append(to: &chain.refunds)
        next.refund += 1
        try addRefunded(row.net + row.tax, to: refund.payment)

        let receivable = try receivable(of: org)
        switch refund.cause {
        case .inVain, .creditNote: break
        case .credits:
            try withdraw(row.net, fromGrantOf: refund.payment, .creditsRefunded, row.id, of: org, now)
            try move(row.net, accounts.grants, receivable, .saleReversed, row.id, org, now)
            try move(row.tax, accounts.tax, receivable, .saleReversed, row.id, org, now)
        case .balance:
            try move(row.net, try customerBalance(of: org), receivable, .saleReversed, row.id, org, now)
        }
        return row.id
    }

    mutating func settle(
        refund number: Int64, _ settlement: RefundSettlement, of org: Org, _ now: Timestamp
    ) throws(SQLiteError) {
        let row = try kept.statement("SELECT payment, cause, net + tax FROM refund WHERE id = ?")
        row.bind(1, number)
        guard try row.step() else { throw SQLiteError.damaged("refund \(number) is missing") }
        let (payment, cause, amount) = (row.int(0), row.int(1), row.int(2))
        row.reset()
        if case .succeeded = settlement {
            try move(amount, try receivable(of: org), accounts.payments, .refundPaid, number, org, now)
            if cause == RefundCause.inVain.rawValue {
                let update = try kept.statement("UPDATE payment SET state = ?, settled = ? WHERE id = ?")
                update.bind(1, PaymentState.refunded.rawValue)
                update.bind(2, now.milliseconds)
                update.bind(3, payment)
                try update.run()
            }
        }
        let update = try kept.statement(
            "UPDATE refund SET state = ?, reference = coalesce(?, reference), words = ?, settled = ? WHERE id = ?")
        update.bind(1, settlement.state.rawValue)
        update.bind(2, settlement.reference)
        update.bind(3, settlement.words)
        update.bind(4, now.milliseconds)
        update.bind(5, number)
        try update.run()
    }

    private mutating func addRefunded(_ amount: Int64, to payment: Int64) throws(SQLiteError) {
        let update = try kept.statement("UPDATE payment SET refunded = refunded + ? WHERE id = ?")
        update.bind(1, amount)
        update.bind(2, payment)
        try update.run()
    }

    /// Takes credits from an org: first what is left of the grant that a payment bought, then of the others in their order, then
    /// beyond them.
    private mutating func withdraw(
        _ amount: Int64, fromGrantOf payment: Int64, _ code: TransferCode, _ reference: Int64, of org: Org,
        _ now: Timestamp
    ) throws(SQLiteError) {
        guard amount > 0 else { return }
        let number = try grantNumber(ofPayment: payment, org)
        var rest = amount
        if let grant = org.grants.first(where: { $0.id == number }) {
            let part = min(rest, org.remaining(of: grant))
            let transfer = try post(
                part, debit: org.account, credit: accounts.grants, of: org, code: code, reference: reference, at: now,
                draws: [Draw(grant: grant.id, amount: part)])
            guard transfer != nil else { throw SQLiteError.damaged("org '\(org.name)' has more than was ever given") }
            if part == org.remaining(of: grant) {
                try close(grant, of: org, as: .voided)
            } else {
                try add(-part, to: grant, of: org)
            }
            rest -= part
        }
        guard rest > 0 else { return }
        let transfer = try post(
            rest, debit: org.account, credit: accounts.grants, of: org, code: code, reference: reference, at: now)
        guard transfer != nil else {
            throw SQLiteError.damaged("org '\(org.name)' owes more than an account can hold")
        }
    }

    // MARK: Returns

    /// Takes note of money that went back without a refund of ours, or came again after that.
    mutating func take(_ entry: NewReturn, of org: Org, _ now: Timestamp) throws(SQLiteError) -> Int64 {
        let row = ReturnRow(
            id: next.moneyReturn, org: org.id, payment: entry.payment, kind: entry.kind.rawValue,
            reinstated: entry.isReinstated ? 1 : 0, amount: entry.amount.nanos, credits: entry.credits.nanos,
            tax: entry.tax.nanos, carried: entry.carried.nanos, fee: entry.fee.nanos, excess: entry.excess.nanos,
            reference: entry.reference,
            reason: entry.reason, created: now.milliseconds)
        let insert = try kept.statement("INSERT INTO payment_return VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        for (position, value) in row.numbers.enumerated() { insert.bind(Int32(position) + 1, value) }
        insert.bind(12, row.reference)
        insert.bind(13, row.reason)
        insert.bind(14, row.created)
        try insert.run()
        row.append(to: &chain.returns)
        next.moneyReturn += 1

        // What is taken moves from right to left, what comes again the other way.
        let sign: Int64 = entry.isReinstated ? -1 : 1
        let update = try kept.statement("UPDATE payment SET returned = returned + ? WHERE id = ? RETURNING invoice")
        update.bind(1, sign * row.amount)
        update.bind(2, row.payment)
        guard try update.step() else { throw SQLiteError.damaged("payment \(row.payment) is missing") }
        let invoice = update.optionalInt(0)
        update.reset()
        let (receivable, balance) = (try receivable(of: org), try customerBalance(of: org))
        let fee = row.fee + row.excess
        try moveEitherWay(
            sign * (row.amount + fee), receivable, accounts.payments, .paymentReturned, row.id, org, now)
        try moveEitherWay(sign * fee, accounts.gatewayFees, receivable, .gatewayFee, row.id, org, now)
        if !entry.isReinstated {
            try withdraw(row.credits, fromGrantOf: row.payment, .creditsReturned, row.id, of: org, now)
        }
        try moveEitherWay(sign * row.credits, accounts.grants, receivable, .saleReturned, row.id, org, now)
        try moveEitherWay(sign * row.tax, accounts.tax, receivable, .saleReturned, row.id, org, now)
        try moveEitherWay(sign * row.carried, balance, receivable, .saleReturned, row.id, org, now)
        if entry.isReinstated, row.credits > 0 {
            let grant = NewGrant(
                org: org.name, amount: entry.credits, source: .purchase,
                reason: "payment \(row.payment) came again")
            guard try give(grant, to: org, key: "return-\(row.id)", now: now) != nil else {
                throw SQLiteError.damaged("return \(row.id) has no room")
            }
        }
        let rest = row.amount - row.credits - row.tax - row.carried
        if let invoice, rest > 0 { try settleInvoice(invoice, by: -sign * rest, payment: row.payment, now) }
        return row.id
    }

    // MARK: What may be

    /// Why a refund can't be opened; nil if it can.
    ///
    /// - Parameter givenBack: what refunds of the same change give back, by payment.
    func refusal(
        of refund: NewRefund, _ givenBack: inout [Int64: Int64], _ org: Org
    ) throws(SQLiteError) -> Refusal? {
        // The payment of one in vain is settled by the same change.
        guard refund.cause != .inVain else { return nil }
        let amount = refund.net.nanos + refund.tax.nanos
        givenBack[refund.payment, default: 0] += amount
        guard let left = try refundable(refund.payment, org), amount > 0, givenBack[refund.payment, default: 0] <= left
        else {
            return Refusal(.conflict, "of payment \(refund.payment) there is not so much left to be refunded")
        }
        guard refund.cause == .credits else { return nil }
        // Usage may have come since it was worked out.
        guard try unspent(ofPayment: refund.payment, org) >= refund.net.nanos else {
            return Refusal(
                .conflict, "of the credits that payment \(refund.payment) bought, less is unspent now; try again")
        }
        return nil
    }

    /// What is left of the grant that a payment bought.
    private func unspent(ofPayment payment: Int64, _ org: Org) throws(SQLiteError) -> Int64 {
        let number = try grantNumber(ofPayment: payment, org)
        return org.grants.first { $0.id == number }.map { org.remaining(of: $0) } ?? 0
    }

    private func grantNumber(ofPayment payment: Int64, _ org: Org) throws(SQLiteError) -> Int64? {
        let select = try kept.statement("SELECT id FROM credit_grant WHERE org = ? AND key = ?")
        select.bind(1, org.id)
        select.bind(2, "payment-\(payment)")
        defer { select.reset() }
        return try select.step() ? select.int(0) : nil
    }

    /// What is left of a payment to be given back; nil if the org has no such payment, or nothing came of it.
    func refundable(_ payment: Int64, _ org: Org) throws(SQLiteError) -> Int64? {
        let row = try kept.statement(
            """
            SELECT amount - from_balance - refunded - returned FROM payment WHERE id = ? AND org = ? AND state IN (2, 5)
            """)
        row.bind(1, payment)
        row.bind(2, org.id)
        defer { row.reset() }
        return try row.step() ? row.int(0) : nil
    }

    func state(ofRefund number: Int64, _ org: Org) throws(SQLiteError) -> RefundState? {
        let row = try kept.statement("SELECT state FROM refund WHERE id = ? AND org = ?")
        row.bind(1, number)
        row.bind(2, org.id)
        defer { row.reset() }
        return try row.step() ? try RefundState(stored: row.int(0), of: "refund \(number)") : nil
    }
}
