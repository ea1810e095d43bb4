import ArgumentParser
import Control
import Foundation
import Ledger
import Yams

struct DashboardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard", abstract: "Lets people into the dashboard.", subcommands: [Invite.self])

    /// An invitation with the link that accepts it.
    struct Link: Codable {
        var invitation: InvitationView
        var link: String
    }

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a link that lets somebody in, once.",
            discussion: """
                Examples: meterctl dashboard invite acme ana@example.com --role owner
                          meterctl dashboard invite acme --again ana@example.com

                It is for an org's first owner, and for somebody who can't sign in any more (--again, with the member's \
                number, e-mail address or usage name). The link works once, for 24 hours, and is shown once: nobody has it but you.
                """)

        @Argument(help: "The org.") var org: String
        @Argument(help: "The e-mail address.") var email: String?
        @Option(help: "owner, admin or member; member, or the role that they have, if it is left out.") var role:
            String?
        @Option(help: "What people call them.") var name: String?
        @Option(help: "A member who can't sign in any more: their number, e-mail address or usage name.")
        var again: String?
        @Option(help: "For how many hours the link works, 168 at most.") var hours: Int64 = 24
        @Option(help: "The dashboard's address, if it isn't in its configuration file (or METERD_DASHBOARD_URL).")
        var url: String?
        @Option(help: "The dashboard's configuration file.") var config = "/etc/meterd/dashboard.yaml"
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard email != nil || again != nil else {
                throw ValidationError("name an e-mail address, or --again MEMBER")
            }
        }

        func run() async throws {
            try await orExit {
                let base = try base()
                let secret = InvitationSecret()
                let known = try await again.orNil { try await member($0) }
                let body = InvitationBody(
                    email: email, name: name, role: role, member: known?.member, secretHash: secret.hash,
                    seconds: max(0, min(hours, 169)) * 3600)
                let invitation = try await common.client.post(
                    InvitationView.self, ["v1", "orgs", org, "invitations"], body: body, key: key.key)
                try common.show(Link(invitation: invitation, link: base + "/join/" + secret.secret)) { made in
                    definitions([
                        ("org", made.invitation.org), ("to", made.invitation.email),
                        ("role", made.invitation.role), ("until", made.invitation.expires), ("link", made.link),
                    ]) + "\n\nThe link is shown once, and works once."
                }
            }
        }

        /// The member whom a number, an address or a usage name means.
        private func member(_ text: String) async throws -> TeamMemberView {
            let path = ["v1", "orgs", org, "team"]
            if let number = Int64(text) {
                return try await common.client.get(TeamMemberView.self, path + ["\(number)"])
            }
            let team = try await common.client.list(TeamMemberView.self, path, limit: 10_000).items
            let found = team.filter { $0.email == text || ($0.users ?? []).contains(text) }
            guard let member = found.first, found.count == 1 else {
                throw Failure(
                    status: .refused,
                    message:
                        "\(found.isEmpty ? "nobody" : "more than one member") of org '\(org)' has '\(text)'; meterctl member list \(org) shows their numbers"
                )
            }
            return member
        }

        /// The dashboard's address without a slash at its end.
        private func base() throws -> String {
            let named = url ?? ProcessInfo.processInfo.environment["METERD_DASHBOARD_URL"] ?? configured()
            guard let named, named.hasPrefix("http://") || named.hasPrefix("https://") else {
                throw Failure(
                    status: .configuration,
                    message:
                        "the dashboard's address is not known: public_url in \(config), METERD_DASHBOARD_URL or --url names it"
                )
            }
            return named.hasSuffix("/") ? String(named.dropLast()) : named
        }

        private func configured() -> String? {
            guard let data = FileManager.default.contents(atPath: config),
                let root = try? Yams.compose(yaml: String(decoding: data, as: UTF8.self))
            else { return nil }
            return root.mapping?["public_url"]?.scalar?.string
        }
    }
}

extension Optional {
    /// What a value becomes; nil stays nil.
    fileprivate func orNil<Value>(_ body: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await body(self)
    }
}
