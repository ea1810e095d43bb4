import Ledger
import Metering

// Money of a payment that goes back without a refund of ours.
extension Bill {
    /// Takes back what a payment paid for, since its money went back.
    ///
    /// Of a purchase of credits, the credits and their tax are taken: first what is unspent of it, then of the org's other credits. What
    /// goes beyond them is a balance below zero, so that requests are refused until more credits are bought. Of an invoice, as much is
    /// owed again. Of seats and deposits, the customer's balance falls.
    ///
    /// - Parameters:
    ///   - amount: what went back, tax included; what goes beyond the payment counts as a fee.
    ///   - fee: what the gateway took for it.
    mutating func returned(
        _ amount: Money, of payment: PaymentRecord, _ body: PaymentBody, fee: Money = .zero, kind: ReturnKind,
        reference: String?, reason: String, by actor: String
    ) throws(Refusal) -> BillingChange {
        guard payment.state == .succeeded else {
            throw Refusal(.conflict, "payment \(payment.payment) is \(payment.state.name): nothing of it can go back")
        }
        let gone = min(amount, payment.refundable)
        guard amount > .zero, amount.isWholeCents, gone > .zero else {
            throw Refusal(
                .conflict,
                "of payment \(payment.payment) USD \(payment.refundable.cents) did not go back yet; no more can, in whole cents"
            )
        }
        var (credits, tax, carried) = (Money.zero, Money.zero, Money.zero)
        var events = [
            BillingEvent(
                .paymentReturned, ["amount": amount.cents, "kind": kind.name, "words": reason],
                about: .payment(payment.payment))
        ]
        var steps: [BillingStep] = []
        switch body.purpose {
        case .credits:
            (credits, tax) = try saleShare(of: gone, payment)
        case .seats, .deposit: carried = gone
        case .invoice:
            guard let id = payment.invoice else { throw Refusal(.unknownOutcome, "a payment pays no invoice") }
            if terms.isManual {
                // Somebody has to pay it again.
                steps = waiting(for: id, gone, body)
            }
            events += fallenBehind(id)
        }
        steps.insert(
            .takeReturn(
                NewReturn(
                    payment: payment.payment, kind: kind, amount: gone, credits: credits, tax: tax, carried: carried,
                    fee: Money(nanos: fee.nanos + amount.nanos - gone.nanos), reference: reference, reason: reason)),
            at: 0)
        let told = events
        return try change("payment_returned", by: actor, steps, told)
    }

    /// What of a part of a sale's payment is net, and what is tax; of the last part what is left of both.
    private func saleShare(of amount: Money, _ payment: PaymentRecord) throws(Refusal) -> (net: Money, tax: Money) {
        guard let sale = payment.sale else { throw Self.tooMuch }
        let before = payment.refunded.nanos + payment.returned.nanos
        func share(_ upTo: Int64) throws(Refusal) -> Int64 {
            guard
                let tax = Proration.roundedToCent(
                    Int128(upTo) * Int128(sale.tax.nanos), over: Int128(payment.amount.nanos))
            else { throw Self.tooMuch }
            return tax.nanos
        }
        let tax = try share(before + amount.nanos) - share(before)
        return (Money(nanos: amount.nanos - tax), Money(nanos: tax))
    }

    /// Opens a payment of what an invoice asks for again; in place of one that is waited for already.
    private func waiting(for invoice: Int64, _ amount: Money, _ body: PaymentBody) -> [BillingStep] {
        let pending = record.openPayments.first { $0.invoice == invoice && $0.sale == nil && $0.state == .pending }
        var steps: [BillingStep] = []
        if let pending { steps.append(.settle(payment: pending.payment, .canceled(reason: "more is to be paid now"))) }
        steps.append(
            .open(
                NewPayment(
                    purpose: .invoice(invoice), amount: Money(nanos: amount.nanos + (pending?.amount.nanos ?? 0)),
                    key: "meterd-again-\(record.change)", gateway: terms.gateway,
                    body: BillingCoding.encode(PaymentBody(purpose: .invoice, lines: [], method: body.method)))))
        return steps
    }
}
