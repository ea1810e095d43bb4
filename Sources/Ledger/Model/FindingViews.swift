/// A member of usage objects that nobody knows, as it is shown.
public struct UnreadMemberView: Codable, Sendable, Hashable {
    /// The provider that records with it name; `(none)` if they name none.
    public let provider: String
    /// The member's path; `(other)` for those beyond the names that are kept apart.
    public let member: String
    /// The model of the newest record with it.
    public let model: String
    /// How many records had it.
    public let records: Int64
    /// The sum of its numbers.
    public let total: Int64
    /// When it was first seen.
    public let first: String
    /// When it was last seen.
    public let last: String
    /// The org of the newest record with it.
    public let org: String?
    /// That record's id.
    public let id: String?
}

/// How costs that senders report compare with ours, as it is shown.
public struct CostDriftView: Codable, Sendable, Hashable {
    /// The provider that records name; `(none)` if they name none.
    public let provider: String
    /// The model.
    public let model: String
    /// How many records were compared.
    public let records: Int64
    /// How many of those differ by more than the tolerance.
    public let differing: Int64
    /// What we charged for the differing records, in US dollars.
    public let charged: String
    /// What the senders of the differing records say that they cost, in US dollars.
    public let reported: String
    /// When one was last compared.
    public let last: String
    /// The org of the newest record that differs.
    public let org: String?
    /// That record's id.
    public let id: String?
}
