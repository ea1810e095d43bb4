import Foundation

/// What the browser says about the ceremony (WebAuthn §5.8.1). The authenticator signs its hash.
struct ClientData: Sendable, Hashable {
    /// The two ceremonies of WebAuthn §5.8.1.
    enum Ceremony: String, Sendable {
        case registration = "webauthn.create"
        case authentication = "webauthn.get"
    }

    let type: String
    let challenge: String
    let origin: String
    let isCrossOrigin: Bool

    private struct Members: Decodable {
        let type: String
        let challenge: String
        let origin: String
        let crossOrigin: Bool?
        let topOrigin: String?
    }

    /// Reads the JSON. Members that WebAuthn does not define are ignored, as §5.8.1 asks.
    init(_ json: [UInt8]) throws(PasskeyError) {
        guard json.count <= Limits.clientDataJSON else {
            throw .tooLarge(part: "clientDataJSON", limit: Limits.clientDataJSON)
        }
        let members = try JSONText.decode(Members.self, json, part: "clientDataJSON")
        type = members.type
        challenge = members.challenge
        origin = members.origin
        // A browser gives topOrigin in a cross-origin page only.
        isCrossOrigin = members.crossOrigin ?? false || members.topOrigin != nil
    }

    /// Checks the type, the challenge and the origin (WebAuthn §7.1 and §7.2).
    ///
    /// Texts are compared by their bytes. Swift's `==` would compare them by Unicode equivalence.
    func check(_ ceremony: Ceremony, challenge: [UInt8], origin: String) throws(PasskeyError) {
        guard type.utf8.elementsEqual(ceremony.rawValue.utf8) else { throw .wrongType(expected: ceremony.rawValue) }
        guard Base64URL.decode(self.challenge) == challenge else { throw .wrongChallenge }
        guard self.origin.utf8.elementsEqual(origin.utf8) else {
            throw .wrongOrigin(expected: origin, given: Self.printable(self.origin))
        }
        guard !isCrossOrigin else { throw .crossOrigin }
    }

    // The browser's text is for a log: nothing that could forge a line.
    private static func printable(_ text: String) -> String {
        let isPlain = text.utf8.count <= 300 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        return isPlain ? text : "(unprintable)"
    }
}
