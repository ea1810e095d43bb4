/// What the browser brought to the redirect URI. OpenID Connect Core, section 3.1.2.5 and 3.1.2.6.
///
/// It holds the authorization code. Its description shows nothing, and no log may have the query.
public struct CallbackParameters: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let state: String?
    let code: String?
    let issuer: String?
    let error: String?

    private static let bytesMax = 8192

    /// Reads the query of the callback's URL.
    ///
    /// - Parameter query: everything after `?`, as the browser sent it, at most 8,192 bytes. Unknown parameters are
    ///   ignored.
    /// - Throws: ``SignInError/callback(_:)``: `unreadable`, or `repeatedParameter`, since a parameter that comes twice
    ///   may mean something else to somebody else (RFC 6749, section 3.1).
    public init(query: String) throws(SignInError) {
        guard query.utf8.count <= Self.bytesMax else { throw .callback(.unreadable) }
        var found: [String: String] = [:]
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = FormEncoding.decode(pair[0]),
                let value = FormEncoding.decode(pair.count > 1 ? pair[1] : "")
            else { throw .callback(.unreadable) }
            guard ["state", "code", "iss", "error"].contains(name) else { continue }
            guard found.updateValue(value, forKey: name) == nil else { throw .callback(.repeatedParameter) }
        }
        state = found["state"]
        code = found["code"]
        issuer = found["iss"]
        error = found["error"]
    }

    /// The state, by which a caller with several pending sign-ins finds the right one. Nil if none was sent.
    public var claimedState: String? { state }

    /// Shows nothing.
    public var description: String { "(callback parameters)" }
    /// Shows nothing.
    public var debugDescription: String { description }
    /// Has no children, so that `dump` shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
