extension IDTokenProblem {
    var words: String {
        switch self {
        case .malformed: "it is no signed JWT with the claims that an ID token has"
        case .unsupportedHeader: "its header has crit, or typ of another kind of token"
        case .algorithmNotAllowed(let name): "algorithm \(name) is not allowed"
        case .unknownKey: "the provider publishes no key with its kid"
        case .ambiguousKey: "more than one key fits and kid doesn't tell which"
        case .keyDoesNotFit: "the key with its kid doesn't fit the algorithm"
        case .wrongSignature: "the signature is wrong"
        case .wrongIssuer: "iss is not the provider"
        case .wrongAudience: "aud doesn't have this client"
        case .missingAuthorizedParty: "it has several audiences and no azp"
        case .wrongAuthorizedParty: "azp is not this client"
        case .invalidSubject: "sub is empty, too long or has control characters"
        case .expired: "exp has passed; compare both clocks"
        case .issuedInFuture: "iat lies in the future; compare both clocks"
        case .notYetValid: "nbf lies in the future; compare both clocks"
        case .wrongNonce: "nonce is missing or not the one that was sent"
        case .missingAuthTime: "auth_time is missing, though a maximum age was asked for"
        case .authenticationTooOld: "auth_time is older than was asked for"
        case .authenticatedInFuture: "auth_time lies in the future; compare both clocks"
        }
    }
}
