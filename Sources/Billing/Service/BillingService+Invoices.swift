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
        guard let invoice = try await reader.invoice(number, of: org) else {
            throw Refusal(
                .notFound, "org '\(org)' has no invoice '\(number)'; meterctl invoice list \(org) shows them")
        }
        return try InvoiceView(invoice)
    }
}
