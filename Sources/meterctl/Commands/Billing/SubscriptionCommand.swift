import ArgumentParser
import Billing
import Control

struct SubscriptionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscription", abstract: "An org's seats, its period, and where it stands with its invoices.",
        subcommands: [Show.self, Changes.self, Cancel.self, Resume.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows an org's subscription.", discussion: "Example: meterctl subscription show acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(SubscriptionView.self, ["v1", "orgs", org, "subscription"])
                try common.show(view, SubscriptionCommand.describe)
            }
        }
    }

    static func describe(_ view: SubscriptionView) -> String {
        guard let signup = view.signup else {
            return definitions([
                ("org", view.org), ("state", view.state),
                ("subscription", "none; meterctl seats add \(view.org) N begins one"),
                ("members", "\(view.members), any number"), ("seat price", "USD \(view.seatPrice) a month"),
            ])
        }
        let seats =
            view.nextSeats == view.seats
            ? "\(view.seats)" : "\(view.seats), \(view.nextSeats) from \(view.periodEnd ?? "the next period") on"
        return definitions([
            ("org", view.org), ("state", view.state), ("standing", standing(view)), ("seats", seats),
            ("members", view.membersMax.map { "\(view.members) of \($0)" } ?? "\(view.members), any number"),
            ("seat price", "USD \(view.seatPrice) a month"), ("signup", signup),
            ("period", "\(view.periodStart ?? "") to \(InvoiceCommand.lastDay(view.periodEnd))"),
            ("next invoice", view.nextAmount.map { "USD \($0) for seats, on \(view.periodEnd ?? "")" }),
            (
                "ends",
                view.ends.map {
                    "\($0), when the org is closed; meterctl subscription resume \(view.org) takes that back"
                }
            ),
            ("balance", view.balance.map { "USD \($0), for later invoices and seats" }),
            ("owed", view.owed.isEmpty ? nil : "USD \(view.due) on \(view.owed.joined(separator: ", "))"),
            (
                "what to do",
                view.isDisputed
                    ? "meterctl invoice uphold or credit ends the dispute"
                    : view.standing == "current" ? nil : "meterctl payments retry \(view.org) tries the payment again"
            ),
        ])
    }

    private static func standing(_ view: SubscriptionView) -> String {
        if view.isDisputed { return "\(view.standing), disputed: nothing follows from its not being paid" }
        return switch view.standing {
        case "grace": "grace: declined \(view.declined ?? ""), everything works until \(view.suspends ?? "")"
        case "suspended": "suspended since \(view.suspends ?? ""), detail is kept until \(view.erases ?? "")"
        case "erased": "suspended since \(view.suspends ?? ""), detail was erased \(view.erases ?? "")"
        default: view.standing
        }
    }
}

// What changed, and the end.
extension SubscriptionCommand {
    struct Changes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists what changed seats and periods, newest first.",
            discussion: "Example: meterctl subscription changes acme")

        @Argument(help: "The org.") var org: String
        @Option(help: "Changes at most.") var limit = 100
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(
                    SubscriptionChangeView.self, ["v1", "orgs", org, "subscription", "changes"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("AT", .left), ("WHAT", .left), ("SEATS", .right), ("FROM THE NEXT PERIOD", .right),
                        ("PERIOD", .left), ("BY", .left))
                    table.rows = page.items.map { step in
                        let period = step.periodStart.map { "\($0) to \(InvoiceCommand.lastDay(step.periodEnd))" }
                        let seats =
                            step.seatsBefore == step.seats
                            ? "\(step.seats)" : "\(step.seatsBefore) \u{2192} \(step.seats)"
                        return [
                            step.at, step.kind, seats, step.isCanceled ? "ends" : "\(step.nextSeats)", period ?? "",
                            step.actor,
                        ]
                    }
                    return table.text
                }
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a subscription with its present period; the org is closed then.",
            discussion: """
                Example: meterctl subscription cancel acme

                Everything works until then, and meterctl subscription resume takes it back. meterctl org close ends it at once.
                """)

        @Argument(help: "The org.") var org: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    SubscriptionView.self, ["v1", "orgs", org, "subscription", "cancel"], body: [String: String](),
                    key: key.key)
                try common.show(view, SubscriptionCommand.describe)
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has a subscription that was cancelled go on.",
            discussion: "Example: meterctl subscription resume acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    SubscriptionView.self, ["v1", "orgs", org, "subscription", "resume"], body: [String: String](),
                    key: key.key)
                try common.show(view, SubscriptionCommand.describe)
            }
        }
    }
}
