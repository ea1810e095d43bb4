import ArgumentParser
import Billing
import Control

struct SeatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seats", abstract: "Buys and gives up seats.", subcommands: [Add.self, Remove.self, Keep.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds seats for the days that remain of the period, charged at once, and from then on.",
            discussion: """
                Examples: meterctl seats add acme 3 --dry-run
                          meterctl seats add acme 3

                If seats are about to be removed, they stay for nothing before others are bought. The first seats of an org begin its subscription: the billing day is that day of each month.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "How many seats.") var seats: Int64
        @Flag(help: "Only say what they cost.") var dryRun = false
        @OptionGroup var page: ReturnOption
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = ["v1", "orgs", org, "seats", "add"]
                if dryRun {
                    let preview = try await common.client.post(
                        SeatPreview.self, path, body: SeatsBody(seats: seats, dryRun: true), key: key.key)
                    return try common.show(preview, Self.describe)
                }
                let added = try await common.client.post(
                    SeatsAdded.self, path, body: SeatsBody(seats: seats, returnUrl: page.returnURL), key: key.key)
                switch added {
                case .bought(let payment):
                    try common.show(payment, PaymentsCommand.describe)
                    try PaymentsCommand.check(payment)
                case .kept(let subscription):
                    try common.show(subscription) {
                        "Nothing was charged: the seats were about to be removed, and stay.\n"
                            + SubscriptionCommand.describe($0)
                    }
                }
            }
        }

        private static func describe(_ preview: SeatPreview) -> String {
            definitions([
                ("seats", "\(preview.seats) at USD \(preview.seatPrice) a month"),
                (
                    "paid for already",
                    preview.keptSeats > 0 ? "\(preview.keptSeats), which were about to be removed and stay" : nil
                ),
                ("from", preview.from), ("to", InvoiceCommand.lastDay(preview.until)),
                ("days", "\(preview.days) of \(preview.ofDays)"), ("net", "USD \(preview.net)"),
                ("tax", "USD \(preview.tax)" + (preview.taxRule.isEmpty ? "" : " (\(preview.taxRule))")),
                ("charged at once", "USD \(preview.total)"),
            ])
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives up seats from the next period on; until then meterctl seats keep takes it back.",
            discussion: """
                Examples: meterctl seats remove acme 2 --dry-run
                          meterctl seats remove acme 2
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "How many seats.") var seats: Int64
        @Flag(help: "Only say what the next period would cost.") var dryRun = false
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = ["v1", "orgs", org, "seats", "remove"]
                guard !dryRun else {
                    let preview = try await common.client.post(
                        SeatRemovalPreview.self, path, body: SeatsBody(seats: seats, dryRun: true), key: key.key)
                    return try common.show(preview, Self.describe)
                }
                let view = try await common.client.post(
                    SubscriptionView.self, path, body: SeatsBody(seats: seats), key: key.key)
                try common.show(view, SubscriptionCommand.describe)
            }
        }

        private static func describe(_ preview: SeatRemovalPreview) -> String {
            definitions([
                (
                    "seats",
                    "\(preview.presentSeats) until \(InvoiceCommand.lastDay(preview.from)), \(preview.nextSeats) from then on"
                ),
                ("members", "\(preview.members), open invitations included"),
                ("next period", preview.amountBefore.map { "USD \($0) before, without tax" }),
                ("net", "USD \(preview.net)"),
                ("tax", "USD \(preview.tax)" + (preview.taxRule.isEmpty ? "" : " (\(preview.taxRule))")),
                ("total", "USD \(preview.total), on \(preview.from)"),
            ])
        }
    }

    struct Keep: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keeps the seats that were to go with the period.",
            discussion: "Example: meterctl seats keep acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    SubscriptionView.self, ["v1", "orgs", org, "seats", "keep"], body: [String: String](), key: key.key)
                try common.show(view, SubscriptionCommand.describe)
            }
        }
    }
}
