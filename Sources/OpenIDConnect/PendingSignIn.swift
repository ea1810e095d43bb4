/// A sign-in that was begun: what the callback is compared with.
///
/// It holds secrets. Keep it on the server, bound to the browser by a cookie, and delete it **before**
/// ``OpenIDClient/finish(_:pending:now:)`` is called: it is good for one callback. A caller that can't keep it on the
/// server must encrypt it. RFC 9700, section 4.7 (CSRF) and 4.5 (code injection) depend on that.
public struct PendingSignIn: Sendable, Codable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The provider's issuer identifier, so that the caller finds the right ``OpenIDClient``. RFC 9207, section 2.4.
    public let issuer: String
    /// The redirect URI that was sent.
    public let redirectURI: String
    /// When the sign-in was begun.
    public let created: UnixTime
    /// Names the sign-in: a caller with several pending sign-ins per browser finds the right one by it. Secret.
    public let state: String

    let nonce: String
    /// The PKCE verifier. RFC 7636, section 4.1.
    let verifier: String
    /// How old the person's authentication may be, in seconds; nil: any age.
    let maximumAgeSeconds: Int64?
    /// Whether the provider was told to ask for the password.
    public let promptsLogin: Bool

    /// Shows the issuer and the time, no secret.
    public var description: String { "PendingSignIn(issuer: \(issuer), created: \(created))" }
    /// Shows the issuer and the time, no secret.
    public var debugDescription: String { description }
    /// Shows the issuer and the time, no secret.
    public var customMirror: Mirror { Mirror(self, children: ["issuer": issuer, "created": created.seconds]) }
}
