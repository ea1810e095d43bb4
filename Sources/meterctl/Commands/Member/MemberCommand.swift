import ArgumentParser
import Control
import Ledger

struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "The people of an org: roles, invitations, limits.",
        discussion: """
            A member is named by a name that their usage records have, by their e-mail address, or by their number: \
            meterctl member list shows all three.
            """,
        subcommands: [
            List.self, Show.self, Add.self, Invite.self, Invitations.self, Resend.self, Withdraw.self, Role.self,
            Limit.self, Assign.self, Profile.self, Remove.self, Erase.self,
        ])

    static func describe(_ member: TeamMemberView) -> String {
        let users = member.users ?? []
        return definitions([
            ("member", "\(member.member)"), ("org", member.org), ("name", member.name), ("e-mail", member.email),
            ("role", member.role), ("state", member.state),
            ("usage of", users.isEmpty ? nil : users.joined(separator: ", ")), ("added", member.added),
            ("removed", member.removed), ("last activity", member.lastActivity),
            ("spent today", member.spentToday.map { "USD " + dollars($0) + of(member.dailyLimit) }),
            ("spent this month", member.spentThisMonth.map { "USD " + dollars($0) + of(member.monthlyLimit) }),
            ("held", member.held.map { "USD " + dollars($0) }),
        ])
    }

    private static func of(_ limit: String?) -> String { limit.map { " of " + dollars($0) } ?? "" }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists everybody in an org with what they spent.",
            discussion: "Example: meterctl member list acme")

        @Argument(help: "The org.") var org: String
        @Option(help: "Members at most.") var limit = 1000
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(TeamMemberView.self, ["v1", "orgs", org, "team"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("MEMBER", .right), ("NAME", .left), ("E-MAIL", .left), ("ROLE", .left), ("STATE", .left),
                        ("USAGE OF", .left), ("TODAY", .right), ("LIMIT", .right), ("THIS MONTH", .right),
                        ("LIMIT", .right), ("LAST ACTIVITY", .left))
                    table.rows = page.items.map { member in
                        [
                            "\(member.member)", member.name ?? "", member.email ?? "", member.role, member.state,
                            (member.users ?? []).joined(separator: " "), dollars(member.spentToday ?? "0"),
                            member.dailyLimit.map(dollars) ?? "", dollars(member.spentThisMonth ?? "0"),
                            member.monthlyLimit.map(dollars) ?? "", member.lastActivity ?? "",
                        ]
                    }
                    return table.text
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows one member.", discussion: "Example: meterctl member show acme ana@example.com")

        @OptionGroup var named: MemberArguments
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit { try common.show(try await named.find(common.client), MemberCommand.describe) }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes somebody a member without asking them; what they spent this month counts.",
            discussion: """
                Examples: meterctl member add acme ana
                          meterctl member add acme bo --name Bo --email bo@example.com --role admin

                Somebody who is to sign in is invited instead: meterctl member invite.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The name that usage records have.") var user: String
        @Option(help: "What people call them.") var name: String?
        @Option(help: "Their e-mail address.") var email: String?
        @Option(help: "owner, admin or member.") var role: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let added = try await common.client.post(
                    MemberView.self, ["v1", "orgs", org, "members"],
                    body: MemberBody(user: user, name: name, email: email, role: role), key: key.key)
                guard let number = added.member else {
                    throw Failure(
                        status: .refused,
                        message: "the daemon is older than this meterctl: restart it (meterctl status)")
                }
                let member = try await common.client.get(
                    TeamMemberView.self, ["v1", "orgs", org, "team", "\(number)"])
                try common.show(member, MemberCommand.describe)
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

        @OptionGroup var named: MemberArguments
        @Option(help: "US dollars a day.") var daily: String?
        @Option(help: "US dollars a month.") var monthly: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = try await named.path(common.client, "limits")
                let member = try await common.client.put(
                    TeamMemberView.self, path, body: LimitsBody(daily: daily, monthly: monthly), key: key.key)
                try common.show(member, MemberCommand.describe)
            }
        }
    }
}
