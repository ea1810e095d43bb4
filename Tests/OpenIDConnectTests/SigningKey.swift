import Crypto
import CryptoExtras
import Foundation

@testable import OpenIDConnect

/// A key of the hostile provider.
enum SigningKey: Sendable {
    case rsa(_RSA.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)

    // Made once: 2048 bits take a while.
    static let first = Result { SigningKey.rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048)) }
    static let second = Result { SigningKey.rsa(try _RSA.Signing.PrivateKey(keySize: .bits2048)) }
    static let short = Result { SigningKey.rsa(try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024))) }

    /// The public key with more members or others.
    func published(_ more: [String: JSONValue]) throws -> JSONValue {
        var members: [String: JSONValue]
        switch self {
        case .rsa(let key):
            let parts = try key.publicKey.getKeyPrimitives()
            members = [
                "kty": "RSA", "n": .text(Base64URL.encode(parts.modulus)),
                "e": .text(Base64URL.encode(parts.publicExponent)),
            ]
        case .p256(let key): members = Self.point("P-256", key.publicKey.rawRepresentation)
        case .p384(let key): members = Self.point("P-384", key.publicKey.rawRepresentation)
        }
        return .object(members.merging(more) { $1 })
    }

    private static func point(_ curve: String, _ raw: Data) -> [String: JSONValue] {
        [
            "kty": "EC", "crv": .text(curve), "x": .text(Base64URL.encode(raw.prefix(raw.count / 2))),
            "y": .text(Base64URL.encode(raw.suffix(raw.count / 2))),
        ]
    }

    /// Signs as the algorithm's name says; for HS256 with the public key's PEM as the secret; for `none` not at all.
    func sign(_ text: String, _ algorithm: String) throws -> Data {
        let data = Data(text.utf8)
        switch (self, algorithm) {
        case (.rsa(let key), "HS256"):
            let secret = SymmetricKey(data: Data(key.publicKey.pemRepresentation.utf8))
            return Data(HMAC<SHA256>.authenticationCode(for: data, using: secret))
        case (_, "none"): return Data()
        case (.rsa(let key), "RS384"):
            return try key.signature(for: SHA384.hash(data: data), padding: .insecurePKCS1v1_5).rawRepresentation
        case (.rsa(let key), "RS512"):
            return try key.signature(for: SHA512.hash(data: data), padding: .insecurePKCS1v1_5).rawRepresentation
        case (.rsa(let key), "PS256"):
            return try key.signature(for: SHA256.hash(data: data), padding: .PSS).rawRepresentation
        case (.rsa(let key), _):
            return try key.signature(for: SHA256.hash(data: data), padding: .insecurePKCS1v1_5).rawRepresentation
        case (.p256(let key), _): return try key.signature(for: SHA256.hash(data: data)).rawRepresentation
        case (.p384(let key), _): return try key.signature(for: SHA384.hash(data: data)).rawRepresentation
        }
    }
}
