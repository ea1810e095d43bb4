/// An algorithm by which a provider may sign an ID token. RFC 7518, section 3.1.
///
/// `none` and the HMAC algorithms (HS256, HS384, HS512) have no case here, so no configuration can allow them. An HMAC
/// key would be the client secret, or, in the well-known attack, the provider's public key (RFC 8725, section 2.1).
public enum SigningAlgorithm: String, Sendable, Hashable, CaseIterable, Codable {
    /// RSA with PKCS #1 v1.5 padding and SHA-256.
    case rs256 = "RS256"
    /// RSA with PKCS #1 v1.5 padding and SHA-384.
    case rs384 = "RS384"
    /// RSA with PKCS #1 v1.5 padding and SHA-512.
    case rs512 = "RS512"
    /// RSA with PSS padding and SHA-256.
    case ps256 = "PS256"
    /// ECDSA on P-256 with SHA-256.
    case es256 = "ES256"
    /// ECDSA on P-384 with SHA-384.
    case es384 = "ES384"

    /// What a provider may sign with unless its configuration says otherwise.
    public static let defaults: Set<SigningAlgorithm> = [.rs256, .es256, .ps256, .rs384, .rs512, .es384]

    /// The `kty` of a key that fits. RFC 7518, section 6.1.
    var keyType: String {
        switch self {
        case .rs256, .rs384, .rs512, .ps256: "RSA"
        case .es256, .es384: "EC"
        }
    }

    /// The `crv` of a key that fits; nil for RSA. RFC 7518, section 6.2.1.1.
    var curve: String? {
        switch self {
        case .es256: "P-256"
        case .es384: "P-384"
        case .rs256, .rs384, .rs512, .ps256: nil
        }
    }
}
