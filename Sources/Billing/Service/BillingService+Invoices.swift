import Ledger
import Metering

// Invoices and credit notes.
extension BillingService {
    /// An org's invoices and credit notes, newest first.
    public func invoices(of org: String, before cursor: Int64?, limit: Int) async throws -> Page<InvoiceView> {
        let page = try await reader.invoices(of: org, before: cursor, limit: limit)
        return Page(items: try page.items.map(InvoiceView.init), nextCursor: page.nextCursor)
    }

    /// An org's invoice, by its number.
    public func invoice(_ number: String, of org: String) async throws -> InvoiceView {
        try InvoiceView(try await record(ofInvoice: number, org))
    }

    func record(ofInvoice number: String, _ org: String) async throws -> InvoiceRecord {
        guard let invoice = try await reader.invoice(number, of: org) else {
            throw Refusal(
                .notFound, "org '\(org)' has no invoice '\(number)'; meterctl invoice list \(org) shows them")
        }
        return invoice
    }

    /// Says something about an invoice: a note, a dispute, or that a dispute ended with nothing taken back.
    public func note(
        _ kind: NoteKind, _ text: String, on number: String, of org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> InvoiceView {
        try await locks.with(org) {
            guard try await recall(key, org) == nil else { return }
            let invoice = try await record(ofInvoice: number, org)
            _ = try await apply(to: org, under: key) { try $0.note(kind, text, on: invoice, by: actor) }
        }
        await advanceAfterwards(org)
        return try await invoice(number, of: org)
    }

    /// Takes back a part of what an invoice asked for, by a credit note. Of an open one less is to be paid; what was paid goes where
    /// it is said.
    ///
    /// - Parameters:
    ///   - amount: tax included.
    ///   - destination: nil: money of a closed org, otherwise the balance.
    public func credit(
        _ amount: Money, to destination: CreditDestination? = nil, reason: String, on number: String, of org: String,
        under key: IdempotencyKey, by actor: String
    ) async throws -> InvoiceView {
        let note = try await locks.with(org) {
            if let known = try await recall(key, org)?.invoices.first { return known }
            let invoice = try await record(ofInvoice: number, org)
            let earlier = try await reader.creditNotes(of: invoice.invoice)
            let payments = try await reader.payments(ofInvoice: invoice.invoice).filter {
                $0.sale == nil && $0.state == .succeeded
            }
            let applied = try await apply(to: org, under: key) { bill in
                try bill.credit(
                    amount, to: destination, reason: reason, on: invoice, after: earlier,
                    paidBy: payments.reversed(), by: actor)
            }
            try await drive(refundsOf: applied, of: org)
            guard let note = applied.invoices.first else {
                throw Refusal(.unknownOutcome, "the ledger issued no credit note")
            }
            return note
        }
        await advanceAfterwards(org)
        return try await invoice("\(note)", of: org)
    }

    /// How an invoice came to what it says: down to transfers, and of credits down to the records and rate cards that spent them.
    public func explain(_ number: String, of org: String) async throws -> InvoiceExplanation {
        let record = try await record(ofInvoice: number, org)
        let body = try BillingCoding.decode(InvoiceBody.self, record.body)
        var lines: [LineExplanation] = []
        for line in body.lines {
            guard let payment = line.payment else {
                lines.append(LineExplanation(line))
                continue
            }
            var spending: GrantSpending?
            if line.item == .credits { spending = try await reader.spending(ofGrant: "payment-\(payment)", of: org) }
            lines.append(
                LineExplanation(
                    line, payment: try await self.payment(payment, of: org),
                    transfers: try await reader.transfers(ofPayment: payment), spending: spending))
        }
        return InvoiceExplanation(
            invoice: try InvoiceView(record), transfers: try await reader.transfers(ofInvoice: record.invoice),
            lines: lines, steps: try await reader.billingChanges(of: org, until: record.issued, limit: 30))
    }
}
