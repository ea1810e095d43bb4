/// What is wrong with an ID token. OpenID Connect Core, section 3.1.3.7.
public enum IDTokenProblem: Sendable, Hashable {
    /// It is no signed JWT, or a claim has the wrong type.
    case malformed
    /// The header has `crit`, or a `typ` of another kind of token. RFC 7515, section 4.1.11; RFC 8725, section 3.11.
    case unsupportedHeader
    /// `alg` is `none`, an HMAC, unknown or not in ``Provider/allowedAlgorithms``. Its name if it
    /// is registered.
    case algorithmNotAllowed(String)
    /// The provider has no key of that `kid`, not even after its keys were fetched again.
    case unknownKey
    /// The header has no `kid`, or an ambiguous one, and more than one key fits. OpenID Connect Core, section 10.1.
    case ambiguousKey
    /// The key is of another type or curve, for another use or algorithm, or too short.
    case keyDoesNotFit
    /// The signature is not that key's.
    case wrongSignature
    /// `iss` is not the provider.
    case wrongIssuer
    /// `aud` doesn't have this client.
    case wrongAudience
    /// There are several audiences and no `azp`.
    case missingAuthorizedParty
    /// `azp` is not this client.
    case wrongAuthorizedParty
    /// `sub` is empty, longer than 255 bytes or has control characters.
    case invalidSubject
    /// `exp` has passed.
    case expired
    /// `iat` lies in the future.
    case issuedInFuture
    /// `nbf` lies in the future.
    case notYetValid
    /// `nonce` is missing or not the one that was sent.
    case wrongNonce
    /// A maximum age was asked for, and there is no `auth_time`.
    case missingAuthTime
    /// `auth_time` is older than was asked for.
    case authenticationTooOld
    /// `auth_time` lies in the future.
    case authenticatedInFuture
}
