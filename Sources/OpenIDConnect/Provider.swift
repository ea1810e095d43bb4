import Foundation

/// How one OpenID provider is used: who it is, and what it knows this client as.
public struct Provider: Sendable {
    /// When the provider's userinfo endpoint is asked. OpenID Connect Core, section 5.3.
    public enum UserInfoUse: Sendable, Hashable {
        /// Never: e-mail and name come from the ID token or not at all.
        case never
        /// When the ID token lacks the e-mail address, its verification or the name, and the provider has the endpoint.
        case whenIncomplete
    }

    /// How the client's secret is sent to the token endpoint. OpenID Connect Core, section 9.
    public enum SecretUse: Sendable, Hashable {
        /// In the header if the provider supports that, else in the form.
        case byDiscovery
        /// `client_secret_basic`: in the header, encoded as RFC 6749, section 2.3.1 says.
        case basic
        /// `client_secret_post`: in the form. For a provider where the client is registered so, and for one that
        /// doesn't decode the header (nanoidp 3.4), if the secret has other characters than letters, digits and `-._~`.
        case post
    }

    /// The words on the sign-in button, such as `Example Login`.
    public let name: String
    /// The provider's issuer identifier, compared byte by byte. OpenID Connect Core, section 2.
    public let issuer: String
    /// The client's name at the provider.
    public let clientID: String
    /// Scopes that are asked for. The first is always `openid`.
    public let scopes: [String]
    /// Algorithms by which an ID token may be signed.
    public let allowedAlgorithms: Set<SigningAlgorithm>
    /// How the client's secret is sent.
    public let secretUse: SecretUse
    /// When userinfo is asked.
    public let userInfoUse: UserInfoUse
    /// How long a person may take to sign in, in seconds.
    public let signInSecondsMax: Int64

    let clientSecret: ClientSecret?

    /// A provider.
    ///
    /// - Parameters:
    ///   - name: the words on the button.
    ///   - issuer: exactly what the provider calls itself: https, without query and fragment. http only for
    ///     `localhost`, `127.0.0.1` and `[::1]`.
    ///   - clientID: the client's name at the provider.
    ///   - clientSecret: nil for a public client. RFC 6749, section 2.1.
    ///   - secretUse: how the secret is sent.
    ///   - extraScopes: scopes besides `openid`.
    ///   - allowedAlgorithms: at least one.
    ///   - userInfoUse: when userinfo is asked.
    ///   - signInSecondsMax: seconds between ``OpenIDClient/begin(redirect:now:promptsLogin:maximumAgeSeconds:)`` and
    ///     the callback.
    /// - Throws: ``SignInError/misconfigured(_:)``
    public init(
        name: String, issuer: String, clientID: String, clientSecret: ClientSecret?,
        secretUse: SecretUse = .byDiscovery, extraScopes: [String] = ["email", "profile"],
        allowedAlgorithms: Set<SigningAlgorithm> = SigningAlgorithm.defaults,
        userInfoUse: UserInfoUse = .whenIncomplete, signInSecondsMax: Int64 = 600
    ) throws(SignInError) {
        guard Endpoint.isSafe(issuer, allowsLoopback: true), !issuer.contains("?") else {
            throw .misconfigured(.issuer)
        }
        guard !clientID.isEmpty, clientID.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
            throw .misconfigured(.clientID)
        }
        if let clientSecret, clientSecret.value.isEmpty { throw .misconfigured(.clientSecret) }
        guard !allowedAlgorithms.isEmpty else { throw .misconfigured(.algorithms) }
        guard extraScopes.allSatisfy(Self.isScope) else { throw .misconfigured(.scopes) }
        guard (1...86_400).contains(signInSecondsMax) else { throw .misconfigured(.signInSeconds) }
        self.name = name
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.secretUse = secretUse
        scopes = ["openid"] + extraScopes.filter { $0 != "openid" }
        self.allowedAlgorithms = allowedAlgorithms
        self.userInfoUse = userInfoUse
        self.signInSecondsMax = signInSecondsMax
    }

    /// Whether the provider is on this machine and speaks http: only then may its endpoints do so.
    var isLoopback: Bool { Endpoint.isLoopback(url: issuer) }

    /// RFC 6749, section 3.3: `scope-token`.
    private static func isScope(_ scope: String) -> Bool {
        !scope.isEmpty && scope.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }
    }
}
