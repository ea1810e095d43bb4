import Metering

/// On whose behalf the control socket asks for a change: what the writer checks rights by, and what the audit records.
///
/// ``current`` holds it for the duration of a request. Work that the daemon does by itself has none.
public struct Asker: Sendable, Hashable {
    /// Who asks, by the kernel's word; nil if it isn't known.
    public var uid: UInt32?
    /// What is asked: the name of the endpoint.
    public var action: String
    /// The member on whose behalf; nil for an operator.
    public var acting: ActingMember?

    /// The asker of the present request.
    @TaskLocal public static var current: Asker?

    /// An asker.
    public init(uid: UInt32?, action: String, acting: ActingMember? = nil) {
        self.uid = uid
        self.action = action
        self.acting = acting
    }

    /// Who asks, in words without anything personal: `uid 993`, or `member 12 of acme, by uid 993`.
    public var words: String {
        let peer = uid.map { "uid \($0)" } ?? "somebody"
        return acting.map { "member \($0.member) of \($0.org), by \(peer)" } ?? peer
    }
}

/// A member on whose behalf a program asks, with what that needs.
public struct ActingMember: Sendable, Hashable {
    /// The member.
    public var member: Int64
    /// The org that is asked about: the member has to be one of it.
    public var org: String
    /// The roles that may ask this.
    public var roles: Set<OrgRole>
    /// When the program saw the member sign in; nil if it doesn't say.
    public var signedIn: Timestamp?
    /// Whether it takes a sign-in of the last ``PeopleLimits/recentSignInSeconds`` seconds.
    public var needsRecentSignIn: Bool
    /// What members may order in a UTC day, all of an org's together; nil for any amount.
    public var ordersPerDayMax: Money?

    /// A member who asks about an org.
    public init(
        member: Int64, org: String, roles: Set<OrgRole>, signedIn: Timestamp? = nil, needsRecentSignIn: Bool = false,
        ordersPerDayMax: Money? = nil
    ) {
        self.member = member
        self.org = org
        self.roles = roles
        self.signedIn = signedIn
        self.needsRecentSignIn = needsRecentSignIn
        self.ordersPerDayMax = ordersPerDayMax
    }
}

/// How much of each thing about people there may be.
public enum PeopleLimits {
    /// Seconds that a sign-in counts as recent.
    public static let recentSignInSeconds: Int64 = 15 * 60
    /// Seconds that an invitation can be accepted for: 7 days.
    public static let invitationSeconds: Int64 = 7 * 86_400
    /// Invitations of an org in a UTC day, those that are sent again included.
    public static let invitationsPerDayMax = 50
    /// Seconds for which an invitation is shown after it expired: 30 days. Then it is deleted with the person's data.
    static let expiredInvitationSeconds: Int64 = 30 * 86_400
    /// Names that usage records have, per member.
    public static let usersPerMemberMax = 64
    /// Places where a member signs in.
    public static let identitiesPerMemberMax = 16
    /// Orgs that a person may own by signing up.
    public static let orgsOwnedMax = 10
    /// Bytes of a person's name.
    public static let nameBytesMax = 128
    /// Bytes of an e-mail address (RFC 5321, section 4.5.3.1).
    public static let emailBytesMax = 254
    /// Bytes of an issuer.
    public static let issuerBytesMax = 512
    /// Bytes of a subject (OpenID Connect Core 1.0, section 2, allows 255).
    public static let subjectBytesMax = 255
}
