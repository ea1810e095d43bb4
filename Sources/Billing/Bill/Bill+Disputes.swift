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

    /// Takes back a part of what an invoice asked for.
    ///
    /// - Parameters:
    ///   - amount: tax included, in whole cents. Its tax is the same part of the invoice's, and of the last part what is left of it.
    ///   - earlier: the invoice's credit notes so far.
    mutating func credit(
        _ amount: Money, reason: String, on invoice: InvoiceRecord, after earlier: [InvoiceRecord], by actor: String
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
        guard let body = try? BillingCoding.decode(InvoiceBody.self, invoice.body),
            let rule = body.lines.first(where: { $0.payment == nil })?.rule
        else { throw Refusal(.unknownOutcome, "invoice \(invoice.number) can't be read") }
        let taxDue = body.lines.filter { $0.payment == nil }.reduce(Int64(0)) { $0 + $1.tax.nanos }
        let taxLeft = taxDue - earlier.reduce(0) { $0 + $1.tax.nanos }
        // The share of all that is credited then, less what was taken so far: so that parts add up, however small they are.
        let credited = Int128(invoice.credited.nanos) + Int128(amount.nanos)
        let share = Proration.roundedToCent(credited * Int128(taxDue), over: Int128(invoice.due.nanos))
        let tax = max(0, min((share?.nanos ?? 0) - (taxDue - taxLeft), taxLeft, amount.nanos))
        let net = Money(nanos: amount.nanos - tax)
        let line = InvoiceLine(
            .correction(of: invoice.number), quantity: 1, unitPrice: net,
            TaxedAmount(net: net, tax: Money(nanos: tax), gross: amount, rule: rule))
        guard let totals = InvoiceTotals([line]) else { throw Self.tooMuch }
        let note = NewInvoice(
            kind: .creditNote, series: terms.plan.seller.creditNoteSeries, net: net, tax: line.tax, netDue: net,
            taxDue: line.tax, payments: [], refersTo: invoice.invoice,
            body: BillingCoding.encode(
                InvoiceBody(
                    seller: body.seller, buyer: body.buyer, period: body.period, lines: [line], totals: totals,
                    method: nil, reason: reason, corrects: invoice.number)))
        var steps: [BillingStep] = [.issue(note), .note(invoice: invoice.invoice, .credited, reason)]
        var events = [
            BillingEvent(
                .creditNoteIssued, ["amount": amount.cents, "corrects": invoice.number, "words": reason],
                about: .invoice(nil))
        ]
        if invoice.state == .open {
            if let pending = pendingPayment(of: invoice) {
                guard terms.isManual else {
                    throw Refusal(
                        .conflict,
                        "payment \(pending.payment) of \(invoice.number) is under way; credit it when that is settled")
                }
                steps.insert(
                    .settle(payment: pending.payment, .canceled(reason: "less is to be paid after a credit note")),
                    at: 0)
                if amount < left {
                    steps.append(
                        .open(
                            NewPayment(
                                purpose: .invoice(invoice.invoice), amount: Money(nanos: left.nanos - amount.nanos),
                                key: "meterd-credited-\(record.change)", gateway: terms.gateway,
                                body: pending.body)))
                }
            }
            if amount == left {
                events += restored()
            } else if invoice.isDisputed {
                resume()
            }
        }
        let told = events
        return try change("invoice_credited", by: actor, steps, told)
    }
}
