import Crypto
import Foundation

/// Random secrets, and what is kept of them.
enum Secrets {
    /// 256 bits in base64url.
    static func random() -> String { text(bytes(32)) }

    /// That many random bytes.
    static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Bytes in base64url without padding. See RFC 4648, section 5.
    static func text(_ bytes: some Collection<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// The SHA-256 of a text.
    static func hash(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }

    /// The SHA-256 of a text, in hexadecimal.
    static func hex(_ text: String) -> String { hex(hash(text)) }

    /// Bytes in hexadecimal.
    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Whether two secrets are the same, in constant time.
    static func areSame(_ one: String, _ other: String) -> Bool {
        let (first, second) = (hash(one), hash(other))
        return zip(first, second).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
