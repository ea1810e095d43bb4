import Foundation

/// A JWT in compact form, taken apart and not yet verified. RFC 7515, section 7.1.
struct SignedToken: Sendable {
    /// The members of the header that count. `jwk`, `jku`, `x5u` and `x5c` are never read: a token must not bring its
    /// own key. RFC 8725, section 3.10.
    private struct Header: Decodable {
        let alg: String
        let kid: String?
        let typ: String?
        let crit: Present?
    }

    private struct Present: Decodable {
        init(from decoder: any Decoder) throws {}
    }

    /// Names that an error may tell. RFC 7518, section 3.1; RFC 8037, section 3.1; RFC 8812, section 3.2.
    private static let refusedNames = Set(
        SigningAlgorithm.allCases.map(\.rawValue)
            + ["none", "HS256", "HS384", "HS512", "PS384", "PS512", "ES512", "EdDSA", "ES256K"])

    let algorithm: SigningAlgorithm
    let keyID: String?
    private let signed: Data
    private let signature: Data
    private let payload: Data

    /// Reads the header and refuses what can't be verified.
    ///
    /// - Parameter allowed: from the provider's configuration. The header only chooses among these. RFC 8725,
    ///   section 3.1.
    init(_ text: String, allowed: Set<SigningAlgorithm>) throws(SignInError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2]),
            let fields = try? JSONDecoder().decode(Header.self, from: header)
        else { throw .idToken(.malformed) }
        guard let algorithm = SigningAlgorithm(rawValue: fields.alg), allowed.contains(algorithm) else {
            let name = Self.refusedNames.contains(fields.alg) ? fields.alg : "(unregistered)"
            throw .idToken(.algorithmNotAllowed(name))
        }
        guard fields.crit == nil, fields.typ.map({ $0.lowercased() == "jwt" }) != false else {
            throw .idToken(.unsupportedHeader)
        }
        self.algorithm = algorithm
        keyID = fields.kid
        signed = Data("\(parts[0]).\(parts[1])".utf8)
        self.signature = signature
        self.payload = payload
    }

    /// The claims, once the signature is known to be by one of these keys.
    func claims(verifiedBy keys: KeySet) throws(SignInError) -> IDTokenClaims {
        let key = try keys.key(id: keyID, for: algorithm)
        try key.verify(signature, of: signed, by: algorithm)
        guard let claims = try? JSONDecoder().decode(IDTokenClaims.self, from: payload) else {
            throw .idToken(.malformed)
        }
        return claims
    }
}
