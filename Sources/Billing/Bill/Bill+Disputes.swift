import Ledger
import Metering

// What is said about invoices, and what is taken back of them.
extension Bill {
    /// Says something about an invoice. While the one that is owed is disputed, nothing follows from its not being paid; when a
    /// dispute ends with nothing taken back, the time to pay begins anew.
    mutating func note(
        _ kind: NoteKind, _ text: String, on invoice: InvoiceRecord, by actor: String
    ) throws(Refusal) -> BillingChange {
        guard invoice.kind == .invoice else {
            throw Refusal(.conflict, "\(invoice.number) is a credit note; notes stand on the invoice that it corrects")
        }
        var events: [BillingEvent] = []
        switch kind {
        case .note: break
        case .disputed:
            guard !invoice.isDisputed else { throw Refusal(.conflict, "invoice \(invoice.number) is disputed already") }
            events = [BillingEvent(.invoiceDisputed, ["words": text], about: .invoice(invoice.invoice))]
        case .upheld, .credited:
            guard invoice.isDisputed else { throw Refusal(.conflict, "invoice \(invoice.number) is not disputed") }
            if invoice.state == .open {
                resume()
            }
            events = [BillingEvent(.disputeEnded, ["words": text], about: .invoice(invoice.invoice))]
        }
        let told = events
        return try change("invoice_\(kind.name)", by: actor, [.note(invoice: invoice.invoice, kind, text)], told)
    }

    /// The time to pay begins anew.
    private mutating func resume() {
        state.standing = state.standing.resumed(at: now, dunning)
        if state.asked != nil { state.asked = now }
        state.collection?.isFinal = false
    }

    /// Takes back a part of what an invoice asked for. Of an open invoice less is to be paid; what was paid goes where it is said.
    ///
    /// - Parameters:
    ///   - amount: tax included, in whole cents. Its tax is the same part of the invoice's, and of the last part what is left of it.
    ///   - destination: where what was paid goes; nil: money of a closed org, otherwise the balance.
    ///   - earlier: the invoice's credit notes so far.
    ///   - payments: those that paid the invoice, the newest first.
    mutating func credit(
        _ amount: Money, to destination: CreditDestination? = nil, reason: String, on invoice: InvoiceRecord,
        after earlier: [InvoiceRecord], paidBy payments: [PaymentRecord], by actor: String
    ) throws(Refusal) -> BillingChange {
        let left = invoice.uncredited
        guard invoice.kind == .invoice else {
            throw Refusal(.conflict, "\(invoice.number) is a credit note; only invoices are credited")
        }
        guard amount > .zero, amount.isWholeCents, amount <= left else {
            throw Refusal(
                .malformed,
                "of \(invoice.number) at most USD \(left.cents) can be credited, in whole cents; what was bought apart from it is not taken back here"
            )
        }
        let destination = destination ?? (isClosed ? .refund : .balance)
        guard !isClosed || destination == .refund else {
            throw Refusal(.orgClosed, "org '\(org)' is closed and can spend nothing: credit it as a refund")
        }
        let (net, tax) = try taxShare(of: amount, on: invoice, after: earlier)
        let note = try creditNote(
            over: net, tax, asked: (net, tax), of: invoice, payment: nil, reason: reason)
        var steps: [BillingStep] = [.issue(note), .note(invoice: invoice.invoice, .credited, reason)]
        var events = [
            BillingEvent(
                .creditNoteIssued, ["amount": amount.cents, "corrects": invoice.number, "words": reason],
                about: .invoice(nil))
        ]
        let open = max(.zero, invoice.open)
        if invoice.state == .open {
            let rest = Money(nanos: max(0, open.nanos - amount.nanos))
            if let pending = pendingPayment(of: invoice) {
                guard terms.isManual else {
                    throw Refusal(
                        .conflict,
                        "payment \(pending.payment) of \(invoice.number) is under way; credit it when that is settled")
                }
                let anew = asking(anew: pending, for: rest, invoice)
                steps = Array(anew.prefix(1)) + steps + anew.dropFirst()
            }
            if rest == .zero {
                events += restored()
            } else if invoice.isDisputed {
                resume()
            }
        }
        let back = Money(nanos: max(0, amount.nanos - open.nanos))
        if back > .zero {
            let given = try giving(back: back, to: destination, from: payments, reason: reason, by: actor)
            steps += given.steps
            events += given.events
        }
        let told = events
        return try change("invoice_credited", by: actor, steps, told)
    }

    /// The part of a credited sum that is tax.
    private func taxShare(
        of amount: Money, on invoice: InvoiceRecord, after earlier: [InvoiceRecord]
    ) throws(Refusal) -> (net: Money, tax: Money) {
        guard let body = try? BillingCoding.decode(InvoiceBody.self, invoice.body) else {
            throw Refusal(.unknownOutcome, "invoice \(invoice.number) can't be read")
        }
        // Notes over purchases that only stand on the invoice take nothing of what it asks for.
        let own = earlier.filter { $0.due > .zero }
        let taxDue = body.lines.filter { $0.payment == nil }.reduce(Int64(0)) { $0 + $1.tax.nanos }
        let taxLeft = taxDue - own.reduce(0) { $0 + $1.tax.nanos }
        // The share of all that is credited then, less what was taken so far: so that parts add up, however small they are.
        let credited = Int128(invoice.credited.nanos) + Int128(amount.nanos)
        let share = Proration.roundedToCent(credited * Int128(taxDue), over: Int128(invoice.due.nanos))
        let tax = max(0, min((share?.nanos ?? 0) - (taxDue - taxLeft), taxLeft, amount.nanos))
        return (Money(nanos: amount.nanos - tax), Money(nanos: tax))
    }
}
