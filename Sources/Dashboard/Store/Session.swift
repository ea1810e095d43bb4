import Foundation
import Ledger
import Metering

/// Who signed in: a subject at an issuer, never an e-mail address. See OpenID Connect Core, section 5.7.
struct Person: Sendable, Hashable, Codable {
    let issuer: String
    let subject: String

    /// The issuer of people whom the dashboard itself knows, by a link or a passkey.
    static let ownIssuer = "urn:meterd:dashboard"
}

/// How somebody signed in.
enum SignInMethod: String, Sendable, Codable {
    /// By an invitation's link.
    case link
    /// By a passkey.
    case passkey
    /// At an OpenID provider.
    case provider
}

/// An org that a session opens.
struct Membership: Sendable, Hashable, Codable {
    let org: String
    let displayName: String?
    let member: Int64
}

/// A browser in which somebody is signed in.
struct Session: Sendable {
    /// SHA-256 of the cookie's value; the value itself is kept nowhere.
    let hash: [UInt8]
    let person: Person
    let method: SignInMethod
    let memberships: [Membership]
    let created: Timestamp
    let seen: Timestamp
    /// When they last proved who they are; nil if nobody can tell.
    let proven: Proven?
    /// What its forms carry.
    let formToken: String
    /// The browser's own words for itself.
    let browser: String

    /// A moment by two clocks, which needn't agree.
    struct Proven: Sendable {
        /// By the dashboard's, which decides when to ask again.
        let here: Timestamp
        /// By the daemon's, which checks it.
        let there: Timestamp
    }

    /// Seconds after which a session ends that isn't used.
    static let idleSeconds: Int64 = 8 * 3600
    /// Seconds after which a session ends.
    static let lifeSeconds: Int64 = 24 * 3600
    /// Sessions of a person; the oldest ends if there are more.
    static let perPersonMax = 20
    /// Seconds for which a sign-in counts as recent: the daemon's own rule, which it checks.
    static let recentSeconds: Int64 = 900

    /// Whether it still counts.
    func isValid(at now: Timestamp) -> Bool {
        now < seen.advanced(bySeconds: Self.idleSeconds) && now < created.advanced(bySeconds: Self.lifeSeconds)
    }

    /// Whether it opens an org that requires an issuer. A passkey doesn't, also one that was added in a session of that issuer's: the
    /// provider doesn't know of it.
    func meets(_ issuer: String?) -> Bool { issuer.map { method == .provider && person.issuer == $0 } ?? true }

    /// Whether the sign-in is recent enough for money. A minute is left for the form.
    func isRecent(at now: Timestamp) -> Bool {
        proven.map { now < $0.here.advanced(bySeconds: Self.recentSeconds - 30) } ?? false
    }
}
