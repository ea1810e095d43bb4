import ArgumentParser
import Billing
import Control
import Ledger

extension InvoiceCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints every line of an org's invoices and credit notes, for bookkeeping.",
            discussion: """
                Examples: meterctl invoice export acme >acme.csv
                          meterctl invoice export acme --json

                A row a line, the oldest invoice first. Of a credit note the amounts are what it takes back.
                """)

        @Argument(help: "The org.") var org: String
        @OptionGroup var common: CommonOptions

        private static let columns = [
            "number", "kind", "issued", "state", "buyer", "vat_id", "country", "line", "product", "quantity",
            "unit_price",
            "from", "until", "net", "tax", "gross", "tax_rule", "paid_before", "payment", "corrects",
        ]

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(
                    InvoiceView.self, ["v1", "orgs", org, "invoices"], limit: Int.max)
                let invoices = Page(items: Array(page.items.reversed()), nextCursor: nil)
                if common.json { return try common.show(invoices) { _ in "" } }
                let rows = invoices.items.flatMap { invoice in invoice.lines.map { Self.row($0, of: invoice) } }
                Terminal.print(
                    ([Self.columns] + rows).map { $0.map(UsageCommand.field).joined(separator: ",") }
                        .joined(separator: "\r\n"))
            }
        }

        private static func row(_ line: InvoiceLineView, of invoice: InvoiceView) -> [String] {
            [
                invoice.number, invoice.kind, invoice.issued, invoice.state, invoice.buyer.name,
                invoice.buyer.vatID ?? "",
                invoice.buyer.country ?? "", line.text, line.product, "\(line.quantity)", line.unitPrice,
                line.from ?? "",
                line.until ?? "", line.net, line.tax, line.gross, line.taxRule, line.paidOn ?? "",
                line.payment.map { "\($0)" } ?? "", invoice.corrects ?? "",
            ]
        }
    }
}
