import Hummingbird
import Ledger
import Metering

/// The body of `POST /v1/orgs/{org}/grants`.
public struct GrantBody: Codable, Sendable, Hashable {
    /// US dollars, more than zero, at most nine decimals.
    public var amount: String
    /// Why, in words.
    public var reason: String?

    /// A body of those members.
    public init(amount: String, reason: String?) {
        self.amount = amount
        self.reason = reason
    }
}

/// What is left of an org's credits, as it is shown.
public struct BalanceView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// `active` or `closed`.
    public let state: String
    /// Posted credits left, in US dollars.
    public let balance: String
    /// The balance less open holds, in US dollars.
    public let available: String
}

// Credits.
extension ControlService {
    var creditEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/balance", name: "balance", summary: "What is left of the credits",
                response: .members(
                    [("org", .string), ("state", .string), ("balance", .money), ("available", .money)],
                    required: ["org", "state", "balance", "available"])
            ) { _, context in
                let org = try await org(context)
                return try Endpoint.json(
                    BalanceView(org: org.org, state: org.state, balance: org.balance, available: org.available))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/grants", name: "listGrants", summary: "Grants, newest first",
                query: Self.paging, response: .page(of: "Grant")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await reader.grants(
                        of: org.org, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/grants", name: "grant", summary: "Give an org credits",
                body: .members([("amount", .money), ("reason", .string)], required: ["amount"]),
                response: .reference("Grant")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                var body = try await Endpoint.body(GrantBody.self, request, context)
                guard let amount = Money(decimal: body.amount), amount > .zero else {
                    throw Problem(
                        .malformed, "amount must be a decimal of US dollars above zero, with at most nine decimals")
                }
                if let reason = body.reason, reason.utf8.count > 512 {
                    throw Problem(.malformed, "reason must be at most 512 bytes")
                }
                // 5 and 5.00 are the same amount, so the same request.
                body.amount = amount.description
                let key = try Endpoint.key(request, route: "grant", body: body)
                return try await answer(.grant(NewGrant(org: name, amount: amount, reason: body.reason), key))
            },
        ]
    }
}
