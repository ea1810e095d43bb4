extension SignInError: CustomStringConvertible {
    /// The same as ``logText``.
    public var description: String { logText }

    /// One or two sentences for the person who wants to sign in.
    public var personText: String {
        switch self {
        case .misconfigured, .discovery, .authorizationRefused:
            "Sign-in is not set up correctly. Please tell your administrator."
        case .providerFailed, .temporarilyUnavailable:
            "The sign-in service did not answer as it should. Please try again in a few minutes."
        case .callback(.expired):
            "You took too long to sign in. Please start again."
        case .callback:
            "This answer does not belong to the sign-in that you started. Please start again."
        case .declined:
            "The sign-in was cancelled, or the sign-in service refused it. You can start again."
        case .interactionNeeded:
            "The sign-in service needs you to sign in there first. Please start again."
        case .tokenRefused(.invalidGrant, _):
            "This sign-in was used already or took too long. Please start again."
        case .tokenRefused, .tokenAnswer:
            "The sign-in service refused to finish the sign-in. Please tell your administrator if it happens again."
        case .idToken(.expired), .idToken(.issuedInFuture), .idToken(.notYetValid), .idToken(.authenticatedInFuture):
            "The sign-in service's clock and ours differ. Please tell your administrator."
        case .idToken(.authenticationTooOld), .idToken(.missingAuthTime):
            "You need to enter your password again for this. Please start again."
        case .idToken, .userInfo:
            "The sign-in service's answer can't be trusted. Please tell your administrator."
        }
    }

    /// One sentence for the operator's log: what failed, why, and what to do if that is known.
    public var logText: String {
        switch self {
        case .misconfigured(let setting): "OpenID Connect is misconfigured: \(setting.words)."
        case .providerFailed(let request, let problem):
            "OpenID Connect: the \(request.words) request failed: \(problem.words)."
        case .discovery(let problem): "OpenID Connect discovery was refused: \(problem.words)."
        case .callback(let problem): "OpenID Connect callback was refused: \(problem.words)."
        case .declined: "OpenID Connect: the provider answered access_denied."
        case .interactionNeeded(let code), .temporarilyUnavailable(let code), .authorizationRefused(let code):
            "OpenID Connect: the authorization endpoint answered \(code.rawValue)."
        case .tokenRefused(let code, let status):
            "OpenID Connect: the token endpoint answered \(status) with \(code.rawValue)."
        case .tokenAnswer(let problem): "OpenID Connect token answer was refused: \(problem.words)."
        case .idToken(let problem): "OpenID Connect ID token was refused: \(problem.words)."
        case .userInfo(.otherSubject): "OpenID Connect userinfo was refused: its sub is not the ID token's."
        }
    }
}

extension SignInError.Setting {
    fileprivate var words: String {
        switch self {
        case .issuer: "the issuer must be an https URL without query and fragment (http only on this machine)"
        case .clientID: "the client ID must be printable ASCII and not empty"
        case .clientSecret: "the client secret is empty; leave it out for a public client"
        case .algorithms: "no ID token algorithm is allowed"
        case .scopes: "a scope has a character that scopes can't have"
        case .signInSeconds: "the time to sign in must be between 1 and 86400 seconds"
        case .redirectURI: "the redirect URI must be an https URL without fragment (http only on this machine)"
        case .maximumAge: "the maximum age must be between 0 and 315360000 seconds"
        case .httpClientFollowsRedirects:
            "the HTTP client follows redirects; use HTTPClient.Configuration.openIDConnect"
        }
    }
}

extension SignInError.ProviderRequest {
    fileprivate var words: String {
        switch self {
        case .discovery: "discovery"
        case .keys: "JWKS"
        case .token: "token"
        case .userInfo: "userinfo"
        }
    }
}

extension SignInError.TransportProblem {
    fileprivate var words: String {
        switch self {
        case .timedOut: "the answer was not there in time"
        case .tooLarge: "the answer is larger than 256 KiB"
        case .redirected: "the provider answered with a redirect, which is never followed"
        case .status(let status): "the provider answered with status \(status)"
        case .notJSON: "the answer is not the expected JSON"
        case .connection(let reason): "there was no connection (\(reason))"
        }
    }
}

extension SignInError.DiscoveryProblem {
    fileprivate var words: String {
        switch self {
        case .otherIssuer: "it names another issuer; check the configured one, up to the last slash"
        case .unsafeEndpoint(let member): "\(member) is missing or not an https URL"
        case .noCodeFlow: "the provider doesn't support response type code"
        case .noClientAuthentication: "the provider supports neither client_secret_basic nor client_secret_post"
        }
    }
}

extension SignInError.CallbackProblem {
    fileprivate var words: String {
        switch self {
        case .unreadable: "its query can't be read"
        case .repeatedParameter: "a parameter comes twice"
        case .wrongState: "state is missing or not the one that was sent"
        case .expired: "the sign-in was begun too long ago, or in the future"
        case .otherProvider: "the sign-in was begun with another provider"
        case .wrongIssuer: "iss is not the provider that the sign-in was begun with (mix-up)"
        case .missingIssuer: "iss is missing, though the provider promises it"
        case .missingCode: "it has neither a code nor an error"
        }
    }
}

extension SignInError.TokenAnswerProblem {
    fileprivate var words: String {
        switch self {
        case .accessToken: "access_token is missing or can't be a bearer token"
        case .tokenType: "token_type is not Bearer"
        case .missingIDToken: "id_token is missing"
        }
    }
}
