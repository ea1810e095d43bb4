import Control
import HTML
import Ledger
import Metering
import Wording

/// A member's profile, passkeys, providers and sessions.
enum SecurityPage {
    /// `GET …/security`
    static func show(_ team: Team) async throws(PageError) -> Reply {
        let store = team.site.store
        let sessions = try store.sessions(of: team.session.person, at: team.now)
        let passkeys = try store.passkeys(of: team.session.person)
        let isRecent = team.session.isRecent(at: team.now)
        let registration = isRecent ? try PasskeyForms.registrationForm(team, passkeys) : nil
        let reminder = isRecent ? try PasskeyForms.reminder(team) : HTML()
        return try Layout.page(team, .security, title: "Security") {
            reminder
            element(.div, .class("columns")) {
                Parts.card("Passkeys", id: "passkeys") {
                    if passkeys.isEmpty {
                        Parts.nothing("You have no passkey yet.")
                    } else {
                        passkeyTable(team, passkeys)
                    }
                    if let registration {
                        registration
                        element(.script, .src(Assets.passkeys.place), .flag(.defer))
                    } else if !isRecent {
                        tooOld(team, passkeys)
                    } else {
                        Parts.nothing(
                            "Passkeys don't work at \(team.site.address.origin): they take a name with https, or http://localhost."
                        )
                    }
                }
                profile(team)
            }
            SignInRule.cards(team)
            Parts.card("Where you are signed in", id: "sessions") { sessionTable(team, sessions) }
            if team.may("listAudit") {
                Parts.card("Audit") {
                    element(.p, text: "Everything that was changed in this organization, by whom, before and after.")
                    element(.p) { Parts.link("Open the audit", team.place("audit")) }
                }
            }
        }
    }

    /// What somebody does whose sign-in is too old to add a passkey.
    private static func tooOld(_ team: Team, _ passkeys: [StoredPasskey]) -> HTML {
        if passkeys.isEmpty, team.session.method == .link {
            return Parts.nothing(
                "A passkey is added within 15 minutes of a sign-in, and yours is older. Ask the operator of this service for a new link, open it, and add a passkey."
            )
        }
        return element(.p) {
            "To add a passkey takes a sign-in of the last 15 minutes. "
            Parts.link(
                "Sign in again",
                Place(["sign-in"], query: [("again", "1"), ("next", team.place("security").description)]))
        }
    }

    private static func profile(_ team: Team) -> HTML {
        Parts.card("Profile", id: "profile") {
            Parts.form(team.place("security", "profile"), team.session) {
                Parts.hidden("key", Secrets.random())
                Parts.field(
                    "Name", "name", id: "own-name", value: team.me.member.name, hint: "The team sees it.",
                    .text(.maxlength, "100"),
                    .text(.autocomplete, "name"))
                Parts.field(
                    "E-mail address", "email", type: "email", value: team.me.member.email,
                    hint: "Owners and admins see it.", .text(.maxlength, "254"), .text(.autocomplete, "email"))
                Parts.submit("Save profile", class: "button")
            }
        }
    }

    private static func passkeyTable(_ team: Team, _ passkeys: [StoredPasskey]) -> HTML {
        Parts.table(
            "Your passkeys", ["Name", "Added", "Last used", "Action"],
            passkeys.map { passkey in
                [
                    foreign(passkey.name), Words.time(passkey.created.description),
                    passkey.used.map { Words.time($0.description) } ?? Parts.text("never"),
                    Parts.form(team.place("passkeys", "remove"), team.session) {
                        Parts.hidden("passkey", Secrets.hex(passkey.passkey.credentialID))
                        element(
                            .button, .text(.type, "submit"), .class("small"),
                            .aria("label", "Remove the passkey \(passkey.name)"), text: "Remove")
                    },
                ]
            })
    }

    private static func sessionTable(_ team: Team, _ sessions: [Session]) -> HTML {
        Parts.table(
            "Your sessions", ["Browser", "Signed in", "Last seen", "By", "Action"],
            sessions.map { session in
                [
                    element(.span, .text(.title, session.browser)) { BrowserName.of(session.browser) },
                    Words.time(session.created.description), Words.time(session.seen.description),
                    Parts.text(Words.label(session.method.rawValue)),
                    session.hash == team.session.hash
                        ? Parts.text("This one")
                        : Parts.form(team.place("security", "sessions", "end"), team.session) {
                            Parts.hidden("session", Secrets.hex(session.hash))
                            Parts.submit("End", class: "small")
                        },
                ]
            })
            + (sessions.count > 1
                ? Parts.form(team.place("security", "sessions", "end-others"), team.session) {
                    Parts.submit("End all others", class: "button")
                } : HTML())
    }

    /// `POST …/security/profile`
    static func setProfile(_ team: Team) async throws(PageError) -> Reply {
        let form = team.visit.form
        let own = team.me.member
        let body = ProfileBody(
            name: form.text("name") == own.name ? nil : form.text("name"),
            email: form.text("email") == own.email ? nil : form.text("email"))
        guard body.name != nil || body.email != nil else { return try team.redirect("security") }
        do throws(PageError) {
            _ = try await team.daemon.change(
                MemberAnswer.self, .PATCH, "team", "\(own.member)", "profile", body: body, key: try FormKey.of(form))
        } catch {
            return try Failed.back(error, team, to: "security")
        }
        return try team.redirect("security", saying: .done("Your profile is set."))
    }

    /// `POST …/security/sessions/end`
    static func endSession(_ team: Team) async throws(PageError) -> Reply {
        let sessions = try team.site.store.sessions(of: team.session.person, at: team.now)
        guard let chosen = sessions.first(where: { Secrets.hex($0.hash) == team.visit.form["session"] }) else {
            throw .notFound
        }
        try team.site.store.end(chosen.hash, of: team.session.person)
        return try team.redirect("security", saying: .done("That session has ended."))
    }

    /// `POST …/security/sessions/end-others`
    static func endOtherSessions(_ team: Team) async throws(PageError) -> Reply {
        try team.site.store.endOthers(than: team.session)
        return try team.redirect("security", saying: .done("All other sessions have ended."))
    }
}
