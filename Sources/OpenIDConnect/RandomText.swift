import Crypto
import Foundation

/// Text that nobody can guess, and the PKCE challenge.
enum RandomText {
    /// 256 bits from the system.
    static func system() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// `BASE64URL(SHA256(verifier))`. RFC 7636, section 4.2.
    static func challenge(of verifier: String) -> String {
        Base64URL.encode(SHA256.hash(data: Data(verifier.utf8)))
    }

    /// Whether two texts have the same bytes, in a time that tells nothing of where they differ.
    static func isSame(_ left: String, _ right: String) -> Bool {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension String {
    /// Whether both have the same bytes. `==` also takes texts for equal that only look the same.
    func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
