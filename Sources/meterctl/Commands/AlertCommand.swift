import ArgumentParser
import Control
import Ledger

struct AlertCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alert", abstract: "The balances at which an event is made.",
        subcommands: [Set.self, List.self])

    static func describe(_ alerts: AlertsView) -> String {
        alerts.thresholds.isEmpty
            ? "org \(alerts.org) has no alerts"
            : alerts.thresholds.map { "balance below USD " + dollars($0) }.joined(separator: "\n")
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets them all anew; each tells once, every time the balance falls below it.",
            discussion: """
                Examples: meterctl alert set acme 50 10 0
                          meterctl alert set acme (none)

                Events go to the journal and to meterctl events.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "US dollars.") var thresholds: [String] = []
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let alerts = try await common.client.put(
                    AlertsView.self, ["v1", "orgs", org, "alerts"], body: AlertsBody(thresholds: thresholds),
                    key: key.key)
                try common.show(alerts, AlertCommand.describe)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists an org's alerts.", discussion: "Example: meterctl alert list acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let alerts = try await common.client.get(AlertsView.self, ["v1", "orgs", org, "alerts"])
                try common.show(alerts, AlertCommand.describe)
            }
        }
    }
}
