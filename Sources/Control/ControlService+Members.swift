import Hummingbird
import Ledger
import Metering

/// The body of `POST /v1/orgs/{org}/members`.
public struct MemberBody: Codable, Sendable, Hashable {
    /// The name that usage records have.
    public var user: String
    /// What people call them.
    public var name: String?
    /// Their e-mail address.
    public var email: String?
    /// `owner`, `admin` or `member`; `member` if left out.
    public var role: String?

    /// A body of that member.
    public init(user: String, name: String? = nil, email: String? = nil, role: String? = nil) {
        self.user = user
        self.name = name
        self.email = email
        self.role = role
    }
}

/// The body of `PUT /v1/orgs/{org}/members/{user}/limits`.
public struct LimitsBody: Codable, Sendable, Hashable {
    /// US dollars a UTC day; nil for no limit.
    public var daily: String?
    /// US dollars a calendar month; nil for no limit.
    public var monthly: String?

    /// A body of those limits.
    public init(daily: String?, monthly: String?) {
        self.daily = daily
        self.monthly = monthly
    }
}

/// The body of `PUT /v1/orgs/{org}/budget`.
public struct BudgetBody: Codable, Sendable, Hashable {
    /// US dollars a calendar month; nil for no limit.
    public var monthly: String?

    /// A body of that budget.
    public init(monthly: String?) {
        self.monthly = monthly
    }
}

/// The body of `PUT /v1/orgs/{org}/alerts`.
public struct AlertsBody: Codable, Sendable, Hashable {
    /// Balances in US dollars.
    public var thresholds: [String]

    /// A body of those thresholds.
    public init(thresholds: [String]) {
        self.thresholds = thresholds
    }
}

// Members, what they may spend, and when operators are told.
extension ControlService {
    var memberEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/members", name: "listMembers",
                summary: "Members by name, removed ones included", query: Self.paging, response: .page(of: "Member")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await reader.members(
                        of: org.org, after: Endpoint.text(request, "cursor"), limit: try Endpoint.limit(request),
                        at: clock()))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/members", name: "addMember",
                summary: "Make somebody a member; what they spent this month counts",
                body: .members(
                    [("user", .string), ("name", .string), ("email", .string), ("role", .orgRole)],
                    required: ["user"]), response: .reference("Member")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(MemberBody.self, request, context)
                try Self.check(user: body.user)
                try Self.check(personName: body.name)
                try Self.check(email: body.email)
                let profile = MemberProfile(
                    name: body.name, email: body.email, role: try Self.role(body.role ?? OrgRole.member.name))
                let isPersonal = body.name != nil || body.email != nil
                let key =
                    isPersonal
                    ? try Endpoint.personalKey(request, route: "addMember", body: body)
                    : try Endpoint.key(request, route: "addMember", body: body)
                let earlier = try await reader.spend(of: body.user, in: name, at: clock())
                return try await telling(ofSeatsThatGo: name) {
                    try await answer(.addMember(org: name, user: body.user, earlier, key, profile: profile))
                }
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/members/{user}/remove", name: "removeMember",
                summary: "End a membership; what they spent stays", response: .reference("Member")
            ) { request, context in
                let (org, user) = try Self.member(context)
                let key = try Endpoint.key(request, route: "removeMember", body: [user])
                return try await answer(.removeMember(org: org, user: user, key))
            },
            Endpoint(
                method: .put, path: "/v1/orgs/{org}/members/{user}/limits", name: "limitMember",
                summary: "Set what a member may spend a day and a month; a limit that is left out is none",
                body: .members([("daily", .money), ("monthly", .money)], required: []),
                response: .reference("Member")
            ) { request, context in
                let (org, user) = try Self.member(context)
                let body = try await Endpoint.body(LimitsBody.self, request, context)
                let (daily, monthly) = (
                    try Self.limit(body.daily, "daily"), try Self.limit(body.monthly, "monthly")
                )
                let canonical = [user, daily?.description ?? "", monthly?.description ?? ""]
                let key = try Endpoint.key(request, route: "limitMember", body: canonical)
                return try await answer(.limitMember(org: org, user: user, daily: daily, monthly: monthly, key))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/budget", name: "showBudget", summary: "The monthly budget",
                response: .reference("Budget")
            ) { _, context in
                let org = try await org(context)
                guard let budget = try await reader.budget(of: org.org, at: clock()) else {
                    throw Problem(.unknownOrg, "there is no org '\(org.org)'")
                }
                return try Endpoint.json(budget)
            },
            Endpoint(
                method: .put, path: "/v1/orgs/{org}/budget", name: "setBudget",
                summary: "Set what an org may spend in a calendar month; none where it is left out",
                body: .members([("monthly", .money)], required: []), response: .reference("Budget")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(BudgetBody.self, request, context)
                let budget = try Self.limit(body.monthly, "monthly")
                let key = try Endpoint.key(request, route: "setBudget", body: [budget?.description ?? ""])
                return try await answer(.setBudget(org: name, budget, key))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/alerts", name: "showAlerts",
                summary: "The balances at which an event is made", response: .reference("Alerts")
            ) { _, context in
                let org = try await org(context)
                return try Endpoint.json(try await reader.alerts(of: org.org))
            },
            Endpoint(
                method: .put, path: "/v1/orgs/{org}/alerts", name: "setAlerts",
                summary: "Set the balances at which an event is made, once each time the balance falls below",
                body: .members([("thresholds", ["type": "array", "items": .money])], required: ["thresholds"]),
                response: .reference("Alerts")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(AlertsBody.self, request, context)
                let thresholds = try body.thresholds.map { text in
                    guard let amount = Money(decimal: text) else {
                        throw Problem(
                            .malformed, "thresholds must be decimals of US dollars, with at most nine decimals")
                    }
                    return amount
                }
                let canonical = Set(thresholds).sorted().map(\.description)
                let key = try Endpoint.key(request, route: "setAlerts", body: canonical)
                return try await answer(.setAlerts(org: name, thresholds, key))
            },
        ]
    }

    private static func member(_ context: ControlRequestContext) throws -> (org: String, user: String) {
        let user = try Endpoint.parameter("user", context)
        try check(user: user)
        return (try Endpoint.parameter("org", context), user)
    }

    static func check(user: String) throws {
        guard (1...128).contains(user.utf8.count), !user.utf8.contains(0) else {
            throw Problem(.malformed, "user must be 1 to 128 bytes, without NUL")
        }
    }

    static func limit(_ text: String?, _ name: String) throws -> Money? {
        guard let text else { return nil }
        guard let amount = Money(decimal: text), amount >= .zero else {
            throw Problem(
                .malformed, "\(name) must be a decimal of US dollars, not below zero, with at most nine decimals")
        }
        return amount
    }
}
