import Ledger
import Metering

/// Where what a credit note takes back of a paid invoice goes.
public enum CreditDestination: String, Sendable, Hashable, CaseIterable {
    /// Money goes back, by the way on which it came.
    case refund
    /// It pays later invoices and seats.
    case balance
    /// It is sold again as credits of the same gross amount, with their tax.
    case credits
}

// Money that goes back.
extension Bill {
    /// Takes note of money that came in vain, and is about to give it back.
    func returning(
        _ payment: PaymentRecord, _ reference: String?, _ reason: String, by actor: String
    ) throws(Refusal) -> BillingChange {
        var steps: [BillingStep] = [
            .settle(payment: payment.payment, .toBeRefunded(reference: reference, reason: reason))
        ]
        // What only the balance was to pay never left it.
        if payment.asked > .zero {
            steps.append(
                .refund(NewRefund(payment: payment.payment, cause: .inVain, net: payment.asked, reason: reason)))
        }
        return try change("refund_due", by: actor, steps, [refundDue(payment.asked, reason)])
    }

    /// Opens the refund of a payment in vain that has none yet.
    func refunding(inVain payment: PaymentRecord) throws(Refusal) -> BillingChange {
        let reason = payment.reason ?? ""
        let refund = NewRefund(payment: payment.payment, cause: .inVain, net: payment.asked, reason: reason)
        return try change("refund_due", by: Self.daemon, [.refund(refund)], [refundDue(payment.asked, reason)])
    }

    private func refundDue(_ amount: Money, _ reason: String) -> BillingEvent {
        BillingEvent(.refundDue, ["amount": amount.cents, "words": reason], about: .refund(nil))
    }

    /// Takes note of what became of a refund.
    func refundSettled(
        _ refund: RefundRecord, _ settlement: RefundSettlement, by actor: String
    ) throws(Refusal) -> BillingChange {
        let data = ["amount": refund.amount.cents, "refund": "\(refund.refund)"]
        let events: [BillingEvent] =
            switch settlement {
            case .succeeded: [BillingEvent(.paymentRefunded, data, about: .payment(refund.payment))]
            case .failed(_, let words):
                [BillingEvent(.refundFailed, data.merging(["words": words]) { $1 }, about: .payment(refund.payment))]
            case .pending, .due: []
            }
        return try change(
            "refund_\(settlement.name)", by: actor, [.settleRefund(refund: refund.refund, settlement)], events)
    }

    /// Gives back unspent credits of a purchase, with their tax.
    ///
    /// - Parameters:
    ///   - credits: how many, without tax; nil for all that are unspent, in whole cents.
    ///   - unspent: what is left of the grant that it bought.
    ///   - earlier: the refunds of the same payment, for the rounding of tax.
    ///   - invoice: the invoice on which the purchase stands.
    func refundingCredits(
        _ credits: Money?, of payment: PaymentRecord, unspent: Money, after earlier: [RefundRecord],
        on invoice: InvoiceRecord, reason: String, by actor: String
    ) throws(Refusal) -> BillingChange {
        guard let sale = payment.sale, sale.product == .credits, payment.state == .succeeded else {
            throw Refusal(
                .conflict,
                "payment \(payment.payment) bought no credits; meterctl invoice credit takes back what an invoice asked for"
            )
        }
        let whole = unspent.nanos / Proration.nanosPerCent * Proration.nanosPerCent
        let net = credits?.nanos ?? whole
        guard net > 0, net <= whole, Money(nanos: net).isWholeCents else {
            throw Refusal(
                .conflict,
                "of the credits that payment \(payment.payment) bought, USD \(Money(nanos: whole).cents) are unspent; at most that can be given back, in whole cents"
            )
        }
        if let topUp = state.topUp, !isClosed, record.balance.nanos - net < topUp.threshold.nanos {
            throw Refusal(
                .conflict,
                "org '\(org)' buys credits by itself below USD \(topUp.threshold): it would buy again what goes back; meterctl credits top-up \(org) --off ends that"
            )
        }
        // Its tax is the same part of the sale's, less what was given back before, so that parts add up.
        let before = earlier.filter { $0.cause == .credits }.reduce((Int64(0), Int64(0))) {
            ($0.0 + $1.net.nanos, $0.1 + $1.tax.nanos)
        }
        let part = Int128(before.0 + net) * Int128(sale.tax.nanos)
        guard let share = Proration.roundedToCent(part, over: Int128(sale.net.nanos)) else { throw Self.tooMuch }
        let tax = max(0, min(share.nanos - before.1, sale.tax.nanos - before.1, payment.refundable.nanos - net))
        guard net + tax <= payment.refundable.nanos else {
            throw Refusal(
                .conflict,
                "of payment \(payment.payment) USD \(payment.refundable.cents) did not go back yet; no more can")
        }
        let (netAmount, taxAmount) = (Money(nanos: net), Money(nanos: tax))
        let note = try creditNote(
            over: netAmount, taxAmount, asked: nil, of: invoice, payment: payment.payment, reason: reason)
        let refund = NewRefund(
            payment: payment.payment, cause: .credits, net: netAmount, tax: taxAmount, reason: reason)
        let gross = Money(nanos: net + tax)
        return try change(
            "credits_refunded", by: actor, [.issue(note), .refund(refund)],
            [
                BillingEvent(
                    .creditNoteIssued, ["amount": gross.cents, "corrects": invoice.number, "words": reason],
                    about: .invoice(nil)),
                refundDue(gross, reason),
            ])
    }

    /// Issues an invoice of what was bought and paid since the last one: a credit note needs one to refer to.
    func invoicingPurchases() throws(Refusal) -> BillingChange {
        guard let invoice = try invoice(of: [], nil) else {
            throw Refusal(.unknownOutcome, "org '\(org)' has no purchase that stands on no invoice")
        }
        return try change("purchases_invoiced", by: Self.daemon, [.issue(invoice)], [issued(invoice)])
    }

    /// A credit note of one line.
    ///
    /// - Parameter asked: what it takes back of what the invoice asks for; nil for nothing, as of a purchase that only stands on it.
    func creditNote(
        over net: Money, _ tax: Money, asked: (net: Money, tax: Money)?, of invoice: InvoiceRecord, payment: Int64?,
        reason: String
    ) throws(Refusal) -> NewInvoice {
        guard let body = try? BillingCoding.decode(InvoiceBody.self, invoice.body),
            let rule = body.lines.first(where: { $0.payment == payment })?.rule
        else { throw Refusal(.unknownOutcome, "invoice \(invoice.number) can't be read") }
        let line = InvoiceLine(
            .correction(of: invoice.number), quantity: 1, unitPrice: net,
            TaxedAmount(net: net, tax: tax, gross: Money(nanos: net.nanos + tax.nanos), rule: rule))
        guard let totals = InvoiceTotals([line]) else { throw Self.tooMuch }
        return NewInvoice(
            kind: .creditNote, series: terms.plan.seller.creditNoteSeries, net: net, tax: tax,
            netDue: asked?.net ?? .zero, taxDue: asked?.tax ?? .zero, payments: [], refersTo: invoice.invoice,
            body: BillingCoding.encode(
                InvoiceBody(
                    seller: body.seller, buyer: body.buyer, period: body.period, lines: [line], totals: totals,
                    method: nil, reason: reason, corrects: invoice.number)))
    }

    /// What becomes of money that a credit note takes back.
    ///
    /// - Parameters:
    ///   - amount: what had been paid of what it takes back.
    ///   - payments: those that paid the invoice, the newest first.
    mutating func giving(
        back amount: Money, to destination: CreditDestination, from payments: [PaymentRecord], reason: String,
        by actor: String
    ) throws(Refusal) -> (steps: [BillingStep], events: [BillingEvent]) {
        switch destination {
        case .balance: return ([.addToBalance(creditNote: nil, amount)], [])
        case .credits:
            let sold = try soldFor(gross: amount)
            let line = InvoiceLine(.credits, quantity: 1, unitPrice: sold.net, sold)
            let body = PaymentBody(purpose: .credits(toppedUp: nil), lines: [line], method: nil)
            let payment = NewPayment(
                purpose: .sale(Sale(product: .credits, net: sold.net, tax: sold.tax)), amount: amount,
                fromBalance: amount, key: "meterd-credited-\(record.change)", gateway: Self.balanceGateway,
                body: BillingCoding.encode(body), settlement: .succeeded(reference: nil))
            return (
                [.addToBalance(creditNote: nil, amount), .open(payment)],
                [BillingEvent(.paymentSucceeded, ["amount": amount.cents], about: .payment(nil))]
            )
        case .refund:
            var (steps, events): ([BillingStep], [BillingEvent]) = ([], [])
            var rest = amount.nanos
            for payment in payments where rest > 0 {
                let part = min(rest, payment.refundable.nanos)
                guard part > 0 else { continue }
                rest -= part
                steps.append(
                    .refund(
                        NewRefund(
                            payment: payment.payment, cause: .creditNote(nil), net: Money(nanos: part), reason: reason))
                )
                events.append(refundDue(Money(nanos: part), reason))
            }
            // What the balance had paid goes back to it.
            if rest > 0 { steps.append(.addToBalance(creditNote: nil, Money(nanos: rest))) }
            return (steps, events)
        }
    }

    /// What credits with their tax come to a sum.
    private func soldFor(gross: Money) throws(Refusal) -> TaxedAmount {
        let taxed = try taxed(gross, for: .credits)
        guard case .rate(let rate) = taxed.rule else { return taxed }
        let whole: Int128 = 100_000_000
        let net = Proration.roundedToCent(
            Int128(gross.nanos) * whole, over: whole + Int128(rate.microPercent))
        guard let net, let tax = gross.subtracting(net), net > .zero else { throw Self.tooMuch }
        return TaxedAmount(net: net, tax: tax, gross: gross, rule: taxed.rule)
    }

    /// Pays out the balance of a closed org; nil if there is none, or nothing to pay it out by.
    func payingOut(to payments: [PaymentRecord]) throws(Refusal) -> BillingChange? {
        var rest = freeBalance.nanos
        var (steps, events): ([BillingStep], [BillingEvent]) = ([], [])
        for payment in payments where rest > 0 {
            let part = min(rest, payment.refundable.nanos)
            guard part > 0 else { continue }
            rest -= part
            let reason = "the org is closed"
            steps.append(
                .refund(NewRefund(payment: payment.payment, cause: .balance, net: Money(nanos: part), reason: reason)))
            events.append(refundDue(Money(nanos: part), reason))
        }
        return steps.isEmpty ? nil : try change("balance_paid_out", by: Self.daemon, steps, events)
    }
}

extension RefundSettlement {
    fileprivate var name: String {
        switch self {
        case .pending: "pending"
        case .failed: "failed"
        case .due: "retried"
        case .succeeded: "succeeded"
        }
    }
}
