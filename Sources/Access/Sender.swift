/// What is done with the cost that a sender reports beside its usage.
public enum SenderCostPolicy: String, CaseIterable, Sendable {
    /// It is kept and compared with the cost by the rates.
    case compare
    /// It is charged if there is no rate.
    case fallback
    /// It is charged.
    case trust
}

/// One of those on whose behalf a peer may speak: a token or key of a gateway, which serves many under one uid.
public struct Sender: Sendable, Hashable {
    /// Its name, as lines bear it: 1 to 128 bytes.
    public var name: String
    /// The orgs that it may speak for; nil for all.
    public var orgs: Set<String>?
    /// What it may ask on the ingest socket.
    public var operations: Set<IngestOperation>
    /// What is done with the cost that it reports; nil for what holds for the provider.
    public var costPolicy: SenderCostPolicy?

    /// Bytes of a name at most.
    public static let nameBytesMax = 128

    /// A sender.
    public init(
        name: String, orgs: Set<String>? = nil, operations: Set<IngestOperation> = IngestOperation.requests,
        costPolicy: SenderCostPolicy? = nil
    ) {
        self.name = name
        self.orgs = orgs
        self.operations = operations
        self.costPolicy = costPolicy
    }

    /// Whether it may ask that for an org, or, if it isn't known, for some org.
    func allows(_ operation: IngestOperation, org: String?) -> Bool {
        guard operations.contains(operation) else { return false }
        guard let orgs, let org else { return true }
        return orgs.contains(org)
    }
}

/// Why a peer may not ask something.
public enum AccessRefusal: Sendable, Hashable {
    /// It may not ask that, or not for that org.
    case operation
    /// It may not speak on behalf of senders, or not for that org.
    case delegation
    /// There is no such sender.
    case unknownSender
    /// The sender may not ask that, or not for that org.
    case senderOperation
}

extension Permissions {
    /// Why the peer may not ask that; nil if it may.
    ///
    /// A line that names a sender needs the peer's right to delegate, for that org, and the sender's own right to the operation.
    ///
    /// - Parameters:
    ///   - org: whom it is about; nil if that isn't known, so that it may be any that they may speak for.
    ///   - sender: the sender that the line names.
    public func refusal(
        of operation: IngestOperation, org: String?, sender name: String?, _ policy: AccessPolicy
    ) -> AccessRefusal? {
        guard let name else { return allows(operation, anyOrg: org) ? nil : .operation }
        guard allows(.delegate, anyOrg: org) else { return .delegation }
        guard let sender = policy.senders[name] else { return .unknownSender }
        return sender.allows(operation, org: org) ? nil : .senderOperation
    }
}
