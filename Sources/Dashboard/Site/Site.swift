import AsyncHTTPClient
import Control
import HTTPServing
import HummingbirdCore
import Logging
import MeterdClient
import Metering
import OpenIDConnect

/// What the pages work with.
public struct Site: Sendable {
    /// Where browsers reach it.
    public let address: PublicURL
    /// The dashboard's own file.
    public let store: DashboardStore
    let control: ControlSocket
    let clock: @Sendable () -> Timestamp
    let log: SiteLog
    let limiter = RateLimiter()
    let routes = Route.all
    /// Whether `X-Forwarded-For` is believed: a reverse proxy sets it.
    let isBehindProxy: Bool
    /// Where people can sign in beside passkeys and links, in the order in which the page offers them.
    let providers: [SignInProvider]

    /// A site of that address.
    ///
    /// - Parameters:
    ///   - isBehindProxy: whether every connection is a reverse proxy's, so that `X-Forwarded-For` tells the client.
    ///   - clock: the time; tests move it.
    public init(
        address: PublicURL, store: DashboardStore, control: ControlSocket, providers: [SignInProvider] = [],
        isBehindProxy: Bool, logger: Logger, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.address = address
        self.store = store
        self.control = control
        self.providers = providers
        self.isBehindProxy = isBehindProxy
        self.clock = clock
        log = SiteLog(logger)
    }

    /// The time.
    public var now: Timestamp { clock() }

    /// Tells the operator that the dashboard's file can't be used.
    public func tell(ofBrokenStore words: String) { log.note(.storeBroken, words, level: .error) }

    /// The name of the session's cookie. `__Host-` has browsers keep it to this host and to secure connections (and loopback).
    static let cookieName = "__Host-meterd"

    /// The session's cookie, as it is set. An empty value ends it.
    static func cookie(_ secret: String?) -> String {
        cookie(cookieName, secret, seconds: Session.lifeSeconds)
    }

    /// A cookie that only this site gets, that no script sees, and that other sites' forms don't carry.
    static func cookie(_ name: String, _ value: String?, seconds: Int64) -> String {
        "\(name)=\(value ?? ""); Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=\(value == nil ? 0 : seconds)"
    }
}
