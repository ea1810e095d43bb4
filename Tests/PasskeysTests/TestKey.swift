import Crypto
import CryptoExtras
import Foundation

/// A private key of an authenticator.
enum TestKey: Sendable {
    case es256(P256.Signing.PrivateKey)
    case ed25519(Curve25519.Signing.PrivateKey)
    case rs256(_RSA.Signing.PrivateKey)

    /// One new key of each algorithm.
    static func all() throws -> [TestKey] {
        [
            .es256(P256.Signing.PrivateKey()), .ed25519(Curve25519.Signing.PrivateKey()),
            .rs256(try _RSA.Signing.PrivateKey(keySize: .bits2048)),
        ]
    }

    func cose() throws -> [UInt8] {
        switch self {
        case .es256(let key):
            let point = Array(key.publicKey.x963Representation)
            return Self.ec(x: Array(point[1...32]), y: Array(point[33...])).encoded
        case .ed25519(let key): return Self.okp(x: Array(key.publicKey.rawRepresentation)).encoded
        case .rs256(let key):
            let numbers = try key.publicKey.getKeyPrimitives()
            return Self.rsa(n: Array(numbers.modulus), e: Array(numbers.publicExponent)).encoded
        }
    }

    func sign(_ message: [UInt8]) throws -> [UInt8] {
        switch self {
        case .es256(let key): Array(try key.signature(for: Data(message)).derRepresentation)
        case .ed25519(let key): Array(try key.signature(for: Data(message)))
        case .rs256(let key):
            Array(
                try key.signature(for: SHA256.hash(data: Data(message)), padding: .insecurePKCS1v1_5)
                    .rawRepresentation)
        }
    }

    static func ec(
        x: [UInt8], y: [UInt8], type: Int = 2, algorithm: Int = -7, curve: Int = 1, others: [(CBOR, CBOR)] = []
    ) -> CBOR {
        .map(
            [
                (.int(1), .int(type)), (.int(3), .int(algorithm)), (.int(-1), .int(curve)), (.int(-2), .bytes(x)),
                (.int(-3), .bytes(y)),
            ] + others)
    }

    static func okp(x: [UInt8], type: Int = 1, algorithm: Int = -8, curve: Int = 6) -> CBOR {
        .map([
            (.int(1), .int(type)), (.int(3), .int(algorithm)), (.int(-1), .int(curve)), (.int(-2), .bytes(x)),
        ])
    }

    static func rsa(n: [UInt8], e: [UInt8] = [1, 0, 1], type: Int = 3, algorithm: Int = -257) -> CBOR {
        .map([(.int(1), .int(type)), (.int(3), .int(algorithm)), (.int(-1), .bytes(n)), (.int(-2), .bytes(e))])
    }
}
