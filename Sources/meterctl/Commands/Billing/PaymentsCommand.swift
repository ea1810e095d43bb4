import ArgumentParser
import Billing
import Control

struct PaymentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payments", abstract: "What an org paid, or has to pay.",
        subcommands: [
            List.self, Show.self, Retry.self, Check.self, Cancel.self, Record.self, Deposit.self, Refund.self,
            Reverse.self,
        ])

    static func describe(_ payment: PaymentView) -> String {
        var text = definitions([
            ("payment", "\(payment.payment)"), ("org", payment.org),
            ("for", payment.isTopUp ? "\(payment.purpose) (topped up)" : payment.purpose),
            ("amount", "USD \(payment.amount)"), ("from the balance", payment.fromBalance.map { "USD \($0)" }),
            ("state", payment.state), ("", payment.words), ("confirm at", payment.confirm?.url),
            ("refunded", payment.refunded.map { "USD \($0)" }),
            ("went back", payment.returned.map { "USD \($0)" }),
            ("paid with", payment.method ?? payment.gateway), ("reference", payment.reference),
            ("created", payment.created), ("settled", payment.settled),
        ])
        if !payment.lines.isEmpty { text += "\n\n" + InvoiceCommand.table(of: payment.lines).text }
        return text
    }

    /// The exit status of a call that asked for a payment: one that was declined is a failure.
    static func check(_ payment: PaymentView) throws {
        guard payment.state == "declined" else { return }
        throw Failure(status: .refused, message: "the payment was declined: \(payment.words ?? "no reason is known")")
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists an org's payments, newest first.", discussion: "Example: meterctl payments list acme")

        @Argument(help: "The org.") var org: String
        @Option(help: "Payments at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(
                    PaymentView.self, ["v1", "orgs", org, "payments"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("PAYMENT", .right), ("CREATED", .left), ("FOR", .left), ("AMOUNT", .right), ("STATE", .left),
                        ("PAID WITH", .left), ("WORDS", .left))
                    table.rows = page.items.map {
                        [
                            "\($0.payment)", $0.created, $0.purpose, $0.amount, $0.state, $0.method ?? $0.gateway,
                            $0.words ?? "",
                        ]
                    }
                    return table.text
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows a payment; with its lines it is the receipt.",
            discussion: "Example: meterctl payments show acme 7")

        @Argument(help: "The org.") var org: String
        @Argument(help: "The payment's number.") var payment: Int64
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(
                    PaymentView.self, ["v1", "orgs", org, "payments", "\(payment)"])
                try common.show(view, PaymentsCommand.describe)
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Asks for what an org owes, once more; when it is paid everything is as before at once.",
            discussion: """
                Example: meterctl payments retry acme

                If the bank wants the customer to confirm, it prints the page on which they do that.
                """)

        @Argument(help: "The org.") var org: String
        @OptionGroup var page: ReturnOption
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    PaymentView.self, ["v1", "orgs", org, "payments", "retry"],
                    body: RetryPaymentBody(returnUrl: page.returnURL), key: key.key)
                try common.show(view, PaymentsCommand.describe)
                try PaymentsCommand.check(view)
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Asks the gateway now what became of a payment that is open.",
            discussion: """
                Example: meterctl payments check acme 7

                The daemon asks by itself too, soon and then every ten minutes. This is for a customer who has just confirmed it.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The payment's number.") var payment: Int64
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    PaymentView.self, ["v1", "orgs", org, "payments", "\(payment)", "check"], body: [String: String](),
                    key: nil)
                try common.show(view, PaymentsCommand.describe)
                try PaymentsCommand.check(view)
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives up a payment that waits for its customer to confirm it.",
            discussion: "Example: meterctl payments cancel acme 7")

        @Argument(help: "The org.") var org: String
        @Argument(help: "The payment's number.") var payment: Int64
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    PaymentView.self, ["v1", "orgs", org, "payments", "\(payment)", "cancel"], body: [String: String](),
                    key: key.key)
                try common.show(view, PaymentsCommand.describe)
            }
        }
    }

    struct Record: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes note of what became of a payment that no gateway collects.",
            discussion: """
                Examples: meterctl payments record acme 7 --reference 'transfer of 24 November'
                          meterctl payments record acme 7 --amount 300.00
                          meterctl payments record acme 7 --declined

                If less came than an invoice asks for, the rest is to be paid still. What is too much is added to the balance.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The payment's number.") var payment: Int64
        @Option(help: "The bank's name of it.") var reference: String?
        @Option(help: "What came, in US dollars, if it is not the whole amount.") var amount: String?
        @Flag(help: "It does not come.") var declined = false
        @Flag(help: "Nobody waits for it any more.") var canceled = false
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard !declined || !canceled else { throw ValidationError("--declined and --canceled exclude each other") }
        }

        func run() async throws {
            try await orExit {
                let state = declined ? "declined" : canceled ? "canceled" : "paid"
                let view = try await common.client.post(
                    PaymentView.self, ["v1", "orgs", org, "payments", "\(payment)", "record"],
                    body: RecordPaymentBody(state: state, reference: reference, amount: amount), key: key.key)
                try common.show(view, PaymentsCommand.describe)
            }
        }
    }
}

/// The page to which a customer comes back.
struct ReturnOption: ParsableArguments {
    @Option(
        name: .customLong("return-url"),
        help: ArgumentHelp(
            "The page that the customer comes to after confirming the payment, if their bank wants that (default: billing.return_url).",
            valueName: "url"))
    var returnURL: String?
}
