import ArgumentParser
import Control
import Ledger

// What is changed of a member.
extension MemberCommand {
    struct Role: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets what a member may do: owner, admin or member.",
            discussion: """
                Example: meterctl member role acme ana owner

                Owners pay, admins manage, members use. An org that has an owner keeps at least one.
                """)

        @OptionGroup var named: MemberArguments
        @Argument(help: "owner, admin or member.") var role: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = try await named.path(common.client, "role")
                let member = try await common.client.put(
                    TeamMemberView.self, path, body: RoleBody(role: role), key: key.key)
                try common.show(member, MemberCommand.describe)
            }
        }
    }

    struct Assign: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes usage records of a name a member's.",
            discussion: """
                Example: meterctl member assign acme ana@example.com ana-laptop

                For good: a name is never given to another member. What was spent under it this month counts.
                """)

        @OptionGroup var named: MemberArguments
        @Argument(help: "The name that usage records have.") var user: String
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = try await named.path(common.client, "users")
                let member = try await common.client.post(
                    TeamMemberView.self, path, body: MemberBody(user: user), key: key.key)
                try common.show(member, MemberCommand.describe)
            }
        }
    }

    struct Profile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets what a member is called and their e-mail address.",
            discussion: "Example: meterctl member profile acme ana --name Ana --email ana@example.com")

        @OptionGroup var named: MemberArguments
        @Option(help: "What people call them.") var name: String?
        @Option(help: "Their e-mail address.") var email: String?
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = try await named.path(common.client, "profile")
                let member = try await common.client.patch(
                    TeamMemberView.self, path, body: ProfileBody(name: name, email: email), key: key.key)
                try common.show(member, MemberCommand.describe)
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a membership; what was spent stays.",
            discussion: "Example: meterctl member remove acme ana")

        @OptionGroup var named: MemberArguments
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = try await named.path(common.client, "remove")
                let member = try await common.client.post(
                    TeamMemberView.self, path, body: [String: String](), key: key.key)
                try common.show(member, MemberCommand.describe)
            }
        }
    }

    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forgets the name, the address and the sign-ins of a removed member.",
            discussion: """
                Example: meterctl member erase acme 12

                Their number, their role, the names of their usage and what they spent stay. It can't be undone.
                """)

        @OptionGroup var named: MemberArguments
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let path = try await named.path(common.client, "erase")
                let member = try await common.client.post(
                    TeamMemberView.self, path, body: [String: String](), key: key.key)
                try common.show(member, MemberCommand.describe)
            }
        }
    }
}
