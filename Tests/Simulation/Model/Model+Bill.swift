import Billing
import Foundation
import Ledger
import Metering

// What may become of bills, and what may not.
extension Model {
    mutating func bill(
        _ change: BillingChange, _ key: IdempotencyKey?, _ got: Outcome?, _ now: Int64, _ world: Surroundings
    ) throws(Wrong) {
        let name = key.map { "\(change.org) \($0.route) \($0.key)" }
        if let name, let known = bills.answers[name] {
            if let got, !Self.isBilled(got, known, isReplay: true) {
                throw Wrong("got \(got), expected \(known) again")
            }
            return
        }
        guard let before = ledger.orgs[change.org] else { throw Wrong("a bill of nobody") }
        let org = bills.orgs[change.org, default: BillModel.Org()]
        guard change.after == org.change, dayOf(change.decided.milliseconds) == dayOf(now) else {
            guard let got else { return }
            guard case .overtaken = got else { throw Wrong("got \(got), expected to be overtaken") }
            return
        }
        if let refusal = refusal(of: change, isClosed: before.state == .closed) {
            guard let got else { return }
            guard case .refused(let words) = got, words.code == refusal else {
                throw Wrong("got \(got), expected \(refusal)")
            }
            return
        }
        var applied = BillingApplied(change: bills.nextChange)
        bills.nextChange += 1
        bills.orgs[change.org, default: BillModel.Org()].change = applied.change
        do throws(Wrong) {
            // A grace counts from the moment at which it was decided upon.
            try make(change, &applied, change.decided.milliseconds, world)
        } catch {
            throw Wrong("\(change.org), \(change.kind): \(error)")
        }
        if let name { bills.answers[name] = applied }
        guard let got else { return }
        guard Self.isBilled(got, applied, isReplay: false) else { throw Wrong("got \(got), expected \(applied)") }
    }

    private static func isBilled(_ got: Outcome, _ expected: BillingApplied, isReplay: Bool) -> Bool {
        guard case .billed(let applied, isReplay) = got else { return false }
        return applied == expected
    }

    private func refusal(of change: BillingChange, isClosed: Bool) -> Refusal.Code? {
        for step in change.steps {
            switch step {
            case .open(let payment):
                if isClosed, case .sale = payment.purpose { return .orgClosed }
                if bills.paymentKeys.contains("\(change.org) \(payment.key)") { return .idConflict }
            case .settle(let number, let settlement):
                guard let payment = bills.payments.first(where: { $0.number == number && $0.org == change.org }) else {
                    return .notFound
                }
                let isPossible =
                    switch settlement {
                    case .succeeded, .declined, .canceled: payment.state == .pending
                    case .toBeRefunded: [.pending, .canceled, .declined].contains(payment.state)
                    case .refunded: payment.state == .refundDue
                    }
                if !isPossible { return .conflict }
            case .issue(let invoice):
                guard let corrected = invoice.refersTo else { continue }
                let left = bills.invoices.first { $0.id == corrected }.map { $0.due - $0.credited } ?? 0
                if invoice.netDue.nanos + invoice.taxDue.nanos > left { return .conflict }
            case .note, .eraseMembers: break
            }
        }
        return nil
    }

    // MARK: Steps

    private mutating func make(
        _ change: BillingChange, _ applied: inout BillingApplied, _ now: Int64, _ world: Surroundings
    ) throws(Wrong) {
        try prepare(change, now, world)
        for step in change.steps {
            switch step {
            case .open(let payment): applied.payments.append(try open(payment, change, applied, now, world))
            case .settle(let number, let settlement): try settle(number, settlement, change.org, now, world)
            case .issue(let invoice): applied.invoices.append(try issue(invoice, change, now, world))
            case .note(let invoice, let kind, _): try note(invoice, kind, change, now)
            case .eraseMembers: try eraseMembers(change.org, now)
            }
        }
        try conclude(change)
    }

    /// What a change does beside its steps.
    private mutating func prepare(_ change: BillingChange, _ now: Int64, _ world: Surroundings) throws(Wrong) {
        let name = change.org
        guard var org = bills.orgs[name] else { return }
        let opens = change.steps.contains { if case .open = $0 { true } else { false } }
        switch change.kind {
        case "seats_ordered", "credits_ordered", "top_up_ordered":
            guard opens, org.suspended == nil, org.hasMethod else { throw Wrong("nothing may be bought") }
            if org.signup == nil { (org.signup, org.period, org.seats, org.nextSeats) = (dayOf(now), 0, 0, 0) }
        case "seats_removed":
            guard case .removeSeats(let count) = world.intent else { throw Wrong("nobody asked for it") }
            org.nextSeats -= count
            guard org.nextSeats >= 1, org.nextSeats >= ledger.orgs[name]?.memberCount ?? 0 else {
                throw Wrong("\(org.nextSeats) seats stay for \(ledger.orgs[name]?.memberCount ?? 0) members")
            }
        case "removal_cancelled": org.nextSeats = org.seats
        case "payment_method_set": org.hasMethod = true
        case "top_up_set":
            guard case .topUp(let threshold) = world.intent else { throw Wrong("nobody asked for it") }
            org.topUpBelow = threshold
        case "period_began", "period_billed": try renew(&org, change, now)
        case "payment_declined" where change.steps.isEmpty:
            guard !org.hasMethod, let invoice = bills.openInvoice(of: name), !bills.hasPending(name, for: invoice.id),
                !invoice.isDisputed, org.declined == nil
            else { throw Wrong("nothing was declined") }
            org.declined = now
        case "suspended":
            guard let declined = org.declined, org.suspended == nil, now >= declined + 3 * BillModel.day,
                let invoice = bills.openInvoice(of: name), !invoice.isDisputed
            else { throw Wrong("there is no reason to suspend") }
            org.suspended = now
        case "closed":
            guard ledger.orgs[name]?.state == .closed else { throw Wrong("it is not closed") }
        default: break
        }
        bills.orgs[name] = org
    }

    private func renew(_ org: inout BillModel.Org, _ change: BillingChange, _ now: Int64) throws(Wrong) {
        guard let signup = org.signup, let end = org.periodEnd, org.declined == nil,
            bills.openInvoice(of: change.org) == nil, ledger.orgs[change.org]?.state != .closed,
            dayOf(now) >= org.resumed ?? end
        else { throw Wrong("no period is to be billed") }
        org.period = org.resumed.map { max(periodOf($0, signup), org.period + 1) } ?? org.period + 1
        org.seats = org.nextSeats
        let from = org.resumed ?? periodStart(signup, org.period)
        org.resumed = nil
        var (net, tax) = (Int64(0), Int64(0))
        if org.seats > 0 {
            net = BillModel.price(org.seats, from: from, signup: signup, period: org.period)
            tax = Self.tax(net, change.org)
        }
        let sales = bills.uninvoiced(change.org)
        let issued = change.steps.compactMap { if case .issue(let invoice) = $0 { invoice } else { nil } }
        guard org.seats > 0 || !sales.isEmpty else {
            guard issued.isEmpty else { throw Wrong("an invoice of nothing") }
            return
        }
        guard let invoice = issued.first, issued.count == 1 else { throw Wrong("\(issued.count) invoices") }
        guard invoice.netDue.nanos == net, invoice.taxDue.nanos == tax else {
            throw Wrong(
                "it asks for \(invoice.netDue) and \(invoice.taxDue) tax, expected \(Money(nanos: net)) and \(Money(nanos: tax)) for \(org.seats) seats from \(from)"
            )
        }
    }

    /// 19 % on top in Germany, half even to the cent; nothing elsewhere.
    static func tax(_ net: Int64, _ org: String) -> Int64 { org.hasPrefix("de-") ? cents(net * 19, over: 100) : 0 }

    private mutating func open(
        _ new: NewPayment, _ change: BillingChange, _ applied: BillingApplied, _ now: Int64, _ world: Surroundings
    ) throws(Wrong) -> Int64 {
        let name = change.org
        guard let org = bills.orgs[name] else { throw Wrong("no org") }
        let purpose: BillModel.Purpose
        var (net, tax) = (Int64(0), Int64(0))
        switch new.purpose {
        case .sale(let sale):
            (net, tax) = (sale.net.nanos, sale.tax.nanos)
            guard let signup = org.signup, let end = org.periodEnd else { throw Wrong("there is no period") }
            switch sale.product {
            case .seats:
                guard case .addSeats(let count) = world.intent, dayOf(now) < end else { throw Wrong("no seats now") }
                let price = BillModel.price(count, from: dayOf(now), signup: signup, period: org.period)
                guard net == price else { throw Wrong("\(count) seats for \(sale.net), not \(Money(nanos: price))") }
                guard ledger.orgs[name]?.memberCount ?? 0 <= org.nextSeats + count else {
                    throw Wrong("fewer seats than members")
                }
                purpose = .seats(count, signup: signup, period: org.period)
            case .credits:
                let isTopUp = change.kind == "top_up_ordered"
                if isTopUp { try checkTopUp(name, org, net) }
                if !isTopUp, world.intent != .buy(net) { throw Wrong("nobody wants \(sale.net) of credits") }
                purpose = .credits(isTopUp: isTopUp)
            }
            guard tax == Self.tax(net, name), new.amount.nanos == net + tax else {
                throw Wrong("\(new.amount) for \(sale.net) and \(sale.tax)")
            }
        case .invoice(let id):
            guard let id = id ?? applied.invoices.last, let invoice = bills.invoices.first(where: { $0.id == id }),
                invoice.org == name, invoice.open == new.amount.nanos, !bills.hasPending(name, for: id), org.hasMethod
            else { throw Wrong("\(new.amount) is not owed") }
            purpose = .invoice(id)
        }
        let number = Int64(bills.payments.count) + 1
        bills.paymentKeys.insert("\(name) \(new.key)")
        bills.payments.append(
            BillModel.Payment(
                number: number, org: name, purpose: purpose, amount: new.amount.nanos, net: net, tax: tax, created: now)
        )
        return number
    }

    private func checkTopUp(_ name: String, _ org: BillModel.Org, _ net: Int64) throws(Wrong) {
        let pending = bills.payments.filter {
            if case .credits = $0.purpose { $0.org == name && $0.state == .pending } else { false }
        }.reduce(Int64(0)) { $0 + $1.net }
        guard let below = org.topUpBelow, (ledger.orgs[name]?.credits ?? 0) + pending < below else {
            throw Wrong("there is enough: \(ledger.orgs[name]?.credits ?? 0) and \(pending) to come")
        }
    }

    private mutating func settle(
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
        if settlement.isOfMoney, charge?.fate != .succeeded || charge?.amount != payment.amount {
            throw Wrong("payment \(number) is paid, and the gateway has no money of it")
        }
        switch settlement {
        case .succeeded:
            bills.payments[index].state = .succeeded
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
        case .refunded:
            guard charge?.refunds == 1 else { throw Wrong("payment \(number) did not go back") }
            bills.payments[index].state = .refunded
        case .declined:
            guard case .declined = charge?.fate else { throw Wrong("the gateway did not decline payment \(number)") }
            bills.payments[index].state = .declined
            if case .invoice = payment.purpose, org.declined == nil { org.declined = now }
            if !org.isBegun, !bills.payments.contains(where: { $0.org == name && $0.state.isOpen }) {
                (org.signup, org.period) = (nil, 0)
            }
        case .canceled: throw Wrong("nobody cancels payments here")
        }
        bills.orgs[name] = org
    }

    private mutating func give(_ amount: Int64, _ source: GrantSource, _ key: String, _ org: String, _ now: Int64) {
        _ = ledger.give(
            org,
            ReferenceLedger.Grant(
                id: 0, amount: amount, remaining: 0, source: source, priority: LedgerLimits.priorityDefault,
                expires: nil, key: key), now)
    }

    /// What was owed is paid, or taken back.
    private func restore(_ org: inout BillModel.Org, _ now: Int64) {
        if org.suspended != nil, let end = org.periodEnd, dayOf(now) >= end { org.resumed = dayOf(now) }
        (org.declined, org.suspended, org.erased) = (nil, nil, nil)
    }

    private mutating func issue(
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
        guard world.intent == .credit(due), let corrected = new.refersTo, var org = bills.orgs[name] else {
            throw Wrong("nobody asked for a credit note")
        }
        let at = Int(corrected) - 1
        bills.invoices[at].credited += due
        let (isOpen, left) = (bills.invoices[at].state == .open, bills.invoices[at].due - bills.invoices[at].credited)
        if !isOpen {
            give(due, .refund, "credit-note-\(id)", name, now)
        } else if left == 0 {
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

    private mutating func note(
        _ invoice: Int64, _ kind: NoteKind, _ change: BillingChange, _ now: Int64
    ) throws(Wrong) {
        let at = Int(invoice) - 1
        guard bills.invoices[at].org == change.org, !bills.invoices[at].isCreditNote, var org = bills.orgs[change.org]
        else { throw Wrong("a note on what is no invoice of it") }
        if kind == .upheld, bills.invoices[at].isDisputed, bills.invoices[at].state == .open { resume(&org, now) }
        bills.invoices[at].notes.append(kind)
        bills.orgs[change.org] = org
    }

    private mutating func eraseMembers(_ name: String, _ now: Int64) throws(Wrong) {
        guard let suspended = bills.orgs[name]?.suspended, now >= suspended + 30 * BillModel.day,
            bills.openInvoice(of: name)?.isDisputed == false, bills.orgs[name]?.erased == nil
        else { throw Wrong("members are erased too soon") }
        bills.orgs[name]?.erased = now
        ledger.orgs[name]?.members = [:]
    }

    /// What every change leaves.
    private mutating func conclude(_ change: BillingChange) throws(Wrong) {
        guard let org = bills.orgs[change.org] else { return }
        guard change.membersMax == org.membersMax else {
            throw Wrong("it may have \(change.membersMax ?? -1) members, expected \(org.membersMax ?? -1)")
        }
        guard change.isSuspended == (org.suspended != nil) else {
            throw Wrong("it is \(change.isSuspended ? "" : "not ")suspended")
        }
        ledger.orgs[change.org]?.membersMax = org.membersMax
        if ledger.orgs[change.org]?.state != .closed {
            ledger.orgs[change.org]?.state = org.suspended != nil ? .suspended : .active
        }
    }
}

extension Settlement {
    fileprivate var isOfMoney: Bool {
        switch self {
        case .succeeded, .toBeRefunded: true
        case .refunded, .declined, .canceled: false
        }
    }
}
