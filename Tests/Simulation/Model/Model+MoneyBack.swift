import Billing
import Ledger
import Metering

// What goes back, and what the customer's balance may do.
extension Model {
    mutating func applyBalance(
        _ amount: Int64, _ invoice: Int64, _ change: BillingChange, _ now: Int64
    ) throws(Wrong) {
        let name = change.org
        guard let index = bills.invoices.firstIndex(where: { $0.id == invoice && $0.org == name }),
            var org = bills.orgs[name], bills.invoices[index].state == .open
        else { throw Wrong("a balance pays what is not owed") }
        let open = bills.invoices[index].open
        // An invoice is asked for without the balance: what is left of it is carried over if it is too little, however low that is.
        let small = open < BillModel.minimum && amount == open
        guard small || amount == bills.share(of: open, name) || amount == min(open, org.balance), amount <= open else {
            throw Wrong(
                "a balance of \(Money(nanos: org.balance)) pays \(Money(nanos: amount)) of \(Money(nanos: open))")
        }
        org.balance -= amount
        bills.balances += 1
        bills.invoices[index].settled += amount
        if amount == open {
            bills.invoices[index].state = .paid
            restore(&org, now)
        }
        bills.orgs[name] = org
    }

    /// A part of what a credit note took back goes somewhere.
    mutating func giveBack(_ amount: Int64) throws(Wrong) {
        toGiveBack -= amount
        guard toGiveBack >= 0 else { throw Wrong("more is given back than was taken back") }
    }

    mutating func open(
        _ refund: NewRefund, _ change: BillingChange, _ now: Int64, _ world: Surroundings
    ) throws(Wrong) -> Int64 {
        let index = Int(refund.payment) - 1
        let payment = bills.payments[index]
        let amount = refund.net.nanos + refund.tax.nanos
        bills.payments[index].refunded += amount
        guard bills.payments[index].refunded <= payment.amount - payment.fromBalance - payment.returned else {
            throw Wrong("more of payment \(refund.payment) goes back than came")
        }
        var isInVain = false
        switch refund.cause {
        case .inVain:
            isInVain = true
            guard payment.state == .refundDue, amount == payment.amount - payment.fromBalance else {
                throw Wrong("payment \(refund.payment) goes back for no reason")
            }
        case .credits:
            guard world.intent == .refundCredits(payment: refund.payment) else { throw Wrong("nobody wants it back") }
            let tax = Int128(payment.tax) * Int128(refund.net.nanos)
            let exact = tax / Int128(payment.net)
            guard abs(Int128(refund.tax.nanos) - exact) <= 10_000_000 else {
                throw Wrong("\(refund.tax) is not the tax in \(refund.net)")
            }
            bills.payments[index].taxBack += refund.tax.nanos
            ledger.takeCredits(change.org, "payment-\(refund.payment)", refund.net.nanos)
        case .creditNote: try giveBack(amount)
        case .balance:
            guard ledger.orgs[change.org]?.state == .closed else { throw Wrong("only a closed org is paid out") }
            bills.orgs[change.org]?.balance -= amount
            guard bills.orgs[change.org]?.balance ?? -1 >= 0 else { throw Wrong("more is paid out than there is") }
        }
        let number = Int64(bills.refunds.count) + 1
        bills.refunds.append(
            BillModel.Refund(
                number: number, org: change.org, payment: refund.payment, amount: amount, isInVain: isInVain))
        return number
    }

    mutating func settle(
        refund number: Int64, _ settlement: RefundSettlement, _ world: Surroundings
    ) throws(Wrong) {
        let refund = bills.refunds[Int(number) - 1]
        let known = world.charge(refund.payment)?.refunds.first { $0.key.hasSuffix("-refund-\(number)") }?.value
        let isTrue =
            switch settlement {
            case .succeeded: known?.state == .succeeded && known?.amount == refund.amount
            // It may have come to its end since.
            case .pending, .failed: known != nil
            case .due: true
            }
        guard isTrue else { throw Wrong("refund \(number) is said to be what it isn't") }
        bills.refunds[Int(number) - 1].state =
            switch settlement {
            case .succeeded: .succeeded
            case .pending: .pending
            case .failed: .failed
            case .due: .due
            }
        if case .succeeded = settlement, refund.isInVain { bills.payments[Int(refund.payment) - 1].state = .refunded }
    }

    // MARK: Disputes

    mutating func take(
        _ entry: NewReturn, _ name: String, _ now: Int64, _ world: Surroundings
    ) throws(Wrong) -> Int64 {
        guard let reference = entry.reference, let dispute = world.dispute(reference), var org = bills.orgs[name],
            dispute.payment == entry.payment
        else { throw Wrong("nobody disputes payment \(entry.payment)") }
        let index = Int(entry.payment) - 1
        let payment = bills.payments[index]
        var booked = bills.returns[reference] ?? BillModel.Returned()
        let sign: Int64 = entry.isReinstated ? -1 : 1
        let all = entry.amount.nanos + entry.excess.nanos
        if entry.isReinstated { booked.reinstated += all } else { booked.withdrawn += all }
        booked.fee += sign * entry.fee.nanos
        guard booked.withdrawn <= dispute.withdrawn, booked.reinstated <= dispute.reinstated else {
            throw Wrong("more of \(reference) is booked than the bank says")
        }
        bills.payments[index].returned += sign * entry.amount.nanos
        bills.payments[index].taxBack += sign * entry.tax.nanos
        let after = bills.payments[index]
        let left = payment.amount - payment.fromBalance - payment.refunded - payment.returned
        if entry.isReinstated {
            if org.refused == payment.card { org.refused = nil }
            booked.amountAgain += entry.amount.nanos
            booked.creditsAgain += entry.credits.nanos
        } else {
            booked.amount += entry.amount.nanos
            booked.credits += entry.credits.nanos
            guard entry.amount.nanos == min(all, left) || entry.amount == .zero else {
                throw Wrong("\(entry.amount) of \(Money(nanos: all)) is taken, \(Money(nanos: left)) being left")
            }
            if all > 0 { org.refused = payment.card }
        }
        let rest = entry.amount.nanos - entry.credits.nanos - entry.tax.nanos - entry.carried.nanos
        switch payment.purpose {
        case .credits:
            // What is left sold has its share of the tax, to the cent.
            let share = Int128(payment.tax) * Int128(after.refunded + after.returned) / Int128(payment.amount)
            guard rest == 0, entry.carried == .zero, abs(Int128(after.taxBack) - share) <= 20_000_000 else {
                throw Wrong("the tax in what went back is \(Money(nanos: after.taxBack))")
            }
        case .seats:
            guard entry.carried == entry.amount else { throw Wrong("seats are taken back otherwise") }
        case .invoice(let id):
            guard entry.credits == .zero, entry.tax == .zero else { throw Wrong("an invoice has no credits") }
            let at = Int(id) - 1
            let open = bills.invoices[at].open
            if entry.isReinstated {
                guard rest == min(entry.amount.nanos, open) else { throw Wrong("what comes again is not owed") }
                bills.invoices[at].settled += rest
                if rest > 0, rest == open {
                    bills.invoices[at].state = .paid
                    restore(&org, now)
                }
            } else {
                guard entry.carried == .zero else { throw Wrong("an invoice is owed again, and nothing is carried") }
                bills.invoices[at].settled -= rest
                if rest > 0 { bills.invoices[at].state = .open }
                if rest > 0, org.declined == nil { org.declined = now }
            }
        }
        org.balance -= sign * entry.carried.nanos
        bills.orgs[name] = org
        bills.returns[reference] = booked
        bills.returnCount += 1
        if entry.isReinstated {
            if entry.credits > .zero { give(entry.credits.nanos, .purchase, "return-\(bills.returnCount)", name, now) }
        } else {
            ledger.withdraw(name, "payment-\(entry.payment)", entry.credits.nanos)
        }
        return bills.returnCount
    }
}
