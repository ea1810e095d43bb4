import ArgumentParser
import Control
import Ledger

struct BudgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budget", abstract: "Shows or sets what an org may spend in a calendar month (UTC).",
        discussion: """
            Examples: meterctl budget acme
                      meterctl budget acme --monthly 500
                      meterctl budget acme --none
            """)

    @Argument(help: "The org.") var org: String
    @Option(help: "US dollars a month.") var monthly: String?
    @Flag(help: "No budget.") var none = false
    @OptionGroup var key: KeyOption
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard monthly == nil || !none else { throw ValidationError("give either --monthly or --none") }
    }

    func run() async throws {
        try await orExit {
            let path = ["v1", "orgs", org, "budget"]
            let budget =
                monthly == nil && !none
                ? try await common.client.get(BudgetView.self, path)
                : try await common.client.put(
                    BudgetView.self, path, body: BudgetBody(monthly: monthly), key: key.key)
            try common.show(budget) { budget in
                definitions([
                    ("org", budget.org),
                    ("monthly budget", budget.monthlyBudget.map { "USD " + dollars($0) } ?? "none"),
                    ("spent this month", "USD " + dollars(budget.spentThisMonth)),
                    ("held", "USD " + dollars(budget.held)),
                ])
            }
        }
    }
}
