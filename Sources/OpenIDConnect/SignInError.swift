/// Why a sign-in did not happen.
///
/// ``personText`` is for the person, ``logText`` for the operator. Neither holds a secret, a code, a token, a state, a
/// nonce or anything free-form that a provider said.
public enum SignInError: Error, Sendable, Hashable {
    /// This program's settings for the provider can't work.
    case misconfigured(Setting)
    /// A request to the provider brought no usable answer.
    case providerFailed(ProviderRequest, TransportProblem)
    /// The provider's discovery document can't be used. OpenID Connect Discovery, section 4.3.
    case discovery(DiscoveryProblem)
    /// The callback does not belong to the sign-in that was begun, or is not complete.
    case callback(CallbackProblem)
    /// The person, or the provider on its own, said no: `access_denied`. RFC 6749, section 4.1.2.1.
    case declined
    /// The provider wants the person to do something first. OpenID Connect Core, section 3.1.2.6.
    case interactionNeeded(ProviderErrorCode)
    /// The provider is down or busy: `server_error`, `temporarily_unavailable`. RFC 6749, section 4.1.2.1.
    case temporarilyUnavailable(ProviderErrorCode)
    /// The provider refused the authorization request.
    case authorizationRefused(ProviderErrorCode)
    /// The provider refused the code or the client: `invalid_grant` if the code was used before. RFC 6749, section 5.2.
    case tokenRefused(ProviderErrorCode, status: Int)
    /// The token endpoint's answer can't be used. OpenID Connect Core, section 3.1.3.3.
    case tokenAnswer(TokenAnswerProblem)
    /// The ID token fails a check. OpenID Connect Core, section 3.1.3.7.
    case idToken(IDTokenProblem)
    /// Userinfo's answer can't be used. OpenID Connect Core, section 5.3.4.
    case userInfo(UserInfoProblem)

    /// A setting that can't work.
    public enum Setting: Sendable, Hashable {
        /// ``Provider/issuer`` is no https URL without query and fragment.
        case issuer
        /// ``Provider/clientID`` is empty or not printable ASCII.
        case clientID
        /// The secret is empty: give nil for a public client.
        case clientSecret
        /// No algorithm is allowed.
        case algorithms
        /// A scope is no scope token.
        case scopes
        /// ``Provider/signInSecondsMax`` is not between 1 and 86,400.
        case signInSeconds
        /// The redirect URI is neither https nor loopback http, or has a fragment.
        case redirectURI
        /// The maximum age is negative or longer than ten years.
        case maximumAge
        /// The HTTP client follows redirects. Make it with `HTTPClient.Configuration.openIDConnect`.
        case httpClientFollowsRedirects
    }

    /// A request to the provider.
    public enum ProviderRequest: String, Sendable, Hashable {
        /// For `/.well-known/openid-configuration`.
        case discovery
        /// For the keys at `jwks_uri`.
        case keys
        /// For tokens.
        case token
        /// For claims about the person.
        case userInfo
    }

    /// Why an HTTP request brought no usable answer.
    public enum TransportProblem: Sendable, Hashable {
        /// The whole answer was not there in time.
        case timedOut
        /// The answer is larger than 256 KiB.
        case tooLarge
        /// The provider answered with a redirect, which is never followed.
        case redirected
        /// Another status than the expected one.
        case status(Int)
        /// The answer is not the expected JSON.
        case notJSON
        /// No connection, or it broke: what the system said, at most 200 printable characters.
        case connection(String)
    }

    /// What is wrong with a discovery document.
    public enum DiscoveryProblem: Sendable, Hashable {
        /// It names another issuer than the configured one.
        case otherIssuer
        /// This member is missing or no https URL (or loopback http for a provider that itself is on loopback http).
        case unsafeEndpoint(String)
        /// The provider doesn't offer the code flow.
        case noCodeFlow
        /// The provider supports neither `client_secret_basic` nor `client_secret_post`.
        case noClientAuthentication
    }

    /// What is wrong with a callback.
    public enum CallbackProblem: Sendable, Hashable {
        /// It is no query, or longer than 8,192 bytes.
        case unreadable
        /// A parameter comes twice.
        case repeatedParameter
        /// The state is missing or another.
        case wrongState
        /// The sign-in was begun too long ago, or in the future.
        case expired
        /// The sign-in was begun with another provider.
        case otherProvider
        /// The `iss` parameter is another: a mix-up attack, perhaps. RFC 9207, section 2.4.
        case wrongIssuer
        /// The provider promises an `iss` parameter and there is none. RFC 9207, section 2.4.
        case missingIssuer
        /// There is neither a code nor an error.
        case missingCode
    }

    /// What is wrong with the token endpoint's answer.
    public enum TokenAnswerProblem: Sendable, Hashable {
        /// `access_token` is missing or can't be a bearer token.
        case accessToken
        /// `token_type` is not `Bearer`.
        case tokenType
        /// `id_token` is missing.
        case missingIDToken
    }

    /// What is wrong with userinfo's answer.
    public enum UserInfoProblem: Sendable, Hashable {
        /// `sub` is missing or not the ID token's: the claims may be about somebody else.
        case otherSubject
    }
}
