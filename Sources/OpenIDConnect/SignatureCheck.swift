import Crypto
import CryptoExtras
import Foundation

extension JSONWebKey {
    /// RSA moduli that are taken, in bits: shorter ones can be broken (RFC 7518, section 3.3), longer ones only slow.
    private static let rsaBits = 2048...8192

    /// Throws unless a signature is this key's. The caller has checked that the key fits the algorithm.
    func verify(_ signature: Data, of signed: Data, by algorithm: SigningAlgorithm) throws(SignInError) {
        let isRight =
            switch algorithm {
            case .rs256: try rsa(signature, SHA256.hash(data: signed), .insecurePKCS1v1_5)
            case .rs384: try rsa(signature, SHA384.hash(data: signed), .insecurePKCS1v1_5)
            case .rs512: try rsa(signature, SHA512.hash(data: signed), .insecurePKCS1v1_5)
            case .ps256: try rsa(signature, SHA256.hash(data: signed), .PSS)
            case .es256: try p256(signature, signed)
            case .es384: try p384(signature, signed)
            }
        guard isRight else { throw .idToken(.wrongSignature) }
    }

    /// RFC 7518, section 3.3 and 3.5.
    private func rsa(
        _ signature: Data, _ digest: some Digest, _ padding: _RSA.Signing.Padding
    ) throws(SignInError) -> Bool {
        guard let modulus = modulus.flatMap(Base64URL.decode), let exponent = exponent.flatMap(Base64URL.decode),
            modulus.count <= Self.rsaBits.upperBound / 8 + 1, exponent.count <= 8,
            let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent),
            Self.rsaBits.contains(key.keySizeInBits)
        else { throw .idToken(.keyDoesNotFit) }
        return key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: signature), for: digest, padding: padding)
    }

    /// RFC 7518, section 3.4: the signature is R and S of 32 bytes each.
    private func p256(_ signature: Data, _ signed: Data) throws(SignInError) -> Bool {
        guard let point = point(of: 32), let key = try? P256.Signing.PublicKey(rawRepresentation: point) else {
            throw .idToken(.keyDoesNotFit)
        }
        guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        return key.isValidSignature(signature, for: SHA256.hash(data: signed))
    }

    /// RFC 7518, section 3.4: the signature is R and S of 48 bytes each.
    private func p384(_ signature: Data, _ signed: Data) throws(SignInError) -> Bool {
        guard let point = point(of: 48), let key = try? P384.Signing.PublicKey(rawRepresentation: point) else {
            throw .idToken(.keyDoesNotFit)
        }
        guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
        return key.isValidSignature(signature, for: SHA384.hash(data: signed))
    }

    /// Both coordinates, full length each. RFC 7518, section 6.2.1.2.
    private func point(of bytes: Int) -> Data? {
        guard let x = x.flatMap(Base64URL.decode), let y = y.flatMap(Base64URL.decode), x.count == bytes,
            y.count == bytes
        else { return nil }
        return x + y
    }
}
