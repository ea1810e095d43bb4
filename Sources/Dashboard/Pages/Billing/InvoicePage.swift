import Billing
import HTML
import Ledger
import Wording

/// An invoice, with the same numbers as its PDF: both are made of the same answer.
enum InvoicePage {
    /// `GET …/invoices/{invoice}`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let invoice = try await team.daemon.get(InvoiceView.self, "invoices", try team.visit.parameter("invoice"))
        return try Layout.page(
            team, .billing, title: (invoice.kind == "credit_note" ? "Credit note " : "Invoice ") + invoice.number
        ) {
            element(.p, .class("row")) {
                Parts.link("Download PDF", team.place("invoices", invoice.number, "pdf"), class: "button primary")
                Parts.link("All invoices", team.place("billing", fragment: "invoices"))
            }
            Parts.card("Invoice") {
                Parts.facts(facts(invoice))
            }
            Parts.card("Lines") { lines(invoice.lines, total: invoice.total) }
            if !invoice.notes.isEmpty {
                Parts.card("Notes") {
                    Parts.table(
                        "Notes on this invoice", ["When", "What", "Text"],
                        invoice.notes.map {
                            [Words.time($0.at), Parts.text(Words.label($0.kind)), foreign($0.text)]
                        })
                }
            }
            if team.may("noteInvoice"), invoice.kind != "credit_note" { dispute(team, invoice) }
        }
    }

    /// `GET …/invoices/{invoice}/pdf`
    static func pdf(_ team: Team) async throws(PageError) -> Reply {
        let number = try team.visit.parameter("invoice")
        let bytes = try await team.daemon.document("invoices", number, "pdf")
        let name = String(number.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        return Reply(.file(Array(bytes), type: "application/pdf", name: "\(name).pdf"))
    }

    private static func facts(_ invoice: InvoiceView) -> [(String, HTML)] {
        var facts: [(String, HTML)] = [
            ("State", Parts.badge(invoice.isDisputed ? "disputed" : invoice.state)),
            ("Issued", Words.time(invoice.issued)),
        ]
        if let start = invoice.periodStart, let end = invoice.periodEnd {
            facts.append(("Period", Parts.text("\(start) to \(Words.lastDay(before: end))")))
        }
        facts += [
            ("Billed to", foreign(([invoice.buyer.name] + invoice.buyer.address).joined(separator: ", "))),
            ("Net", Parts.text(Words.usd(invoice.net))),
        ]
        for tax in invoice.taxes { facts.append(("Tax: \(tax.rule)", Parts.text(Words.usd(tax.tax)))) }
        facts += [
            ("Total", element(.strong, text: Words.usd(invoice.total))),
            ("Paid before", Parts.text(Words.usd(invoice.paidBefore))),
            ("Collected by this invoice", Parts.text(Words.usd(invoice.due))),
            ("Still open", Parts.text(Words.usd(invoice.open))),
        ]
        if let paid = invoice.paidWith { facts.append(("Paid with", Parts.text(paid))) }
        if let corrects = invoice.corrects { facts.append(("Corrects", Parts.text(corrects))) }
        if let reason = invoice.reason { facts.append(("Reason", foreign(reason))) }
        return facts
    }

    static func lines(_ lines: [InvoiceLineView], total: String? = nil) -> HTML {
        Parts.table(
            "Lines, in US dollars", ["What", "Quantity#", "Unit price#", "Net#", "Tax#", "Total#"],
            lines.map { line in
                [
                    Parts.text(line.text), Parts.text(Words.count(line.quantity)),
                    Parts.text(Words.usd(line.unitPrice)), Parts.text(Words.usd(line.net)),
                    Parts.text(Words.usd(line.tax)), Parts.text(Words.usd(line.gross)),
                ]
            },
            foot: total.map { total in
                [Parts.text("Total")] + Array(repeating: Parts.text(""), count: 4) + [Parts.text(Words.usd(total))]
            })
    }

    private static func dispute(_ team: Team, _ invoice: InvoiceView) -> HTML {
        guard !invoice.isDisputed else {
            return Parts.nothing(
                "This invoice is disputed. Nothing follows from its not being paid until that is settled.")
        }
        return Parts.card("Something is wrong with it?", id: "dispute") {
            Parts.form(team.place("invoices", invoice.number, "notes"), team.session) {
                Parts.hidden("key", Secrets.random())
                Parts.field(
                    "What is wrong", "text",
                    hint: "While an invoice is disputed, nothing follows from its not being paid.", .flag(.required),
                    .text(.maxlength, "500"))
                Parts.submit("Dispute this invoice", class: "button")
            }
        }
    }

    /// `POST …/invoices/{invoice}/notes`
    static func note(_ team: Team) async throws(PageError) -> Reply {
        let number = try team.visit.parameter("invoice")
        let form = team.visit.form
        do throws(PageError) {
            _ = try await team.daemon.change(
                Ignored.self, .POST, "invoices", number, "notes",
                body: ["kind": "disputed", "text": form.text("text") ?? ""], key: try FormKey.of(form))
        } catch {
            return try Failed.back(error, team, to: "invoices", number)
        }
        return try team.redirect("invoices", number, saying: .done("The dispute is noted. The operator sees it."))
    }
}
