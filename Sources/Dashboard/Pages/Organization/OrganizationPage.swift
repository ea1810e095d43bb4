import Billing
import HTML
import Ledger
import Wording

/// Who is in the org: members, invitations, and what its owners and admins decided.
enum OrganizationPage {
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let members = try await team.daemon.get(
            Page<MemberAnswer>.self, "team", query: [("limit", "1000"), ("cursor", team.visit.query["cursor"])])
        let seats: SubscriptionView? =
            team.may("showSubscription") ? try await team.daemon.get(SubscriptionView.self, "subscription") : nil
        let invitations: [InvitationAnswer] =
            team.may("listInvitations")
            ? try await team.daemon.get(Page<InvitationAnswer>.self, "invitations", query: [("limit", "200")]).items
            : []
        let policy: OrgPolicyView? =
            team.may("showPolicy") ? try await team.daemon.get(OrgPolicyView.self, "policy") : nil
        let present = members.items.filter { $0.state == "active" }
        return try Layout.page(team, .organization, title: "Organization") {
            Parts.figures {
                if let seats {
                    Parts.figure(
                        "Seats used",
                        seats.membersMax.map { "\(seats.members) of \($0)" } ?? Words.count(seats.members),
                        seats.membersMax == nil ? "Any number may join" : "Open invitations included")
                }
                Parts.figure("Members", Words.count(Int64(present.count)), byRole(present))
                if !invitations.isEmpty {
                    Parts.figure("Open invitations", "\(invitations.count { $0.state == "open" })")
                }
            }
            Parts.card("Members") {
                memberTable(team, members.items.filter { $0.state != "invited" && $0.state != "removed" })
                Parts.more(members.nextCursor.map { team.place("organization", query: [("cursor", $0)]) })
                removed(team, members.items.filter { $0.state == "removed" })
            }
            if team.may("inviteMember") {
                InvitationForms.list(team, invitations)
                InvitationForms.card(team)
            }
            if let policy {
                PolicyForms.cards(team, policy)
            } else {
                ownPart(team)
            }
        }
    }

    private static func byRole(_ members: [MemberAnswer]) -> String {
        let counts = ["owner", "admin", "member"].map { role in (role, members.count { $0.role == role }) }
        return counts.filter { $0.1 > 0 }.map { Words.count(Int64($0.1), $0.0, $0.0 + "s") }.joined(separator: ", ")
    }

    /// Who somebody is, as far as the asker may know.
    static func name(_ member: MemberAnswer) -> String {
        member.name ?? member.email ?? member.user ?? "Member \(member.member)"
    }

    private static func memberTable(_ team: Team, _ members: [MemberAnswer]) -> HTML {
        guard team.may("listMembers") else {
            return Parts.table(
                "Everybody in this organization", ["Name", "Role"],
                members.map { [foreign(name($0)), Parts.text(Words.label($0.role))] })
        }
        return Parts.table(
            "Everybody in this organization",
            ["Name", "E-mail", "Role", "Last activity", "Spent today#", "Spent this month#", "Limits#"],
            members.map { member in
                [
                    element(.a, .href(team.place("members", "\(member.member)"))) { foreign(name(member)) },
                    foreign(member.email ?? "—"), Parts.text(Words.label(member.role)),
                    member.lastActivity.map(Words.time) ?? Parts.text("never"),
                    Parts.text(Words.usd(member.spentToday)), Parts.text(Words.usd(member.spentThisMonth)),
                    Parts.text(limits(member)),
                ]
            })
    }

    private static func limits(_ member: MemberAnswer) -> String {
        let parts = [
            member.dailyLimit.map { Words.usd($0) + " per day" },
            member.monthlyLimit.map { Words.usd($0) + " per month" },
        ].compactMap(\.self)
        return parts.isEmpty ? "none" : parts.joined(separator: ", ")
    }

    private static func removed(_ team: Team, _ members: [MemberAnswer]) -> HTML {
        guard !members.isEmpty, team.may("listMembers") else { return HTML() }
        return element(.details) {
            element(.summary, text: "Removed members (\(members.count))")
            Parts.table(
                "Removed members", ["Name", "E-mail", "Removed", "Spent this month#"],
                members.map { member in
                    [
                        element(.a, .href(team.place("members", "\(member.member)"))) { foreign(name(member)) },
                        foreign(member.email ?? "—"), member.removed.map(Words.time) ?? Parts.text("—"),
                        Parts.text(Words.usd(member.spentThisMonth)),
                    ]
                })
        }
    }

    /// What a member sees of their own limits and of the org's rules.
    private static func ownPart(_ team: Team) -> HTML {
        let own = team.me.member
        return Parts.card("Your limits") {
            Parts.facts([
                ("Per day", Parts.text(own.dailyLimit.map { Words.usd($0) } ?? "No limit")),
                ("Spent today", Parts.text(Words.usd(own.spentToday))),
                ("Per month", Parts.text(own.monthlyLimit.map { Words.usd($0) } ?? "No limit")),
                ("Spent this month", Parts.text(Words.usd(own.spentThisMonth))),
                ("Models", PolicyForms.models(team.me.allowedModels)),
            ])
        }
    }
}
