import HTML
import OpenIDConnect

/// Signing in where an OpenID provider knows people. Who somebody is, is the provider and its subject, never an e-mail address.
enum ProviderSignIn {
    /// Why somebody signs in.
    enum Purpose: String, Codable, Sendable {
        /// To get in.
        case signIn
        /// To accept an invitation as who they are there.
        case join
        /// To show again who they are, for money.
        case again
        /// To sign in there as well, from now on.
        case connect
    }

    /// A sign-in that was begun.
    private struct Begun: Codable {
        let pending: PendingSignIn
        let purpose: Purpose
        /// Where to go afterwards.
        let next: String?
        /// The session in which it was begun, for ``Purpose/again`` and ``Purpose/connect``.
        let session: [UInt8]?
    }

    /// The cookie that leads to the sign-in which this browser began.
    private static let cookie = "__Host-meterd-provider"

    /// A link per provider. Links and not forms: a form may not lead to another site here.
    ///
    /// - Parameter only: the one issuer that is good; nil if all are.
    static func links(_ visit: Visit, purpose: Purpose, only: String? = nil) -> HTML {
        guard !visit.site.providers.isEmpty else { return HTML() }
        return Parts.card("With your organization's sign-in") {
            element(.p, .class("row")) {
                for (index, client) in visit.site.providers.enumerated()
                where only == nil || client.provider.issuer == only {
                    Parts.link(client.provider.name, place(index, purpose, next: visit.query["next"]))
                }
            }
        }
    }

    /// Where a sign-in at a provider begins.
    static func place(_ index: Int, _ purpose: Purpose, next: String?) -> Place {
        Place(["sign-in", "with", "\(index + 1)"], query: [("for", purpose.rawValue), ("next", next)])
    }

    /// `GET /sign-in/with/{provider}`: on to the provider.
    static func begin(_ visit: Visit) async throws(PageError) -> Reply {
        let site = visit.site
        let number = try visit.number("provider")
        guard number <= site.providers.count, let purpose = Purpose(rawValue: visit.query["for"] ?? "signIn") else {
            throw .notFound
        }
        let client = site.providers[Int(number) - 1]
        let isFresh = purpose == .again || purpose == .connect
        guard !isFresh || visit.session != nil else { throw .signedOut }
        let begun: BegunSignIn
        do throws(SignInError) {
            begun = try await client.begin(
                redirect: callback(site), now: now(visit), promptsLogin: isFresh,
                maximumAgeSeconds: isFresh ? Session.recentSeconds : nil)
        } catch {
            return refused(visit, error)
        }
        guard let page = Place(partner: begun.url) else { throw .noAnswer("a provider's address is not https") }
        let secret = try site.store.begin(
            .provider,
            Begun(
                pending: begun.pending, purpose: purpose, next: visit.query["next"],
                session: isFresh ? visit.session?.hash : nil), at: visit.now)
        var reply = Reply.redirect(page)
        reply.cookies = [Site.cookie(cookie, secret, seconds: client.provider.signInSecondsMax)]
        return reply
    }

    /// `GET /sign-in/callback`: back from the provider.
    static func finish(_ visit: Visit) async throws(PageError) -> Reply {
        let site = visit.site
        guard let secret = visit.cookies[cookie],
            let begun = try site.store.take(.provider, Begun.self, secret: secret, within: 3600, at: visit.now),
            let client = site.providers.first(where: { $0.provider.issuer == begun.pending.issuer })
        else {
            // A browser sends a callback again whose connection broke. By then its session is there.
            guard visit.session == nil else { return .redirect(Place([])) }
            return failed(visit, "This sign-in was finished already, or was begun in another browser.")
        }
        let person: Person
        do throws(SignInError) {
            let signedIn = try await client.finish(
                CallbackParameters(query: visit.rawQuery), pending: begun.pending, now: now(visit))
            person = Person(issuer: signedIn.issuer, subject: signedIn.subject)
        } catch {
            return refused(visit, error)
        }
        switch begun.purpose {
        case .signIn:
            return try await SignInPages.open(
                person, by: .provider, visit, first: SignInPages.place(next: begun.next))
        case .join:
            return try await SignInPages.open(person, by: .provider, visit, first: Place(["join"]), isInvited: true)
        case .again:
            guard let session = visit.session, session.hash == begun.session, session.person == person else {
                return failed(visit, "You signed in as somebody else than before. Sign out first.")
            }
            return try await SignInPages.open(
                person, by: .provider, visit, first: SignInPages.place(next: begun.next))
        case .connect:
            guard let session = visit.session, session.hash == begun.session else {
                return failed(visit, "Your session ended meanwhile. Sign in, then try again.")
            }
            return try await connect(person, visit, session, next: begun.next)
        }
    }

    /// Has the member sign in at the provider as well, in the org whose page they came from.
    private static func connect(
        _ person: Person, _ visit: Visit, _ session: Session, next: String?
    ) async throws(PageError) -> Reply {
        let org = (next ?? "").split(separator: "/").dropFirst().first.flatMap { FormFields.pathSegment($0) }
        guard let membership = session.memberships.first(where: { $0.org == org }) else { throw .notFound }
        let daemon = MemberClient(
            socket: visit.site.control, org: membership.org, member: membership.member, signedIn: session.signedIn)
        let place = Place(["orgs", membership.org, "security"])
        do throws(PageError) {
            _ = try await daemon.change(
                MemberAnswer.self, .POST, "team", "\(membership.member)", "identities",
                body: ["issuer": person.issuer, "subject": person.subject], key: "dash-" + Secrets.random())
        } catch {
            guard case .refused(_, let words) = error else { throw error }
            try visit.site.store.leave(.failed(Words.sentence(words)), for: session)
            return .redirect(place)
        }
        try visit.site.store.leave(.done("You can sign in there as well from now on."), for: session)
        return .redirect(place)
    }

    private static func callback(_ site: Site) -> String { site.address.origin + "/sign-in/callback" }

    private static func now(_ visit: Visit) -> UnixTime { UnixTime(seconds: visit.now.milliseconds / 1000) }

    private static func refused(_ visit: Visit, _ error: SignInError) -> Reply {
        visit.site.log.note(
            .signInRefused, "a sign-in at a provider failed: \(error.logText)", level: .notice)
        return failed(visit, error.personText)
    }

    private static func failed(_ visit: Visit, _ words: String) -> Reply {
        .page(
            Layout.bare(title: "Not signed in") {
                element(.p, text: words)
                element(.p) { Parts.link("Try again", Place(["sign-in"])) }
            }, status: 403)
    }
}
