/// What a member may do in their org. The raw value is on disk, and orders roles by their rights.
public enum OrgRole: Int64, Sendable, CaseIterable, Comparable {
    /// Uses models, and sees the team and their own usage.
    case member = 1
    /// Manages members, limits, policies, and sees all usage and the bill.
    case admin = 2
    /// Does all of that, and pays.
    case owner = 3

    /// The name in the protocol.
    public var name: String {
        switch self {
        case .member: "member"
        case .admin: "admin"
        case .owner: "owner"
        }
    }

    /// The role of that name.
    public init?(name: String) {
        guard let role = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = role
    }

    /// Whether a member of this role may give or take away another role, or change whoever has it: owners every role, admins all
    /// but owner, members none.
    public func mayChange(_ role: OrgRole) -> Bool {
        switch self {
        case .owner: true
        case .admin: role < .owner
        case .member: false
        }
    }

    /// By rights: member, admin, owner.
    public static func < (one: OrgRole, other: OrgRole) -> Bool { one.rawValue < other.rawValue }
}

/// Whether a member takes part. The raw value is on disk.
public enum MemberState: Int64, Sendable, CaseIterable {
    /// They were invited and have not accepted yet.
    case invited = 1
    /// They take part.
    case active = 2
    /// They don't any more.
    case removed = 3

    /// The name in the protocol.
    public var name: String {
        switch self {
        case .invited: "invited"
        case .active: "active"
        case .removed: "removed"
        }
    }
}

/// What became of an invitation. The raw value is on disk.
public enum InvitationState: Int64, Sendable, CaseIterable {
    /// It can be accepted until it expires.
    case open = 1
    /// It was accepted.
    case accepted = 2
    /// It was withdrawn, or replaced by another one.
    case withdrawn = 3

    /// The name in the protocol. One that is open and past its time is `expired`.
    public var name: String {
        switch self {
        case .open: "open"
        case .accepted: "accepted"
        case .withdrawn: "withdrawn"
        }
    }
}

extension OrgRole: StoredValue { static var words: String { "role" } }
extension MemberState: StoredValue { static var words: String { "member state" } }
extension InvitationState: StoredValue { static var words: String { "invitation state" } }
