/// A registered error code that a provider sent.
///
/// Only registered codes have a name here. What else a provider says could hold a code or a secret, so it is neither
/// kept nor logged.
public enum ProviderErrorCode: String, Sendable, Hashable, CaseIterable {
    /// RFC 6749, section 4.1.2.1 and 5.2.
    case invalidRequest = "invalid_request"
    /// RFC 6749, section 4.1.2.1 and 5.2.
    case unauthorizedClient = "unauthorized_client"
    /// RFC 6749, section 4.1.2.1.
    case accessDenied = "access_denied"
    /// RFC 6749, section 4.1.2.1.
    case unsupportedResponseType = "unsupported_response_type"
    /// RFC 6749, section 4.1.2.1 and 5.2.
    case invalidScope = "invalid_scope"
    /// RFC 6749, section 4.1.2.1.
    case serverError = "server_error"
    /// RFC 6749, section 4.1.2.1.
    case temporarilyUnavailable = "temporarily_unavailable"
    /// RFC 6749, section 5.2: the client's name or secret is wrong.
    case invalidClient = "invalid_client"
    /// RFC 6749, section 5.2: the code is wrong, used, expired, or the PKCE verifier is wrong (RFC 7636, section 4.6).
    case invalidGrant = "invalid_grant"
    /// RFC 6749, section 5.2.
    case unsupportedGrantType = "unsupported_grant_type"
    /// OpenID Connect Core, section 3.1.2.6.
    case interactionRequired = "interaction_required"
    /// OpenID Connect Core, section 3.1.2.6.
    case loginRequired = "login_required"
    /// OpenID Connect Core, section 3.1.2.6.
    case accountSelectionRequired = "account_selection_required"
    /// OpenID Connect Core, section 3.1.2.6.
    case consentRequired = "consent_required"
    /// OpenID Connect Core, section 3.1.2.6.
    case invalidRequestURI = "invalid_request_uri"
    /// OpenID Connect Core, section 3.1.2.6.
    case invalidRequestObject = "invalid_request_object"
    /// OpenID Connect Core, section 3.1.2.6.
    case requestNotSupported = "request_not_supported"
    /// OpenID Connect Core, section 3.1.2.6.
    case requestURINotSupported = "request_uri_not_supported"
    /// OpenID Connect Core, section 3.1.2.6.
    case registrationNotSupported = "registration_not_supported"
    /// Any other.
    case unregistered = "(an unregistered code)"

    init(sent: String?) { self = sent.flatMap(Self.init(rawValue:)) ?? .unregistered }

    /// What an error answer of the authorization endpoint means for the sign-in.
    var asAuthorizationError: SignInError {
        switch self {
        case .accessDenied: .declined
        case .interactionRequired, .loginRequired, .accountSelectionRequired, .consentRequired:
            .interactionNeeded(self)
        case .serverError, .temporarilyUnavailable: .temporarilyUnavailable(self)
        default: .authorizationRefused(self)
        }
    }
}
