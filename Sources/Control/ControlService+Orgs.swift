import HTTPTypes
import Hummingbird
import Ledger
import Metering

/// The body of `POST /v1/orgs`.
public struct CreateOrgBody: Codable, Sendable, Hashable {
    /// Its name: 1 to 64 of `a-z 0-9 - _ .`
    public var org: String
    /// What people call it.
    public var displayName: String?
    /// ISO 3166-1 alpha-2.
    public var country: String?
    /// A region of the country.
    public var region: String?

    /// A body of those members.
    public init(org: String, displayName: String?, country: String?, region: String?) {
        self.org = org
        self.displayName = displayName
        self.country = country
        self.region = region
    }
}

// Orgs.
extension ControlService {
    var orgEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs", name: "listOrgs", summary: "Orgs by name",
                query: Self.paging, response: .page(of: "Org")
            ) { request, _ in
                let cursor = Endpoint.text(request, "cursor")
                return try Endpoint.json(try await reader.orgs(after: cursor, limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .post, path: "/v1/orgs", name: "createOrg", summary: "Found an org",
                body: .members(
                    [("org", .string), ("display_name", .string), ("country", .string), ("region", .string)],
                    required: ["org"]),
                response: .reference("Org")
            ) { request, context in
                let body = try await Endpoint.body(CreateOrgBody.self, request, context)
                try Self.check(body)
                let key = try Endpoint.key(request, route: "createOrg", body: body)
                let org = NewOrg(
                    name: body.org, displayName: body.displayName, country: body.country, region: body.region)
                return try await answer(.createOrg(org, key))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}", name: "showOrg", summary: "One org", response: .reference("Org")
            ) { _, context in
                try Endpoint.json(try await org(context))
            },
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/close", name: "closeOrg",
                summary: "Close an org: no more grants; usage that still arrives is charged",
                response: .reference("Org")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                let key = try Endpoint.key(request, route: "closeOrg", body: [name])
                return try await answer(.closeOrg(name, key))
            },
        ]
    }

    static let paging = [
        (name: "cursor", description: "The next_cursor of the page before"),
        (name: "limit", description: "Items a page, 1 to 1000; 100 if absent"),
    ]

    /// The org of the path; a problem where there is none.
    func org(_ context: ControlRequestContext) async throws -> OrgView {
        let name = try Endpoint.parameter("org", context)
        guard let org = try await reader.org(name) else {
            throw Problem(.unknownOrg, "there is no org '\(name)'; meterctl org list shows those there are")
        }
        return org
    }

    /// What the writer made of a mutation.
    func answer(_ mutation: Mutation) async throws -> Response {
        var response: Response
        let isReplay: Bool
        switch await writer.perform(mutation) {
        case .org(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .grant(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .teamMember(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .invitation(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .signedIn(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .member(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .budget(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .policy(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .alerts(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .correction(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .repriced(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .alias(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .orgAlias(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .quarantined(let view, let replay): (response, isReplay) = (try Endpoint.json(view), replay)
        case .refused(let refusal): throw Problem(refusal)
        case .usage, .hold, .balance, .found, .erased, .card, .billed, .overtaken, .unheard, .alive:
            throw Problem(.unknownOutcome, "the daemon gave an answer of another kind")
        }
        if isReplay, let name = HTTPField.Name("Idempotent-Replayed") { response.headers[name] = "true" }
        return response
    }

    static func check(_ body: CreateOrgBody) throws {
        guard OrgName.isValid(body.org) else {
            throw Problem(.malformed, "org must be 1 to 64 of a-z 0-9 - _ .")
        }
        for (name, value) in [("display_name", body.displayName), ("region", body.region)] {
            guard let value else { continue }
            guard (1...128).contains(value.utf8.count) else {
                throw Problem(.malformed, "\(name) must be 1 to 128 bytes")
            }
        }
        try check(country: body.country)
    }

    static func check(country: String?) throws {
        guard let country else { return }
        guard country.utf8.count == 2, country.utf8.allSatisfy({ (65...90).contains($0) }) else {
            throw Problem(.malformed, "country must be two capital letters (ISO 3166-1 alpha-2)")
        }
    }
}
