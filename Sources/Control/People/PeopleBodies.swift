import Ledger

/// The body of `PUT /v1/orgs/{org}/team/{member}/role`.
public struct RoleBody: Codable, Sendable, Hashable {
    /// `owner`, `admin` or `member`.
    public var role: String

    /// A body of that role.
    public init(role: String) {
        self.role = role
    }
}

/// The body of `PATCH /v1/orgs/{org}/team/{member}/profile`. What is left out stays.
public struct ProfileBody: Codable, Sendable, Hashable {
    /// What people call them.
    public var name: String?
    /// Their e-mail address.
    public var email: String?

    /// A body of those members.
    public init(name: String? = nil, email: String? = nil) {
        self.name = name
        self.email = email
    }
}

/// The body of `POST /v1/orgs/{org}/invitations`.
public struct InvitationBody: Codable, Sendable, Hashable {
    /// To whom; left out with ``member`` to leave their address.
    public var email: String?
    /// What people call them.
    public var name: String?
    /// `owner`, `admin` or `member`; `member` if left out.
    public var role: String?
    /// The member to invite again.
    public var member: Int64?
    /// SHA-256 of the secret, in hexadecimal.
    public var secretHash: String
    /// For how long it can be accepted; 7 days if left out, which is the most there may be.
    public var seconds: Int64?

    /// A body of those members.
    public init(
        email: String?, name: String? = nil, role: String? = nil, member: Int64? = nil, secretHash: String,
        seconds: Int64? = nil
    ) {
        self.email = email
        self.name = name
        self.role = role
        self.member = member
        self.secretHash = secretHash
        self.seconds = seconds
    }
}

/// The body of `POST /v1/orgs/{org}/invitations/{invitation}/resend`.
public struct ResendBody: Codable, Sendable, Hashable {
    /// SHA-256 of the new secret, in hexadecimal.
    public var secretHash: String
    /// For how long it can be accepted.
    public var seconds: Int64?

    /// A body of that secret.
    public init(secretHash: String, seconds: Int64? = nil) {
        self.secretHash = secretHash
        self.seconds = seconds
    }
}

/// The body of `POST /v1/invitations/show`.
public struct InvitationSecretBody: Codable, Sendable, Hashable {
    /// The secret that was sent.
    public var secret: String
}

/// The body of `POST /v1/invitations/accept`.
public struct AcceptanceBody: Codable, Sendable, Hashable {
    /// The secret that was sent.
    public var secret: String
    /// Where they sign in: OpenID Connect's `iss`.
    public var issuer: String
    /// Who they are there: OpenID Connect's `sub`.
    public var subject: String
    /// What people call them; left out for what the inviter wrote.
    public var name: String?
}

/// The body of `POST /v1/sign-ins`, and of the endpoints that change where a member signs in.
public struct IdentityBody: Codable, Sendable, Hashable {
    /// Where they sign in: OpenID Connect's `iss`.
    public var issuer: String
    /// Who they are there: OpenID Connect's `sub`.
    public var subject: String

    /// A body of that identity.
    public init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }
}

/// The body of `POST /v1/sign-ups`.
public struct SignUpBody: Codable, Sendable, Hashable {
    /// Where they sign in: OpenID Connect's `iss`.
    public var issuer: String
    /// Who they are there: OpenID Connect's `sub`.
    public var subject: String
    /// What people call them.
    public var name: String?
    /// Their e-mail address.
    public var email: String?
    /// The org's name: 1 to 64 of `a-z 0-9 - _ .`
    public var org: String
    /// What people call it.
    public var displayName: String?
    /// ISO 3166-1 alpha-2.
    public var country: String?
    /// A region of the country.
    public var region: String?
}

/// The answer of `GET /v1/orgs/{org}/me`.
public struct MeView: Codable, Sendable, Hashable {
    /// The member on whose behalf it was asked.
    public let member: TeamMemberView
    /// What people call the org.
    public let displayName: String?
    /// `active`, `suspended` or `closed`.
    public let orgState: String
    /// Which models the org's policy allows; nil for all.
    public let allowedModels: [String]?
    /// What the org allows to be done with its data; nil if nobody has chosen anything.
    public let data: DataPolicy?
    /// Whom to ask for help: an address or a page; nil if none is configured.
    public let support: String?
    /// `none` before the first payment, else `current`, `grace`, `suspended` or `erased`.
    public let standing: String
    /// When the org is, or was, suspended for what is owed; nil if nothing is.
    public let suspends: String?
    /// When usage detail and members are, or were, erased for it.
    public let erases: String?
    /// What is owed, in US dollars; nil if nothing is, or if they may not see it.
    public let due: String?
    /// The endpoints that their role may use on their own behalf, by name and in order.
    public let actions: [String]
    /// The OpenID issuer that the org's members have to sign in at; nil if any sign-in is good.
    public let signInIssuer: String?
    /// As whom the member signs in, by issuer.
    public let identities: [IdentityBody]
    /// `off`, `invited`, or `open` if people found orgs for themselves.
    public let signUp: String
}

/// What `GET /v1/sign-ups` answers.
public struct SignUpsView: Codable, Sendable, Hashable {
    /// `off`, `invited`, or `open` if people found orgs for themselves.
    public let signUp: String
}

/// Whom an org's notices may go to.
public struct RecipientsView: Codable, Sendable, Hashable {
    /// The org's name.
    public let org: String
    /// What people call it; nil if nobody said.
    public let displayName: String?
    /// Whom to ask for help; nil if none is configured.
    public let support: String?
    /// Its owners and admins, or the one member who was asked for.
    public let members: [RecipientView]

    /// The recipients of an org.
    public init(org: String, displayName: String?, support: String?, members: [RecipientView]) {
        self.org = org
        self.displayName = displayName
        self.support = support
        self.members = members
    }
}

/// A member, as far as notices need them.
public struct RecipientView: Codable, Sendable, Hashable {
    /// The member's number.
    public let member: Int64
    /// `owner`, `admin` or `member`.
    public let role: String
    /// What people call them.
    public let name: String?
    /// Their e-mail address; nil if it isn't known, or was erased.
    public let email: String?
}

/// The body of `PUT /v1/orgs/{org}/sign-in-rule`.
public struct SignInRuleBody: Codable, Sendable, Hashable {
    /// The OpenID issuer that members have to sign in at; null for none.
    public var issuer: String?

    /// A body that requires an issuer, or none.
    public init(issuer: String?) { self.issuer = issuer }
}

// What bodies about people have in common.
extension ControlService {
    static func role(_ text: String) throws -> OrgRole {
        guard let role = OrgRole(name: text) else { throw Problem(.malformed, "role must be owner, admin or member") }
        return role
    }

    static func identity(_ issuer: String, _ subject: String) throws -> SignInIdentity {
        guard let identity = SignInIdentity(issuer: issuer, subject: subject) else {
            throw Problem(
                .malformed,
                "issuer and subject must be 1 to \(PeopleLimits.issuerBytesMax) and \(PeopleLimits.subjectBytesMax) bytes without control characters"
            )
        }
        return identity
    }

    static func check(personName name: String?) throws {
        guard let name else { return }
        guard (1...PeopleLimits.nameBytesMax).contains(name.utf8.count),
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw Problem(
                .malformed, "name must be 1 to \(PeopleLimits.nameBytesMax) bytes without control characters")
        }
    }

    /// An address is one that mail can be sent to: RFC 5321 allows more than people use, such as quotes, which is refused.
    static func check(email: String?) throws {
        guard let email else { return }
        let parts = email.split(separator: "@", omittingEmptySubsequences: false)
        let isAddress =
            email.utf8.count <= PeopleLimits.emailBytesMax && parts.count == 2
            && parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".") }
            && email.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0.value != 0x7F && !"\"<>(),;:\\[]".unicodeScalars.contains($0)
            }
        guard isAddress else {
            throw Problem(
                .malformed,
                "email must be an address such as ana@example.com, of at most \(PeopleLimits.emailBytesMax) bytes")
        }
    }

    static func secretHash(_ hex: String) throws -> [UInt8] {
        guard let bytes = Digests.bytes(hex: hex) else {
            throw Problem(.malformed, "secret_hash must be a SHA-256 in hexadecimal: 64 digits")
        }
        return bytes
    }

    static func invitationSeconds(_ seconds: Int64?) throws -> Int64 {
        let range = 60...PeopleLimits.invitationSeconds
        guard range.contains(seconds ?? range.upperBound) else {
            throw Problem(.malformed, "seconds must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return seconds ?? range.upperBound
    }

    static func number(_ name: String, _ context: ControlRequestContext) throws -> Int64 {
        guard let number = Int64(try Endpoint.parameter(name, context)), number > 0 else {
            throw Problem(.malformed, "the \(name) in the path must be its number")
        }
        return number
    }
}
