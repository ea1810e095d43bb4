import Hummingbird
import Ledger
import Metering

/// The body of `POST /v1/orgs/{org}/grants`.
public struct GrantBody: Codable, Sendable, Hashable {
    /// US dollars, more than zero, at most nine decimals.
    public var amount: String
    /// `purchase` (where it is left out), `promotion`, `adjustment` or `refund`.
    public var source: String?
    /// 0 to 100, 50 where it is left out; the smallest is drawn from first.
    public var priority: Int?
    /// When what is unspent expires, RFC 3339; never where it is left out.
    public var expires: String?
    /// Why, in words.
    public var reason: String?

    /// A body of those members.
    public init(amount: String, source: String?, priority: Int?, expires: String?, reason: String?) {
        self.amount = amount
        self.source = source
        self.priority = priority
        self.expires = expires
        self.reason = reason
    }
}

/// The body of `POST /v1/orgs/{org}/grants/{grant}/void`.
public struct VoidBody: Codable, Sendable, Hashable {
    /// Why, in words.
    public var reason: String?

    /// A body of that reason.
    public init(reason: String?) {
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
                body: .members(
                    [
                        ("amount", .money),
                        (
                            "source",
                            ["type": "string", "enum": .list(GrantSource.allCases.map { .text($0.name) })]
                        ),
                        ("priority", .integer), ("expires", .time), ("reason", .string),
                    ], required: ["amount"]),
                response: .reference("Grant")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                var body = try await Endpoint.body(GrantBody.self, request, context)
                let grant = try Self.grant(body, org: name)
                // 5 and 5.00 are the same amount, an absent priority the usual one: so the same request.
                body.amount = grant.amount.description
                body.source = grant.source.name
                body.priority = grant.priority
                body.expires = grant.expires?.description
                let key = try Endpoint.key(request, route: "grant", body: body)
                return try await answer(.grant(grant, key))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/grants/{grant}/void", name: "voidGrant",
                summary: "Take back what is unspent of a grant", body: .members([("reason", .string)], required: []),
                response: .reference("Grant")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                guard let number = Int64(try Endpoint.parameter("grant", context)), number > 0 else {
                    throw Problem(.malformed, "the grant in the path must be its number")
                }
                let body = try await Endpoint.body(VoidBody.self, request, context)
                if let reason = body.reason { try Self.check(words: reason, "reason") }
                let key = try Endpoint.key(request, route: "voidGrant", body: [String(number), body.reason ?? ""])
                return try await answer(.voidGrant(org: name, grant: number, reason: body.reason, key))
            },
        ]
    }

    private static func grant(_ body: GrantBody, org: String) throws -> NewGrant {
        guard let amount = Money(decimal: body.amount), amount > .zero else {
            throw Problem(
                .malformed,
                "amount must be a decimal of US dollars above zero, at most 9223372036, with at most nine decimals")
        }
        guard let source = GrantSource(name: body.source ?? GrantSource.purchase.name) else {
            let names = GrantSource.allCases.map(\.name).joined(separator: ", ")
            throw Problem(.malformed, "source must be one of \(names)")
        }
        let priority = body.priority ?? LedgerLimits.priorityDefault
        guard (0...LedgerLimits.priorityMax).contains(priority) else {
            throw Problem(.malformed, "priority must be a whole number from 0 to \(LedgerLimits.priorityMax)")
        }
        var expires: Timestamp?
        if let text = body.expires {
            guard let moment = Timestamp(rfc3339: text) else {
                throw Problem(.malformed, "expires must be an RFC 3339 time, such as 2027-01-01T00:00:00Z")
            }
            expires = moment
        }
        if let reason = body.reason { try check(words: reason, "reason") }
        return NewGrant(
            org: org, amount: amount, source: source, priority: priority, expires: expires, reason: body.reason)
    }

    // MARK: Holds

    var holdEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/holds", name: "listHolds",
                summary: "Open holds, or those that expired unsettled, newest first",
                query: Self.paging + [(name: "state", description: "open, or expired; open if absent")],
                response: .page(of: "Hold")
            ) { request, context in
                let org = try await org(context)
                let (cursor, limit) = (try Endpoint.numericCursor(request), try Endpoint.limit(request))
                switch Endpoint.text(request, "state") ?? HoldState.open.name {
                case HoldState.open.name:
                    return try Endpoint.json(try await reader.openHolds(of: org.org, before: cursor, limit: limit))
                case HoldState.expired.name:
                    return try Endpoint.json(try await reader.expiredHolds(of: org.org, before: cursor, limit: limit))
                default: throw Problem(.malformed, "state must be open or expired")
                }
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/holds/{id}/release", name: "releaseHold",
                summary: "Free what a hold reserves; a hold that is closed stays as it is",
                response: .members(
                    [("id", .string), ("status", .string), ("held", .money), ("available", .money)],
                    required: ["id", "status", "held", "available"])
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                let id = try Endpoint.parameter("id", context)
                // Nothing has to be remembered: to release twice is to release once.
                _ = try Endpoint.key(request, route: "releaseHold", body: [id])
                switch await writer.perform(.release(org: name, id: id)) {
                case .hold(let reply):
                    return try Endpoint.json(
                        ReleaseView(
                            id: id, status: reply.status.name, held: reply.held.description,
                            available: reply.available.description))
                case .refused(let refusal): throw Problem(refusal)
                default: throw Problem(.unknownOutcome, "the daemon gave an answer of another kind")
                }
            },
        ]
    }
}

/// What became of a hold that was to be released, as it is shown.
public struct ReleaseView: Codable, Sendable, Hashable {
    /// The hold's id.
    public let id: String
    /// `released`, or the state that it had already.
    public let status: String
    /// What it reserved, in US dollars.
    public let held: String
    /// What is available now, in US dollars.
    public let available: String
}
