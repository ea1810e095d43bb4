import Control
import HTML
import Ledger
import Wording

/// Inviting people.
enum InvitationForms {
    /// The roles that somebody may give. The daemon checks it again.
    static func roles(_ team: Team) -> [(value: String, words: String)] {
        let all = [("member", "Member"), ("admin", "Admin")]
        return (team.me.member.role == "owner" ? all + [("owner", "Owner")] : all).map { (value: $0.0, words: $0.1) }
    }

    static func card(_ team: Team) -> HTML {
        Parts.card("Invite somebody", id: "invite") {
            Parts.form(team.place("invitations"), team.session, class: "row") {
                Parts.hidden("key", Secrets.random())
                Parts.field(
                    "E-mail address", "email", type: "email", hint: nil, .flag(.required), .text(.maxlength, "254"))
                Parts.field("Name, if you like", "name", .text(.maxlength, "100"))
                Parts.choice("Role", "role", roles(team), chosen: "member")
                Parts.submit("Invite")
            }
        }
    }

    static func list(_ team: Team, _ invitations: [InvitationAnswer]) -> HTML {
        Parts.card("Invitations", id: "invitations") {
            let shown = invitations.filter { $0.state == "open" || $0.state == "expired" }
            if shown.isEmpty {
                Parts.nothing("Nobody is invited at present.")
            } else {
                Parts.table(
                    "Invitations that were not accepted", ["To", "Role", "State", "Ends", "Actions"],
                    shown.map { invitation in
                        [
                            foreign(invitation.email ?? invitation.name ?? "Member \(invitation.member)"),
                            Parts.text(Words.label(invitation.role)), Parts.badge(invitation.state),
                            Words.time(invitation.expires), actions(team, invitation),
                        ]
                    })
            }
        }
    }

    private static func actions(_ team: Team, _ invitation: InvitationAnswer) -> HTML {
        let number = "\(invitation.invitation)"
        return Parts.form(team.place("invitations", number, "resend"), team.session) {
            Parts.hidden("key", Secrets.random())
            Parts.submit("New link", class: "small")
        } + Parts.text(" ")
            + Parts.form(team.place("invitations", number, "withdraw"), team.session) {
                Parts.hidden("key", Secrets.random())
                Parts.submit("Withdraw", class: "small")
            }
    }

    /// `POST …/invitations`
    static func invite(_ team: Team) async throws(PageError) -> Reply {
        let form = team.visit.form
        let secret = Secrets.random()
        let body = InvitationBody(
            email: form.text("email"), name: form.text("name"), role: form.text("role"),
            secretHash: Secrets.hex(secret))
        do throws(PageError) {
            let made = try await team.daemon.change(
                InvitationAnswer.self, .POST, "invitations", body: body, key: try FormKey.of(form))
            return try link(team, made, secret)
        } catch {
            return try Failed.back(
                error, team, to: "organization", repeated: "invited already; make a new link for it below")
        }
    }

    /// `POST …/invitations/{invitation}/resend`
    static func resend(_ team: Team) async throws(PageError) -> Reply {
        let number = try team.visit.number("invitation")
        let secret = Secrets.random()
        do throws(PageError) {
            let made = try await team.daemon.change(
                InvitationAnswer.self, .POST, "invitations", "\(number)", "resend",
                body: ResendBody(secretHash: Secrets.hex(secret)), key: try FormKey.of(team.visit.form))
            return try link(team, made, secret)
        } catch {
            return try Failed.back(error, team, to: "organization", repeated: "a new link was made already")
        }
    }

    /// `POST …/invitations/{invitation}/withdraw`
    static func withdraw(_ team: Team) async throws(PageError) -> Reply {
        let number = try team.visit.number("invitation")
        do throws(PageError) {
            _ = try await team.daemon.change(
                InvitationAnswer.self, .POST, "invitations", "\(number)", "withdraw",
                key: try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "organization")
        }
        return try team.redirect("organization", saying: .done("The invitation is withdrawn, and its seat is free."))
    }

    /// The link, once. It is kept nowhere.
    private static func link(_ team: Team, _ invitation: InvitationAnswer, _ secret: String) throws(PageError) -> Reply
    {
        let link = team.site.address.origin + Place(["join", secret]).description
        return try Layout.page(team, .organization, title: "Invitation") {
            Parts.card("Send this link") {
                element(.p) {
                    "To "
                    foreign(invitation.email ?? invitation.name ?? "the member")
                    ". No mail was sent. The link is shown once, and works once, until "
                    Words.time(invitation.expires)
                    "."
                }
                element(.div, .class("field")) {
                    element(.label, .text(.for, "link"), text: "Link")
                    element(
                        .input, .id("link"), .text(.type, "text"), .text(.value, link), .flag(.readonly),
                        .text(.autocomplete, "off"))
                }
                element(.div, .class("row")) {
                    element(
                        .button, .text(.type, "button"), .class("primary"), .data("copy", "link"), .flag(.hidden),
                        text: "Copy")
                    Parts.link("Back to the team", team.place("organization"))
                }
            }
        }
    }
}
