import OpenIDConnect

/// An OpenID provider that people can sign in at.
public struct SignInProvider: Sendable {
    /// Its name in addresses, such as `entra`: each provider has a redirect URI of its own, so that none can be taken for another.
    /// See RFC 9700, section 4.4.2.
    public let id: String
    /// Whether it can be told to ask for the password, by `prompt=login` of OpenID Connect Core, section 3.1.2.1.
    public let promptsLogin: Bool
    /// What speaks to it.
    public let client: OpenIDClient

    var name: String { client.provider.name }
    var issuer: String { client.provider.issuer }

    /// A provider of that id.
    public init(id: String, promptsLogin: Bool = true, client: OpenIDClient) {
        self.id = id
        self.promptsLogin = promptsLogin
        self.client = client
    }

    /// The redirect URI that is registered at a provider.
    ///
    /// - Parameter site: where browsers reach the dashboard.
    public static func redirect(_ id: String, at site: PublicURL) -> String { site.origin + "/sign-in/callback/" + id }
}
