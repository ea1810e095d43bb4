import Control
import HTML
import Ledger
import Wording

/// One member, and what owners and admins may change about them.
enum MemberPage {
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let number = try team.visit.number("member")
        let member = try await team.daemon.get(MemberAnswer.self, "team", "\(number)")
        let isSelf = member.member == team.me.member.member
        let isPresent = member.state == "active"
        return try Layout.page(team, .organization, title: OrganizationPage.name(member)) {
            Parts.card("Member") {
                Parts.facts([
                    ("Role", Parts.text(Words.label(member.role))), ("State", Parts.badge(member.state)),
                    ("E-mail", foreign(member.email ?? "—")),
                    ("Usage names", usageNames(member)),
                    ("Since", member.added.map(Words.time) ?? Parts.text("—")),
                    ("Last activity", member.lastActivity.map(Words.time) ?? Parts.text("never")),
                    ("Spent today", Parts.text(Words.usd(member.spentToday))),
                    ("Spent this month", Parts.text(Words.usd(member.spentThisMonth))),
                    ("Held for open requests", Parts.text(Words.usd(member.held))),
                ])
            }
            if isPresent {
                element(.div, .class("columns")) {
                    limits(team, member)
                    if mayChange(team, member) { role(team, member) }
                    usageName(team, member)
                    if mayChange(team, member) { removal(team, member, isSelf: isSelf) }
                }
            } else if member.state == "removed", team.may("eraseMember") {
                erasure(team, member)
            }
        }
    }

    private static func usageNames(_ member: MemberAnswer) -> HTML {
        let names = member.users ?? []
        guard !names.isEmpty else { return Parts.text("none: no usage records are theirs yet") }
        return names.enumerated().reduce(into: HTML()) { html, next in
            html += (next.offset > 0 ? Parts.text(", ") : HTML()) + element(.code) { foreign(next.element) }
        }
    }

    /// Admins don't act on owners. The daemon checks it again.
    private static func mayChange(_ team: Team, _ member: MemberAnswer) -> Bool {
        team.me.member.role == "owner" || member.role != "owner"
    }

    private static func form(
        _ team: Team, _ member: MemberAnswer, _ what: String, @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        Parts.form(team.place("members", "\(member.member)", what), team.session) {
            Parts.hidden("key", Secrets.random())
            content()
        }
    }

    private static func limits(_ team: Team, _ member: MemberAnswer) -> HTML {
        Parts.card("Limits", id: "limits") {
            form(team, member, "limits") {
                Parts.field(
                    "US dollars per day (UTC)", "daily", value: Words.field(member.dailyLimit),
                    hint: "Such as 5 or 2.50. Empty for no limit.", .text(.inputmode, "decimal"))
                Parts.field(
                    "US dollars per month", "monthly", value: Words.field(member.monthlyLimit),
                    hint: "Empty for no limit.",
                    .text(.inputmode, "decimal"))
                Parts.submit("Set limits")
            }
        }
    }

    private static func role(_ team: Team, _ member: MemberAnswer) -> HTML {
        Parts.card("Role", id: "role") {
            form(team, member, "role") {
                Parts.choice("Role", "role", InvitationForms.roles(team), chosen: member.role)
                element(
                    .p, .class("nothing"),
                    text:
                        "Owners pay and decide who is an owner. Admins manage members, limits and policies, and see all usage and the bill. Members use models and see their own usage."
                )
                Parts.submit("Set role")
            }
        }
    }

    private static func usageName(_ team: Team, _ member: MemberAnswer) -> HTML {
        Parts.card("Usage name", id: "usage-name") {
            form(team, member, "users") {
                Parts.field(
                    "Name in usage records", "user",
                    hint:
                        "What your proxy sends as the user. Records of this name count for this member from now on, for good: a name is never given to another person.",
                    .flag(.required), .text(.maxlength, "256"))
                Parts.submit("Add name")
            }
        }
    }

    private static func removal(_ team: Team, _ member: MemberAnswer, isSelf: Bool) -> HTML {
        Parts.card(isSelf ? "Leave" : "Remove", id: "remove") {
            form(team, member, "remove") {
                element(.div, .class("check")) {
                    element(.input, .text(.type, "checkbox"), .id("f-sure"), .text(.name, "sure"), .flag(.required))
                    element(
                        .label, .text(.for, "f-sure"),
                        text:
                            "\(isSelf ? "Leave" : "Remove this member from") this organization: access ends at once, and the seat is free. What was spent stays."
                    )
                }
                Parts.submit(isSelf ? "Leave" : "Remove", class: "danger")
            }
        }
    }

    private static func erasure(_ team: Team, _ member: MemberAnswer) -> HTML {
        Parts.card("Forget this person", id: "erase") {
            form(team, member, "erase") {
                element(.div, .class("check")) {
                    element(.input, .text(.type, "checkbox"), .id("f-sure"), .text(.name, "sure"), .flag(.required))
                    element(
                        .label, .text(.for, "f-sure"),
                        text: "Erase name, e-mail address and sign-ins for good. Number, usage names and spending stay."
                    )
                }
                Parts.submit("Erase", class: "danger")
            }
        }
    }
}
