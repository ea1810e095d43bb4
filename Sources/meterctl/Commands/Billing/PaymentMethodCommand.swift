import ArgumentParser
import Billing
import Control

struct PaymentMethodCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payment-method", abstract: "What an org pays with.",
        subcommands: [Show.self, Set.self, Enter.self, Finish.self])

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
            ("confirm at", view.tried?.confirm?.url),
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
        @OptionGroup var page: ReturnOption
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.put(
                    PaymentMethodView.self, ["v1", "orgs", org, "payment-method"],
                    body: PaymentMethodBody(method: method, returnUrl: page.returnURL), key: key.key)
                try common.show(view, PaymentMethodCommand.describe)
            }
        }
    }

    struct Enter: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives a page of the gateway's on which the customer enters a card.",
            discussion: """
                Example: meterctl payment-method enter acme --return-url https://billing.example.com/acme

                Send the page to nobody but the customer. Their browser comes back to the return URL with the session's name in its \
                query; meterctl payment-method finish takes the card from there.
                """)

        @Argument(help: "The org.") var org: String
        @Option(help: "Where the customer's browser goes afterwards.") var returnURL: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let entry = try await common.client.post(
                    MethodEntry.self, ["v1", "orgs", org, "payment-method", "entry"],
                    body: MethodEntryBody(returnUrl: returnURL), key: key.key)
                try common.show(entry) {
                    definitions([("session", $0.session), ("page", $0.url), ("until", $0.expires)])
                }
            }
        }
    }

    struct Finish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has an org pay with the card that was entered on a page of the gateway's.",
            discussion: "Example: meterctl payment-method finish acme cs_test_1")

        @Argument(help: "The org.") var org: String
        @Argument(help: "The session's name.") var session: String
        @OptionGroup var page: ReturnOption
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    PaymentMethodView.self, ["v1", "orgs", org, "payment-method", "entry", "finish"],
                    body: FinishEntryBody(session: session, returnUrl: page.returnURL), key: key.key)
                try common.show(view, PaymentMethodCommand.describe)
            }
        }
    }
}
