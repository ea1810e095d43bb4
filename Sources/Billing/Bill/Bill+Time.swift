import Ledger
import Metering

// What time brings.
extension Bill {
    /// The next thing to do.
    enum Step {
        /// Make this change, then look again.
        case change(BillingChange)
        /// Erase some of the detail up to that record, then make the change that says it is done.
        case eraseDetail(through: Int64, done: BillingChange)
    }

    /// The first thing that is due; nil where nothing is.
    ///
    /// - Parameter refundable: of a closed org that has a balance, the payments by which it can be paid out.
    func nextStep(refundable: [PaymentRecord] = []) throws(Refusal) -> Step? {
        var bill = self
        if isClosed, !record.uninvoiced.isEmpty { return .change(try bill.close()) }
        if let settled = try bill.settleFromBalance() { return .change(settled) }
        if isClosed, freeBalance > .zero, let payout = try bill.payingOut(to: refundable) { return .change(payout) }
        if let last = state.erasing { return .eraseDetail(through: last, done: try bill.erased()) }
        if let due = collectionDue, due <= now { return .change(try bill.askForOwed()) }
        if let dunning = try bill.dun() { return .change(dunning) }
        if let lapsed = lapsedOrder { return .change(try bill.lapse(lapsed)) }
        if let due = overdueDue, due <= now { return .change(try bill.overdue()) }
        if let due = endDue, due <= now { return .change(try bill.end()) }
        if let due = renewalDue, due <= now { return .change(try bill.renew()) }
        if let due = warningDue, due <= now, let method = state.method, let expires = method.expires {
            return .change(try bill.warn(of: method, expires))
        }
        if case .buy(let packs) = topUpDecision, let topUp = state.topUp {
            return .change(try bill.toppingUp(topUp, packs: packs, key: automaticKey("top-up")))
        }
        return nil
    }

    /// Who does what time brings.
    static let daemon = "meterd"

    /// A key that no other payment of the org has: each change is made once.
    private func automaticKey(_ word: String) -> String { "meterd-\(word)-\(record.change)" }

    // MARK: Periods

    /// Bills the next period, or the rest of the present one after a suspension. Of a period without seats and purchases there is
    /// no invoice.
    private mutating func renew() throws(Refusal) -> BillingChange {
        guard let subscription = state.subscription else { throw noSubscription }
        // Nobody pays for seats of a period that is over. First of all: what of the balance they claimed is free for the next one.
        let lapsed = record.openPayments.filter { terms.isManual && $0.state == .pending && $0.sale?.product == .seats }
        guard lapsed.isEmpty else {
            return try change(
                "orders_lapsed", by: Self.daemon,
                lapsed.map { .settle(payment: $0.payment, .canceled(reason: "the period it was for is over")) })
        }
        let from: CalendarDay
        let next: Subscription
        if let resumed = state.resumed, let period = BillingPeriod(of: resumed, signup: subscription.signup) {
            (from, next) = (resumed, subscription.renewed(in: period.number))
        } else {
            next = subscription.renewed()
            from = next.period.start
        }
        let hadRemoval = subscription.nextSeats < subscription.seats
        state.subscription = next
        state.resumed = nil
        let events: [BillingEvent] = hadRemoval ? [seatsChanged] : []
        var lines: [InvoiceLine] = []
        if next.seats > 0 {
            guard
                let price = Proration.amount(
                    of: terms.plan.seatPrice, quantity: next.seats, from: from, in: next.period)
            else { throw Self.tooMuch }
            lines.append(
                InvoiceLine(
                    .seats(BillingPeriodDays(next.period, from: from)), quantity: next.seats,
                    unitPrice: terms.plan.seatPrice, try taxed(price, for: .seats)))
        }
        let period = InvoiceBody.Period(number: next.number, start: next.period.start, end: next.period.end)
        guard let invoice = try invoice(of: lines, period) else {
            return try change("period_began", by: Self.daemon, [], events)
        }
        let due = invoice.netDue.nanos + invoice.taxDue.nanos
        let applied = due > 0 ? share(of: Money(nanos: due)) : .zero
        if due > applied.nanos { state.asked = now }
        let balance: [BillingStep] = applied == .zero ? [] : [.applyBalance(invoice: nil, applied)]
        return try change(
            "period_billed", by: Self.daemon, [.issue(invoice)] + balance, events + [issued(invoice)])
    }

    /// Has nobody wait any more for an order that nobody paid.
    private mutating func lapse(_ payment: PaymentRecord) throws(Refusal) -> BillingChange {
        guard let body = try? body(of: payment) else {
            throw Refusal(.unknownOutcome, "payment \(payment.payment) can't be read")
        }
        return try canceled(
            payment, body, reason: "nobody paid it within \(terms.plan.orderDays) days", by: Self.daemon)
    }

    /// Closes an org whose subscription was cancelled: its period is over.
    private mutating func end() throws(Refusal) -> BillingChange {
        state.cancellation = nil
        return try change("subscription_ended", by: Self.daemon, [.closeOrg], [BillingEvent(.subscriptionEnded)])
    }

    /// The last invoice of an org that was closed: what it bought and paid since the one before.
    private mutating func close() throws(Refusal) -> BillingChange {
        guard let invoice = try invoice(of: [], nil) else { return try change("closed", by: Self.daemon) }
        return try change("closed", by: Self.daemon, [.issue(invoice)], [issued(invoice)])
    }

    /// An invoice that asks for some lines, and shows what was bought and paid since the one before; nil without any line.
    func invoice(of due: [InvoiceLine], _ period: InvoiceBody.Period?) throws(Refusal) -> NewInvoice? {
        let lines = due + (try paidLines())
        guard !lines.isEmpty else { return nil }
        guard let totals = InvoiceTotals(lines) else { throw Self.tooMuch }
        let asked = Money(nanos: due.reduce(0) { $0 + $1.gross.nanos })
        let applied = asked > .zero ? share(of: asked) : .zero
        let body = InvoiceBody(
            seller: terms.plan.seller, buyer: buyer, period: period, lines: lines, totals: totals, method: state.method,
            balance: applied == .zero ? nil : AppliedBalance(before: freeBalance, applied: applied),
            dueOn: asked > applied ? today.advanced(byDays: terms.isManual ? terms.plan.dueDays : 0) : nil)
        return NewInvoice(
            kind: .invoice, series: terms.plan.seller.invoiceSeries, net: totals.net, tax: totals.tax,
            netDue: Money(nanos: due.reduce(0) { $0 + $1.net.nanos }),
            taxDue: Money(nanos: due.reduce(0) { $0 + $1.tax.nanos }), payments: record.uninvoiced.map(\.payment),
            refersTo: nil, body: BillingCoding.encode(body))
    }

    func issued(_ invoice: NewInvoice) -> BillingEvent {
        let (total, due) = (invoice.net.nanos + invoice.tax.nanos, invoice.netDue.nanos + invoice.taxDue.nanos)
        return BillingEvent(
            .invoiceIssued, ["total": Money(nanos: total).cents, "due": Money(nanos: due).cents], about: .invoice(nil))
    }

    /// The lines of what was bought and paid since the last invoice.
    private func paidLines() throws(Refusal) -> [InvoiceLine] {
        var lines: [InvoiceLine] = []
        for payment in record.uninvoiced {
            guard let body = try? body(of: payment) else {
                throw Refusal(.unknownOutcome, "payment \(payment.payment) can't be read")
            }
            lines += body.lines.map {
                $0.paid(
                    by: payment.payment, on: CalendarDay(payment.settled ?? payment.created),
                    payment.paidWith(body.method))
            }
        }
        return lines
    }

    // MARK: Payment of what is owed

    /// Asks for what an invoice says is due: right after it was issued, and when another card was saved.
    private mutating func askForOwed() throws(Refusal) -> BillingChange {
        guard let invoice = record.openInvoices.first else { return try change("nothing_owed", by: Self.daemon) }
        if let reason = reasonNotToAsk {
            let declined = BillingEvent(
                .paymentDeclined,
                ["amount": invoice.open.cents, "reason": reason.rawValue, "words": reason.words],
                about: .invoice(invoice.invoice))
            // Before the change is made of the state.
            let events = [declined] + fallenBehind(invoice.invoice)
            return try change("payment_declined", by: Self.daemon, [], events)
        }
        return try asking(
            invoice, key: automaticKey("invoice"), returnURL: state.collection?.returnURL, by: Self.daemon)
    }

    /// Why no payment can be asked for without anybody wishing it; nil if one can.
    private var reasonNotToAsk: DeclineReason? {
        guard !terms.isManual else { return nil }
        guard let method = state.method else { return .noPaymentMethod }
        return isRefused(method) ? state.refusedCard?.reason : nil
    }

    /// Asks for what an invoice says is due.
    mutating func asking(
        _ invoice: InvoiceRecord, key: String, returnURL: String? = nil, by actor: String
    ) throws(Refusal) -> BillingChange {
        let body = PaymentBody(purpose: .invoice, lines: [], method: state.method, returnURL: returnURL)
        let payment = NewPayment(
            purpose: .invoice(invoice.invoice), amount: invoice.open, key: key, gateway: terms.gateway,
            body: BillingCoding.encode(body))
        var collection = state.collection ?? CollectionState()
        (collection.lastCard, collection.lastAttempt) = (state.method?.card, now)
        (collection.isWanted, collection.notBefore, collection.returnURL) = (false, nil, nil)
        state.collection = collection
        return try change("payment_asked", by: actor, [.open(payment)])
    }

    /// A payment of an invoice that is under way.
    func pendingPayment(of invoice: InvoiceRecord) -> PaymentRecord? {
        record.openPayments.first { $0.invoice == invoice.invoice && $0.sale == nil && $0.state == .pending }
    }

    /// An invoice that nobody paid by its day.
    private mutating func overdue() throws(Refusal) -> BillingChange {
        let invoice = record.openInvoices.first
        let declined = BillingEvent(
            .paymentDeclined,
            [
                "amount": invoice?.open.cents ?? "", "reason": DeclineReason.notPaidInTime.rawValue,
                "words": DeclineReason.notPaidInTime.words,
            ], about: invoice.map { .invoice($0.invoice) })
        // Before the change is made of the state.
        let events = [declined] + fallenBehind(invoice?.invoice)
        return try change("overdue", by: Self.daemon, [], events)
    }

    // MARK: Dunning

    private mutating func dun() throws(Refusal) -> BillingChange? {
        guard let due = dunningDue, due <= now, let next = state.standing.next(dunning) else { return nil }
        let invoice = record.openInvoices.first
        if next.step == .erase, !terms.isManual, let invoice, state.collection?.isFinal != true {
            // Nothing is erased before the method on file was tried once more, unless it was just tried.
            let maySucceed = mayTryNow
            state.collection = state.collection ?? CollectionState()
            state.collection?.isFinal = true
            if maySucceed { return try asking(invoice, key: automaticKey("last"), by: Self.daemon) }
        }
        state.standing = state.standing.taking(next.step, at: now, dunning)
        let subject = invoice.map { BillingEvent.Subject.invoice($0.invoice) }
        switch next.step {
        case .retry:
            guard let invoice, pendingPayment(of: invoice) == nil, mayTryNow else {
                return try change("retry_skipped", by: Self.daemon)
            }
            return try asking(invoice, key: automaticKey("retry"), by: Self.daemon)
        case .suspend:
            var data: [String: String] = [:]
            if case .suspended(_, let suspension) = state.standing { data["erases"] = suspension.erases.description }
            return try change("suspended", by: Self.daemon, [], [BillingEvent(.orgSuspended, data, about: subject)])
        case .announceErasure(let days):
            var data = ["days": "\(days)"]
            if case .suspended(_, let suspension) = state.standing { data["erases"] = suspension.erases.description }
            return try change(
                "erasure_announced", by: Self.daemon, [], [BillingEvent(.erasureAnnounced, data, about: subject)])
        case .erase:
            state.erasing = record.lastUsage
            return try change("erasure_began", by: Self.daemon, [.eraseMembers])
        }
    }

    /// Whether a payment of what is owed may be tried now without anybody wishing it.
    private var mayTryNow: Bool {
        guard reasonNotToAsk == nil else { return false }
        guard let method = state.method, let collection = state.collection else { return true }
        return collection.due(with: method.card, at: now) <= now
    }

    private mutating func erased() throws(Refusal) -> BillingChange {
        state.erasing = nil
        return try change("erased", by: Self.daemon, [], [BillingEvent(.orgErased)])
    }

    // MARK: Payment methods

    private mutating func warn(of method: PaymentMethod, _ expires: CalendarDay) throws(Refusal) -> BillingChange {
        // Of several that are due at once the last one is given.
        state.warnings = Self.warningDays.count { expires.advanced(byDays: -$0).start <= now }
        return try change(
            "expiry_warned", by: Self.daemon, [],
            [
                BillingEvent(
                    .paymentMethodExpiring,
                    ["method": method.words, "expires": expires.description, "days": "\(max(0, expires - today))"])
            ])
    }
}
