import Crypto
import Foundation

/// SHA-256 (FIPS 180-4), for what must not be kept as it is.
enum Digests {
    /// The digest's bytes.
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

    /// The digest in hexadecimal.
    static func hex(_ bytes: [UInt8]) -> String {
        sha256(bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The bytes of a digest in hexadecimal; nil if it is none.
    static func bytes(hex: String) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}

/// What accepts an invitation. Whoever invites makes it and sends it; the daemon is told its digest, and keeps nothing else.
public struct InvitationSecret: Sendable {
    /// 256 random bits, in base64url without padding (RFC 4648, section 5), so that it can stand in a link.
    public let secret: String

    /// Its SHA-256 in hexadecimal, as `secret_hash` takes it.
    public var hash: String { Digests.hex(Array(secret.utf8)) }

    /// A new one.
    public init() {
        var generator = SystemRandomNumberGenerator()
        let bytes = Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        secret = bytes.base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
