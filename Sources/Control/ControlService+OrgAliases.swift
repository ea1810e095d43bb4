import Hummingbird
import Ledger
import Metering

/// The body of `POST /v1/org-aliases`.
public struct OrgAliasBody: Codable, Sendable, Hashable {
    /// The name that senders bear.
    public var alias: String
    /// The org; nil to take the name back.
    public var org: String?
    /// Who does it.
    public var actor: String

    /// A body of those members.
    public init(alias: String, org: String?, actor: String) {
        self.alias = alias
        self.org = org
        self.actor = actor
    }
}

// Other names of orgs.
extension ControlService {
    var orgAliasEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/org-aliases", name: "orgAliases", summary: "Other names of orgs",
                response: .page(of: "OrgAlias")
            ) { _, _ in try Endpoint.json(Page(items: try await reader.orgAliases(), nextCursor: nil)) },
            Endpoint(
                method: .post, path: "/v1/org-aliases", name: "nameOrg",
                summary: "Give an org another name, or, without 'org', take one back",
                body: .members(
                    [("alias", .string), ("org", .string), ("actor", .string)], required: ["alias", "actor"]),
                response: .reference("OrgAlias")
            ) { request, context in
                let body = try await Endpoint.body(OrgAliasBody.self, request, context)
                guard OrgAliasName.isValid(body.alias) else {
                    throw Problem(
                        .malformed,
                        "alias must be 1 to \(OrgAliasName.bytesMax) bytes without control characters and without a space at either end"
                    )
                }
                try Self.check(words: body.actor, "actor")
                let key = try Endpoint.key(request, route: "nameOrg", body: body)
                return try await answer(.nameOrg(alias: body.alias, org: body.org, actor: body.actor, key))
            },
        ]
    }
}
