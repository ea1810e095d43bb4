import ArgumentParser
import Billing
import Control

extension CreditsCommand {
    struct Buy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Buys credits with the saved payment method; available when the payment succeeds.",
            discussion: """
                Examples: meterctl credits buy acme 100 --dry-run
                          meterctl credits buy acme 100 --id order-1042

                Sold are packs (50, 100, 250, 500 and 1000 where the plan says nothing else) and any larger amount.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "US dollars.") var amount: String
        @Flag(help: "Only say what they cost.") var dryRun = false
        @Option(help: "What they must cost with tax, or else nothing is bought.") var expectTotal: String?
        @OptionGroup var page: ReturnOption
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = ["v1", "orgs", org, "purchases"]
                guard !dryRun else {
                    let preview = try await common.client.post(
                        PurchasePreview.self, path, body: PurchaseBody(amount: amount, dryRun: true), key: key.key)
                    return try common.show(preview, Self.describe)
                }
                let body = PurchaseBody(amount: amount, expectTotal: expectTotal, returnUrl: page.returnURL)
                let payment = try await common.client.post(PaymentView.self, path, body: body, key: key.key)
                try common.show(payment, PaymentsCommand.describe)
                try PaymentsCommand.check(payment)
            }
        }

        private static func describe(_ preview: PurchasePreview) -> String {
            definitions([
                ("credits", "USD \(preview.amount)"), ("net", "USD \(preview.net)"),
                ("tax", "USD \(preview.tax) (\(preview.taxRule))"), ("charged at once", "USD \(preview.total)"),
                ("paid with", preview.method ?? preview.gateway),
                ("balance", "USD \(dollars(preview.balance)), then \(dollars(preview.balanceAfter))"),
            ])
        }
    }

    struct TopUp: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "top-up", abstract: "Shows or sets what is bought by itself where credits run low.",
            discussion: """
                Examples: meterctl credits top-up acme
                          meterctl credits top-up acme --below 20 --buy 100 --per-day 3
                          meterctl credits top-up acme --off
                """)

        @Argument(help: "The org.") var org: String
        @Option(help: "Buy where the balance is below it, in US dollars.") var below: String?
        @Option(help: "How much to buy at a time, in US dollars.") var buy: String?
        @Option(help: "Purchases in any 24 hours at most.") var perDay: Int64?
        @Flag(help: "Buy nothing by itself.") var off = false
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard (below == nil) == (buy == nil) else { throw ValidationError("--below and --buy come together") }
            guard !off || below == nil else { throw ValidationError("--off excludes --below and --buy") }
        }

        func run() async throws {
            try await orExit {
                let path = ["v1", "orgs", org, "top-up"]
                guard off || below != nil else {
                    return try common.show(try await common.client.get(TopUpView.self, path), Self.describe)
                }
                let view = try await common.client.put(
                    TopUpView.self, path, body: TopUpBody(threshold: below, amount: buy, perDayMax: perDay),
                    key: key.key)
                try common.show(view, Self.describe)
            }
        }

        private static func describe(_ view: TopUpView) -> String {
            guard let threshold = view.threshold, let amount = view.amount else {
                return definitions([("org", view.org), ("top-up", "off")])
            }
            return definitions([
                ("org", view.org),
                ("top-up", "USD \(amount) where the balance is below USD \(dollars(threshold))"),
                ("last 24 hours", "\(view.bought) of \(view.perDayMax ?? 0) bought"),
                ("under way", view.pending == "0.00" ? nil : "USD \(view.pending)"),
                ("declines", view.declines == 0 ? nil : "\(view.declines) in a row"),
                ("waits until", view.waitsUntil),
            ])
        }
    }
}
