import Ledger
import Metering

// Money of a payment that goes back without a refund of ours.
extension Bill {
    /// Takes back what a payment paid for, since an operator says that its money went back.
    ///
    /// - Parameters:
    ///   - amount: what went back, tax included.
    ///   - taxGone: the tax in what went back of the payment before.
    mutating func reversing(
        _ amount: Money, of payment: PaymentRecord, taxGone: Money, reason: String, by actor: String
    ) throws -> BillingChange {
        guard payment.state == .succeeded, amount > .zero, amount.isWholeCents, amount <= payment.refundable else {
            throw Refusal(
                .conflict,
                "payment \(payment.payment) is \(payment.state.name), and USD \(payment.refundable.cents) of it did not go back yet; no more can, in whole cents"
            )
        }
        let (steps, events) = try withdrawing(
            amount, of: payment, try body(of: payment), fee: .zero, kind: .reversal, reference: nil, reason: reason,
            unspent: nil, taxGone: taxGone)
        return try change("payment_returned", by: actor, steps, events)
    }

    /// The next change that a return at the gateway brings; nil if all of it is booked.
    ///
    /// - Parameters:
    ///   - booked: what is on record of it.
    ///   - unspent: what is left of the credits that the payment bought.
    ///   - taxGone: the tax in what went back of the payment before.
    mutating func taking(
        _ entry: GatewayReturn, of payment: PaymentRecord, booked: [NewReturn], unspent: Money, taxGone: Money
    ) throws -> BillingChange? {
        let sums = ReturnSums(booked)
        var (steps, events): ([BillingStep], [BillingEvent]) = ([], [])
        var kind = "chargeback_noted"
        let fee = Money(nanos: entry.fee.nanos - sums.fee)
        if entry.withdrawn.nanos > sums.withdrawn {
            kind = "payment_returned"
            (steps, events) = try withdrawing(
                Money(nanos: entry.withdrawn.nanos - sums.withdrawn), of: payment, try body(of: payment), fee: fee,
                kind: entry.kind, reference: entry.reference, reason: entry.reason,
                unspent: terms.plan.invoicesSpentCredits ? unspent : nil, taxGone: taxGone)
            if entry.kind == .chargeback, let card = try body(of: payment).method?.card {
                // Whoever takes money back from a card is not asked for more by that card, unless the chargeback is won.
                state.refusedCard = RefusedCard(card: card, reason: .chargeback)
            }
        } else if entry.reinstated.nanos > sums.reinstated {
            kind = "payment_reinstated"
            if state.refusedCard?.reason == .chargeback, state.refusedCard?.card == (try body(of: payment).method?.card)
            {
                state.refusedCard = nil
            }
            (steps, events) = try reinstating(
                Money(nanos: entry.reinstated.nanos - sums.reinstated), of: payment, sums, fee: fee, entry)
        } else if fee != .zero {
            kind = "gateway_fee"
            steps = [
                .takeReturn(
                    NewReturn(
                        payment: payment.payment, kind: entry.kind, amount: .zero, fee: fee,
                        reference: entry.reference, reason: entry.reason))
            ]
        }
        if entry.kind == .chargeback { events += noting(entry, payment, isNew: kind == "payment_returned") }
        guard !steps.isEmpty || !events.isEmpty else { return nil }
        return try change(kind, by: Self.daemon, steps, events)
    }

    /// Keeps where a chargeback stands, and tells of what is new of it.
    private mutating func noting(_ entry: GatewayReturn, _ payment: PaymentRecord, isNew: Bool) -> [BillingEvent] {
        var open = state.chargebacks ?? []
        let known = open.first { $0.reference == entry.reference }
        guard known?.state != entry.state else { return [] }
        // One that was over before it was first seen is told of with its money only.
        guard known != nil || !entry.state.isFinal || isNew else { return [] }
        open.removeAll { $0.reference == entry.reference }
        var data = [
            "amount": entry.amount.cents, "reference": entry.reference, "reason": entry.reason,
            "state": entry.state.rawValue,
        ]
        data["evidence_due"] = entry.evidenceDue?.description
        if !entry.state.isFinal {
            open.append(
                OpenChargeback(reference: entry.reference, payment: payment.payment, state: entry.state))
        }
        state.chargebacks = open.isEmpty ? nil : open
        return [
            BillingEvent(
                entry.state.isFinal ? .chargebackClosed : .chargebackOpened, data, about: .payment(payment.payment))
        ]
    }

    // MARK: What goes

    /// Takes back what a payment paid for.
    ///
    /// Of a purchase of credits, the credits and their tax are taken: first what is unspent of it, then of the org's other credits. What
    /// goes beyond them is a balance below zero, so that requests are refused until it is paid. Of an invoice, as much is owed again. Of
    /// seats and deposits, the customer's balance falls.
    ///
    /// - Parameter unspent: if it is given, spent credits are not taken: they are invoiced, with their tax, by the customer's balance.
    private mutating func withdrawing(
        _ amount: Money, of payment: PaymentRecord, _ body: PaymentBody, fee: Money, kind: ReturnKind,
        reference: String?, reason: String, unspent: Money?, taxGone: Money
    ) throws -> (steps: [BillingStep], events: [BillingEvent]) {
        let gone = min(amount, payment.refundable)
        var (credits, tax, carried) = (Money.zero, Money.zero, Money.zero)
        var events = [
            BillingEvent(
                .paymentReturned, ["amount": amount.cents, "kind": kind.name, "words": reason],
                about: .payment(payment.payment))
        ]
        var steps: [BillingStep] = []
        switch body.purpose {
        case _ where gone == .zero: break
        case .credits:
            (credits, tax) = try saleShare(of: gone, payment, taxGone)
            if let unspent, unspent < credits {
                let kept = unspent.nanos / Proration.nanosPerCent * Proration.nanosPerCent
                let share = Proration.roundedToCent(Int128(tax.nanos) * Int128(kept), over: Int128(credits.nanos))
                (credits, tax) = (Money(nanos: kept), share ?? .zero)
                carried = Money(nanos: gone.nanos - credits.nanos - tax.nanos)
            }
        case .seats, .deposit: carried = gone
        case .invoice:
            guard let id = payment.invoice else { throw Refusal(.unknownOutcome, "a payment pays no invoice") }
            // Somebody has to pay it again.
            if terms.isManual { steps = waiting(for: id, gone, body) }
            events += fallenBehind(id)
        }
        steps.insert(
            .takeReturn(
                NewReturn(
                    payment: payment.payment, kind: kind, amount: gone, credits: credits, tax: tax, carried: carried,
                    fee: fee, excess: Money(nanos: amount.nanos - gone.nanos), reference: reference, reason: reason)),
            at: 0)
        return (steps, events)
    }

    /// What of a part of a sale's payment is net, and what is tax; of the last part what is left of both.
    private func saleShare(
        of amount: Money, _ payment: PaymentRecord, _ taxGone: Money
    ) throws(Refusal) -> (net: Money, tax: Money) {
        guard let sale = payment.sale else { throw Self.tooMuch }
        let upTo = Int128(payment.refunded.nanos + payment.returned.nanos + amount.nanos)
        guard let share = Proration.roundedToCent(upTo * Int128(sale.tax.nanos), over: Int128(payment.amount.nanos))
        else { throw Self.tooMuch }
        let tax = max(0, min(share.nanos - taxGone.nanos, amount.nanos))
        return (Money(nanos: amount.nanos - tax), Money(nanos: tax))
    }

    /// The tax in what went back of a sale's payment.
    static func taxGone(of payment: PaymentRecord, _ refunds: [RefundRecord], _ returns: [NewReturn]) -> Money {
        guard let sale = payment.sale, payment.amount > .zero else { return .zero }
        let refunded = refunds.filter { $0.cause == .credits }.reduce(Int64(0)) { $0 + $1.tax.nanos }
        let returned = returns.reduce(Int64(0)) { sum, entry in
            // What was invoiced in place of spent credits has its tax in it.
            let part = Int128(entry.carried.nanos) * Int128(sale.tax.nanos)
            let carried = Proration.roundedToCent(part, over: Int128(payment.amount.nanos)) ?? .zero
            return sum + (entry.isReinstated ? -1 : 1) * (entry.tax.nanos + carried.nanos)
        }
        return Money(nanos: refunded + returned)
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

    // MARK: What comes again

    /// Gives again what was taken, in the same proportions.
    private mutating func reinstating(
        _ amount: Money, of payment: PaymentRecord, _ sums: ReturnSums, fee: Money, _ entry: GatewayReturn
    ) throws(Refusal) -> (steps: [BillingStep], events: [BillingEvent]) {
        // What had gone beyond the payment comes last.
        let given = min(amount.nanos, sums.amount - sums.amountAgain)
        let upTo = Int128(sums.amountAgain + given)
        func share(_ whole: Int64, _ before: Int64) throws(Refusal) -> Int64 {
            guard sums.amount > 0 else { return 0 }
            guard let part = Proration.roundedToCent(upTo * Int128(whole), over: Int128(sums.amount)) else {
                throw Self.tooMuch
            }
            return part.nanos - before
        }
        let tax = try share(sums.tax, sums.taxAgain)
        let credits = try share(sums.credits, sums.creditsAgain)
        let owed = sums.amount - sums.credits - sums.tax - sums.carried
        let owedAgain = sums.amountAgain - sums.creditsAgain - sums.taxAgain - sums.carriedAgain
        let invoicePart = try share(owed, owedAgain)
        // If the invoice was paid otherwise meanwhile, it pays the next one.
        let invoice = record.openInvoices.first { $0.invoice == payment.invoice }
        let settles = min(invoicePart, max(0, invoice?.open.nanos ?? 0))
        let carried = given - tax - credits - settles
        var steps: [BillingStep] = []
        if let invoice, settles > 0, let pending = pendingPayment(of: invoice) {
            guard terms.isManual else {
                throw Refusal(.conflict, "payment \(pending.payment) of \(invoice.number) is under way")
            }
            steps += asking(anew: pending, for: Money(nanos: invoice.open.nanos - settles), invoice)
        }
        steps.insert(
            .takeReturn(
                NewReturn(
                    payment: payment.payment, kind: entry.kind, isReinstated: true, amount: Money(nanos: given),
                    credits: Money(nanos: credits), tax: Money(nanos: tax), carried: Money(nanos: carried),
                    fee: Money(nanos: -fee.nanos), excess: Money(nanos: amount.nanos - given),
                    reference: entry.reference, reason: entry.reason)),
            at: 0)
        var events = [
            BillingEvent(
                .paymentReinstated, ["amount": amount.cents, "words": entry.reason], about: .payment(payment.payment))
        ]
        if let invoice, settles > 0, settles == invoice.open.nanos {
            events.append(BillingEvent(.invoicePaid, about: .invoice(invoice.invoice)))
            events += restored()
        }
        return (steps, events)
    }
}

/// What is on record of a return: what went, and what came again, in nano-dollars.
struct ReturnSums {
    private(set) var amount: Int64 = 0
    private(set) var credits: Int64 = 0
    private(set) var tax: Int64 = 0
    private(set) var carried: Int64 = 0
    private(set) var amountAgain: Int64 = 0
    private(set) var creditsAgain: Int64 = 0
    private(set) var taxAgain: Int64 = 0
    private(set) var carriedAgain: Int64 = 0
    /// Fees, less what was given back of them.
    private(set) var fee: Int64 = 0
    /// All that went, also beyond the payment; and all that came again.
    private(set) var withdrawn: Int64 = 0
    private(set) var reinstated: Int64 = 0

    init(_ entries: [NewReturn]) {
        for entry in entries {
            if entry.isReinstated {
                amountAgain += entry.amount.nanos
                creditsAgain += entry.credits.nanos
                taxAgain += entry.tax.nanos
                carriedAgain += entry.carried.nanos
                fee -= entry.fee.nanos
                reinstated += entry.amount.nanos + entry.excess.nanos
            } else {
                amount += entry.amount.nanos
                credits += entry.credits.nanos
                tax += entry.tax.nanos
                carried += entry.carried.nanos
                fee += entry.fee.nanos
                withdrawn += entry.amount.nanos + entry.excess.nanos
            }
        }
    }
}
