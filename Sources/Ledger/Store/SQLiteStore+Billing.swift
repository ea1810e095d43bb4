import Metering

// Steps of an org's bill. Rare, so its statements are compiled when used.
extension SQLiteStore {
    /// Takes a step, whole or not at all: what is refused is refused before anything was done.
    mutating func bill(
        _ change: BillingChange, _ key: IdempotencyKey?, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let key, let answered = try replay(key, org: change.org, { .billed($0, isReplay: true) }) { return answered }
        guard !isTimeInDoubt else { return .refused(.clockUnconfirmed) }
        guard let org = accounts.orgs[change.org] else { return Self.unknownOrg(change.org) }
        guard org.billingChange == change.after, change.decided.day == now.day else { return .overtaken }
        if let refusal = try refusal(of: change, org, now) { return .refused(refusal) }
        var applied = BillingApplied(change: next.change)
        for step in change.steps {
            switch step {
            case .open(let payment):
                let number = try open(payment, of: org, applied, now)
                applied.payments.append(number)
                guard let acting = asker?.acting, !payment.isForInvoice else { continue }
                try raise(
                    .orderedByMember, org.name, at: now,
                    [
                        "payment": "\(number)", "member": "\(acting.member)",
                        "amount": payment.amount.description,
                    ])
            case .settle(let payment, let settlement): try settle(payment, settlement, of: org, now)
            case .issue(let invoice): applied.invoices.append(try issue(invoice, of: org, now))
            case .note(let invoice, let kind, let text):
                try note(invoice, kind, text, by: change.actor, now)
            case .applyBalance(let invoice, let amount):
                guard let invoice = invoice ?? applied.invoices.last else { continue }
                try applyBalance(amount.nanos, to: invoice, of: org, now)
            case .addToBalance(let note, let amount):
                guard let note = note ?? applied.invoices.last else { continue }
                try addToBalance(amount.nanos, note: note, of: org, now)
            case .refund(let refund):
                applied.refunds = (applied.refunds ?? []) + [try open(refund, of: org, applied, now)]
            case .settleRefund(let refund, let settlement): try settle(refund: refund, settlement, of: org, now)
            case .takeReturn(let entry): applied.returns = (applied.returns ?? []) + [try take(entry, of: org, now)]
            case .eraseMembers: try eraseMembers(of: org, now)
            case .closeOrg: try close(org, now: now)
            }
        }
        try record(change, of: org, now)
        // What a change opens is told of in the order in which it is opened.
        var opened = (
            payments: applied.payments[...], invoices: applied.invoices[...], refunds: (applied.refunds ?? [])[...]
        )
        for event in change.events {
            var data = event.data
            switch event.subject {
            case .payment(let number): data["payment"] = (number ?? opened.payments.popFirst()).map { "\($0)" }
            case .invoice(let id):
                if let id = id ?? opened.invoices.popFirst() { data["invoice"] = try self.number(ofInvoice: id) }
            case .refund(let number): data["refund"] = (number ?? opened.refunds.popFirst()).map { "\($0)" }
            case nil: break
            }
            try raise(event.kind, org.name, at: now, data)
        }
        if let key { try remember(applied, under: key, org: org.name, now: now) }
        return .billed(applied, isReplay: false)
    }

    /// Why a change can't be made; nil where it can.
    private func refusal(
        of change: BillingChange, _ org: Org, _ now: Timestamp
    ) throws(SQLiteError) -> Refusal? {
        // A change that gives up seats. Whatever was paid for is delivered, to however many.
        if let most = change.membersMax, most < org.membersMax ?? .max, change.steps.isEmpty {
            let filled = org.seatsFilled(at: now)
            guard filled <= most else {
                return Refusal(
                    .seatsFull,
                    "org '\(org.name)' has \(filled) members and open invitations; meterctl member remove has to free seats first"
                )
            }
        }
        var givenBack: [Int64: Int64] = [:]
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
                if let refusal = try refusalOfOrder(payment, org, now) { return refusal }
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
                // A note over a purchase that is given back asks for nothing less of the invoice itself.
                guard let left = try uncredited(of: corrected, org), due >= 0, due <= left else {
                    return Refusal(
                        .conflict, "org '\(org.name)' has no invoice of which so much is left to be credited")
                }
            case .refund(let refund):
                if let refusal = try self.refusal(of: refund, &givenBack, org) { return refusal }
            case .settleRefund(let number, let settlement):
                guard let stored = try state(ofRefund: number, org) else {
                    return Refusal(.notFound, "org '\(org.name)' has no refund \(number)")
                }
                guard settlement.isPossible(from: stored) else {
                    return Refusal(.conflict, "refund \(number) of org '\(org.name)' is \(stored.name) already")
                }
            case .takeReturn(let entry):
                let left = try refundable(entry.payment, org)
                guard entry.isReinstated || entry.amount == .zero || entry.amount.nanos <= left ?? 0 else {
                    return Refusal(.conflict, "of payment \(entry.payment) there is not so much left to go back")
                }
            case .note, .eraseMembers, .closeOrg, .applyBalance, .addToBalance: break
            }
        }
        return nil
    }

    /// Why a member can't order that today; nil if they can. What an operator orders, what is bought by itself and what is owed already
    /// has no such limit.
    private func refusalOfOrder(_ payment: NewPayment, _ org: Org, _ now: Timestamp) throws(SQLiteError) -> Refusal? {
        guard let acting = asker?.acting, let most = acting.ordersPerDayMax, !payment.isForInvoice else { return nil }
        let row = try kept.statement(
            """
            SELECT coalesce(sum(amount), 0) FROM payment
            WHERE org = ? AND created >= ? AND member IS NOT NULL AND product IS NOT NULL AND state NOT IN (?, ?)
            """)
        row.bind(1, org.id)
        row.bind(2, now.startOfDay.milliseconds)
        row.bind(3, PaymentState.declined.rawValue)
        row.bind(4, PaymentState.canceled.rawValue)
        defer { row.reset() }
        _ = try row.step()
        let ordered = Money(nanos: row.int(0))
        guard let sum = ordered.adding(payment.amount), sum <= most else {
            return Refusal(
                .limitExceeded,
                "members of an org may order USD \(most) in a UTC day; USD \(ordered) of that are ordered (dashboard.orders_per_day_max)"
            )
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
        let update = try kept.statement("UPDATE billing SET due = ? WHERE org = ?")
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
        let insert = try kept.statement("INSERT INTO billing_change VALUES(?, ?, ?, ?, ?, ?, ?)")
        for (position, value) in [row.number, row.org, row.previous, row.at].enumerated() {
            insert.bind(Int32(position) + 1, value)
        }
        insert.bind(5, row.kind)
        insert.bind(6, row.actor)
        insert.bind(7, row.state)
        try insert.run()
        row.append(to: &chain.changes)
        next.change += 1

        let update = try kept.statement("INSERT OR REPLACE INTO billing VALUES(?, ?, ?, ?, ?, ?)")
        update.bind(1, org.id)
        update.bind(2, row.number)
        update.bind(3, now.milliseconds)
        update.bind(4, change.membersMax)
        update.bind(5, change.topUpBelow?.nanos)
        update.bind(6, change.openChargebacks)
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
                let set = try kept.statement("UPDATE org SET state = ? WHERE id = ?")
                set.bind(1, org.state.rawValue)
                set.bind(2, org.id)
                try set.run()
            }
        }
        isBillingDue = true
    }

    // MARK: Top-ups

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
        let update = try kept.statement("UPDATE billing SET due = min(coalesce(due, ?), ?) WHERE org = ?")
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
