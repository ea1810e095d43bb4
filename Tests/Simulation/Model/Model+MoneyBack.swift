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
        guard amount == bills.share(of: open, name) || amount == min(open, org.balance), amount <= open else {
            throw Wrong("the balance pays \(Money(nanos: amount)) of \(Money(nanos: open))")
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
        guard bills.payments[index].refunded <= payment.amount - payment.fromBalance else {
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
}
