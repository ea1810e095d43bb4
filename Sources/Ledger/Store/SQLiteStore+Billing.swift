import Metering

// Steps of an org's bill. Rare, so its statements are compiled when used.
extension SQLiteStore {
    /// Takes a step, whole or not at all: what is refused is refused before anything was done.
    mutating func bill(
        _ change: BillingChange, _ key: IdempotencyKey?, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let key, let answered = try replay(key, org: change.org, { .billed($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[change.org] else { return Self.unknownOrg(change.org) }
        guard org.billingChange == change.after, change.decided.day == now.day else { return .overtaken }
        if let refusal = try refusal(of: change, org) { return .refused(refusal) }
        var applied = BillingApplied(change: next.change)
        for step in change.steps {
            switch step {
            case .open(let payment): applied.payments.append(try open(payment, of: org, applied, now))
            case .settle(let payment, let settlement): try settle(payment, settlement, of: org, now)
            case .issue(let invoice): applied.invoices.append(try issue(invoice, of: org, now))
            case .note(let invoice, let kind, let text):
                try note(invoice, kind, text, by: change.actor, now)
            case .eraseMembers: try eraseMembers(of: org)
            }
        }
        try record(change, of: org, now)
        for event in change.events { try tell(event, org, applied, now) }
        if let key { try remember(applied, under: key, org: org.name, now: now) }
        return .billed(applied, isReplay: false)
    }

    /// Why a change can't be made; nil where it can.
    private func refusal(of change: BillingChange, _ org: Org) throws(SQLiteError) -> Refusal? {
        // A change that gives up seats. Whatever was paid for is delivered, to however many.
        if let most = change.membersMax, most < org.membersMax ?? .max, org.memberCount > most, change.steps.isEmpty {
            return Refusal(
                .seatsFull,
                "org '\(org.name)' has \(org.memberCount) members; meterctl member remove has to free seats first")
        }
        for step in change.steps {
            switch step {
            case .open(let payment):
                guard org.state != .closed || payment.isForInvoice else {
                    return Refusal(.orgClosed, "org '\(org.name)' is closed: it buys nothing more")
                }
                // Whoever has room for ten times the largest payment has room when this one comes.
                guard payment.amount > .zero, payment.amount <= LedgerLimits.paymentMax,
                    org.receivable.map({ Self.hasRoom($0) }) ?? true, Self.hasRoom(org.account)
                else {
                    return Refusal(
                        .limitExceeded,
                        "a payment is more than zero and at most USD \(LedgerLimits.paymentMax), and all of an org's at most USD 8 billion"
                    )
                }
                if try isKnown(payment.key, org) {
                    return Refusal(.idConflict, "org '\(org.name)' has had a payment of the key '\(payment.key)'")
                }
            case .settle(let number, let settlement):
                guard let stored = try state(ofPayment: number, org) else {
                    return Refusal(.notFound, "org '\(org.name)' has no payment \(number)")
                }
                guard settlement.isPossible(from: stored) else {
                    return Refusal(.conflict, "payment \(number) of org '\(org.name)' is \(stored.name) already")
                }
            case .issue(let invoice):
                guard let corrected = invoice.refersTo else { continue }
                let due = invoice.netDue.nanos + invoice.taxDue.nanos
                guard let left = try uncredited(of: corrected, org), due > 0, due <= left else {
                    return Refusal(
                        .conflict, "org '\(org.name)' has no invoice of which so much is left to be credited")
                }
            case .note, .eraseMembers: break
            }
        }
        return nil
    }

    /// Sets when time brings the next step of an org's bill, where nothing else is to be changed.
    mutating func postpone(
        _ name: String, after: Int64, to due: Timestamp?, balanceSeen: Money
    ) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        guard org.billingChange == after else { return .overtaken }
        if let below = org.account.topUpBelow, org.account.balance < below, balanceSeen >= below { return .overtaken }
        let update = try connection.prepare("UPDATE billing SET due = ? WHERE org = ?")
        update.bind(1, due?.milliseconds)
        update.bind(2, org.id)
        try update.run()
        return .billed(BillingApplied(change: after), isReplay: false)
    }

    private static func hasRoom(_ account: Account) -> Bool {
        max(account.state.debits, account.state.credits) < Int128(8_000_000_000) * 1_000_000_000
    }

    private mutating func record(_ change: BillingChange, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        let row = ChangeRow(
            number: next.change, org: org.id, previous: org.billingChange, at: now.milliseconds, kind: change.kind,
            actor: change.actor, state: change.state)
        let insert = try connection.prepare("INSERT INTO billing_change VALUES(?, ?, ?, ?, ?, ?, ?)")
        for (position, value) in [row.number, row.org, row.previous, row.at].enumerated() {
            insert.bind(Int32(position) + 1, value)
        }
        insert.bind(5, row.kind)
        insert.bind(6, row.actor)
        insert.bind(7, row.state)
        try insert.run()
        row.append(to: &chain.changes)
        next.change += 1

        let update = try connection.prepare("INSERT OR REPLACE INTO billing VALUES(?, ?, ?, ?, ?)")
        update.bind(1, org.id)
        update.bind(2, row.number)
        update.bind(3, now.milliseconds)
        update.bind(4, change.membersMax)
        update.bind(5, change.topUpBelow?.nanos)
        try update.run()
        let before = (org.billingChange, org.membersMax, org.account.topUpBelow, org.state)
        accounts.onRollBack {
            (org.billingChange, org.membersMax, org.account.topUpBelow, org.state) = before
        }
        org.billingChange = row.number
        org.membersMax = change.membersMax
        org.account.topUpBelow = change.topUpBelow
        if org.state != .closed {
            org.state = change.isSuspended ? .suspended : .active
            if org.state != before.3 {
                let set = try connection.prepare("UPDATE org SET state = ? WHERE id = ?")
                set.bind(1, org.state.rawValue)
                set.bind(2, org.id)
                try set.run()
            }
        }
        isBillingDue = true
    }

    private mutating func tell(
        _ event: BillingEvent, _ org: Org, _ applied: BillingApplied, _ now: Timestamp
    ) throws(SQLiteError) {
        var data = event.data
        switch event.subject {
        case .payment(let number): data["payment"] = (number ?? applied.payments.last).map { "\($0)" }
        case .invoice(let id):
            if let id = id ?? applied.invoices.last { data["invoice"] = try number(ofInvoice: id) }
        case nil: break
        }
        try raise(event.kind, org.name, at: now, data)
    }

    // MARK: Payments

    private mutating func open(
        _ payment: NewPayment, of org: Org, _ applied: BillingApplied, _ now: Timestamp
    ) throws(SQLiteError) -> Int64 {
        var row = PaymentRow(
            id: next.payment, org: org.id, amount: payment.amount.nanos, key: payment.key, gateway: payment.gateway,
            body: payment.body, created: now.milliseconds)
        switch payment.purpose {
        case .sale(let sale):
            (row.product, row.net, row.tax) = (sale.product.rawValue, sale.net.nanos, sale.tax.nanos)
        case .invoice(let invoice): row.invoice = invoice ?? applied.invoices.last
        }
        let insert = try connection.prepare(
            "INSERT INTO payment VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, NULL, NULL)")
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
        try insert.run()
        row.append(to: &chain.payments)
        next.payment += 1
        return row.id
    }

    private mutating func settle(
        _ number: Int64, _ settlement: Settlement, of org: Org, _ now: Timestamp
    ) throws(SQLiteError) {
        let row = try connection.prepare("SELECT amount, product, net, tax, invoice FROM payment WHERE id = ?")
        row.bind(1, number)
        guard try row.step() else { throw SQLiteError.damaged("payment \(number) is missing") }
        let (amount, product, invoice) = (row.int(0), row.optionalInt(1), row.optionalInt(4))
        let (net, tax) = (row.int(2), row.int(3))
        row.reset()
        let receivable = try receivable(of: org)
        let first = next.transfer
        switch settlement {
        case .succeeded:
            if let product {
                let isSeats = product == SoldProduct.seats.rawValue
                try move(
                    net, receivable, isSeats ? accounts.seats : accounts.grants, .sale, number, org, now)
                try move(tax, receivable, accounts.tax, .sale, number, org, now)
            }
            try move(amount, accounts.payments, receivable, .payment, number, org, now)
            if product == SoldProduct.credits.rawValue {
                let grant = NewGrant(
                    org: org.name, amount: Money(nanos: net), source: .purchase, reason: "payment \(number)")
                guard try give(grant, to: org, key: "payment-\(number)", now: now) != nil else {
                    throw SQLiteError.damaged("payment \(number) has no room")
                }
            }
            if let invoice {
                let update = try connection.prepare(
                    "UPDATE invoice SET state = ?, paid = ?, payment = ? WHERE id = ? AND state = ?")
                update.bind(1, InvoiceState.paid.rawValue)
                update.bind(2, now.milliseconds)
                update.bind(3, number)
                update.bind(4, invoice)
                update.bind(5, InvoiceState.open.rawValue)
                try update.run()
            }
        case .toBeRefunded: try move(amount, accounts.payments, receivable, .payment, number, org, now)
        case .refunded: try move(amount, receivable, accounts.payments, .refund, number, org, now)
        case .declined, .canceled: break
        }
        let update = try connection.prepare(
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

    private mutating func move(
        _ amount: Int64, _ debit: Account, _ credit: Account, _ code: TransferCode, _ reference: Int64, _ org: Org,
        _ now: Timestamp
    ) throws(SQLiteError) {
        guard amount > 0 else { return }
        let transfer = try post(
            amount, debit: debit, credit: credit, of: org, code: code, reference: reference, at: now)
        // There was room for ten of it when it was opened.
        guard transfer != nil else { throw SQLiteError.damaged("org '\(org.name)' owes more than an account can hold") }
    }

    private mutating func receivable(of org: Org) throws(SQLiteError) -> Account {
        if let account = org.receivable { return account }
        let insert = try connection.prepare("INSERT INTO account(org, kind) VALUES(?, ?) RETURNING id")
        insert.bind(1, org.id)
        insert.bind(2, AccountKind.receivable.rawValue)
        let account = Account(id: try returned(by: insert), org: org.name)
        accounts.onRollBack { org.receivable = nil }
        org.receivable = account
        return account
    }

    private func state(ofPayment number: Int64, _ org: Org) throws(SQLiteError) -> PaymentState? {
        let row = try connection.prepare("SELECT state FROM payment WHERE id = ? AND org = ?")
        row.bind(1, number)
        row.bind(2, org.id)
        defer { row.reset() }
        return try row.step() ? PaymentState(rawValue: row.int(0)) : nil
    }

    private func isKnown(_ key: String, _ org: Org) throws(SQLiteError) -> Bool {
        let row = try connection.prepare("SELECT 1 FROM payment WHERE org = ? AND key = ?")
        row.bind(1, org.id)
        row.bind(2, key)
        defer { row.reset() }
        return try row.step()
    }

    // MARK: Invoices

    private mutating func issue(_ new: NewInvoice, of org: Org, _ now: Timestamp) throws(SQLiteError) -> Int64 {
        let last = try connection.prepare("SELECT max(number) FROM invoice WHERE series = ?")
        last.bind(1, new.series)
        _ = try last.step()
        let number = last.int(0) + 1
        last.reset()
        let row = InvoiceRow(
            id: next.invoice, org: org.id, kind: new.kind.rawValue, series: new.series, number: number,
            net: new.net.nanos, tax: new.tax.nanos, netDue: new.netDue.nanos, taxDue: new.taxDue.nanos,
            refersTo: new.refersTo, body: new.body, issued: now.milliseconds)
        let insert = try connection.prepare(
            "INSERT INTO invoice VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0, NULL, NULL)")
        insert.bind(1, row.id)
        insert.bind(2, row.org)
        insert.bind(3, row.kind)
        insert.bind(4, row.series)
        insert.bind(5, row.number)
        insert.bind(6, row.net)
        insert.bind(7, row.tax)
        insert.bind(8, row.netDue)
        insert.bind(9, row.taxDue)
        insert.bind(10, row.refersTo)
        insert.bind(11, row.body)
        insert.bind(12, row.issued)
        let isDue = new.kind == .invoice && (row.netDue > 0 || row.taxDue > 0)
        insert.bind(13, (isDue ? InvoiceState.open : .paid).rawValue)
        insert.bind(14, isDue ? nil : now.milliseconds)
        try insert.run()
        row.append(to: &chain.invoices)
        next.invoice += 1

        let receivable = try receivable(of: org)
        let first = next.transfer
        switch new.kind {
        case .invoice:
            try move(row.netDue, receivable, accounts.seats, .invoice, row.id, org, now)
            try move(row.taxDue, receivable, accounts.tax, .invoice, row.id, org, now)
        case .creditNote:
            try move(row.netDue, accounts.seats, receivable, .creditNote, row.id, org, now)
            try move(row.taxDue, accounts.tax, receivable, .creditNote, row.id, org, now)
            try credit(row, of: org, now)
        }
        if next.transfer > first {
            let update = try connection.prepare("UPDATE invoice SET first_transfer = ?, last_transfer = ? WHERE id = ?")
            update.bind(1, first)
            update.bind(2, next.transfer - 1)
            update.bind(3, row.id)
            try update.run()
        }
        let stand = try connection.prepare(
            "UPDATE payment SET stands_on = ? WHERE id = ? AND org = ? AND stands_on IS NULL")
        for payment in new.payments {
            stand.bind(1, row.id)
            stand.bind(2, payment)
            stand.bind(3, org.id)
            try stand.run()
        }
        return row.id
    }

    /// Takes what a credit note says off its invoice: of one that is open less is to be paid; what was paid comes back as credits.
    private mutating func credit(_ note: InvoiceRow, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        let amount = note.netDue + note.taxDue
        let select = try connection.prepare("SELECT state, net_due + tax_due - credited FROM invoice WHERE id = ?")
        select.bind(1, note.refersTo)
        guard try select.step() else { throw SQLiteError.damaged("an invoice that is credited is missing") }
        let (isOpen, left) = (select.int(0) == InvoiceState.open.rawValue, select.int(1))
        select.reset()
        let update = try connection.prepare(
            "UPDATE invoice SET credited = credited + ?, state = ?, paid = coalesce(paid, ?) WHERE id = ?")
        let isSettled = !isOpen || left == amount
        update.bind(1, amount)
        update.bind(2, (isSettled ? InvoiceState.paid : .open).rawValue)
        update.bind(3, isSettled ? now.milliseconds : nil)
        update.bind(4, note.refersTo)
        try update.run()
        guard !isOpen else { return }
        try move(amount, try receivable(of: org), accounts.grants, .creditNote, note.id, org, now)
        let number = InvoiceRecord.number(note.series, note.number)
        let grant = NewGrant(
            org: org.name, amount: Money(nanos: amount), source: .refund, reason: "credit note \(number)")
        guard try give(grant, to: org, key: "credit-note-\(note.id)", now: now) != nil else {
            throw SQLiteError.damaged("credit note \(number) has no room")
        }
    }

    /// What is left to be credited of an invoice; nil where the org has no such one.
    private func uncredited(of invoice: Int64, _ org: Org) throws(SQLiteError) -> Int64? {
        let row = try connection.prepare(
            "SELECT net_due + tax_due - credited FROM invoice WHERE id = ? AND org = ? AND kind = ?")
        row.bind(1, invoice)
        row.bind(2, org.id)
        row.bind(3, InvoiceKind.invoice.rawValue)
        defer { row.reset() }
        return try row.step() ? row.int(0) : nil
    }

    private mutating func note(
        _ invoice: Int64, _ kind: NoteKind, _ text: String, by actor: String, _ now: Timestamp
    ) throws(SQLiteError) {
        let row = NoteRow(
            number: next.note, invoice: invoice, at: now.milliseconds, kind: kind.rawValue, actor: actor, text: text)
        let insert = try connection.prepare("INSERT INTO invoice_note VALUES(?, ?, ?, ?, ?, ?)")
        for (position, value) in [row.number, row.invoice, row.at, row.kind].enumerated() {
            insert.bind(Int32(position) + 1, value)
        }
        insert.bind(5, row.actor)
        insert.bind(6, row.text)
        try insert.run()
        row.append(to: &chain.notes)
        next.note += 1
    }

    private func number(ofInvoice id: Int64) throws(SQLiteError) -> String? {
        let row = try connection.prepare("SELECT series, number FROM invoice WHERE id = ?")
        row.bind(1, id)
        defer { row.reset() }
        return try row.step() ? InvoiceRecord.number(row.text(0) ?? "", row.int(1)) : nil
    }

    // MARK: Members and top-ups

    private mutating func eraseMembers(of org: Org) throws(SQLiteError) {
        let before = org.members
        accounts.onRollBack { org.members = before }
        org.members = [:]
        let delete = try connection.prepare("DELETE FROM member WHERE org = ?")
        delete.bind(1, org.id)
        try delete.run()
    }

    /// Has billing look at each org whose balance fell below what it asked to top up at.
    mutating func callForTopUps(_ now: Timestamp) throws(SQLiteError) {
        for account in accounts.touched {
            guard let below = account.topUpBelow, account.committedBalance >= below, account.balance < below,
                let name = account.org, let org = accounts.orgs[name]
            else { continue }
            try callForBill(of: org, now)
        }
    }

    /// Has billing look at an org.
    mutating func callForBill(of org: Org, _ now: Timestamp) throws(SQLiteError) {
        let update = try connection.prepare("UPDATE billing SET due = min(coalesce(due, ?), ?) WHERE org = ?")
        update.bind(1, now.milliseconds)
        update.bind(2, now.milliseconds)
        update.bind(3, org.id)
        try update.run()
        isBillingDue = true
    }
}

extension NewPayment {
    fileprivate var isForInvoice: Bool {
        if case .invoice = purpose { true } else { false }
    }
}

extension Settlement {
    /// The state that it leads to.
    var state: PaymentState {
        switch self {
        case .succeeded: .succeeded
        case .toBeRefunded: .refundDue
        case .refunded: .refunded
        case .declined: .declined
        case .canceled: .canceled
        }
    }

    var reference: String? {
        switch self {
        case .succeeded(let reference), .toBeRefunded(let reference, _), .refunded(let reference),
            .declined(_, let reference):
            reference
        case .canceled: nil
        }
    }

    var reason: String? {
        switch self {
        case .toBeRefunded(_, let reason), .declined(let reason, _), .canceled(let reason): reason
        case .succeeded, .refunded: nil
        }
    }

    func isPossible(from state: PaymentState) -> Bool {
        switch self {
        // Money that came after all: what was given up is known to have been paid.
        case .succeeded, .declined, .canceled: state == .pending
        case .toBeRefunded: state == .pending || state == .canceled || state == .declined
        case .refunded: state == .refundDue
        }
    }
}
