import Foundation

/// Where to send the browser, and what to remember until it comes back.
public struct BegunSignIn: Sendable {
    /// The authorization URL. Send it in a redirect that was reached by a link: a form under `form-action 'self'` may
    /// not be redirected to another site. It holds the state and the nonce, so no log may have it.
    public let url: String
    /// To be stored until the callback.
    public let pending: PendingSignIn

    package init(url: String, pending: PendingSignIn) {
        self.url = url
        self.pending = pending
    }
}

extension OpenIDClient {
    private static let ageSecondsMax: Int64 = 315_360_000

    /// Begins a sign-in. OpenID Connect Core, section 3.1.2.1; RFC 7636, section 4.3.
    ///
    /// - Parameters:
    ///   - redirect: this client's callback, exactly as it is registered at the provider: https, or loopback http.
    ///   - now: the current time.
    ///   - promptsLogin: asks the provider to have the person sign in again, even if they have a session there. Only
    ///     `maximumAgeSeconds` makes the provider prove it.
    ///   - maximumAgeSeconds: how long ago the person may have signed in at the provider. The provider must then say
    ///     when that was, and ``finish(_:pending:now:)`` checks it with 60 seconds of leeway. Don't give 0: some
    ///     providers then ask for the password without end (Canaille 0.3.6 does).
    /// - Throws: ``SignInError/misconfigured(_:)``, ``SignInError/providerFailed(_:_:)``,
    ///   ``SignInError/discovery(_:)``. It takes 20 seconds at most.
    public func begin(
        redirect: String, now: UnixTime, promptsLogin: Bool = false, maximumAgeSeconds: Int64? = nil
    ) async throws(SignInError) -> BegunSignIn {
        try await begin(
            redirect: redirect, now: now, promptsLogin: promptsLogin, maximumAgeSeconds: maximumAgeSeconds,
            randomBytes: RandomText.system)
    }

    /// - Parameter randomBytes: gives 32 bytes that nobody can guess, each time others.
    package func begin(
        redirect: String, now: UnixTime, promptsLogin: Bool = false, maximumAgeSeconds: Int64? = nil,
        randomBytes: () -> [UInt8]
    ) async throws(SignInError) -> BegunSignIn {
        guard Endpoint.isSafe(redirect, allowsLoopback: true) else { throw .misconfigured(.redirectURI) }
        if let maximumAgeSeconds, !(0...Self.ageSecondsMax).contains(maximumAgeSeconds) {
            throw .misconfigured(.maximumAge)
        }
        let state = Base64URL.encode(randomBytes())
        let nonce = Base64URL.encode(randomBytes())
        let verifier = Base64URL.encode(randomBytes())
        let endpoints = try await directory.current(now: now).endpoints
        var parameters = [
            ("response_type", "code"), ("client_id", provider.clientID), ("redirect_uri", redirect),
            ("scope", provider.scopes.joined(separator: " ")), ("state", state), ("nonce", nonce),
            ("code_challenge", RandomText.challenge(of: verifier)), ("code_challenge_method", "S256"),
        ]
        if promptsLogin { parameters.append(("prompt", "login")) }
        if let maximumAgeSeconds { parameters.append(("max_age", "\(maximumAgeSeconds)")) }
        // A query that the endpoint already has stays. RFC 6749, section 3.1.
        let separator = endpoints.authorization.contains("?") ? "&" : "?"
        return BegunSignIn(
            url: endpoints.authorization + separator + FormEncoding.encode(parameters),
            pending: PendingSignIn(
                issuer: provider.issuer, redirectURI: redirect, created: now, state: state, nonce: nonce,
                verifier: verifier, maximumAgeSeconds: maximumAgeSeconds, promptsLogin: promptsLogin))
    }
}
