import ArgumentParser
import Control
import Ledger

struct CreditsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credits", abstract: "Prepaid credits.", subcommands: [Grant.self, List.self])

    struct Grant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives an org credits, at once.",
            discussion: "Example: meterctl credits grant acme 50.00 --reason 'first purchase' --id order-1042")

        @Argument(help: "The org.") var org: String
        @Argument(help: "US dollars, at most nine decimals.") var amount: String
        @Option(help: "Why, in words.") var reason: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let body = GrantBody(amount: amount, reason: reason)
                let grant = try await common.client.post(
                    GrantView.self, ["v1", "orgs", org, "grants"], body: body, key: key.key)
                try common.show(grant) { grant in
                    definitions([
                        ("grant", "\(grant.grant)"), ("org", grant.org), ("amount", "USD " + dollars(grant.amount)),
                        ("reason", grant.reason), ("created", grant.created),
                        ("balance", "USD " + dollars(grant.balanceAfter)),
                    ])
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists an org's grants, newest first.", discussion: "Example: meterctl credits list acme")

        @Argument(help: "The org.") var org: String
        @Option(help: "Grants at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(GrantView.self, ["v1", "orgs", org, "grants"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("GRANT", .right), ("CREATED", .left), ("AMOUNT", .right), ("BALANCE AFTER", .right),
                        ("REASON", .left))
                    table.rows = page.items.map {
                        ["\($0.grant)", $0.created, dollars($0.amount), dollars($0.balanceAfter), $0.reason ?? ""]
                    }
                    return table.text
                }
            }
        }
    }
}
