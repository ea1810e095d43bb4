import Crypto
import CryptoExtras
import Foundation

// The parameters of each key type.
extension PublicKey {
    /// EC2 (RFC 9053 §7.1.1): crv (-1) is P-256, x (-2) and y (-3) have 32 bytes. WebAuthn §5.8.5 forbids compressed y.
    static func es256(_ map: [CBORValue.Label: CBORValue]) throws(PasskeyError) -> PublicKey {
        guard map.count == 5, let curve = map[.init(-1)]?.integer, let x = map[.init(-2)]?.byteString,
            let y = map[.init(-3)]?.byteString
        else { throw .unusableKey(.parameters) }
        guard curve == 1 else { throw .unusableKey(.curve) }
        guard x.count == 32, y.count == 32 else { throw .unusableKey(.length) }
        guard let key = try? P256.Signing.PublicKey(x963Representation: Data([4] + x + y)) else {
            throw .unusableKey(.point)
        }
        return .es256(key)
    }

    /// OKP (RFC 9053 §7.2): crv (-1) is Ed25519, x (-2) has 32 bytes.
    static func ed25519(_ map: [CBORValue.Label: CBORValue]) throws(PasskeyError) -> PublicKey {
        guard map.count == 4, let curve = map[.init(-1)]?.integer, let x = map[.init(-2)]?.byteString else {
            throw .unusableKey(.parameters)
        }
        guard curve == 6 else { throw .unusableKey(.curve) }
        guard x.count == 32 else { throw .unusableKey(.length) }
        guard !Ed25519Points.hasSmallOrder(x), let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x)
        else { throw .unusableKey(.point) }
        return .ed25519(key)
    }

    /// RSA (RFC 8230 §4): n (-1) and e (-2) have no leading zeros.
    static func rs256(_ map: [CBORValue.Label: CBORValue]) throws(PasskeyError) -> PublicKey {
        guard map.count == 4, let modulus = map[.init(-1)]?.byteString, let exponent = map[.init(-2)]?.byteString
        else { throw .unusableKey(.parameters) }
        guard let high = modulus.first, high != 0, let low = exponent.first, low != 0 else {
            throw .unusableKey(.length)
        }
        let bits = modulus.count * 8 - high.leadingZeroBitCount
        guard (2048...4096).contains(bits) else { throw .unusableKey(.modulusSize) }
        guard let key = try? _RSA.Signing.PublicKey(n: Data(modulus), e: Data(exponent)) else {
            throw .unusableKey(.rsaNumbers)
        }
        return .rs256(key)
    }
}
