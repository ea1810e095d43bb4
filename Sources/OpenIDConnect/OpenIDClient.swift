import AsyncHTTPClient

/// Signs people in by one provider: the relying party of the authorization code flow with PKCE. OpenID Connect Core,
/// section 3.1; RFC 9700, section 2.1.1.
///
/// Make one per provider and keep it: it remembers the provider's endpoints and keys. It has no other state. Whoever
/// calls it stores each ``PendingSignIn``, and limits how often strangers may begin and finish sign-ins.
public struct OpenIDClient: Sendable {
    /// The provider.
    public let provider: Provider

    let http: ProviderHTTP
    let directory: ProviderDirectory

    /// A client of one provider.
    ///
    /// - Parameters:
    ///   - provider: its configuration.
    ///   - http: made with `HTTPClient.Configuration.openIDConnect`, so that it follows no redirect. The caller shuts
    ///     it down.
    public init(provider: Provider, http: HTTPClient) {
        self.init(provider: provider, http: http, timeout: .seconds(10))
    }

    /// - Parameter timeout: how long each request may take, to the last byte of the answer. Tests make it short.
    package init(provider: Provider, http: HTTPClient, timeout: Duration) {
        self.provider = provider
        self.http = ProviderHTTP(http: http, timeout: timeout)
        directory = ProviderDirectory(provider: provider, http: self.http)
    }
}
