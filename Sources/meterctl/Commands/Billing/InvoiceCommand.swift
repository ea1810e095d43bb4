import ArgumentParser
import Billing
import Control
import Foundation
import Metering

struct InvoiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoice", abstract: "Invoices and credit notes.",
        subcommands: [
            List.self, Show.self, PDF.self, Explain.self, Export.self, Dispute.self, Note.self, Uphold.self,
            Credit.self,
        ])

    static func table(of lines: [InvoiceLineView]) -> Table {
        var table = Table(
            ("", .left), ("QUANTITY", .right), ("UNIT PRICE", .right), ("NET", .right), ("TAX", .right),
            ("GROSS", .right), ("PAID", .left))
        table.rows = lines.map { line in
            [
                line.text, "\(line.quantity)", line.unitPrice, line.net, line.tax, line.gross,
                line.paidOn.map { "\($0), \(line.paidWith ?? "payment \(line.payment ?? 0)")" } ?? "",
            ]
        }
        return table
    }

    /// The last day of a period that ends before a day.
    static func lastDay(_ end: String?) -> String {
        end.flatMap { CalendarDay($0) }?.advanced(byDays: -1).description ?? ""
    }

    static func describe(_ invoice: InvoiceView) -> String {
        let kind = invoice.kind == "invoice" ? "invoice" : "credit note"
        let head = definitions([
            (kind, invoice.number), ("org", invoice.org),
            ("state", invoice.state == "open" ? "open: USD \(invoice.open) to be paid" : invoice.state),
            ("issued", invoice.issued), ("due", invoice.open == "0.00" ? nil : invoice.dueOn),
            ("seller", invoice.seller.name),
            ("buyer", ([invoice.buyer.name] + invoice.buyer.address).joined(separator: ", ")),
            ("VAT number", invoice.buyer.vatID),
            ("period", invoice.periodStart.map { "\($0) to \(lastDay(invoice.periodEnd))" }),
            ("corrects", invoice.corrects), ("reason", invoice.reason),
            ("disputed", invoice.isDisputed ? "yes: nothing follows from its not being paid" : nil),
        ])
        let sums = definitions(
            [("net", "USD \(invoice.net)")]
                + invoice.taxes.map { ("tax", "USD \($0.tax) on \($0.net): \($0.rule)") }
                + [
                    ("total", "USD \(invoice.total)"),
                    ("paid before", invoice.kind == "invoice" ? "USD \(invoice.paidBefore)" : nil),
                    ("carried over from an earlier invoice", invoice.carriedIn.map { "USD \($0)" }),
                    ("from the balance", invoice.fromBalance.map { "USD \($0)" }),
                    ("carried over to the next", invoice.carriedOut.map { "USD \($0)" }),
                    (invoice.kind == "invoice" ? "due" : "taken back", "USD \(invoice.due)"),
                    ("credited", invoice.credited == "0.00" ? nil : "USD \(invoice.credited)"),
                    ("paid", invoice.paid.map { "USD \($0)" }),
                    (
                        "paid on",
                        invoice.kind == "invoice"
                            ? invoice.paidAt.map { at in "\(at)\(invoice.payment.map { ", payment \($0)" } ?? "")" }
                            : nil
                    ),
                ])
        let notes = invoice.notes.map { "\($0.at)  \($0.kind), \($0.actor): \($0.text)" }.joined(separator: "\n")
        return ([head, table(of: invoice.lines).text, sums] + (notes.isEmpty ? [] : [notes])).joined(separator: "\n\n")
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists an org's invoices and credit notes, newest first.",
            discussion: "Example: meterctl invoice list acme")

        @Argument(help: "The org.") var org: String
        @Option(help: "Invoices at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(
                    InvoiceView.self, ["v1", "orgs", org, "invoices"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("NUMBER", .left), ("ISSUED", .left), ("PERIOD", .left), ("TOTAL", .right),
                        ("TO BE PAID", .right),
                        ("STATE", .left))
                    table.rows = page.items.map {
                        [
                            $0.number, String($0.issued.prefix(10)), $0.periodStart.map { "from \($0)" } ?? $0.kind,
                            $0.total, $0.open, $0.state,
                        ]
                    }
                    return table.text
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows an invoice with its lines, its tax and what is to be paid.",
            discussion: "Example: meterctl invoice show acme INV-000012")

        @Argument(help: "The org.") var org: String
        @Argument(help: "The invoice's number.") var invoice: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(InvoiceView.self, ["v1", "orgs", org, "invoices", invoice])
                try common.show(view, InvoiceCommand.describe)
            }
        }
    }
}
