import ArgumentParser
import Control
import Ledger

/// An org and one of its members, as operators name them.
struct MemberArguments: ParsableArguments {
    @Argument(help: "The org.") var org: String
    @Argument(help: "The member: a name that their usage records have, their e-mail address, or their number.")
    var member: String

    /// The member. A name that two members could be meant by is an error.
    func find(_ client: ControlClient) async throws -> TeamMemberView {
        let team = try await client.list(
            TeamMemberView.self, ["v1", "orgs", org, "team"], limit: LedgerLimits.membersPerOrgMax + 1
        ).items
        let named = team.filter { each in
            each.users?.contains(member) == true || each.email?.lowercased() == member.lowercased()
                || member == "\(each.member)"
        }
        // Whoever takes part is meant rather than somebody who was removed.
        let present = named.filter { $0.state != MemberState.removed.name }
        let candidates = present.isEmpty ? named : present
        guard let found = candidates.first else {
            throw Failure(
                status: .refused,
                message: "org '\(org)' has no member '\(member)'; meterctl member list \(org) shows all (not_found)")
        }
        guard candidates.count == 1 else {
            let numbers = candidates.map { "\($0.member)" }.joined(separator: ", ")
            throw Failure(
                status: .refused,
                message:
                    "'\(member)' may be member \(numbers) of org '\(org)'; name them by e-mail address or usage name")
        }
        return found
    }

    /// The path of something about the member.
    func path(_ client: ControlClient, _ rest: String...) async throws -> [String] {
        ["v1", "orgs", org, "team", "\(try await find(client).member)"] + rest
    }
}
