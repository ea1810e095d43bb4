import ArgumentParser
import Billing
import Control
import Ledger

struct CreditsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credits", abstract: "Prepaid credits.",
        subcommands: [Grant.self, Void.self, List.self, Buy.self, TopUp.self])

    static func describe(_ grant: GrantView) -> String {
        definitions([
            ("grant", "\(grant.grant)"), ("org", grant.org), ("amount", "USD " + dollars(grant.amount)),
            ("left", "USD " + dollars(grant.remaining)), ("state", grant.state), ("source", grant.source),
            ("priority", "\(grant.priority)"), ("expires", grant.expires ?? "never"), ("reason", grant.reason),
            ("created", grant.created), ("voided", grant.voided.map { "USD " + dollars($0) + " by this call" }),
            ("balance", "USD " + dollars(grant.balanceAfter) + " when it was given"),
        ])
    }

    struct Grant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives an org credits, at once.",
            discussion: """
                Examples: meterctl credits grant acme 50.00 --reason 'first purchase' --id order-1042
                          meterctl credits grant acme 10 --source promotion --expires 2027-01-01T00:00:00Z

                Spent in this order: priority, what expires sooner, promotions before what was paid for, the older.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "US dollars, at most nine decimals.") var amount: String
        @Option(help: "purchase, promotion, adjustment or refund.") var source = "purchase"
        @Option(help: "0 to 100; what has the smallest is spent first.") var priority = 50
        @Option(help: "When what is unspent expires (RFC 3339); never if absent.") var expires: String?
        @Option(help: "Why, in words.") var reason: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let body = GrantBody(
                    amount: amount, source: source, priority: priority, expires: expires, reason: reason)
                let grant = try await common.client.post(
                    GrantView.self, ["v1", "orgs", org, "grants"], body: body, key: key.key)
                try common.show(grant, CreditsCommand.describe)
            }
        }
    }

    struct Void: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes back what is unspent of a grant.",
            discussion: """
                Example: meterctl credits void acme 3 --reason 'payment was charged back'

                Open holds don't keep it: the available credits may fall below zero, and new holds are refused then.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The grant's number.") var grant: Int64
        @Option(help: "Why, in words.") var reason: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    GrantView.self, ["v1", "orgs", org, "grants", "\(grant)", "void"], body: VoidBody(reason: reason),
                    key: key.key)
                try common.show(view, CreditsCommand.describe)
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
                        ("GRANT", .right), ("CREATED", .left), ("SOURCE", .left), ("AMOUNT", .right), ("LEFT", .right),
                        ("STATE", .left), ("PRIORITY", .right), ("EXPIRES", .left), ("REASON", .left))
                    table.rows = page.items.map {
                        [
                            "\($0.grant)", $0.created, $0.source, dollars($0.amount), dollars($0.remaining), $0.state,
                            "\($0.priority)", $0.expires ?? "never", $0.reason ?? "",
                        ]
                    }
                    return table.text
                }
            }
        }
    }
}
