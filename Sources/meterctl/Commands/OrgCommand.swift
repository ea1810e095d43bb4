import ArgumentParser
import Control
import Ledger

struct OrgCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "org", abstract: "The orgs whose credits pay.",
        subcommands: [Create.self, List.self, Show.self, Policy.self, History.self, Close.self, AliasCommand.self])

    static func describe(_ org: OrgView) -> String {
        definitions([
            ("org", org.org), ("name", org.displayName), ("country", org.country), ("region", org.region),
            ("state", org.state), ("created", org.created), ("closed", org.closed),
            ("balance", "USD " + dollars(org.balance)), ("available", "USD " + dollars(org.available)),
            ("monthly budget", org.monthlyBudget.map { "USD " + dollars($0) }),
        ])
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Founds an org.", discussion: "Example: meterctl org create acme --display-name 'Acme Inc.'")

        @Argument(help: "Its name: 1 to 64 of a-z 0-9 - _ .")
        var name: String
        @Option(help: "What people call it.") var displayName: String?
        @Option(help: "Two capital letters (ISO 3166-1).") var country: String?
        @Option(help: "A region of the country.") var region: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let body = CreateOrgBody(org: name, displayName: displayName, country: country, region: region)
                let org = try await common.client.post(OrgView.self, ["v1", "orgs"], body: body, key: key.key)
                try common.show(org, OrgCommand.describe)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists orgs by name.", discussion: "Example: meterctl org list --json")

        @Option(help: "Orgs at most.") var limit = 1000
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(OrgView.self, ["v1", "orgs"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("ORG", .left), ("NAME", .left), ("STATE", .left), ("BALANCE", .right), ("AVAILABLE", .right))
                    table.rows = page.items.map {
                        [$0.org, $0.displayName ?? "", $0.state, dollars($0.balance), dollars($0.available)]
                    }
                    return table.text
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one org.", discussion: "Example: meterctl org show acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(OrgView.self, ["v1", "orgs", org])
                let policy = try await common.client.get(OrgPolicyView.self, ["v1", "orgs", org, "policy"])
                try common.show(OrgWithPolicy(org: view, policy: policy)) {
                    OrgCommand.describe($0.org) + "\n\npolicy\n" + OrgCommand.describe($0.policy)
                }
            }
        }
    }

    struct Close: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Closes an org: no more grants; usage that still arrives is charged.",
            discussion: "Example: meterctl org close acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    OrgView.self, ["v1", "orgs", org, "close"], body: [String: String](), key: key.key)
                try common.show(view, OrgCommand.describe)
            }
        }
    }
}
