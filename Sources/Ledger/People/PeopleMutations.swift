import Metering

/// Who a person is at a place where people sign in: OpenID Connect's `iss` and `sub`. Never an e-mail address, which may become
/// somebody else's.
public struct SignInIdentity: Sendable, Hashable {
    /// The place.
    public let issuer: String
    /// The person's name there, which is never given to another.
    public let subject: String

    /// An identity; nil if a part is empty, too long or has control characters.
    public init?(issuer: String, subject: String) {
        func isText(_ text: String, _ most: Int) -> Bool {
            (1...most).contains(text.utf8.count)
                && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        }
        guard isText(issuer, PeopleLimits.issuerBytesMax), isText(subject, PeopleLimits.subjectBytesMax) else {
            return nil
        }
        self.issuer = issuer
        self.subject = subject
    }
}

/// What is said of a new member beside the name that their usage records have.
public struct MemberProfile: Sendable, Hashable {
    /// What people call them.
    public var name: String?
    /// Their e-mail address.
    public var email: String?
    /// What they may do.
    public var role: OrgRole

    /// A profile.
    public init(name: String? = nil, email: String? = nil, role: OrgRole = .member) {
        self.name = name
        self.email = email
        self.role = role
    }
}

/// What is changed of a member.
public enum MemberChange: Sendable, Hashable {
    /// They take part no longer.
    case remove
    /// They may do something else.
    case role(OrgRole)
    /// What they may spend; nil for no limit.
    case limits(daily: Money?, monthly: Money?)
    /// Usage records of that name are theirs, for good; with what was spent under it.
    case addUser(String, EarlierSpend)
    /// What people call them; nil leaves it.
    case profile(name: String?, email: String?)
    /// They sign in there as well.
    case addIdentity(SignInIdentity)
    /// They sign in there no longer.
    case removeIdentity(SignInIdentity)
    /// What is known of a removed member personally is forgotten.
    case erase
}

/// An invitation to make.
public struct NewInvitation: Sendable, Hashable {
    /// Into which org.
    public let org: String
    /// Whom, by address; nil with ``member``, to leave theirs.
    public let email: String?
    /// What people call them, if it is known.
    public let name: String?
    /// What they may do.
    public let role: OrgRole
    /// The member who is invited again: one who was removed, or, by an operator, one who has lost their way to sign in.
    public let member: Int64?
    /// SHA-256 of the secret; the secret itself is the inviter's.
    public let secretHash: [UInt8]
    /// For how long it can be accepted.
    public let seconds: Int64

    /// An invitation.
    public init(
        org: String, email: String?, name: String?, role: OrgRole, member: Int64? = nil, secretHash: [UInt8],
        seconds: Int64 = PeopleLimits.invitationSeconds
    ) {
        self.org = org
        self.email = email
        self.name = name
        self.role = role
        self.member = member
        self.secretHash = secretHash
        self.seconds = seconds
    }
}

/// What is changed of an open invitation.
public enum InvitationChange: Sendable, Hashable {
    /// It is sent again, with another secret; the one before is void.
    case resend(secretHash: [UInt8], seconds: Int64 = PeopleLimits.invitationSeconds)
    /// It can't be accepted any more.
    case withdraw
}

/// Somebody who accepts an invitation.
public struct Acceptance: Sendable, Hashable {
    /// SHA-256 of the invitation's secret.
    public let secretHash: [UInt8]
    /// Who they are where they sign in.
    public let identity: SignInIdentity
    /// What people call them; nil leaves what the inviter wrote.
    public let name: String?

    /// An acceptance.
    public init(secretHash: [UInt8], identity: SignInIdentity, name: String?) {
        self.secretHash = secretHash
        self.identity = identity
        self.name = name
    }
}

/// An org that a person founds for themselves.
public struct SignUp: Sendable, Hashable {
    /// The org.
    public let org: NewOrg
    /// Who they are where they sign in.
    public let identity: SignInIdentity
    /// What people call them.
    public let name: String?
    /// Their e-mail address.
    public let email: String?

    /// A sign-up.
    public init(org: NewOrg, identity: SignInIdentity, name: String?, email: String?) {
        self.org = org
        self.identity = identity
        self.name = name
        self.email = email
    }
}
