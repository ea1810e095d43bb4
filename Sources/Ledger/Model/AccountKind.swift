/// What a place in the ledger holds. The raw value is on disk.
public enum AccountKind: Int64, Sendable, CaseIterable {
    /// What an org has left of its credits. Credits add to it, debits take from it; it may go below zero.
    case orgCredits = 1
    /// Where spent credits go: what the provider charged for.
    case usage = 2
    /// Where granted credits come from.
    case grants = 3

    /// The name in listings.
    public var name: String {
        switch self {
        case .orgCredits: "org_credits"
        case .usage: "usage"
        case .grants: "grants"
        }
    }
}

/// Why a transfer was made. The raw value is on disk.
public enum TransferCode: Int64, Sendable, CaseIterable {
    /// A priced usage record: org credits → usage. Its reference is the record's sequence number.
    case charge = 1
    /// Credits given to an org: grants → org credits. Its reference is the grant.
    case grant = 2

    /// The name in listings.
    public var name: String {
        switch self {
        case .charge: "charge"
        case .grant: "grant"
        }
    }
}

/// What a usage record came to when it was taken. The raw value is on disk.
public enum ChargeStatus: Int64, Sendable, CaseIterable {
    /// Priced and debited.
    case charged = 1
    /// No rate: kept, costs nothing until a rate comes.
    case unpriced = 2
    /// Charged, and the balance was below zero then.
    case overdrawn = 3

    /// The protocol's `status`.
    public var name: String {
        switch self {
        case .charged: "charged"
        case .unpriced: "unpriced"
        case .overdrawn: "overdrawn"
        }
    }
}

/// Whether an org takes part. The raw value is on disk.
public enum OrgState: Int64, Sendable, CaseIterable {
    /// In use.
    case active = 1
    /// Closed by an operator: no new grants; usage that still arrives is charged.
    case closed = 2

    /// The protocol's `state`.
    public var name: String {
        switch self {
        case .active: "active"
        case .closed: "closed"
        }
    }
}
