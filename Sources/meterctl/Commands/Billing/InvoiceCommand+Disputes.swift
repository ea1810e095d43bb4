import ArgumentParser
import Billing
import Control
import Ledger

// What is said about invoices, and how they came to what they say.
extension InvoiceCommand {
    struct Dispute: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Notes that an invoice's buyer doesn't agree; nothing follows from its not being paid meanwhile.",
            discussion: "Example: meterctl invoice dispute acme INV-000012 'two seats were never used'")

        @OptionGroup var arguments: NoteArguments

        func run() async throws { try await arguments.send("disputed") }
    }

    struct Note: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a note on an invoice.",
            discussion: "Example: meterctl invoice note acme INV-000012 'asked for the members list'")

        @OptionGroup var arguments: NoteArguments

        func run() async throws { try await arguments.send("note") }
    }

    struct Uphold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a dispute with nothing taken back; the time to pay begins anew.",
            discussion: "Example: meterctl invoice uphold acme INV-000012 'the seats were held by ana and bo'")

        @OptionGroup var arguments: NoteArguments

        func run() async throws { try await arguments.send("upheld") }
    }

    struct NoteArguments: ParsableArguments {
        @Argument(help: "The org.") var org: String
        @Argument(help: "The invoice's number.") var invoice: String
        @Argument(help: "Why, in words.") var text: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func send(_ kind: String) async throws {
            try await orExit {
                let view = try await common.client.post(
                    InvoiceView.self, ["v1", "orgs", org, "invoices", invoice, "notes"],
                    body: InvoiceNoteBody(kind: kind, text: text), key: key.key)
                try common.show(view, InvoiceCommand.describe)
            }
        }
    }

    struct Credit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes back a part of what an invoice asked for, by a credit note.",
            discussion: """
                Example: meterctl invoice credit acme INV-000012 34.51 --reason 'a seat that was never used'

                Of an open invoice less is to be paid. What was paid goes where --as says: `balance` (the default) pays later invoices
                and seats, `refund` gives money back, `credits` sells credits of the same amount, with their tax. The amount includes
                tax. A closed org gets money.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The invoice's number.") var invoice: String
        @Argument(help: "US dollars, tax included.") var amount: String
        @Option(help: "Why, in words.") var reason: String
        @Option(name: .customLong("as"), help: "Where what was paid goes: refund, balance or credits.")
        var destination: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    InvoiceView.self, ["v1", "orgs", org, "invoices", invoice, "credit"],
                    body: CreditInvoiceBody(amount: amount, reason: reason, as: destination), key: key.key)
                try common.show(view, InvoiceCommand.describe)
            }
        }
    }

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows how an invoice came to what it says, down to transfers, records and rate cards.",
            discussion: """
                Example: meterctl invoice explain acme INV-000012

                meterctl explain ORG ID goes on from there: one record with its rate, line items and transfers.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The invoice's number.") var invoice: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(
                    InvoiceExplanation.self, ["v1", "orgs", org, "invoices", invoice, "explanation"])
                try common.show(view, Self.describe)
            }
        }

        private static func describe(_ explanation: InvoiceExplanation) -> String {
            var parts = [InvoiceCommand.describe(explanation.invoice)]
            parts += explanation.lines.map(describe)
            if !explanation.transfers.isEmpty {
                parts.append("its issue in the ledger\n" + transfers(explanation.transfers))
            }
            let steps = explanation.steps.map { "\($0.at)  \($0.kind), \($0.actor)" }
            parts.append("steps up to its issue, the newest first\n" + steps.joined(separator: "\n"))
            return parts.joined(separator: "\n\n")
        }

        private static func describe(_ line: LineExplanation) -> String {
            var text = definitions([
                ("line", line.text), ("net", line.net), ("tax", line.tax),
                (
                    "payment",
                    line.payment.map { "\($0.payment), \($0.method ?? $0.gateway) \($0.reference ?? "")" }
                ),
                (
                    "credits",
                    line.grant.map {
                        "grant \($0.grant), USD \(dollars($0.remaining)) left of \(dollars($0.amount))\(line.isPartial ? " (older transfers not looked at)" : "")"
                    }
                ),
            ])
            if !line.spends.isEmpty {
                var table = Table(
                    ("SPENT ON", .left), ("RATE CARD", .left), ("REQUESTS", .right), ("AMOUNT", .right),
                    ("NEWEST", .left))
                table.rows = line.spends.map {
                    [
                        $0.model, $0.rateCard.map { String($0.prefix(12)) } ?? "", "\($0.records)", dollars($0.amount),
                        $0.newest.prefix(3).joined(separator: " "),
                    ]
                }
                text += "\n" + table.text
            }
            if !line.transfers.isEmpty { text += "\n" + transfers(line.transfers) }
            if !line.others.isEmpty { text += "\n" + transfers(line.others) }
            return text
        }

        private static func transfers(_ transfers: [TransferView]) -> String {
            var table = Table(
                ("TRANSFER", .right), ("AT", .left), ("CODE", .left), ("DEBIT", .left), ("CREDIT", .left),
                ("AMOUNT", .right))
            table.rows = transfers.map {
                ["\($0.transfer)", $0.at, $0.code, $0.debit, $0.credit, dollars($0.amount)]
            }
            return table.text
        }
    }
}
