import ArgumentParser
import Billing
import Control

struct PaymentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payments", abstract: "What an org paid, or has to pay.",
        subcommands: [List.self, Show.self, Retry.self, Record.self, Deposit.self, Refund.self, Reverse.self])

    static func describe(_ payment: PaymentView) -> String {
        var text = definitions([
            ("payment", "\(payment.payment)"), ("org", payment.org),
            ("for", payment.isTopUp ? "\(payment.purpose) (topped up)" : payment.purpose),
            ("amount", "USD \(payment.amount)"), ("from the balance", payment.fromBalance.map { "USD \($0)" }),
            ("state", payment.state), ("", payment.words), ("refunded", payment.refunded.map { "USD \($0)" }),
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
            discussion: "Example: meterctl payments retry acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    PaymentView.self, ["v1", "orgs", org, "payments", "retry"], body: [String: String](), key: key.key)
                try common.show(view, PaymentsCommand.describe)
                try PaymentsCommand.check(view)
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

struct PaymentMethodCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payment-method", abstract: "What an org pays with.", subcommands: [Show.self, Set.self])

    static func describe(_ view: PaymentMethodView) -> String {
        let none =
            view.gateway == "manual"
            ? "none: an operator records payments" : "none; meterctl payment-method set \(view.org) saves one"
        return definitions([
            ("org", view.org), ("gateway", view.gateway),
            ("method", view.brand.map { "\($0) ending in \(view.last4 ?? "?")" } ?? none), ("expires", view.expiry),
            ("saved as", view.method), ("customer", view.customer),
            (
                "what was owed",
                view.tried.map { "USD \($0.amount): \($0.state)" + ($0.words.map { ", \($0)" } ?? "") }
            ),
        ])
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what an org pays with: brand, last four, expiry.",
            discussion: "Example: meterctl payment-method show acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(PaymentMethodView.self, ["v1", "orgs", org, "payment-method"])
                try common.show(view, PaymentMethodCommand.describe)
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has an org pay with a method that was saved at the gateway.",
            discussion: """
                Example: meterctl payment-method set acme pm_1NqV…

                Cards are entered at the gateway, never here: this takes the gateway's name of the saved method. If an invoice is
                owed, it is tried with the new method at once.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The gateway's name of the method.") var method: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.put(
                    PaymentMethodView.self, ["v1", "orgs", org, "payment-method"],
                    body: PaymentMethodBody(method: method), key: key.key)
                try common.show(view, PaymentMethodCommand.describe)
            }
        }
    }
}
