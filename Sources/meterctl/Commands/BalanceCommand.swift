import ArgumentParser
import Control

struct BalanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance", abstract: "What is left of an org's credits.",
        discussion: "Example: meterctl balance acme")

    @Argument(help: "The org.") var org: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await orExit {
            let balance = try await common.client.get(BalanceView.self, ["v1", "orgs", org, "balance"])
            try common.show(balance) { balance in
                definitions([
                    ("org", balance.org), ("state", balance.state), ("balance", "USD " + dollars(balance.balance)),
                    ("available", "USD " + dollars(balance.available)),
                ])
            }
        }
    }
}
