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
                    }
                if !isPossible { return .conflict }
            case .issue(let invoice):
                guard let corrected = invoice.refersTo else { continue }
                let left = bills.invoices.first { $0.id == corrected }.map { $0.due - $0.credited } ?? 0
                if invoice.netDue.nanos + invoice.taxDue.nanos > left { return .conflict }
            case .refund(let refund):
                guard refund.cause != .inVain else { continue }
                let payment = bills.payments[Int(refund.payment) - 1]
                let left = payment.amount - payment.fromBalance - payment.refunded - payment.returned
                if payment.state != .succeeded || refund.net.nanos + refund.tax.nanos > left { return .conflict }
                if refund.cause == .credits, unspent(ofPayment: refund.payment, change.org) < refund.net.nanos {
                    return .conflict
                }
            case .settleRefund(let number, let settlement):
                let state = bills.refunds[Int(number) - 1].state
                let isPossible =
                    switch settlement {
                    case .succeeded: state != .succeeded
                    case .failed: state == .due || state == .pending
                    case .pending: state == .due || state == .failed
                    case .due: state == .failed
                    }
                if !isPossible { return .conflict }
            case .takeReturn(let entry):
                let payment = bills.payments[Int(entry.payment) - 1]
                let left = payment.amount - payment.fromBalance - payment.refunded - payment.returned
                let isOn = payment.state == .succeeded || payment.state == .refundDue
                if !entry.isReinstated, entry.amount != .zero, !isOn || entry.amount.nanos > left { return .conflict }
            case .note, .eraseMembers, .closeOrg, .applyBalance, .addToBalance: break
            }
        }
        return nil
    }

    /// What is left of the grant that a payment bought.
    func unspent(ofPayment number: Int64, _ org: String) -> Int64 {
        ledger.orgs[org]?.grants.first { $0.key == "payment-\(number)" }?.remaining ?? 0
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
            case .closeOrg: ledger.orgs[change.org]?.state = .closed
            case .applyBalance(let invoice, let amount):
                try applyBalance(amount.nanos, invoice ?? applied.invoices.last ?? 0, change, now)
            case .addToBalance(let note, let amount):
                guard (note ?? applied.invoices.last) != nil else { throw Wrong("a balance grows for nothing") }
                try giveBack(amount.nanos)
                bills.orgs[change.org]?.balance += amount.nanos
            case .refund(let refund):
                applied.refunds = (applied.refunds ?? []) + [try open(refund, change, now, world)]
            case .settleRefund(let number, let settlement): try settle(refund: number, settlement, world)
            case .takeReturn(let entry):
                applied.returns = (applied.returns ?? []) + [try take(entry, change.org, now, world)]
            }
        }
        guard toGiveBack == 0 else { throw Wrong("\(Money(nanos: toGiveBack)) are taken back and go nowhere") }
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
            if case .addSeats(let count) = world.intent, change.kind == "seats_ordered" {
                org.kept = min(count, org.seats - org.nextSeats)
                guard org.kept < count else { throw Wrong("seats are bought that are paid for") }
                org.nextSeats += org.kept
            }
        case "seats_kept":
            guard case .addSeats(let count) = world.intent, count <= org.seats - org.nextSeats else {
                throw Wrong("seats come for nothing")
            }
            org.nextSeats += count
        case "seats_removed":
            guard case .removeSeats(let count) = world.intent else { throw Wrong("nobody asked for it") }
            org.nextSeats -= count
            let filled = ledger.orgs[name]?.seatsFilled(now) ?? 0
            guard org.nextSeats >= 1, org.nextSeats >= filled else {
                throw Wrong("\(org.nextSeats) seats stay for \(filled) members")
            }
        case "removal_cancelled": org.nextSeats = org.seats
        case "payment_method_set": (org.hasMethod, org.card, org.refused) = (true, org.card + 1, nil)
        case "top_up_set":
            guard case .topUp(let threshold) = world.intent else { throw Wrong("nobody asked for it") }
            org.topUpBelow = threshold
        case "period_began", "period_billed": try renew(&org, change, now)
        case "payment_declined" where change.steps.isEmpty:
            guard !org.hasMethod || org.refused == org.card, let invoice = bills.openInvoice(of: name),
                !bills.hasPending(name, for: invoice.id),
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
        let share = net + tax > 0 ? bills.share(of: net + tax, change.org) : 0
        let applied = change.steps.reduce(Int64(0)) {
            if case .applyBalance(nil, let amount) = $1 { $0 + amount.nanos } else { $0 }
        }
        guard applied == share else {
            throw Wrong("the balance pays \(Money(nanos: applied)), expected \(Money(nanos: share))")
        }
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
        // What a credit note took back, sold again as credits.
        let isResold = new.settlement != nil
        var (net, tax) = (Int64(0), Int64(0))
        switch new.purpose {
        case .sale(let sale):
            (net, tax) = (sale.net.nanos, sale.tax.nanos)
            guard let signup = org.signup, let end = org.periodEnd else { throw Wrong("there is no period") }
            switch sale.product {
            case .seats:
                guard case .addSeats(let wanted) = world.intent, dayOf(now) < end else { throw Wrong("no seats now") }
                let count = wanted - org.kept
                let price = BillModel.price(count, from: dayOf(now), signup: signup, period: org.period)
                guard net == price else { throw Wrong("\(count) seats for \(sale.net), not \(Money(nanos: price))") }
                guard ledger.orgs[name]?.seatsFilled(now) ?? 0 <= org.nextSeats + count else {
                    throw Wrong("fewer seats than members")
                }
                purpose = .seats(count, signup: signup, period: org.period)
            case .credits:
                let isTopUp = change.kind == "top_up_ordered"
                if isTopUp { try checkTopUp(name, org, net) }
                if !isTopUp, !isResold, world.intent != .buy(net) {
                    throw Wrong("nobody wants \(sale.net) of credits")
                }
                purpose = .credits(isTopUp: isTopUp)
            case .balance: throw Wrong("nobody deposits money here")
            }
            let isSold = new.amount.nanos == net + tax
            guard isSold, tax == Self.tax(net, name) || isResold, abs(tax - Self.tax(net, name)) <= 10_000_000 else {
                throw Wrong("\(new.amount) for \(sale.net) and \(sale.tax)")
            }
            let share =
                sale.product == .seats ? bills.share(of: new.amount.nanos, name) : isResold ? new.amount.nanos : 0
            guard new.fromBalance.nanos == share else {
                throw Wrong("the balance pays \(new.fromBalance) of \(new.amount), expected \(Money(nanos: share))")
            }
        case .invoice(let id):
            guard let id = id ?? applied.invoices.last, new.amount.nanos >= BillModel.minimum,
                let invoice = bills.invoices.first(where: { $0.id == id }),
                invoice.org == name, invoice.open == new.amount.nanos, !bills.hasPending(name, for: id), org.hasMethod
            else { throw Wrong("\(new.amount) is not owed") }
            purpose = .invoice(id)
        }
        let number = Int64(bills.payments.count) + 1
        bills.paymentKeys.insert("\(name) \(new.key)")
        bills.payments.append(
            BillModel.Payment(
                number: number, org: name, purpose: purpose, amount: new.amount.nanos, net: net, tax: tax, created: now,
                fromBalance: new.fromBalance.nanos, card: org.card))
        if let settlement = new.settlement {
            guard case .credit(_, .credits) = world.intent else { throw Wrong("a payment is settled by itself") }
            try settle(number, settlement, name, now, world)
        }
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
