import ArgumentParser
import Billing
import Control

extension PaymentsCommand {
    struct Reverse: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes back what a recorded payment paid for, since its money went back.",
            discussion: """
                Example: meterctl payments reverse acme 7 --reason 'the debit was returned'

                Credits and their tax are taken, also if they are spent. What an invoice had been paid is owed again. Seats and deposits
                are taken from the balance.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The payment's number.") var payment: Int64
        @Option(help: "What went back, in US dollars; all of it if it is left out.") var amount: String?
        @Option(help: "Why, in words.") var reason: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    PaymentView.self, ["v1", "orgs", org, "payments", "\(payment)", "reverse"],
                    body: ReversePaymentBody(amount: amount, reason: reason), key: key.key)
                try common.show(view, PaymentsCommand.describe)
            }
        }
    }

    struct Deposit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes note of a transfer that came for nothing in particular.",
            discussion: """
                Example: meterctl payments deposit acme 500.00 --reference 'transfer of 24 November'

                It pays what is owed. The rest is the org's balance, which pays later invoices and seats.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "What came, in US dollars.") var amount: String
        @Option(help: "The bank's name of it.") var reference: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    PaymentView.self, ["v1", "orgs", org, "payments", "deposit"],
                    body: DepositBody(amount: amount, reference: reference), key: key.key)
                try common.show(view, PaymentsCommand.describe)
            }
        }
    }

    struct Refund: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives back unspent credits of a purchase, with their tax.",
            discussion: """
                Examples: meterctl payments refund acme 7 --reason 'bought by mistake'
                          meterctl payments refund acme 7 --credits 40 --reason 'bought by mistake'

                The credits are taken at once, and a credit note shows them. The money counts as gone when the gateway says so.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The payment's number.") var payment: Int64
        @Option(help: "Credits to give back, without tax; all that are unspent if it is left out.") var credits: String?
        @Option(help: "Why, in words.") var reason: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    RefundView.self, ["v1", "orgs", org, "payments", "\(payment)", "refund"],
                    body: RefundBody(credits: credits, reason: reason), key: key.key)
                try common.show(view, RefundsCommand.describe)
            }
        }
    }
}

struct RefundsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refunds", abstract: "Money that goes back to an org.",
        subcommands: [List.self, Retry.self, Record.self])

    static func describe(_ refund: RefundView) -> String {
        definitions([
            ("refund", "\(refund.refund)"), ("org", refund.org), ("payment", "\(refund.payment)"),
            ("of", refund.cause), ("amount", "USD \(refund.amount)"),
            ("tax in it", refund.tax == "0.00" ? nil : "USD \(refund.tax)"), ("reason", refund.reason),
            ("state", refund.state), ("", refund.words), ("by", refund.gateway), ("reference", refund.reference),
            ("created", refund.created), ("settled", refund.settled),
        ])
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists an org's refunds, newest first.", discussion: "Example: meterctl refunds list acme")

        @Argument(help: "The org.") var org: String
        @Option(help: "Refunds at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(RefundView.self, ["v1", "orgs", org, "refunds"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("REFUND", .right), ("CREATED", .left), ("PAYMENT", .right), ("OF", .left), ("AMOUNT", .right),
                        ("STATE", .left), ("WORDS", .left))
                    table.rows = page.items.map {
                        [
                            "\($0.refund)", $0.created, "\($0.payment)", $0.cause, $0.amount, $0.state,
                            $0.words ?? $0.reason,
                        ]
                    }
                    return table.text
                }
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tries a refund again that failed.", discussion: "Example: meterctl refunds retry acme 3")

        @OptionGroup var arguments: RefundArguments

        func run() async throws {
            try await orExit {
                let view = try await arguments.common.client.post(
                    RefundView.self, arguments.path + ["retry"], body: [String: String](), key: arguments.key.key)
                try arguments.common.show(view, RefundsCommand.describe)
            }
        }
    }

    struct Record: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes note that you gave the money back: where no gateway collects, or after its refund failed.",
            discussion: "Example: meterctl refunds record acme 3 --reference 'transfer of 24 November'")

        @Option(help: "The bank's name of the transfer.") var reference: String?
        @OptionGroup var arguments: RefundArguments

        func run() async throws {
            try await orExit {
                let view = try await arguments.common.client.post(
                    RefundView.self, arguments.path + ["record"], body: RecordRefundBody(reference: reference),
                    key: arguments.key.key)
                try arguments.common.show(view, RefundsCommand.describe)
            }
        }
    }

    struct RefundArguments: ParsableArguments {
        @Argument(help: "The org.") var org: String
        @Argument(help: "The refund's number.") var refund: Int64
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        var path: [String] { ["v1", "orgs", org, "refunds", "\(refund)"] }
    }
}
