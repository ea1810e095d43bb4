import Access
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import Metering

// On whose behalf a request is made, and whether they may make it.
extension ControlService {
    /// The header that names the member on whose behalf a program asks.
    static let actingHeader = "Meterd-Acting"
    /// The header that says when the program saw that member sign in.
    static let signedInHeader = "Meterd-Signed-In"

    /// Who asks for an endpoint. Throws a problem if they may not.
    ///
    /// - Returns: for the writer and the audit; with the member if one is named.
    func asker(
        _ request: Request, _ context: ControlRequestContext, _ endpoint: Endpoint
    ) async throws -> (Asker, LedgerReader.Membership?) {
        let org = context.parameters.get("org").flatMap(\.removingPercentEncoding)
        let permissions = access().permissions(of: context.peer)
        let asker = Asker(uid: context.peer?.uid, action: endpoint.name)
        let right = TeamRight.table[endpoint.name]
        guard let named = try Self.header(Self.actingHeader, request) else {
            guard permissions.allows(anyOf: endpoint.allowedRoles, org: org) else {
                let hint =
                    permissions.allows(anyOf: [.dashboard], org: org)
                    ? " without a member's number in \(Self.actingHeader)" : ""
                throw forbidden("may not use \(endpoint.method) \(endpoint.path) here\(hint)", org, context.peer)
            }
            return (asker, nil)
        }
        guard permissions.allows(anyOf: [.dashboard, .admin], org: org) else {
            throw forbidden("may not ask on behalf of members here", org, context.peer)
        }
        guard let number = Int64(named), number > 0 else {
            throw Problem(.malformed, "\(Self.actingHeader) must be a member's number")
        }
        guard case .roles(let roles, let needsRecentSignIn)? = right, let org else {
            throw forbidden(
                "may not use \(endpoint.method) \(endpoint.path) on behalf of a member", org, context.peer)
        }
        guard let membership = try await reader.membership(number), membership.org == org else {
            throw Problem(Refusal.noSuchOrg(org))
        }
        let acting = ActingMember(
            member: number, org: org, roles: roles, signedIn: try Self.signedIn(request),
            needsRecentSignIn: needsRecentSignIn, ordersPerDayMax: people().ordersPerDayMax)
        if let refusal = acting.refusal(role: membership.role, action: endpoint.name) { throw Problem(refusal) }
        return (Asker(uid: asker.uid, action: asker.action, acting: acting), membership)
    }

    private func forbidden(_ words: String, _ org: String?, _ peer: PeerCredentials?) -> Problem {
        let refusal = Refusal(.forbidden, "\(peer.map { "uid \($0.uid)" } ?? "a peer without credentials") \(words)")
        onForbidden(refusal, org, peer)
        return Problem(refusal)
    }

    private static func signedIn(_ request: Request) throws -> Timestamp? {
        guard let text = try header(signedInHeader, request) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw Problem(.malformed, "\(signedInHeader) must be the 'at' of the member's sign-in")
        }
        return time
    }

    /// A header that may be there once.
    private static func header(_ text: String, _ request: Request) throws -> String? {
        guard let name = HTTPField.Name(text) else { return nil }
        let values = request.headers[values: name]
        guard values.count <= 1 else { throw Problem(.malformed, "\(text) is there more than once") }
        return values.first
    }

    /// Who asks, as older records of changes name them.
    static func actor(_ context: ControlRequestContext) -> String {
        Asker.current?.words ?? "somebody"
    }

    /// The names whose usage whoever asks may see; nil for everybody's. It comes from who they are, never from what they ask.
    static func ownUsers(_ context: ControlRequestContext) -> [String]? {
        guard let membership = context.membership, membership.role == .member else { return nil }
        return membership.users
    }

    /// Whether somebody sees of others no more than that they are there.
    static func seesNamesOnly(_ context: ControlRequestContext) -> Bool { context.membership?.role == .member }
}

extension Endpoint {
    /// The client's key for a route whose body says something personal: only its digest is kept.
    static func personalKey(_ request: Request, route: String, body: some Encodable) throws -> IdempotencyKey {
        let key = try key(request, route: route, body: body)
        return IdempotencyKey(route: route, key: key.key, body: Digests.hex(Array(key.body.utf8)))
    }
}
