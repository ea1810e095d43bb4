import ArgumentParser
import Billing
import Control

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
}
