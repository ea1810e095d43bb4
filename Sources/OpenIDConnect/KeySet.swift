import Foundation

/// A provider's public keys. RFC 7517, section 5.
struct KeySet: Decodable, Sendable {
    let keys: [JSONWebKey]

    private enum CodingKeys: String, CodingKey {
        case keys
    }

    /// Keys of unknown kinds are skipped, as RFC 7517, section 5 asks: a new kind must not lock everybody out.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        keys = try container.decode([Skippable].self, forKey: .keys).compactMap(\.key)
    }

    private struct Skippable: Decodable {
        let key: JSONWebKey?
        init(from decoder: any Decoder) throws {
            let key = try? JSONWebKey(from: decoder)
            self.key = key?.isPublic == true ? key : nil
        }
    }

    /// The one key that a token with this header can be signed with. OpenID Connect Core, section 10.1.
    func key(id: String?, for algorithm: SigningAlgorithm) throws(SignInError) -> JSONWebKey {
        let named = id.map { id in keys.filter { $0.id?.hasSameBytes(as: id) == true } } ?? keys
        guard !named.isEmpty else { throw .idToken(.unknownKey) }
        let fitting = named.filter { $0.fits(algorithm) }
        guard let key = fitting.first else { throw .idToken(.keyDoesNotFit) }
        guard fitting.count == 1 else { throw .idToken(.ambiguousKey) }
        return key
    }
}

/// One public key. RFC 7517, section 4; RFC 7518, section 6.
struct JSONWebKey: Decodable, Sendable {
    let type: String
    let id: String?
    let use: String?
    let operations: [String]?
    let algorithm: String?
    let modulus: String?
    let exponent: String?
    let curve: String?
    let x: String?
    let y: String?
    private let privatePart: String?
    private let symmetricKey: String?

    private enum CodingKeys: String, CodingKey {
        case type = "kty"
        case id = "kid"
        case use
        case operations = "key_ops"
        case algorithm = "alg"
        case modulus = "n"
        case exponent = "e"
        case curve = "crv"
        case x
        case y
        case privatePart = "d"
        case symmetricKey = "k"
    }

    /// Whether it is a public key and nothing more: a key whose private part is published can be anybody's.
    var isPublic: Bool { privatePart == nil && symmetricKey == nil }

    /// Whether the key is meant for signatures by an algorithm.
    func fits(_ algorithm: SigningAlgorithm) -> Bool {
        type == algorithm.keyType
            && (use == nil || use == "sig")
            && operations?.contains("verify") != false
            && (self.algorithm == nil || self.algorithm == algorithm.rawValue)
            && (algorithm.curve == nil || algorithm.curve == curve)
    }
}
