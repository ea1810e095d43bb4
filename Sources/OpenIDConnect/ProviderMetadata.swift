/// The members of a discovery document that are used. OpenID Connect Discovery, section 3; RFC 8414, section 2.
struct ProviderMetadata: Decodable, Sendable {
    let issuer: String
    let authorizationEndpoint: String?
    let tokenEndpoint: String?
    let keysURL: String?
    let userInfoEndpoint: String?
    let responseTypes: [String]?
    let clientAuthentication: [String]?
    let promisesIssuerParameter: Bool?

    private enum CodingKeys: String, CodingKey {
        case issuer
        case authorizationEndpoint = "authorization_endpoint"
        case tokenEndpoint = "token_endpoint"
        case keysURL = "jwks_uri"
        case userInfoEndpoint = "userinfo_endpoint"
        case responseTypes = "response_types_supported"
        case clientAuthentication = "token_endpoint_auth_methods_supported"
        case promisesIssuerParameter = "authorization_response_iss_parameter_supported"
    }
}

/// How the client shows the token endpoint who it is. OpenID Connect Core, section 9.
enum ClientAuthentication: Sendable {
    case basic(ClientSecret)
    case post(ClientSecret)
    case none
}

/// A discovery document that passed every check.
struct ProviderEndpoints: Sendable {
    let authorization: String
    let token: String
    let keys: String
    let userInfo: String?
    let authentication: ClientAuthentication
    let promisesIssuerParameter: Bool

    /// Where a provider's discovery document is. OpenID Connect Discovery, section 4.1.
    static func discoveryURL(of issuer: String) -> String {
        (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
    }

    /// Checks a discovery document. OpenID Connect Discovery, section 4.3; RFC 8414, section 3.3.
    init(_ metadata: ProviderMetadata, of provider: Provider) throws(SignInError) {
        guard metadata.issuer.hasSameBytes(as: provider.issuer) else { throw .discovery(.otherIssuer) }
        func checked(_ url: String?, _ member: String) throws(SignInError) -> String {
            // http only for a provider that is itself on this machine: a remote one must not name a local service.
            guard let url, Endpoint.isSafe(url, allowsLoopback: provider.isLoopback) else {
                throw .discovery(.unsafeEndpoint(member))
            }
            return url
        }
        authorization = try checked(metadata.authorizationEndpoint, "authorization_endpoint")
        token = try checked(metadata.tokenEndpoint, "token_endpoint")
        keys = try checked(metadata.keysURL, "jwks_uri")
        if let url = metadata.userInfoEndpoint {
            userInfo = try checked(url, "userinfo_endpoint")
        } else {
            userInfo = nil
        }
        if let types = metadata.responseTypes, !types.contains("code") { throw .discovery(.noCodeFlow) }
        authentication = try Self.authentication(metadata, of: provider)
        promisesIssuerParameter = metadata.promisesIssuerParameter ?? false
    }

    /// OpenID Connect Core, section 9.
    private static func authentication(
        _ metadata: ProviderMetadata, of provider: Provider
    ) throws(SignInError) -> ClientAuthentication {
        guard let secret = provider.clientSecret else { return .none }
        // Basic is the default if the member is missing. OpenID Connect Discovery, section 3.
        let methods = metadata.clientAuthentication ?? ["client_secret_basic"]
        switch provider.secretUse {
        case .basic: return .basic(secret)
        case .post: return .post(secret)
        case .byDiscovery:
            if methods.contains("client_secret_basic") { return .basic(secret) }
            if methods.contains("client_secret_post") { return .post(secret) }
            throw .discovery(.noClientAuthentication)
        }
    }
}
