import Billing
import Ledger
import Metering

// What becomes of payments and invoices, and what may not.
extension Model {
    mutating func settle(
        _ number: Int64, _ settlement: Settlement, _ name: String, _ now: Int64, _ world: Surroundings
    ) throws(Wrong) {
        let index = Int(number) - 1
        let payment = bills.payments[index]
        let charge = world.charge(number)
        guard var org = bills.orgs[name] else { throw Wrong("no org") }
        let isClosed = ledger.orgs[name]?.state == .closed
        func isForThisPeriod(_ signup: Int64, _ period: Int64) -> Bool {
            !isClosed && org.signup == signup && org.period == period && dayOf(now) < org.periodEnd ?? 0
        }
        let asked = payment.amount - payment.fromBalance
        if settlement.isOfMoney, asked != 0, charge?.fate != .succeeded || charge?.amount != asked {
            throw Wrong("payment \(number) is paid, and the gateway has no money of it")
        }
        switch settlement {
        case .succeeded:
            bills.payments[index].state = .succeeded
            org.balance -= payment.fromBalance
            if asked != 0, org.refused == payment.card { org.refused = nil }
            if payment.fromBalance != 0 { bills.balances += 1 }
            switch payment.purpose {
            case .seats(let count, let signup, let period):
                guard isForThisPeriod(signup, period) else { throw Wrong("seats of another period") }
                org.seats += count
                org.nextSeats += count
                org.isBegun = true
            case .credits:
                guard !isClosed else { throw Wrong("a closed org buys") }
                give(payment.net, .purchase, "payment-\(number)", name, now)
                org.isBegun = true
            case .invoice(let id):
                let at = Int(id) - 1
                guard bills.invoices[at].open == payment.amount else {
                    throw Wrong("\(payment.amount) for \(bills.invoices[at].open)")
                }
                bills.invoices[at].state = .paid
                bills.invoices[at].settled += payment.amount
                restore(&org, now)
            }
        case .toBeRefunded:
            bills.payments[index].state = .refundDue
            let isInVain =
                switch payment.purpose {
                case .seats(_, let signup, let period): !isForThisPeriod(signup, period)
                case .credits: isClosed
                case .invoice(let id): bills.invoices[Int(id) - 1].state == .paid
                }
            guard isInVain else { throw Wrong("payment \(number) goes back for no reason") }
        case .declined(let reason, _):
            guard case .declined(let fate) = charge?.fate, fate.rawValue == reason else {
                throw Wrong("the gateway did not decline payment \(number)")
            }
            bills.payments[index].state = .declined
            // What never arrived at a bank is no decline.
            if case .invoice = payment.purpose, org.declined == nil, fate != .neverArrived { org.declined = now }
            if fate == .neverArrived { org.anew = now + 3_600_000 }
            // With nobody there, the card isn't tried any more.
            if [.authenticationRequired, .notConfirmed].contains(fate) { org.refused = payment.card }
            if !org.isBegun, !bills.payments.contains(where: { $0.org == name && $0.state.isOpen }) {
                (org.signup, org.period) = (nil, 0)
            }
        case .canceled:
            // Given up by an operator, or since another card was saved: never before the gateway says so.
            guard charge?.fate == .declined(.notConfirmed) else {
                throw Wrong("payment \(number) is cancelled, and can still be paid")
            }
            bills.payments[index].state = .canceled
            if !org.isBegun, !bills.payments.contains(where: { $0.org == name && $0.state.isOpen }) {
                (org.signup, org.period) = (nil, 0)
            }
        }
        bills.orgs[name] = org
    }

    mutating func give(_ amount: Int64, _ source: GrantSource, _ key: String, _ org: String, _ now: Int64) {
        _ = ledger.give(
            org,
            ReferenceLedger.Grant(
                id: 0, amount: amount, remaining: 0, source: source, priority: LedgerLimits.priorityDefault,
                expires: nil, key: key), now)
    }

    /// What was owed is paid, or taken back.
    func restore(_ org: inout BillModel.Org, _ now: Int64) {
        if org.suspended != nil, let end = org.periodEnd, dayOf(now) >= end { org.resumed = dayOf(now) }
        (org.declined, org.suspended, org.erased) = (nil, nil, nil)
    }

    mutating func issue(
        _ new: NewInvoice, _ change: BillingChange, _ now: Int64, _ world: Surroundings
    ) throws(Wrong) -> Int64 {
        let name = change.org
        let id = Int64(bills.invoices.count) + 1
        let number = bills.series[new.series, default: 0] + 1
        bills.series[new.series] = number
        let digits = String(number)
        let due = new.netDue.nanos + new.taxDue.nanos
        let isNote = new.kind == .creditNote
        bills.invoices.append(
            BillModel.Invoice(
                id: id, org: name,
                number: new.series + String(repeating: "0", count: max(0, 6 - digits.count)) + digits,
                isCreditNote: isNote, due: due, net: new.net.nanos, tax: new.tax.nanos,
                state: !isNote && due > 0 ? .open : .paid))
        guard isNote else {
            let sales = bills.uninvoiced(name)
            guard new.payments == sales.map(\.number) else {
                throw Wrong("the invoice shows payments \(new.payments), expected \(sales.map(\.number))")
            }
            let (net, tax) = sales.reduce((new.netDue.nanos, new.taxDue.nanos)) { ($0.0 + $1.net, $0.1 + $1.tax) }
            guard new.net.nanos == net, new.tax.nanos == tax else { throw Wrong("the invoice's sums are wrong") }
            for sale in sales { bills.payments[Int(sale.number) - 1].standsOn = id }
            return id
        }
        if case .refundCredits = world.intent, due == 0 { return id }
        guard case .credit(due, _) = world.intent, let corrected = new.refersTo, var org = bills.orgs[name] else {
            throw Wrong("nobody asked for a credit note")
        }
        let at = Int(corrected) - 1
        let open = bills.invoices[at].open
        bills.invoices[at].credited += due
        bills.invoices[at].settled -= max(0, due - open)
        // What was paid has to go somewhere by the same change.
        toGiveBack = max(0, due - open)
        let (isOpen, left) = (bills.invoices[at].state == .open, open - due)
        if !isOpen {
            // It is paid.
        } else if left <= 0 {
            bills.invoices[at].state = .paid
            restore(&org, now)
        } else if bills.invoices[at].isDisputed {
            resume(&org, now)
        }
        bills.orgs[name] = org
        return id
    }

    /// A dispute is over: the time to pay begins anew.
    private func resume(_ org: inout BillModel.Org, _ now: Int64) {
        guard org.declined != nil, org.erased == nil else { return }
        if org.suspended == nil { org.declined = now } else { org.suspended = now }
    }

    mutating func note(
        _ invoice: Int64, _ kind: NoteKind, _ change: BillingChange, _ now: Int64
    ) throws(Wrong) {
        let at = Int(invoice) - 1
        guard bills.invoices[at].org == change.org, !bills.invoices[at].isCreditNote, var org = bills.orgs[change.org]
        else { throw Wrong("a note on what is no invoice of it") }
        if kind == .upheld, bills.invoices[at].isDisputed, bills.invoices[at].state == .open { resume(&org, now) }
        bills.invoices[at].notes.append(kind)
        bills.orgs[change.org] = org
    }

    mutating func eraseMembers(_ name: String, _ now: Int64) throws(Wrong) {
        guard let suspended = bills.orgs[name]?.suspended, now >= suspended + 30 * BillModel.day,
            let invoice = bills.openInvoice(of: name), !invoice.isDisputed, bills.orgs[name]?.erased == nil
        else { throw Wrong("members are erased too soon") }
        let isTried = bills.payments.contains {
            $0.purpose == .invoice(invoice.id) && $0.created >= suspended + 30 * BillModel.day - 3_600_000
        }
        let org = bills.orgs[name] ?? BillModel.Org()
        guard isTried || !org.hasMethod || org.refused == org.card else {
            throw Wrong("members are erased without a last attempt")
        }
        bills.orgs[name]?.erased = now
        ledger.orgs[name]?.members = [:]
        ledger.erasePeople(of: name)
    }
}

extension Settlement {
    fileprivate var isOfMoney: Bool {
        switch self {
        case .succeeded, .toBeRefunded: true
        case .declined, .canceled: false
        }
    }
}
