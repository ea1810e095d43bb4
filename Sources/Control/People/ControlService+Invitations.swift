import HTTPTypes
import Hummingbird
import Ledger
import Metering

// Invitations, and what people do before they are members.
extension ControlService {
    var invitationEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/invitations", name: "listInvitations",
                summary: "Invitations, newest first", query: Self.paging, response: .page(of: "Invitation")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await reader.invitations(
                        of: org.org, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request),
                        at: clock()))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/invitations", name: "inviteMember",
                summary:
                    "Invite somebody; the secret is the inviter's, only its digest is handed in. The invitation fills a seat until it expires",
                body: .members(
                    [
                        ("email", .string), ("name", .string), ("role", .orgRole), ("member", .integer),
                        ("secret_hash", .string), ("seconds", .integer),
                    ], required: ["secret_hash"]), response: .reference("Invitation")
            ) { request, context in
                let body = try await Endpoint.body(InvitationBody.self, request, context)
                try Self.check(personName: body.name)
                try Self.check(email: body.email)
                guard (body.member ?? 1) > 0 else { throw Problem(.malformed, "member must be a member's number") }
                let org = try Endpoint.parameter("org", context)
                // Who is invited again keeps their role, unless another is named; the writer checks it.
                let known = try await member(body.member, of: org)
                let invitation = NewInvitation(
                    org: org, email: body.email, name: body.name,
                    role: try Self.role(body.role ?? known?.role ?? "member"),
                    member: body.member, secretHash: try Self.secretHash(body.secretHash),
                    seconds: try Self.invitationSeconds(body.seconds))
                let key = try Endpoint.personalKey(request, route: "inviteMember", body: body)
                return try await telling(ofSeatsThatGo: org) { try await answer(.invite(invitation, key)) }
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/invitations/{invitation}/resend", name: "resendInvitation",
                summary: "Send an invitation again with another secret; the one before is void",
                body: .members([("secret_hash", .string), ("seconds", .integer)], required: ["secret_hash"]),
                response: .reference("Invitation")
            ) { request, context in
                let body = try await Endpoint.body(ResendBody.self, request, context)
                let (org, number) = (
                    try Endpoint.parameter("org", context), try Self.number("invitation", context)
                )
                let change = InvitationChange.resend(
                    secretHash: try Self.secretHash(body.secretHash),
                    seconds: try Self.invitationSeconds(body.seconds))
                let key = try Endpoint.key(
                    request, route: "resendInvitation", body: ["\(number)", body.secretHash, "\(body.seconds ?? 0)"])
                return try await telling(ofSeatsThatGo: org) {
                    try await answer(.changeInvitation(org: org, invitation: number, change, key))
                }
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/invitations/{invitation}/withdraw", name: "withdrawInvitation",
                summary: "Withdraw an invitation; what is known of a person who never was a member is forgotten",
                response: .reference("Invitation")
            ) { request, context in
                let (org, number) = (
                    try Endpoint.parameter("org", context), try Self.number("invitation", context)
                )
                let key = try Endpoint.key(request, route: "withdrawInvitation", body: ["\(number)"])
                return try await answer(.changeInvitation(org: org, invitation: number, .withdraw, key))
            },
            Endpoint(
                method: .post, path: "/v1/invitations/show", name: "showInvitation",
                summary: "What an invitation offers, by its secret; changes nothing",
                body: .members([("secret", .string)], required: ["secret"]), response: .reference("Invitation"),
                takesKey: false, roles: [.dashboard]
            ) { request, context in
                let body = try await Endpoint.body(InvitationSecretBody.self, request, context)
                var response = try await answer(.showInvitation(secretHash: try Self.hash(ofSecret: body.secret)))
                // Nothing was asked before: it is looked at.
                if let name = HTTPField.Name("Idempotent-Replayed") { response.headers[name] = nil }
                return response
            },
            Endpoint(
                method: .post, path: "/v1/invitations/accept", name: "acceptInvitation",
                summary: "Become a member by an invitation's secret, as who one is where one signs in",
                body: .members(
                    [("secret", .string), ("issuer", .string), ("subject", .string), ("name", .string)],
                    required: ["secret", "issuer", "subject"]), response: .reference("TeamMember"),
                roles: [.dashboard]
            ) { request, context in
                let body = try await Endpoint.body(AcceptanceBody.self, request, context)
                try Self.check(personName: body.name)
                guard people().signUp != .off else {
                    throw Problem(.forbidden, "invitations are off: an operator makes members (dashboard.sign_up)")
                }
                let acceptance = Acceptance(
                    secretHash: try Self.hash(ofSecret: body.secret),
                    identity: try Self.identity(body.issuer, body.subject), name: body.name)
                let key = try Endpoint.personalKey(request, route: "acceptInvitation", body: body)
                return try await answer(.accept(acceptance, key))
            },
            Endpoint(
                method: .post, path: "/v1/sign-ins", name: "signIn",
                summary: "Note that somebody signed in, and say where they are a member", body: .identity,
                response: .reference("SignIn"), roles: [.dashboard]
            ) { request, context in
                let body = try await Endpoint.body(IdentityBody.self, request, context)
                let key = try Endpoint.personalKey(request, route: "signIn", body: body)
                return try await answer(.signIn(try Self.identity(body.issuer, body.subject), key))
            },
            Endpoint(
                method: .get, path: "/v1/sign-ups", name: "showSignUps",
                summary: "Whether people found orgs for themselves", response: .reference("SignUps"),
                roles: [.dashboard]
            ) { _, _ in
                try Endpoint.json(SignUpsView(signUp: people().signUp.rawValue))
            },
            Endpoint(
                method: .post, path: "/v1/sign-ups", name: "signUp",
                summary: "Found an org and become its owner, if dashboard.sign_up is open",
                body: .members(
                    [
                        ("issuer", .string), ("subject", .string), ("name", .string), ("email", .string),
                        ("org", .string), ("display_name", .string), ("country", .string), ("region", .string),
                    ], required: ["issuer", "subject", "org"]), response: .reference("TeamMember"),
                roles: [.dashboard]
            ) { request, context in
                let body = try await Endpoint.body(SignUpBody.self, request, context)
                guard people().signUp == .open else {
                    throw Problem(.forbidden, "orgs are founded by an operator (dashboard.sign_up)")
                }
                try Self.check(personName: body.name)
                try Self.check(email: body.email)
                try Self.check(
                    CreateOrgBody(
                        org: body.org, displayName: body.displayName, country: body.country, region: body.region))
                let signUp = SignUp(
                    org: NewOrg(
                        name: body.org, displayName: body.displayName, country: body.country, region: body.region),
                    identity: try Self.identity(body.issuer, body.subject), name: body.name, email: body.email)
                let key = try Endpoint.personalKey(request, route: "signUp", body: body)
                return try await answer(.signUp(signUp, key))
            },
        ]
    }

    private func member(_ number: Int64?, of org: String) async throws -> TeamMemberView? {
        guard let number else { return nil }
        return try await reader.teamMember(number, of: org, at: clock())
    }

    /// Secrets are of any form that is hard to guess; a short one is a mistake of its maker.
    private static func hash(ofSecret secret: String) throws -> [UInt8] {
        guard (16...512).contains(secret.utf8.count) else {
            throw Problem(.malformed, "secret must be 16 to 512 bytes")
        }
        return Digests.sha256(Array(secret.utf8))
    }

    /// Says, if no seat is free, which are about to be removed: the writer doesn't know them.
    func telling(
        ofSeatsThatGo org: String, _ body: () async throws -> Response
    ) async throws -> Response {
        do {
            return try await body()
        } catch let problem as Problem where problem.code == Refusal.Code.seatsFull.rawValue {
            let going = try await billing.subscription(of: org)
            guard going.nextSeats < going.seats else { throw problem }
            throw Problem(
                .seatsFull,
                "\(problem.detail); \(going.seats - going.nextSeats) more are paid until \(going.periodEnd ?? "the period ends") and about to be removed: meterctl seats keep \(org), or seats add, takes that back for nothing"
            )
        }
    }
}
