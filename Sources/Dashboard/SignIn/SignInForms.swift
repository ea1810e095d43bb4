import HTML
import Metering
import Wording

// Signing in and out, and accepting invitations.
enum SignInPages {
    /// The cookie that holds an invitation's secret while its page is looked at, so that no address has it.
    static let invitationCookie = "__Host-meterd-invitation"
    private static let invitationSeconds: Int64 = 900

    /// `GET /sign-in`
    static func show(_ visit: Visit) throws(PageError) -> Reply {
        let isAgain = visit.query["again"] != nil && visit.session != nil
        if visit.session != nil, !isAgain { return .redirect(place(next: visit.query["next"])) }
        let passkey = try PasskeyForms.signInForm(visit, next: visit.query["next"])
        var reply = Reply.page(
            Layout.bare(title: isAgain ? "Sign in again" : "Sign in to meterd") {
                if isAgain {
                    element(
                        .p,
                        text:
                            "To protect your money, confirm that it is you. Then you return to what you were doing."
                    )
                }
                if let passkey {
                    Parts.card("With a passkey") {
                        passkey.html
                        element(.script, .src(Assets.passkeys.place), .flag(.defer))
                    }
                }
                // Whoever signs in again does so as the person they are.
                if !isAgain {
                    ProviderSignIn.links(visit, purpose: .signIn)
                } else if let session = visit.session, session.method == .provider {
                    ProviderSignIn.links(visit, purpose: .again, only: session.person.issuer)
                }
                Parts.card("With a link") {
                    element(
                        .p,
                        text:
                            "Open the link that you were given. It works once. The operator of this service can give you a new one."
                    )
                }
            })
        if let passkey { reply.cookies = [passkey.cookie] }
        return reply
    }

    /// The place that somebody wanted before they signed in; only a page of an org, so that a link leads to no other site.
    static func place(next: String?) -> Place {
        let parts = (next ?? "").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let segments = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .compactMap { FormFields.pathSegment($0) }
        guard next?.hasPrefix("/orgs/") == true, segments.allSatisfy({ !$0.isEmpty }) else { return Place([]) }
        let query = parts.count > 1 ? FormFields(encoded: Array(parts[1].utf8)) : nil
        return Place(segments, query: query?.all ?? [])
    }

    /// `POST /sign-out`
    static func signOut(_ visit: Visit, _ session: Session) throws(PageError) -> Reply {
        try visit.site.store.end(session.hash, of: session.person)
        visit.site.log.note(.signedOut, "somebody signed out")
        var reply = Reply.redirect(Place(["sign-in"]))
        reply.cookies = [Site.cookie(nil)]
        return reply
    }

    /// `GET /join/{secret}`: takes the secret out of the address. It changes nothing, so that a scanner of mails may open it.
    static func openLink(_ visit: Visit) throws(PageError) -> Reply {
        let secret = try visit.parameter("secret")
        guard (16...200).contains(secret.utf8.count), secret.utf8.allSatisfy(isCookieByte) else { throw .notFound }
        var reply = Reply.redirect(Place(["join"]))
        reply.cookies = [Site.cookie(invitationCookie, secret, seconds: invitationSeconds)]
        return reply
    }

    /// `GET /join`: what is offered.
    static func showInvitation(_ visit: Visit) async throws(PageError) -> Reply {
        guard let secret = visit.cookies[invitationCookie] else { return invalid(visit) }
        let offer: InvitationAnswer
        do throws(PageError) {
            offer = try await DaemonCall(visit.site.control).answer(
                InvitationAnswer.self, .POST, ["v1", "invitations", "show"],
                body: try DaemonCall.encode(["secret": secret]))
        } catch {
            switch error {
            case .refused, .notFound, .notAllowed: return invalid(visit)
            default: throw error
            }
        }
        guard offer.state == "open" else { return invalid(visit) }
        let isGood = visit.session?.meets(offer.requiredIssuer) ?? (offer.requiredIssuer == nil)
        return .page(
            Layout.bare(title: "You are invited") {
                element(.div, .class("card")) {
                    element(.p) {
                        "You can join "
                        element(.strong) { foreign(offer.orgName ?? offer.org) }
                        " as \(offer.role == "member" ? "a" : "an") "
                        element(.strong, text: offer.role)
                        "."
                    }
                    element(.p) {
                        "The invitation ends "
                        Words.time(offer.expires)
                        "."
                    }
                    if let session = visit.session { self.session(session) }
                    if isGood {
                        Parts.form(Place(["join"]), visit.session) {
                            Parts.field(
                                "Your name", "name", value: offer.name,
                                hint: "The team sees it. You can change it later.",
                                .text(.autocomplete, "name"), .text(.maxlength, "100"))
                            Parts.submit("Join \(offer.orgName ?? offer.org)")
                        }
                    } else {
                        element(.p, text: "This organization requires a certain sign-in. Sign in there first.")
                    }
                }
                if visit.session == nil || !isGood {
                    ProviderSignIn.links(visit, purpose: .join, only: offer.requiredIssuer)
                }
            })
    }

    /// As whom somebody joins.
    private static func session(_ session: Session) -> HTML {
        let orgs = session.memberships.map { $0.displayName ?? $0.org }
        return Parts.form(Place(["sign-out"]), session, class: "inline") {
            element(.p) {
                "You join as the person who is signed in in this browser"
                if !orgs.isEmpty {
                    ", in "
                    foreign(orgs.joined(separator: ", "))
                }
                ". Is that somebody else? "
                Parts.submit("Sign out", class: "small")
                " and open the link again."
            }
        }
    }

    /// `POST /join`: accepts.
    static func accept(_ visit: Visit) async throws(PageError) -> Reply {
        guard let secret = visit.cookies[invitationCookie] else { return invalid(visit) }
        let person =
            visit.session?.person ?? Person(issuer: Person.ownIssuer, subject: Secrets.hex(Secrets.bytes(16)))
        let body = AcceptanceRequest(
            secret: secret, issuer: person.issuer, subject: person.subject, name: visit.form.text("name"))
        let member: MemberAnswer
        do throws(PageError) {
            member = try await DaemonCall(visit.site.control).answer(
                MemberAnswer.self, .POST, ["v1", "invitations", "accept"],
                headers: ["Idempotency-Key": "join-" + Secrets.random()], body: try DaemonCall.encode(body))
        } catch {
            switch error {
            case .notFound: return invalid(visit)
            case .refused(_, let words), .notAllowed(let words):
                return .page(
                    Layout.bare(title: "Not joined") {
                        element(.p, text: Words.sentence(words))
                        element(.p) {
                            "If you joined a moment ago, "
                            element(.a, .href(Place([])), text: "go on")
                            "."
                        }
                    }, status: 409)
            default: throw error
            }
        }
        var reply: Reply
        if let session = visit.session {
            // Nobody proved again who they are: the session stays as old as it is.
            reply = try await add(member, to: session, visit)
        } else {
            // The first thing to do is a passkey: the link is used up.
            reply = try await open(
                person, by: .link, visit, first: Place(["orgs", member.org, "security"], fragment: "passkeys"))
        }
        reply.cookies.append(Site.cookie(invitationCookie, nil, seconds: 0))
        return reply
    }

    /// Opens an org that was joined or founded in a session.
    static func add(
        _ member: MemberAnswer, to session: Session, _ visit: Visit
    ) async throws(PageError) -> Reply {
        let daemon = MemberClient(
            socket: visit.site.control, org: member.org, member: member.member, authenticated: session.proven?.there)
        let me = try await daemon.get(MeAnswer.self, "me")
        let others = session.memberships.filter { $0.org != member.org }
        let joined = Membership(org: member.org, displayName: me.displayName, member: member.member)
        try visit.site.store.set((others + [joined]).sorted { $0.org < $1.org }, of: session)
        return .redirect(Place(["orgs", member.org]))
    }

    /// Opens a session of somebody who proved who they are. The daemon is told, and answers with their orgs.
    ///
    /// - Parameters:
    ///   - isInvited: whether they are about to accept an invitation, so that they may be a member nowhere.
    ///   - proof: when they proved who they are.
    static func open(
        _ person: Person, by method: SignInMethod, _ visit: Visit, first: Place, isInvited: Bool = false,
        proof: Proof = .now
    ) async throws(PageError) -> Reply {
        let body = ["issuer": person.issuer, "subject": person.subject]
        let answer = try await DaemonCall(visit.site.control).answer(
            SignInAnswer.self, .POST, ["v1", "sign-ins"],
            headers: ["Idempotency-Key": "sign-in-" + Secrets.random()], body: try DaemonCall.encode(body))
        // An org that requires another issuer isn't in the session.
        let orgs = answer.memberships
            .filter { $0.requiredIssuer == nil || (method == .provider && $0.requiredIssuer == person.issuer) }
            .map { Membership(org: $0.org, displayName: $0.displayName, member: $0.member) }
        if orgs.isEmpty, !isInvited, let issuer = answer.memberships.first?.requiredIssuer {
            visit.site.log.note(.signInRefused, "somebody signed in whose org requires another provider")
            return requiring(issuer, visit.site, next: nil)
        }
        var first = first
        if orgs.isEmpty, !isInvited {
            guard try await SignUp.isOpen(visit.site) else {
                visit.site.log.note(.signInRefused, "somebody signed in who is no member of any org")
                return SignUp.closed(nil)
            }
            first = SignUp.place
        }
        let (_, secret) = try visit.site.store.open(
            person, by: method, orgs, proven: proof.times(here: visit.now, there: answer.at), browser: visit.browser,
            replacing: visit.session,
            at: visit.now)
        visit.site.log.note(.signedIn, "somebody signed in", ["method": method.rawValue])
        var reply = Reply.redirect(first)
        reply.cookies = [Site.cookie(secret)]
        return reply
    }

    /// An org takes sign-ins at one issuer only.
    static func requiring(_ issuer: String, _ site: Site, next: String?) -> Reply {
        .page(
            Layout.bare(title: "Another sign-in is needed") {
                if let provider = site.providers.first(where: { $0.issuer == issuer }) {
                    element(.p, text: "Your organization requires that you sign in with \(provider.name).")
                    element(.p) {
                        Parts.link("Sign in with \(provider.name)", ProviderSignIn.place(provider, .signIn, next: next))
                    }
                } else {
                    element(.p) {
                        "Your organization requires that you sign in at "
                        element(.code) { foreign(issuer) }
                        ". This dashboard doesn't know that provider any more. Ask the operator of this service."
                    }
                }
            }, status: 403)
    }

    /// When somebody proved who they are.
    enum Proof: Sendable {
        /// Just now, to the dashboard.
        case now
        /// So many milliseconds ago to a provider, by its own word.
        case earlier(by: Int64)
        /// Nobody can tell: a provider may know somebody for weeks.
        case unknown

        /// The moment by both clocks.
        func times(here: Timestamp, there: String) -> Session.Proven? {
            let age: Int64
            switch self {
            case .now: age = 0
            case .earlier(let milliseconds): age = max(0, milliseconds)
            case .unknown: return nil
            }
            return Timestamp(rfc3339: there).map { there in
                Session.Proven(
                    here: Timestamp(milliseconds: here.milliseconds - age),
                    there: Timestamp(milliseconds: there.milliseconds - age))
            }
        }
    }

    private static func invalid(_ visit: Visit) -> Reply {
        .page(
            Layout.bare(title: "This link doesn't work") {
                element(
                    .p,
                    text:
                        "It was used already, has expired, or was replaced by a newer one. Ask whoever sent it for another."
                )
            }, status: 404)
    }

    /// What a cookie's value may hold. See RFC 6265, section 4.1.1.
    private static func isCookieByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

private struct AcceptanceRequest: Encodable {
    let secret: String
    let issuer: String
    let subject: String
    let name: String?
}
