/// The site that people sign in to with passkeys (WebAuthn §4, "Relying Party"). It makes the options for a browser and
/// verifies its answers.
///
/// It keeps no state. The caller stores passkeys, and gives 32 new random bytes as the challenge of each ceremony. The
/// caller also makes sure that a challenge is accepted once, only for some minutes, and only from the browser session
/// that got it (WebAuthn §13.4.3).
public struct RelyingParty: Sendable, Hashable {
    /// The domain that passkeys are bound to, such as `example.com`. Passkeys are lost if it changes.
    public let id: String
    /// The one origin whose pages may use the passkeys, such as `https://meter.example.com:8443`.
    public let origin: String
    /// What authenticators call the site: 1 to 256 bytes of UTF-8.
    public let name: String

    /// A relying party.
    ///
    /// - Parameters:
    ///   - id: a domain in lower case. Names outside ASCII are written in their `xn--` form. IP addresses are not
    ///     allowed.
    ///   - origin: `https://host` or `https://host:port`, as browsers write it: without a path and without the port
    ///     443. The host is the id or ends with a dot and the id (WebAuthn §5.1.3). Only `localhost` may use `http`.
    ///   - name: 1 to 256 bytes of UTF-8.
    /// - Throws: ``PasskeyError/invalidRelyingParty(_:)``.
    public init(id: String, origin: String, name: String) throws(PasskeyError) {
        guard Self.isDomain(id) else {
            throw .invalidRelyingParty("the id must be a domain in lower case, such as example.com")
        }
        guard (1...Limits.name).contains(name.utf8.count) else {
            throw .invalidRelyingParty("the name must have 1 to \(Limits.name) bytes")
        }
        try Self.check(origin: origin, id: id)
        self.id = id
        self.origin = origin
        self.name = name
    }

    private static func check(origin: String, id: String) throws(PasskeyError) {
        let isSecure = origin.hasPrefix("https://")
        guard isSecure || origin.hasPrefix("http://") else {
            throw .invalidRelyingParty("the origin must begin with https://")
        }
        let parts = origin.dropFirst(isSecure ? 8 : 7).split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first.map(String.init), isDomain(host), parts.count <= 2 else {
            throw .invalidRelyingParty("the origin must be https://host or https://host:port")
        }
        guard isSecure || host == "localhost" || host.hasSuffix(".localhost") else {
            throw .invalidRelyingParty("the origin must begin with https:// unless its host is localhost")
        }
        guard host == id || host.hasSuffix(".\(id)") else {
            throw .invalidRelyingParty("the origin's host must be the id or a name under it")
        }
        guard parts.count == 2 else { return }
        guard let port = UInt16(parts[1]), port > 0, String(port) == parts[1], port != (isSecure ? 443 : 80) else {
            throw .invalidRelyingParty("the origin's port must be 1 to 65535 and not the scheme's own")
        }
    }

    // Letters, digits and hyphens in labels of 1 to 63 bytes (RFC 1034 §3.5). A last label of digits is an IP address.
    private static func isDomain(_ text: String) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isLabels = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
        }
        guard isLabels, let last = labels.last else { return false }
        return last.contains(where: isLetter)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
