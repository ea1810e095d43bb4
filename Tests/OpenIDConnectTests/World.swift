import AsyncHTTPClient
import Foundation
import LoopbackHTTP
import Synchronization
import Testing

@testable import OpenIDConnect

/// A hostile provider, a client of it, and a browser that follows no redirect.
struct World: Sendable {
    static let now = UnixTime(seconds: 1_800_000_000)
    static let redirect = "http://127.0.0.1:9/callback"

    let provider: HostileProvider
    let client: OpenIDClient
    let http: HTTPClient

    /// Runs a test with real sockets.
    static func run(
        _ behaviour: Behaviour = Behaviour(), userInfo: Provider.UserInfoUse = .whenIncomplete,
        secret: String? = HostileProvider.secret, secretUse: Provider.SecretUse = .byDiscovery,
        algorithms: Set<SigningAlgorithm> = SigningAlgorithm.defaults,
        timeout: Duration = .seconds(120), configuration: HTTPClient.Configuration = .openIDConnect,
        _ test: @Sendable (World) async throws -> Void
    ) async throws {
        // The server runs before the provider knows its port.
        let cell = Mutex<HostileProvider?>(nil)
        let handler: @Sendable (LoopbackRequest) async -> LoopbackAnswer = { request in
            await cell.withLock { $0 }?.answer(request) ?? LoopbackAnswer(status: 503)
        }
        try await LoopbackServer.run(handler: handler) { port in
            let hostile = HostileProvider(port: port, now: now, behaviour)
            cell.withLock { $0 = hostile }
            let provider = try Provider(
                name: "Hostile", issuer: hostile.issuer, clientID: HostileProvider.clientID,
                clientSecret: secret.map(ClientSecret.init), secretUse: secretUse, allowedAlgorithms: algorithms,
                userInfoUse: userInfo)
            let http = HTTPClient(configuration: configuration)
            let world = World(
                provider: hostile, client: OpenIDClient(provider: provider, http: http, timeout: timeout), http: http)
            do {
                try await test(world)
            } catch {
                try await http.shutdown()
                throw error
            }
            try await http.shutdown()
        }
    }

    /// Follows the authorization URL as a browser does, and gives the query that comes back.
    func visit(_ begun: BegunSignIn) async throws -> String {
        let response = try await http.execute(HTTPClientRequest(url: begun.url), timeout: .seconds(120))
        let location = response.headers.first(name: "Location") ?? ""
        return String(location.drop { $0 != "?" }.dropFirst())
    }

    func begin(_ now: UnixTime = now, promptsLogin: Bool = false, age: Int64? = nil) async throws -> BegunSignIn {
        try await client.begin(
            redirect: Self.redirect, now: now, promptsLogin: promptsLogin, maximumAgeSeconds: age)
    }

    /// The whole way through.
    @discardableResult
    func signIn(_ now: UnixTime = now, promptsLogin: Bool = false, age: Int64? = nil) async throws -> SignedIn {
        let begun = try await begin(now, promptsLogin: promptsLogin, age: age)
        let query = try await visit(begun)
        return try await client.finish(CallbackParameters(query: query), pending: begun.pending, now: now)
    }

    /// Expects a sign-in to fail so, and the words about it to keep every secret.
    func fails(
        _ error: SignInError, promptsLogin: Bool = false, age: Int64? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let thrown = await #expect(throws: SignInError.self, sourceLocation: sourceLocation) {
            try await signIn(promptsLogin: promptsLogin, age: age)
        }
        #expect(thrown == error, sourceLocation: sourceLocation)
        guard let thrown else { return }
        let words = "\(thrown) \(thrown.logText) \(thrown.personText)"
        let secrets =
            [HostileProvider.secret, "access-token"]
            + provider.forms.flatMap { form in
                ["code", "code_verifier", "client_secret"].compactMap { form[$0] }
            }
        for secret in secrets { #expect(!words.contains(secret), sourceLocation: sourceLocation) }
    }
}
