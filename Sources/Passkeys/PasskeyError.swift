/// Why a passkey ceremony was refused. Each case says in one sentence what failed; see ``description``.
///
/// The sentences are for operators and logs. They hold no secret and no text of the browser beyond an origin.
public enum PasskeyError: Error, Sendable, Hashable {
    /// The relying party is not configured as WebAuthn needs it. The text says why.
    case invalidRelyingParty(String)
    /// The caller gave options that WebAuthn does not allow, such as a user id of 65 bytes. The text says which.
    case invalidOptions(String)
    /// A part of the browser's answer is larger than this library reads. The limit is in bytes.
    case tooLarge(part: String, limit: Int)
    /// A part of the browser's answer is not the JSON that WebAuthn defines for it.
    case malformedJSON(part: String)
    /// A member of the browser's answer is not base64url without padding, or has a length that is not allowed.
    case malformedMember(String)
    /// A part of the browser's answer is not the CBOR that WebAuthn allows.
    case malformedCBOR(CBORFault)
    /// The attestation object lacks a member, or a member has the wrong type (WebAuthn §6.5.4).
    case malformedAttestationObject
    /// The authenticator data ends too early (WebAuthn §6.1).
    case truncatedAuthenticatorData
    /// The authenticator data has bytes after its end (WebAuthn §6.1).
    case trailingAuthenticatorData
    /// The client data is for another ceremony, such as an assertion where a registration is expected.
    case wrongType(expected: String)
    /// The challenge is not the one that the options had.
    case wrongChallenge
    /// The page that asked for the passkey has another origin. `given` is `(unprintable)` if it is not plain ASCII.
    case wrongOrigin(expected: String, given: String)
    /// The page that asked for the passkey was embedded in a page of another origin.
    case crossOrigin
    /// The passkey belongs to another relying party: the hash of its id differs.
    case wrongRelyingParty
    /// The authenticator did not see a person: the flag UP is not set.
    case userNotPresent
    /// The authenticator did not verify the person by PIN or biometrics: the flag UV is not set.
    case userNotVerified
    /// The flags say that the passkey is backed up but cannot be (WebAuthn §6.1.3).
    case contradictingBackupFlags
    /// The registration has no attested credential data: the flag AT is not set.
    case missingCredential
    /// The assertion has attested credential data, which belongs in a registration only.
    case unexpectedCredential
    /// The credential's type is not `public-key`, or its `id` and `rawId` differ.
    case malformedCredential
    /// The credential id of the answer is not the one that the authenticator data, the stored passkey or the list of
    /// allowed credentials has.
    case wrongCredential
    /// The credential's public key can't be used.
    case unusableKey(KeyFault)
    /// A discoverable sign-in has to name its user, and this answer does not.
    case missingUserHandle
    /// The answer names another user than the owner of the passkey.
    case wrongUser
    /// The signature does not verify with the stored public key.
    case wrongSignature
    /// The passkey could not be backed up when it was registered and now can, or the reverse (WebAuthn §7.2).
    case changedBackupEligibility
    /// The sign count did not go up: there may be two copies of the authenticator (WebAuthn §6.1.1).
    case possiblyCloned(stored: UInt32, given: UInt32)
}

/// What is wrong with a piece of CBOR (RFC 8949).
public enum CBORFault: String, Sendable, Hashable, CaseIterable {
    /// It ends too early, or a length is larger than what is left.
    case truncated = "it ends too early"
    /// Bytes follow the item.
    case trailingBytes = "bytes follow its end"
    /// Items are nested too deep.
    case tooDeep = "it is nested too deep"
    /// There are too many items.
    case tooManyItems = "it has too many items"
    /// A map has the same label twice.
    case duplicateLabel = "a map has the same label twice"
    /// A length is not given in advance.
    case indefiniteLength = "it has an indefinite length"
    /// A tag, a float, a reserved value, or a label that is no integer and no text.
    case unsupportedType = "it has a type that WebAuthn does not use here"
    /// A text is not UTF-8.
    case invalidText = "a text is not UTF-8"
}

/// What is wrong with a public key (RFC 9052 §7, RFC 9053 §7, RFC 8812 §2).
public enum KeyFault: String, Sendable, Hashable, CaseIterable {
    /// The COSE key is no map, lacks a parameter, or has one that WebAuthn §6.5.1 does not allow.
    case parameters = "its parameters are not those that its type requires"
    /// The algorithm is not ES256, EdDSA or RS256.
    case algorithm = "its algorithm is not ES256, EdDSA or RS256"
    /// The key type does not belong to the algorithm.
    case type = "its key type does not belong to its algorithm"
    /// The curve is not P-256 for ES256 or Ed25519 for EdDSA.
    case curve = "its curve does not belong to its algorithm"
    /// A coordinate or number has the wrong length.
    case length = "a number in it has the wrong length"
    /// The point is not on the curve, or it has a small order.
    case point = "its point is not a valid public key"
    /// The RSA modulus is not 2048 to 4096 bits.
    case modulusSize = "its RSA modulus is not 2048 to 4096 bits"
    /// The RSA numbers are not a key: an even modulus, or an exponent that is even, 1 or above 33 bits.
    case rsaNumbers = "its RSA modulus or exponent is not valid"
}
