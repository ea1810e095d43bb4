/// A member of a team, as they are shown. A member who looks sees names, roles and states of the others, and no more.
public struct TeamMemberView: Codable, Sendable, Hashable {
    /// Their number; no two members of any org have the same.
    public let member: Int64
    /// The org.
    public let org: String
    /// What people call them; nil if nobody has said it, or it was erased.
    public var name: String?
    /// Their e-mail address.
    public var email: String?
    /// `owner`, `admin` or `member`.
    public let role: String
    /// `invited`, `active` or `removed`.
    public let state: String
    /// The first of ``users``.
    public var user: String?
    /// The names that their usage records have.
    public var users: [String]?
    /// Since when, or when they were invited.
    public var added: String?
    /// Until when.
    public var removed: String?
    /// When they last signed in, changed something, or used a model.
    public var lastActivity: String?
    /// What they may spend on a UTC day, in US dollars.
    public var dailyLimit: String?
    /// What they may spend in a calendar month (UTC), in US dollars.
    public var monthlyLimit: String?
    /// What they spent on the present day.
    public var spentToday: String?
    /// What they spent in the present month.
    public var spentThisMonth: String?
    /// What their open holds reserve.
    public var held: String?
}

/// An invitation, as it is shown.
public struct InvitationView: Codable, Sendable, Hashable {
    /// Its number.
    public let invitation: Int64
    /// The org.
    public let org: String
    /// The member whom it makes.
    public let member: Int64
    /// To whom.
    public var email: String?
    /// What people call them.
    public var name: String?
    /// What they may do then.
    public let role: String
    /// `open`, `expired`, `accepted` or `withdrawn`.
    public let state: String
    /// When it was made.
    public let created: String
    /// Until when it can be accepted.
    public let expires: String
    /// How often it was sent.
    public let sent: Int64
    /// The member who invited; nil for an operator.
    public let invitedBy: Int64?
    /// The issuer that whoever accepts has to sign in at; nil if any sign-in is good. Only in what a secret shows.
    public var requiredIssuer: String?
    /// What people call the org. Only in what a secret shows.
    public var orgName: String?
}

/// One org of a person who signs in, as it is shown.
public struct MembershipView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// What people call the org.
    public let displayName: String?
    /// Their number in it.
    public let member: Int64
    /// What people call them there.
    public let name: String?
    /// `owner`, `admin` or `member`.
    public let role: String
    /// The issuer that this org requires. A sign-in at another one doesn't open it.
    public var requiredIssuer: String?
}

/// What a sign-in opens.
public struct SignInView: Codable, Sendable, Hashable {
    /// When: what requests name as the moment of their member's sign-in.
    public let at: String
    /// The orgs in which the person is active.
    public let memberships: [MembershipView]
}
