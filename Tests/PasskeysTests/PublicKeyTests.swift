import Crypto
import CryptoExtras
import Foundation
import Testing

@testable import Passkeys

@Suite("Public keys")
struct PublicKeyTests {
    private func expect(_ fault: KeyFault, _ key: CBOR) throws {
        #expect(throws: PasskeyError.unusableKey(fault)) { try Registration(key: key.encoded).verify() }
        #expect(throws: PasskeyError.unusableKey(fault)) { try PublicKey(cose: key.encoded) }
    }

    private func point() -> (x: [UInt8], y: [UInt8]) {
        let bytes = Array(P256.Signing.PrivateKey().publicKey.x963Representation)
        return (Array(bytes[1...32]), Array(bytes[33...]))
    }

    @Test("a P-256 point that is not on the curve is refused")
    func offCurve() throws {
        let (x, y) = point()
        for bit in 0..<8 {
            var other = y
            other[31] ^= 1 << UInt8(bit)
            try expect(.point, TestKey.ec(x: x, y: other))
        }
        let zeros = [UInt8](repeating: 0, count: 32)
        try expect(.point, TestKey.ec(x: zeros, y: zeros))
        try expect(.point, TestKey.ec(x: [UInt8](repeating: 0xFF, count: 32), y: y))
    }

    @Test("ES256 needs P-256: other curves and coordinates of other lengths are refused")
    func wrongCurve() throws {
        let (x, y) = point()
        for curve in [-1, 0, 2, 3, 6, 8] { try expect(.curve, TestKey.ec(x: x, y: y, curve: curve)) }
        let large = Array(P384.Signing.PrivateKey().publicKey.rawRepresentation)
        try expect(.length, TestKey.ec(x: Array(large[..<48]), y: Array(large[48...])))
        try expect(.length, TestKey.ec(x: [0] + x, y: y))
        try expect(.length, TestKey.ec(x: x, y: Array(y.dropLast())))
        try expect(.length, TestKey.ec(x: [], y: []))
    }

    @Test("EdDSA needs Ed25519 and 32 bytes")
    func wrongEdwardsCurve() throws {
        let x = Array(Curve25519.Signing.PrivateKey().publicKey.rawRepresentation)
        for curve in [1, 4, 5, 7] { try expect(.curve, TestKey.okp(x: x, curve: curve)) }
        try expect(.length, TestKey.okp(x: Array(x.dropLast())))
        try expect(.length, TestKey.okp(x: x + [0]))
    }

    @Test("an Ed25519 key for which anybody can sign is refused, with either sign bit")
    func smallOrder() throws {
        // The identity, and a point of order 8.
        let identity = [1] + [UInt8](repeating: 0, count: 31)
        let eighth: [UInt8] = [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ]
        for point in [identity, eighth] {
            try expect(.point, TestKey.okp(x: point))
            try expect(.point, TestKey.okp(x: point.dropLast() + [0x80 | (point.last ?? 0)]))
        }
        // swift-crypto itself takes the identity: this signature is valid for every message.
        let key = try Curve25519.Signing.PublicKey(rawRepresentation: identity)
        let forged = identity + [UInt8](repeating: 0, count: 32)
        #expect(key.isValidSignature(Data(forged), for: Data("anything".utf8)))
    }

    @Test("an algorithm that the options do not offer is refused")
    func wrongAlgorithm() throws {
        let (x, y) = point()
        for algorithm in [-35, -36, -37, -47, -65535, 0, 5, -6, 7, Int.max, Int.min] {
            try expect(.algorithm, TestKey.ec(x: x, y: y, algorithm: algorithm))
        }
    }

    @Test("a key type that is not the algorithm's is refused")
    func wrongType() throws {
        let (x, y) = point()
        for type in [0, 1, 3, 4] { try expect(.type, TestKey.ec(x: x, y: y, type: type)) }
        for algorithm in [-8, -257] { try expect(.type, TestKey.ec(x: x, y: y, algorithm: algorithm)) }
        try expect(.type, TestKey.okp(x: x, type: 2))
        try expect(.type, TestKey.rsa(n: x, type: 2))
    }

    @Test("missing and additional parameters are refused")
    func parameters() throws {
        let (x, y) = point()
        for other in [(CBOR.int(2), CBOR.bytes([1])), (.int(-4), .bytes(x)), (.text("x"), .int(1))] {
            try expect(.parameters, TestKey.ec(x: x, y: y, others: [other]))
        }
        try expect(.parameters, .map([]))
        try expect(.parameters, .int(1))
        try expect(.parameters, .map([(.int(1), .int(2)), (.int(3), .int(-7)), (.int(-1), .int(1))]))
        // A compressed point: y is a sign.
        try expect(
            .parameters,
            .map([
                (.int(1), .int(2)), (.int(3), .int(-7)), (.int(-1), .int(1)), (.int(-2), .bytes(x)),
                (.int(-3), .bool(true)),
            ]))
    }

    @Test("an RSA modulus below 2048 or above 4096 bits is refused")
    func modulusSize() throws {
        let small = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024)).publicKey.getKeyPrimitives()
        try expect(.modulusSize, TestKey.rsa(n: Array(small.modulus)))
        try expect(.modulusSize, TestKey.rsa(n: [0x7F] + [UInt8](repeating: 0xFF, count: 255)))
        try expect(.modulusSize, TestKey.rsa(n: [0x01] + [UInt8](repeating: 0xFF, count: 512)))
        #expect(throws: Never.self) {
            try PublicKey(cose: TestKey.rsa(n: [0x80] + [UInt8](repeating: 0xFF, count: 511)).encoded)
        }
    }

    @Test("RSA numbers that are not a key are refused")
    func rsaNumbers() throws {
        let odd = [0x80] + [UInt8](repeating: 0xFF, count: 255)
        try expect(.rsaNumbers, TestKey.rsa(n: odd.dropLast() + [0xFE]))
        for exponent: [UInt8] in [[1], [2], [1, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]] {
            try expect(.rsaNumbers, TestKey.rsa(n: odd, e: exponent))
        }
        for exponent: [UInt8] in [[], [0], [0, 1, 0, 1]] { try expect(.length, TestKey.rsa(n: odd, e: exponent)) }
        try expect(.length, TestKey.rsa(n: [0] + odd))
        try expect(.length, TestKey.rsa(n: []))
    }
}
