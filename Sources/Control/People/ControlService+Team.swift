import Hummingbird
import Ledger
import Metering

// The people of an org, by their numbers.
extension ControlService {
    var teamEndpoints: [Endpoint] { teamViews + teamChanges }

    private var teamViews: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/team", name: "listTeam",
                summary: "Everybody in an org, invited and removed ones included, by number",
                query: Self.paging, response: .page(of: "TeamMember")
            ) { request, context in
                let org = try await org(context)
                var page = try await reader.team(
                    of: org.org, after: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request),
                    at: clock())
                if Self.seesNamesOnly(context) { page.items = page.items.map(\.publicPart) }
                return try Endpoint.json(page)
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/team/{member}", name: "showTeamMember", summary: "One member",
                response: .reference("TeamMember")
            ) { _, context in
                let org = try await org(context)
                let number = try Self.number("member", context)
                guard let member = try await reader.teamMember(number, of: org.org, at: clock()) else {
                    throw Problem(.notFound, "org '\(org.org)' has no member \(number)")
                }
                let isOther = Self.seesNamesOnly(context) && context.membership?.member != number
                return try Endpoint.json(isOther ? member.publicPart : member)
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/recipients", name: "listRecipients",
                summary:
                    "Whom an org's notices may go to: its active owners and admins, or one member whatever their state",
                query: [(name: "member", description: "Only this member's number")],
                response: .reference("Recipients"), roles: [.notify]
            ) { request, context in
                let org = try await org(context)
                let members: [TeamMemberView]
                if let text = Endpoint.text(request, "member") {
                    guard let number = Int64(text), number > 0,
                        let member = try await reader.teamMember(number, of: org.org, at: clock())
                    else { throw Problem(.notFound, "org '\(org.org)' has no member \(text)") }
                    members = [member]
                } else {
                    members = try await reader.managers(of: org.org, at: clock())
                }
                return try Endpoint.json(
                    RecipientsView(
                        org: org.org, displayName: org.displayName, support: people().support,
                        members: members.map {
                            RecipientView(member: $0.member, role: $0.role, name: $0.name, email: $0.email)
                        }))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/me", name: "showMe",
                summary: "The member on whose behalf it is asked, with their limits and the models that they may use",
                response: .reference("Me")
            ) { _, context in
                let org = try await org(context)
                guard let membership = context.membership else {
                    throw Problem(.malformed, "name a member in the header \(Self.actingHeader)")
                }
                guard let member = try await reader.teamMember(membership.member, of: org.org, at: clock()) else {
                    throw Problem(Refusal.noSuchOrg(org.org))
                }
                let policy = try await reader.policy(of: org.org)
                let bill = try await billing.subscription(of: org.org)
                return try Endpoint.json(
                    MeView(
                        member: member, displayName: org.displayName, orgState: org.state,
                        allowedModels: policy?.allowedModels, data: policy?.data, support: people().support,
                        standing: bill.standing, suspends: bill.suspends, erases: bill.erases,
                        due: bill.owed.isEmpty || Self.seesNamesOnly(context) ? nil : bill.due,
                        actions: TeamRight.actions(of: membership.role), signInIssuer: policy?.signInIssuer,
                        identities: try await reader.identities(of: membership.member).map {
                            IdentityBody(issuer: $0.issuer, subject: $0.subject)
                        }, signUp: people().signUp.rawValue))
            },
        ]
    }

    private var teamChanges: [Endpoint] {
        [
            Endpoint(
                method: .put, path: "/v1/orgs/{org}/team/{member}/role", name: "setMemberRole",
                summary: "Set what a member may do. Owners set every role, admins all but owner",
                body: .members([("role", .orgRole)], required: ["role"]), response: .reference("TeamMember")
            ) { request, context in
                let body = try await Endpoint.body(RoleBody.self, request, context)
                let role = try Self.role(body.role)
                return try await change(.role(role), ["role", role.name], request, context)
            },
            Endpoint(
                method: .put, path: "/v1/orgs/{org}/team/{member}/limits", name: "setMemberLimits",
                summary: "Set what a member may spend in a day and a month; a limit that is left out is none",
                body: .members([("daily", .money), ("monthly", .money)], required: []),
                response: .reference("TeamMember")
            ) { request, context in
                let body = try await Endpoint.body(LimitsBody.self, request, context)
                let (daily, monthly) = (
                    try Self.limit(body.daily, "daily"), try Self.limit(body.monthly, "monthly")
                )
                return try await change(
                    .limits(daily: daily, monthly: monthly),
                    ["limits", daily?.description ?? "", monthly?.description ?? ""], request, context)
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/team/{member}/users", name: "addMemberUser",
                summary: "Make usage records of a name a member's, for good",
                body: .members([("user", .string)], required: ["user"]), response: .reference("TeamMember")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(MemberBody.self, request, context)
                try Self.check(user: body.user)
                let earlier = try await reader.spend(of: body.user, in: name, at: clock())
                return try await change(.addUser(body.user, earlier), ["user", body.user], request, context)
            },
            Endpoint(
                method: .patch, path: "/v1/orgs/{org}/team/{member}/profile", name: "setMemberProfile",
                summary: "Set what a member is called and their e-mail address; what is left out stays",
                body: .members([("name", .string), ("email", .string)], required: []),
                response: .reference("TeamMember")
            ) { request, context in
                let body = try await Endpoint.body(ProfileBody.self, request, context)
                try Self.check(personName: body.name)
                try Self.check(email: body.email)
                return try await change(
                    .profile(name: body.name, email: body.email), ["profile", body.name ?? "", body.email ?? ""],
                    request, context)
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/team/{member}/identities", name: "addMemberIdentity",
                summary: "Have a member sign in at another place as well",
                body: .identity, response: .reference("TeamMember")
            ) { request, context in
                let body = try await Endpoint.body(IdentityBody.self, request, context)
                return try await change(
                    .addIdentity(try Self.identity(body.issuer, body.subject)), ["in", body.issuer, body.subject],
                    request, context)
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/team/{member}/identities/remove", name: "removeMemberIdentity",
                summary: "Have a member sign in at a place no longer",
                body: .identity, response: .reference("TeamMember")
            ) { request, context in
                let body = try await Endpoint.body(IdentityBody.self, request, context)
                return try await change(
                    .removeIdentity(try Self.identity(body.issuer, body.subject)), ["out", body.issuer, body.subject],
                    request, context)
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/team/{member}/remove", name: "removeTeamMember",
                summary: "End a membership; their seat is free at once, and what they spent stays",
                response: .reference("TeamMember")
            ) { request, context in
                try await change(.remove, ["remove"], request, context)
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/team/{member}/erase", name: "eraseMember",
                summary: "Forget the name, the address and the sign-ins of a removed member",
                response: .reference("TeamMember")
            ) { request, context in
                try await change(.erase, ["erase"], request, context)
            },
        ]
    }

    private func change(
        _ change: MemberChange, _ canonical: [String], _ request: Request, _ context: ControlRequestContext
    ) async throws -> Response {
        let member = try Self.number("member", context)
        let key = try Endpoint.personalKey(request, route: "changeMember", body: ["\(member)"] + canonical)
        return try await answer(
            .changeMember(org: try Endpoint.parameter("org", context), member: member, change, key))
    }
}

extension TeamMemberView {
    /// What members see of each other: names, roles and states.
    var publicPart: TeamMemberView {
        var part = self
        (part.email, part.user, part.users) = (nil, nil, nil)
        (part.added, part.removed, part.lastActivity) = (nil, nil, nil)
        (part.dailyLimit, part.monthlyLimit) = (nil, nil)
        (part.spentToday, part.spentThisMonth, part.held) = (nil, nil, nil)
        return part
    }
}
