import HTML
import HTTPTypes
import HummingbirdCore
import Metering
import NIOCore

// From a request to a response.
extension Site {
    /// Bytes of a form that are read.
    private static let formBytesMax = 65_536
    /// Bytes of a longer one that are read before it is refused.
    private static let discardedBytesMax = 16 << 20

    /// Answers a request. All errors become pages.
    public func respond(to request: Request, _ channel: any Channel) async throws -> Response {
        let now = clock()
        var visit: Visit?
        let reply: Reply
        do throws(PageError) {
            let (route, made) = try await arrive(request, channel, now)
            visit = made
            reply = try await answer(route, made)
        } catch {
            reply = self.reply(to: error, visit)
        }
        return response(reply, isHead: request.method == .head)
    }

    /// Checks a request and finds who makes it.
    private func arrive(
        _ request: Request, _ channel: any Channel, _ now: Timestamp
    ) async throws(PageError) -> (Route, Visit) {
        // Names that lead to this machine and aren't the dashboard's own would let another site read it. See "DNS rebinding".
        guard request.head.authority?.lowercased() == address.authority else {
            throw .malformed("this is \(address.origin); the request is for another host")
        }
        // The first `Host` is the authority; see RFC 9112, section 3.2.
        guard !request.head.headerFields.contains(where: { $0.name.canonicalName == "host" }) else {
            throw .malformed("the request names several hosts")
        }
        guard let method = Route.Method(rawValue: request.method == .head ? "GET" : request.method.rawValue) else {
            throw .notFound
        }
        let target = request.head.path ?? "/"
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts.first ?? "")
        guard let query = FormFields(encoded: Array((parts.count > 1 ? parts[1] : "").utf8)) else {
            throw .malformed("the address isn't well encoded")
        }
        let found = routes.lazy.compactMap { route in
            route.method == method ? route.parameters(of: path).map { (route, $0) } : nil
        }.first
        guard let (route, parameters) = found else { throw .notFound }
        var form = FormFields()
        if method == .post {
            try checkOrigin(request)
            form = try await self.form(request)
        }
        let cookies = Self.cookies(request)
        let session: Session? =
            if let secret = cookies[Self.cookieName], !secret.isEmpty {
                try store.session(
                    secret: secret, isPerson: request.head.headerFields[Self.refresh] == nil, at: now)
            } else { nil }
        let visit = Visit(
            site: self, method: method, path: path, query: query,
            rawQuery: parts.count > 1 ? String(parts[1]) : "", form: form, parameters: parameters,
            client: client(request, channel), cameFrom: cameFrom(request),
            browser: String((request.head.headerFields[.userAgent] ?? "").unicodeScalars.prefix(200)),
            cookies: cookies, session: session, now: now)
        return (route, visit)
    }

    /// Has the route's handler answer, if whoever asks may.
    private func answer(_ route: Route, _ visit: Visit) async throws(PageError) -> Reply {
        if let limit = route.limit {
            let subject = visit.session.map { $0.person.issuer + " " + $0.person.subject } ?? visit.client
            guard limiter.allows(limit, subject, at: visit.now) else { throw .tooOften }
        }
        switch route.handler {
        case .anybody(let handle):
            if visit.method == .post { try checkForm(visit) }
            return try await handle(visit)
        case .person(let handle):
            guard let session = visit.session else { throw .signedOut }
            if visit.method == .post { try checkForm(visit) }
            return try await handle(visit, session)
        case .member(let action, let handle):
            guard let session = visit.session else { throw .signedOut }
            if visit.method == .post { try checkForm(visit) }
            let team = try await team(visit, session)
            if let action, !team.may(action) {
                throw .notAllowed(
                    "Your role in this organization, \(team.me.member.role), doesn't allow this. Ask \(team.whoMay)."
                )
            }
            return try await handle(team)
        }
    }

    /// Who the visitor is in the org of the path. The daemon is asked each time, so that a removal or another role counts at once.
    private func team(_ visit: Visit, _ session: Session) async throws(PageError) -> Team {
        let org = try visit.parameter("org")
        guard let membership = session.memberships.first(where: { $0.org == org }) else { throw .notFound }
        let daemon = MemberClient(
            socket: control, org: org, member: membership.member, authenticated: session.proven?.there)
        let me: MeAnswer?
        do throws(PageError) {
            me = try await daemon.get(MeAnswer.self, "me")
        } catch {
            // Somebody who was removed is told what a stranger is told.
            switch error {
            case .notFound, .notAllowed: me = nil
            default: throw error
            }
        }
        // Whoever was invited again, or lost this sign-in in another way, is here as somebody that the member is no more.
        let isTheirs = me?.identities.contains {
            $0.issuer == session.person.issuer && $0.subject == session.person.subject
        }
        guard let me, isTheirs == true else {
            try store.set(session.memberships.filter { $0.org != org }, of: session)
            throw .notFound
        }
        // The rule may be newer than the session.
        if let issuer = me.signInIssuer, !session.meets(issuer) { throw .wrongIssuer(issuer) }
        return Team(visit: visit, session: session, org: org, me: me, daemon: daemon)
    }

    /// The path in `Referer`, if it is of this site.
    private func cameFrom(_ request: Request) -> String? {
        guard let page = request.head.headerFields[.referer], page.hasPrefix(address.origin + "/") else { return nil }
        let path = page.dropFirst(address.origin.utf8.count).prefix { $0 != "#" }
        return path.utf8.count <= 500 ? String(path) : nil
    }

    /// A form comes from a page of this site. See the Fetch standard, section 3.2, and OWASP's cheat sheet on forged requests.
    private func checkOrigin(_ request: Request) throws(PageError) {
        if let site = request.head.headerFields[Self.fetchSite], site != "same-origin" { throw .forgedForm }
        if let origin = request.head.headerFields[.origin], origin != address.origin { throw .forgedForm }
        guard request.head.headerFields[.origin] != nil || request.head.headerFields[Self.fetchSite] != nil else {
            throw .forgedForm
        }
    }

    /// A form is of a page that this session was shown.
    private func checkForm(_ visit: Visit) throws(PageError) {
        guard let session = visit.session else { return }
        guard let token = visit.form["form_token"], Secrets.areSame(token, session.formToken) else { throw .forgedForm }
    }

    private func form(_ request: Request) async throws(PageError) -> FormFields {
        let type = request.head.headerFields[.contentType] ?? ""
        guard type.split(separator: ";").first == "application/x-www-form-urlencoded" else {
            throw .malformed("a form must be application/x-www-form-urlencoded")
        }
        var bytes = ByteBuffer()
        var received = 0
        do {
            for try await part in request.body {
                received += part.readableBytes
                // A browser reads the answer when it has sent its form: what is too long is read, and let go of.
                guard received <= Self.discardedBytesMax else { break }
                if received <= Self.formBytesMax { bytes.writeImmutableBuffer(part) }
            }
        } catch {
            throw .malformed("the form was cut off")
        }
        guard received <= Self.formBytesMax else {
            throw .malformed("the form is longer than \(Self.formBytesMax) bytes")
        }
        guard let form = FormFields(encoded: bytes.readableBytesView) else {
            throw .malformed("the form isn't well encoded")
        }
        return form
    }

    /// The cookies by name; of several of a name, none: somebody else may have set one of them.
    private static func cookies(_ request: Request) -> [String: String] {
        var cookies: [String: String] = [:]
        var repeated: Set<String> = []
        for field in request.head.headerFields[values: .cookie] {
            for pair in field.split(separator: ";") {
                let halves = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                guard halves.count == 2, halves[1].utf8.count <= 512 else { continue }
                if cookies.updateValue(String(halves[1]), forKey: String(halves[0])) != nil {
                    repeated.insert(String(halves[0]))
                }
            }
        }
        for name in repeated { cookies[name] = nil }
        return cookies
    }

    /// The client's address. Behind a reverse proxy, what that added last to `X-Forwarded-For`; all before it are the client's own words.
    private func client(_ request: Request, _ channel: any Channel) -> String {
        if isBehindProxy,
            let last = request.head.headerFields[values: Self.forwardedFor].last?.split(separator: ",").last
        {
            return String(last.filter { $0 != " " }.prefix(64))
        }
        return channel.remoteAddress?.ipAddress ?? "local"
    }

    /// What a page's own questions have, which nobody asked.
    private static let refresh = HTTPField.Name("Meterd-Refresh") ?? .origin
    private static let fetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
    private static let forwardedFor = HTTPField.Name("X-Forwarded-For") ?? .origin
}
