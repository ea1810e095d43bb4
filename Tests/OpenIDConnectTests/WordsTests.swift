import Testing

@testable import OpenIDConnect

@Suite struct WordsTests {
    private static let problems: [IDTokenProblem] = [
        .malformed, .unsupportedHeader, .algorithmNotAllowed("none"), .unknownKey, .ambiguousKey, .keyDoesNotFit,
        .wrongSignature, .wrongIssuer, .wrongAudience, .missingAuthorizedParty, .wrongAuthorizedParty, .invalidSubject,
        .expired, .issuedInFuture, .notYetValid, .wrongNonce, .missingAuthTime, .authenticationTooOld,
        .authenticatedInFuture,
    ]
    private static let settings: [SignInError.Setting] = [
        .issuer, .clientID, .clientSecret, .algorithms, .scopes, .signInSeconds, .redirectURI, .maximumAge,
        .httpClientFollowsRedirects,
    ]
    private static let callbacks: [SignInError.CallbackProblem] = [
        .unreadable, .repeatedParameter, .wrongState, .expired, .otherProvider, .wrongIssuer, .missingIssuer,
        .missingCode,
    ]
    private static let transports: [SignInError.TransportProblem] = [
        .timedOut, .tooLarge, .redirected, .status(503), .notJSON, .connection("refused"),
    ]
    private static let discoveries: [SignInError.DiscoveryProblem] = [
        .otherIssuer, .unsafeEndpoint("jwks_uri"), .noCodeFlow, .noClientAuthentication,
    ]

    private static var all: [SignInError] {
        var all = problems.map { SignInError.idToken($0) }
        all += settings.map { .misconfigured($0) }
        all += callbacks.map { .callback($0) }
        all += discoveries.map { .discovery($0) }
        for request in [.discovery, .keys, .token, .userInfo] as [SignInError.ProviderRequest] {
            all += transports.map { .providerFailed(request, $0) }
        }
        all += ProviderErrorCode.allCases.map(\.asAuthorizationError)
        all += ProviderErrorCode.allCases.map { .tokenRefused($0, status: 400) }
        all += [.accessToken, .tokenType, .missingIDToken].map { .tokenAnswer($0) }
        return all + [.userInfo(.otherSubject)]
    }

    @Test func everyErrorHasTwoSentences() {
        for error in Set(Self.all) {
            #expect(error.personText.hasSuffix(".") && error.personText.count > 20, "\(error)")
            #expect(error.logText.hasPrefix("OpenID Connect") && error.logText.hasSuffix("."), "\(error)")
            #expect("\(error)" == error.logText)
        }
        // What an operator reads tells each error from all others.
        #expect(Set(Set(Self.all).map(\.logText)).count == Set(Self.all).count)
    }
}
