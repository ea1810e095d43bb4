import ArgumentParser
import Control
import Ledger

struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "The members of an org and what they may spend.",
        subcommands: [Add.self, Remove.self, List.self, Limit.self])

    static func describe(_ member: MemberView) -> String {
        definitions([
            ("user", member.user), ("org", member.org), ("added", member.added), ("removed", member.removed),
            ("spent today", "USD " + dollars(member.spentToday) + of(member.dailyLimit)),
            ("spent this month", "USD " + dollars(member.spentThisMonth) + of(member.monthlyLimit)),
            ("held", "USD " + dollars(member.held)),
        ])
    }

    private static func of(_ limit: String?) -> String { limit.map { " of " + dollars($0) } ?? "" }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes somebody a member; what they spent this month counts.",
            discussion: "Example: meterctl member add acme ana")

        @Argument(help: "The org.") var org: String
        @Argument(help: "The name that usage records have.") var user: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let member = try await common.client.post(
                    MemberView.self, ["v1", "orgs", org, "members"], body: MemberBody(user: user), key: key.key)
                try common.show(member, MemberCommand.describe)
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a membership; what was spent stays.", discussion: "Example: meterctl member remove acme ana"
        )

        @Argument(help: "The org.") var org: String
        @Argument(help: "The member.") var user: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let member = try await common.client.post(
                    MemberView.self, ["v1", "orgs", org, "members", user, "remove"], body: [String: String](),
                    key: key.key)
                try common.show(member, MemberCommand.describe)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists members with what they spent and hold.", discussion: "Example: meterctl member list acme")

        @Argument(help: "The org.") var org: String
        @Option(help: "Members at most.") var limit = 1000
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(MemberView.self, ["v1", "orgs", org, "members"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("USER", .left), ("TODAY", .right), ("DAILY LIMIT", .right), ("THIS MONTH", .right),
                        ("MONTHLY LIMIT", .right), ("HELD", .right), ("REMOVED", .left))
                    table.rows = page.items.map {
                        [
                            $0.user, dollars($0.spentToday), $0.dailyLimit.map(dollars) ?? "",
                            dollars($0.spentThisMonth), $0.monthlyLimit.map(dollars) ?? "", dollars($0.held),
                            $0.removed ?? "",
                        ]
                    }
                    return table.text
                }
            }
        }
    }

    struct Limit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets what a member may spend on a UTC day and in a calendar month.",
            discussion: """
                Examples: meterctl member limit acme ana --daily 5 --monthly 80
                          meterctl member limit acme ana (no limits)

                A limit that is left out is none. Limits refuse `authorize`; usage that happened is charged all the same.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The member.") var user: String
        @Option(help: "US dollars a day.") var daily: String?
        @Option(help: "US dollars a month.") var monthly: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let member = try await common.client.put(
                    MemberView.self, ["v1", "orgs", org, "members", user, "limits"],
                    body: LimitsBody(daily: daily, monthly: monthly), key: key.key)
                try common.show(member, MemberCommand.describe)
            }
        }
    }
}
