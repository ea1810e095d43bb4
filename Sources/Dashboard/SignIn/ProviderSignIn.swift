import HTML
import OpenIDConnect
import Wording

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
        let providers = visit.site.providers.filter { only == nil || $0.issuer == only }
        guard !providers.isEmpty else { return HTML() }
        return Parts.card("With your organization's sign-in") {
            element(.p, .class("row")) {
                for provider in providers {
                    Parts.link(provider.name, place(provider, purpose, next: visit.query["next"]))
                }
            }
        }
    }

    /// Where a sign-in at a provider begins.
    static func place(_ provider: SignInProvider, _ purpose: Purpose, next: String?) -> Place {
        Place(["sign-in", "with", provider.id], query: [("for", purpose.rawValue), ("next", next)])
    }

    /// `GET /sign-in/with/{provider}`: on to the provider.
    static func begin(_ visit: Visit) async throws(PageError) -> Reply {
        let provider = try provider(visit)
        // To connect changes something, and takes a form.
        guard let purpose = Purpose(rawValue: visit.query["for"] ?? "signIn"), purpose != .connect else {
            throw .notFound
        }
        guard purpose != .again || visit.session != nil else { throw .signedOut }
        switch try await start(visit, provider, purpose, next: visit.query["next"]) {
        case .success((let page, let cookie)):
            var reply = Reply.redirect(page)
            reply.cookies = [cookie]
            return reply
        case .failure(let failed): return failed.reply
        }
    }

    /// `POST …/security/connect/{provider}`: a page that leads to the provider, since a form may not.
    static func beginConnecting(_ team: Team) async throws(PageError) -> Reply {
        guard team.session.isRecent(at: team.now) else { throw .signInTooOld }
        let provider = try provider(team.visit)
        switch try await start(team.visit, provider, .connect, next: team.place("security").description) {
        case .success((let page, let cookie)):
            var reply = Reply.page(
                Layout.bare(title: "Connect \(provider.name)") {
                    element(
                        .p,
                        text:
                            "Sign in at \(provider.name) as the person that you are there. From then on that sign-in opens this organization for you."
                    )
                    element(.p) { Parts.link("Go on to \(provider.name)", page) }
                })
            reply.cookies = [cookie]
            return reply
        case .failure(let failed): return failed.reply
        }
    }

    private struct Failure: Error { let reply: Reply }

    /// Begins a sign-in: the provider's page, and the cookie that leads back to it.
    private static func start(
        _ visit: Visit, _ provider: SignInProvider, _ purpose: Purpose, next: String?
    ) async throws(PageError) -> Result<(Place, cookie: String), Failure> {
        let site = visit.site
        let isFresh = purpose == .again || purpose == .connect
        let begun: BegunSignIn
        do throws(SignInError) {
            begun = try await provider.client.begin(
                redirect: SignInProvider.redirect(provider.id, at: site.address), now: now(visit),
                promptsLogin: isFresh && provider.promptsLogin,
                maximumAgeSeconds: isFresh && provider.promptsLogin ? Session.recentSeconds : nil)
        } catch {
            return .failure(Failure(reply: refused(visit, error, purpose, next)))
        }
        guard let page = Place(partner: begun.url) else {
            return .failure(
                Failure(reply: failed("The provider's sign-in page has no address of https.", purpose, next)))
        }
        let secret = try site.store.begin(
            .provider,
            Begun(
                pending: begun.pending, purpose: purpose, next: next, session: isFresh ? visit.session?.hash : nil),
            at: visit.now)
        return .success((page, Site.cookie(cookie, secret, seconds: provider.client.provider.signInSecondsMax)))
    }

    /// The provider that an address names.
    static func provider(_ visit: Visit) throws(PageError) -> SignInProvider {
        let id = try visit.parameter("provider")
        guard let provider = visit.site.providers.first(where: { $0.id == id }) else { throw .notFound }
        return provider
    }

    /// `GET /sign-in/callback/{provider}`: back from the provider.
    static func finish(_ visit: Visit) async throws(PageError) -> Reply {
        let provider = try provider(visit)
        guard let secret = visit.cookies[cookie],
            let begun = try visit.site.store.take(.provider, Begun.self, secret: secret, within: 3600, at: visit.now)
        else {
            // A browser sends a callback again whose connection broke. By then its session is there.
            guard visit.session == nil else { return .redirect(Place([])) }
            return failed("This sign-in was finished already, or was begun in another browser.", .signIn, nil)
        }
        // What another provider answers is of no use to this one.
        guard begun.pending.issuer == provider.issuer else {
            visit.site.log.note(
                .signInRefused, "a sign-in was begun at another provider than it came back from", level: .warning)
            return failed("This sign-in was begun at another provider.", begun.purpose, begun.next)
        }
        let person: Person
        let proof: SignInPages.Proof
        do throws(SignInError) {
            let signedIn = try await provider.client.finish(
                CallbackParameters(query: visit.rawQuery), pending: begun.pending, now: now(visit))
            person = Person(issuer: signedIn.issuer, subject: signedIn.subject)
            // A provider that was told to ask for the password did, unless it says otherwise.
            let wasAsked = begun.pending.promptsLogin
            if let time = signedIn.authTime {
                proof = .earlier(by: visit.now.milliseconds - time.seconds * 1000)
            } else {
                proof = wasAsked ? .now : .unknown
            }
        } catch {
            return refused(visit, error, begun.purpose, begun.next)
        }
        switch begun.purpose {
        case .signIn:
            return try await SignInPages.open(
                person, by: .provider, visit, first: SignInPages.place(next: begun.next), proof: proof)
        case .join:
            return try await SignInPages.open(
                person, by: .provider, visit, first: Place(["join"]), isInvited: true, proof: proof)
        case .again:
            guard let session = visit.session, session.hash == begun.session, session.person == person else {
                return failed("You signed in as somebody else than before. Sign out first.", .again, begun.next)
            }
            if case .unknown = proof {
                return failed(
                    "\(provider.name) doesn't say whether you entered your password just now. Use a passkey for this.",
                    .again, begun.next)
            }
            return try await SignInPages.open(
                person, by: .provider, visit, first: SignInPages.place(next: begun.next), proof: proof)
        case .connect:
            guard let session = visit.session, session.hash == begun.session else {
                return failed("Your session ended meanwhile. Sign in, then try again.", .signIn, begun.next)
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
            socket: visit.site.control, org: membership.org, member: membership.member,
            authenticated: session.proven?.there)
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

    private static func now(_ visit: Visit) -> UnixTime { UnixTime(seconds: visit.now.milliseconds / 1000) }

    private static func refused(_ visit: Visit, _ error: SignInError, _ purpose: Purpose, _ next: String?) -> Reply {
        visit.site.log.note(
            .signInRefused, "a sign-in at a provider failed: \(error.logText)", level: .notice)
        return failed(error.personText, purpose, next)
    }

    private static func failed(_ words: String, _ purpose: Purpose, _ next: String?) -> Reply {
        let place =
            switch purpose {
            case .signIn: Place(["sign-in"], query: [("next", next)])
            case .join: Place(["join"])
            case .again: Place(["sign-in"], query: [("again", "1"), ("next", next)])
            case .connect: SignInPages.place(next: next)
            }
        return .page(
            Layout.bare(title: "Not signed in") {
                element(.p, text: words)
                element(.p) { Parts.link("Try again", place) }
            }, status: 403)
    }
}
