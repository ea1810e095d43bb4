import HTML
import Metering
import Passkeys
import Wording

// Passkeys: made on the security page, used on the sign-in page.
enum PasskeyForms {
    /// The cookie that leads to the challenge which this browser was given.
    private static let cookie = "__Host-meterd-passkey"
    private static let seconds: Int64 = 300

    /// A challenge that is kept nowhere until it is used: its digest is what the authenticator signs, and its time stands in it, so that
    /// nobody can make it younger.
    private struct Challenge {
        let secret: String
        /// What it is for, and in which session: it counts for nothing else.
        let purpose: String

        /// A new one.
        init(_ purpose: String, at now: Timestamp) {
            secret = "\(now.milliseconds).\(Secrets.random())"
            self.purpose = purpose
        }

        /// One that comes back; nil if it is too old.
        init?(returned secret: String, _ purpose: String, at now: Timestamp) {
            guard let made = secret.split(separator: ".").first.flatMap({ Int64($0) }), secret.utf8.count < 100 else {
                return nil
            }
            let age = now.milliseconds - made
            guard (0..<PasskeyForms.seconds * 1000).contains(age) else { return nil }
            self.secret = secret
            self.purpose = purpose
        }

        var bytes: [UInt8] { Secrets.hash(purpose + "\n" + secret) }
    }

    /// Nil if passkeys don't work at the site's address, such as 127.0.0.1.
    private static func party(_ site: Site) -> RelyingParty? {
        do throws(PasskeyError) {
            return try RelyingParty(id: site.address.host, origin: site.address.origin, name: "meterd")
        } catch {
            return nil
        }
    }

    /// What the authenticator keeps as the person: it says nothing about them.
    private static func handle(_ person: Person) -> [UInt8] { Secrets.hash(person.issuer + "\n" + person.subject) }

    private static let withoutScriptWords = "Passkeys need JavaScript, which is switched off in this browser."

    /// Browsers offer passkeys to scripts only.
    private static var withoutScript: HTML {
        element(.noscript) { element(.p, text: withoutScriptWords) }
    }

    /// The sign-in form, with the cookie that belongs to it.
    static func signInForm(_ visit: Visit, next: String?) throws(PageError) -> (html: HTML, cookie: String)? {
        guard let party = party(visit.site) else { return nil }
        let person = visit.session?.person
        let known = try person.map { person throws(PageError) in try visit.site.store.passkeys(of: person) } ?? []
        let challenge = Challenge("sign in", at: visit.now)
        guard let options = try? party.signInOptions(challenge: challenge.bytes, allowing: known.map(\.passkey)) else {
            return nil
        }
        let form = element(
            .form, .text(.method, "post"), .action(Place(["sign-in", "passkey"])),
            .data("passkey-sign-in", "yes"), .data("options", options)
        ) {
            if let session = visit.session { Parts.hidden("form_token", session.formToken) }
            if let next { Parts.hidden("next", next) }
            Parts.hidden("credential", "")
            withoutScript
            Parts.submit("Use a passkey")
            element(.p, .text(.role, "status"))
        }
        return (form, Site.cookie(cookie, challenge.secret, seconds: seconds))
    }

    /// `POST /sign-in/passkey`
    static func signIn(_ visit: Visit) async throws(PageError) -> Reply {
        let site = visit.site
        guard let party = party(site), let secret = visit.cookies[cookie],
            let challenge = Challenge(returned: secret, "sign in", at: visit.now),
            try site.store.spend(challenge.bytes, at: visit.now)
        else { return refused(visit, "This sign-in took longer than 5 minutes, or was used already.") }
        // The page's script writes it.
        guard visit.form.text("credential") != nil else { return refused(visit, withoutScriptWords) }
        let person: Person
        do throws(PasskeyError) {
            let response = try AuthenticationResponse(json: visit.form["credential"] ?? "")
            let stored: StoredPasskey?
            let allowed: [Passkey]
            do throws(PageError) {
                stored = try site.store.passkey(response.credentialID)
                // Whoever signs in again does so as themselves.
                allowed =
                    try visit.session.map { session throws(PageError) in
                        try site.store.passkeys(of: session.person)
                    }?.map(\.passkey) ?? []
            } catch {
                return site.reply(to: error, visit)
            }
            guard let stored else {
                return refused(visit, "This passkey isn't known here. Use another one, or ask for a new link.")
            }
            let used = try party.verifySignIn(
                response, challenge: challenge.bytes, passkey: stored.passkey, owner: handle(stored.person),
                allowing: allowed)
            do throws(PageError) {
                guard try site.store.use(used.passkey, at: visit.now) else {
                    return refused(visit, "This passkey was used in two places at once.")
                }
            } catch {
                return site.reply(to: error, visit)
            }
            person = stored.person
        } catch {
            return refused(visit, Words.sentence("\(error)"))
        }
        var reply = try await SignInPages.open(
            person, by: .passkey, visit, first: SignInPages.place(next: visit.form["next"]))
        reply.cookies.append(Site.cookie(cookie, nil, seconds: 0))
        return reply
    }

    private static func refused(_ visit: Visit, _ words: String) -> Reply {
        visit.site.log.note(.signInRefused, "a sign-in by passkey was refused", level: .notice)
        return .page(
            Layout.bare(title: "Not signed in") {
                element(.p, text: words)
                element(.p) { Parts.link("Try again", Place(["sign-in"])) }
            }, status: 403)
    }

    // MARK: On the pages

    /// What stands on each page as long as nothing but a link that was used lets somebody in.
    static func reminder(_ team: Team) throws(PageError) -> HTML {
        guard team.session.method == .link, party(team.site) != nil,
            try team.site.store.passkeys(of: team.session.person).isEmpty
        else { return HTML() }
        return element(.div, .class("banner warning")) {
            element(.p) {
                "You signed in with a link, and links work once. Add a passkey, so that you can sign in again. "
                element(.a, .href(team.place("security", fragment: "passkeys")), text: "Add a passkey")
            }
        }
    }

    // MARK: On the security page

    /// The form that makes one; nil if passkeys don't work at the site's address.
    static func registrationForm(_ team: Team, _ known: [StoredPasskey]) throws(PageError) -> HTML? {
        guard let party = party(team.site) else { return nil }
        let person = team.session.person
        let challenge = Challenge("add to \(team.session.formToken)", at: team.now)
        let name = team.me.member.name ?? team.me.member.email ?? "Member \(team.me.member.member)"
        let user = PasskeyUser(id: handle(person), name: String(name.prefix(40)), displayName: String(name.prefix(40)))
        guard
            let options = try? party.registrationOptions(
                challenge: challenge.bytes, user: user, excluding: known.map(\.passkey))
        else { return nil }
        return element(
            .form, .text(.method, "post"), .action(team.place("passkeys")), .data("passkey-register", "yes"),
            .data("options", options)
        ) {
            Parts.hidden("form_token", team.session.formToken)
            Parts.hidden("challenge", challenge.secret)
            Parts.hidden("credential", "")
            withoutScript
            Parts.field(
                "Name of the new passkey", "name", hint: "Such as: work laptop.", .flag(.required),
                .text(.maxlength, "60"))
            Parts.submit("Add a passkey")
            element(.p, .text(.role, "status"))
        }
    }

    /// `POST …/passkeys`
    static func register(_ team: Team) async throws(PageError) -> Reply {
        guard team.session.isRecent(at: team.now) else { throw .signInTooOld }
        let form = team.visit.form
        guard form.text("credential") != nil else {
            return try team.redirect("security", saying: .failed(withoutScriptWords))
        }
        guard let party = party(team.site), let secret = form["challenge"],
            let challenge = Challenge(returned: secret, "add to \(team.session.formToken)", at: team.now),
            try team.site.store.spend(challenge.bytes, at: team.now)
        else {
            return try team.redirect("security", saying: .failed("This took longer than 5 minutes. Try again."))
        }
        let passkey: Passkey
        do throws(PasskeyError) {
            passkey = try party.verifyRegistration(form["credential"] ?? "", challenge: challenge.bytes)
        } catch {
            return try team.redirect("security", saying: .failed(Words.sentence("\(error)")))
        }
        let name = String((form.text("name") ?? "Passkey").prefix(60))
        guard try team.site.store.add(passkey, named: name, of: team.session.person, at: team.now) else {
            return try team.redirect(
                "security",
                saying: .failed(
                    "This passkey is known already, or you have \(DashboardStore.passkeysMax), which is the most."))
        }
        return try team.redirect(
            "security", saying: .done("The passkey is added. You can sign in with it from now on."))
    }

    /// `POST …/passkeys/remove`
    static func remove(_ team: Team) async throws(PageError) -> Reply {
        guard team.session.isRecent(at: team.now) else { throw .signInTooOld }
        let known = try team.site.store.passkeys(of: team.session.person)
        guard let chosen = known.first(where: { Secrets.hex($0.passkey.credentialID) == team.visit.form["passkey"] })
        else { throw .notFound }
        try team.site.store.removePasskey(chosen.passkey.credentialID, of: team.session.person)
        return try team.redirect("security", saying: .done("The passkey is removed."))
    }
}
