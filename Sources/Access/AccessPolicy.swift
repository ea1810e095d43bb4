import Glibc

/// What may be asked on the ingest socket.
public enum IngestOperation: String, CaseIterable, Sendable {
    /// Push usage.
    case usage
    /// Reserve credits.
    case authorize
    /// Free a hold.
    case release
    /// Read a balance.
    case balance
    /// Speak on behalf of a sender, who has rights of its own.
    case delegate

    /// What can be asked for: everything but the right to delegate, which has to be given by name.
    public static let requests: Set<IngestOperation> = [.usage, .authorize, .release, .balance]
}

/// What may be done on the control socket.
public enum ControlRole: String, CaseIterable, Sendable {
    /// Everything.
    case admin
    /// Look, and change nothing.
    case viewer
    /// Hand in payment webhooks, and nothing else.
    case webhook
    /// Ask on behalf of an org's members, with the rights of theirs, and nothing else.
    case dashboard
    /// Read events and whom they are told to, and nothing else.
    case notify
    /// Scrape `/metrics` and ask for health, and nothing else.
    case metrics
}

/// What one kind of peer may do.
public struct AccessRule: Sendable, Hashable {
    /// The user whom it is about; nil where it is about a group.
    public var uid: UInt32?
    /// The group whom it is about; nil where it is about a user.
    public var gid: UInt32?
    /// The orgs that they may speak for; nil for all.
    public var orgs: Set<String>?
    /// What they may ask on the ingest socket.
    public var ingest: Set<IngestOperation>
    /// What they may do on the control socket.
    public var control: Set<ControlRole>

    /// A rule.
    public init(
        uid: UInt32? = nil, gid: UInt32? = nil, orgs: Set<String>? = nil, ingest: Set<IngestOperation> = [],
        control: Set<ControlRole> = []
    ) {
        self.uid = uid
        self.gid = gid
        self.orgs = orgs
        self.ingest = ingest
        self.control = control
    }

    func isAbout(_ peer: PeerCredentials) -> Bool {
        if let uid, uid != peer.uid { return false }
        if let gid, !peer.groups.contains(gid) { return false }
        return uid != nil || gid != nil
    }
}

/// Who may do what. Without rules everybody who can connect may do everything: the sockets' permissions decide. With rules, a
/// peer may do what any rule about them allows, and nothing else; root may do everything, since it could change the rules, and so may
/// the daemon's own user, who has the ledger anyway and makes the backups.
///
/// The users of the programs around the daemon are never operators by being in a group or by there being no rules: each has the role of
/// its program, unless a rule names that very user. So a dashboard that was broken into may do only what its members may.
public struct AccessPolicy: Sendable, Hashable {
    /// The rules; nil where there are none at all.
    public let rules: [AccessRule]?
    /// Those on whose behalf a peer may speak, by name.
    public let senders: [String: Sender]
    /// The roles of the users that the programs around the daemon run as, as far as this machine has them.
    private let programs: [UInt32: ControlRole]

    /// The users that the programs around the daemon run as, with the one role that each has.
    public static let programUsers: [String: ControlRole] = ["meterd-dashboard": .dashboard, "meterd-notify": .notify]

    /// Those of ``programUsers`` that this machine has, by number.
    public static func programsHere() -> [UInt32: ControlRole] {
        var programs: [UInt32: ControlRole] = [:]
        for (user, role) in programUsers {
            if let uid = getpwnam(user)?.pointee.pw_uid { programs[uid] = role }
        }
        return programs
    }

    /// A policy of those rules.
    public init(rules: [AccessRule]?, senders: [Sender] = [], programs: [UInt32: ControlRole] = [:]) {
        self.rules = rules
        self.programs = programs
        self.senders = Dictionary(senders.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Everybody who can connect may do everything.
    public static let open = AccessPolicy(rules: nil)

    /// What a peer may do; nobody knows who a peer without credentials is, so that they may do nothing where there are rules.
    public func permissions(of peer: PeerCredentials?) -> Permissions {
        if let peer, let role = programs[peer.uid], peer.uid != 0, peer.uid != geteuid() {
            let own = (rules ?? []).filter { $0.uid == peer.uid && $0.isAbout(peer) }
            return Permissions(rules: own.isEmpty ? [AccessRule(uid: peer.uid, control: [role])] : own)
        }
        guard let rules else { return .all }
        guard let peer else { return Permissions(rules: []) }
        return peer.uid == 0 || peer.uid == geteuid() ? .all : Permissions(rules: rules.filter { $0.isAbout(peer) })
    }
}

/// What one peer may do.
public struct Permissions: Sendable, Hashable {
    /// The rules about them; nil for everything.
    private let rules: [AccessRule]?

    init(rules: [AccessRule]?) {
        self.rules = rules
    }

    /// Everything.
    public static let all = Permissions(rules: nil)

    /// Whether they may ask that on the ingest socket, for that org.
    public func allows(_ operation: IngestOperation, org: String) -> Bool {
        guard let rules else { return true }
        return rules.contains { $0.ingest.contains(operation) && ($0.orgs?.contains(org) ?? true) }
    }

    /// Whether they may ask that for an org, or, if it isn't known, for some org.
    func allows(_ operation: IngestOperation, anyOrg org: String?) -> Bool {
        if let org { return allows(operation, org: org) }
        guard let rules else { return true }
        return rules.contains { $0.ingest.contains(operation) }
    }

    /// Whether they may do something on the control socket.
    ///
    /// - Parameters:
    ///   - needed: the roles of which any will do.
    ///   - org: the org that it is about; nil for what is about the daemon or about all orgs, which whoever is held to some
    ///     orgs may not do.
    public func allows(anyOf needed: Set<ControlRole>, org: String?) -> Bool {
        guard let rules else { return true }
        return rules.contains { rule in
            guard !rule.control.isDisjoint(with: needed) else { return false }
            guard let orgs = rule.orgs else { return true }
            return org.map(orgs.contains) ?? false
        }
    }

    /// Whether there is anything that they may do, on either socket.
    public var isAnythingAllowed: Bool { rules.map { !$0.isEmpty } ?? true }
}
