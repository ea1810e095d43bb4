import Ledger
import Metering

// The customer's balance: it pays later invoices and seats. Sums that no gateway collects make it fall below zero, and are collected with
// the next invoice or seats. See <https://docs.stripe.com/billing/customer/balance>, which does the same.
extension Bill {
    /// What of the customer's balance no payment under way has claimed; below zero, what is to be collected.
    var freeBalance: Money {
        let claimed = record.openPayments.reduce(Int64(0)) { $0 + ($1.state == .pending ? $1.fromBalance.nanos : 0) }
        return Money(nanos: record.customerBalance.nanos - claimed)
    }

    /// What the balance pays of a sum. All of it if what is left is too little to be collected, so that the balance may fall below
    /// zero; less than nothing if something is to be collected with it.
    func share(of amount: Money) -> Money {
        let balance = freeBalance.nanos
        guard balance < amount.nanos else { return amount }
        let rest = amount.nanos - balance
        return rest < terms.minimum.nanos ? amount : Money(nanos: balance)
    }

    /// Has the balance pay what it can of an open invoice, or carries over what is too little to be collected; nil if it does neither.
    mutating func settleFromBalance() throws(Refusal) -> BillingChange? {
        guard let invoice = record.openInvoices.first, !isDisputed, invoice.open > .zero else { return nil }
        let isSmall = invoice.open < terms.minimum
        guard freeBalance > .zero || isSmall else { return nil }
        let amount = isSmall ? invoice.open : min(invoice.open, freeBalance)
        var steps: [BillingStep] = []
        if let pending = pendingPayment(of: invoice) {
            // What the gateway was asked for is not taken back; what an operator waits for is asked for anew.
            guard terms.isManual else { return nil }
            steps += asking(anew: pending, for: Money(nanos: invoice.open.nanos - amount.nanos), invoice)
        }
        steps.append(.applyBalance(invoice: invoice.invoice, amount))
        var events: [BillingEvent] = []
        if amount == invoice.open {
            events.append(BillingEvent(.invoicePaid, about: .invoice(invoice.invoice)))
            events += restored()
        }
        return try change(isSmall ? "carried_over" : "balance_applied", by: Self.daemon, steps, events)
    }

    /// Has nobody wait any more for an invoice's payment, and opens one of what is left; none if nothing is.
    func asking(
        anew pending: PaymentRecord, for amount: Money, _ invoice: InvoiceRecord,
        because reason: String = "less is to be paid now"
    ) -> [BillingStep] {
        var steps: [BillingStep] = [.settle(payment: pending.payment, .canceled(reason: reason))]
        if amount > .zero {
            steps.append(
                .open(
                    NewPayment(
                        purpose: .invoice(invoice.invoice), amount: amount,
                        key: "meterd-less-\(record.change)", gateway: terms.gateway, body: pending.body)))
        }
        return steps
    }

    /// A purchase that the customer's balance pays, and no gateway is asked for.
    static let balanceGateway = "balance"
}
