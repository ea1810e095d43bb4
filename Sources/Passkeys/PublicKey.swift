import Crypto
import CryptoExtras
import Foundation

/// A public key of one of the three algorithms that the options offer (WebAuthn §5.8.5).
enum PublicKey: Sendable {
    case es256(P256.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)
    case rs256(_RSA.Signing.PublicKey)

    /// The algorithms' COSE numbers, the preferred one first (RFC 9053 §2, RFC 8812 §2).
    static let algorithms = [Algorithm.es256, .eddsa, .rs256].map(\.rawValue)

    enum Algorithm: Int, Sendable {
        case es256 = -7
        case eddsa = -8
        case rs256 = -257
    }

    /// Reads a COSE key (RFC 9052 §7).
    ///
    /// It must have `alg`, the parameters that its type requires, and no others (WebAuthn §6.5.1).
    init(cose bytes: [UInt8]) throws(PasskeyError) {
        guard bytes.count <= Limits.publicKey else { throw .tooLarge(part: "public key", limit: Limits.publicKey) }
        guard let map = try CBORReader.read(all: bytes).map, let type = map[.init(1)]?.integer,
            let number = map[.init(3)]?.integer
        else { throw .unusableKey(.parameters) }
        guard let algorithm = Algorithm(rawValue: number) else { throw .unusableKey(.algorithm) }
        switch algorithm {
        case .es256:
            guard type == 2 else { throw .unusableKey(.type) }
            self = try Self.es256(map)
        case .eddsa:
            guard type == 1 else { throw .unusableKey(.type) }
            self = try Self.ed25519(map)
        case .rs256:
            guard type == 3 else { throw .unusableKey(.type) }
            self = try Self.rs256(map)
        }
    }

    /// Whether a signature is of this key over a message.
    ///
    /// ES256 signatures are DER, EdDSA signatures are 64 bytes, RS256 signatures are as long as the modulus (WebAuthn,
    /// "Signature Formats for Packed Attestation, FIDO U2F Attestation, and Assertion Signatures").
    func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        switch self {
        case .es256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(derRepresentation: Data(signature)) else {
                return false
            }
            return key.isValidSignature(signature, for: Data(message))
        case .ed25519(let key):
            return signature.count == 64 && key.isValidSignature(Data(signature), for: Data(message))
        case .rs256(let key):
            guard signature.count == (key.keySizeInBits + 7) / 8 else { return false }
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: Data(signature)), for: SHA256.hash(data: Data(message)),
                padding: .insecurePKCS1v1_5)
        }
    }
}
