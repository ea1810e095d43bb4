import ArgumentParser
import Control
import Ledger

// Invitations.
extension MemberCommand {
    /// An invitation with the secret that accepts it, which nobody but the inviter has.
    struct Invited: Codable {
        var invitation: InvitationView
        var secret: String

        /// In words.
        var words: String {
            definitions([
                ("invitation", "\(invitation.invitation)"), ("org", invitation.org), ("to", invitation.email),
                ("name", invitation.name), ("role", invitation.role), ("member", "\(invitation.member)"),
                ("expires", invitation.expires), ("secret", secret),
            ]) + "\n\nThe secret is shown once. Whoever has it can accept the invitation."
        }
    }

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Invites somebody and shows the secret that accepts the invitation.",
            discussion: """
                Examples: meterctl member invite acme ana@example.com --role owner
                          meterctl member invite acme ana@example.com --again 12

                It can be accepted for 7 days, and fills a seat until then. --again invites somebody who was removed, so that \
                their number and their usage are theirs again, or a member who can't sign in any more.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The e-mail address.") var email: String
        @Option(help: "owner, admin or member; member, or the role that they have, if it is left out.") var role:
            String?
        @Option(help: "What people call them.") var name: String?
        @Option(help: "The number of a member who is invited again.") var again: Int64?
        @Option(help: "For how many hours it can be accepted, 168 at most.") var hours: Int64 = 168
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let secret = InvitationSecret()
                let body = InvitationBody(
                    email: email, name: name, role: role, member: again, secretHash: secret.hash,
                    seconds: max(0, min(hours, 169)) * 3600)
                let invitation = try await common.client.post(
                    InvitationView.self, ["v1", "orgs", org, "invitations"], body: body, key: key.key)
                try common.show(Invited(invitation: invitation, secret: secret.secret), \.words)
            }
        }
    }

    struct Invitations: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists invitations, newest first.", discussion: "Example: meterctl member invitations acme")

        @Argument(help: "The org.") var org: String
        @Option(help: "Invitations at most.") var limit = 100
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let page = try await common.client.list(
                    InvitationView.self, ["v1", "orgs", org, "invitations"], limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("INVITATION", .right), ("TO", .left), ("NAME", .left), ("ROLE", .left), ("STATE", .left),
                        ("MEMBER", .right), ("EXPIRES", .left), ("SENT", .right), ("BY", .left))
                    table.rows = page.items.map {
                        [
                            "\($0.invitation)", $0.email ?? "", $0.name ?? "", $0.role, $0.state, "\($0.member)",
                            $0.expires, "\($0.sent)", $0.invitedBy.map { "member \($0)" } ?? "operator",
                        ]
                    }
                    return table.text
                }
            }
        }
    }

    struct Resend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes another secret for an invitation; the one before is void.",
            discussion: "Example: meterctl member resend acme 3")

        @Argument(help: "The org.") var org: String
        @Argument(help: "The invitation's number.") var invitation: Int64
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let secret = InvitationSecret()
                let view = try await common.client.post(
                    InvitationView.self, ["v1", "orgs", org, "invitations", "\(invitation)", "resend"],
                    body: ResendBody(secretHash: secret.hash), key: key.key)
                try common.show(Invited(invitation: view, secret: secret.secret), \.words)
            }
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Withdraws an invitation; its seat is free at once.",
            discussion: "Example: meterctl member withdraw acme 3")

        @Argument(help: "The org.") var org: String
        @Argument(help: "The invitation's number.") var invitation: Int64
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.post(
                    InvitationView.self, ["v1", "orgs", org, "invitations", "\(invitation)", "withdraw"],
                    body: [String: String](), key: key.key)
                try common.show(view) { "invitation \($0.invitation) of org \($0.org) is withdrawn" }
            }
        }
    }
}
