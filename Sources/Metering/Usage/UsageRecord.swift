/// One request's tokens, as a proxy reports them.
///
/// An object: it goes from the socket to the writer through several queues, and one reference is cheaper than its parts.
public final class UsageRecord: Sendable {
    /// The request's own id, unique within the org: the idempotency key.
    public let id: String
    /// Whose credits pay.
    public let org: String
    /// The member who spent.
    public let user: String?
    /// The model, as the provider reports it.
    public let model: String
    /// Who served it, in the spelling of rate files.
    public let provider: String?
    /// When the request ended; nil where the sender left it to the moment of reading.
    public let at: Timestamp?
    /// The tier that the sender names.
    public let tier: ServiceTier
    /// The hold that this usage settles.
    public let hold: String?
    /// The provider's usage object, verbatim JSON.
    public let usage: String
    /// Labels to break spend down by: verbatim JSON of an object of strings.
    public let tags: String?
    /// What the request cost, by the record's own `cost`.
    public let cost: ReportedCost?
    /// The usage object read.
    public let reading: UsageReading

    /// A record of those members.
    public init(
        id: String, org: String, user: String? = nil, model: String, provider: String? = nil, at: Timestamp? = nil,
        tier: ServiceTier = .standard, hold: String? = nil, usage: String, tags: String? = nil,
        cost: ReportedCost? = nil, reading: UsageReading
    ) {
        self.id = id
        self.org = org
        self.user = user
        self.model = model
        self.provider = provider
        self.at = at
        self.tier = tier
        self.hold = hold
        self.usage = usage
        self.tags = tags
        self.cost = cost
        self.reading = reading
    }

    /// The tier to price by: the one that was served, where the usage object names it.
    public var billedTier: ServiceTier {
        reading.servedTier ?? tier
    }

    /// What the request cost by the word of its sender: the record's own `cost`, else what the usage object says.
    public var reported: ReportedCost? { cost ?? reading.reportedCost }

    /// What is done with that, if a sender of that name handed the record in.
    public func costPolicy(_ book: RateBook, sender: String?) -> CostPolicy {
        book.costPolicies.policy(provider: provider, sender: sender)
    }

    /// The first member in which a record resent under the same id differs from this one; nil where it is the same.
    ///
    /// Members are equal by value after defaults: `usage` and `tags` as JSON, an absent `at` only to an absent one.
    public func firstDifference(from other: UsageRecord) -> String? {
        if model != other.model { return "model" }
        if provider != other.provider { return "provider" }
        if user != other.user { return "user" }
        if at != other.at { return "at" }
        if tier != other.tier { return "tier" }
        if hold != other.hold { return "hold" }
        if cost != other.cost { return "cost" }
        if !Self.sameJSON(usage, other.usage) { return "usage" }
        if !Self.sameJSON(tags ?? "{}", other.tags ?? "{}") { return "tags" }
        return nil
    }

    /// Whether two JSON texts are equal by value, whatever the order of members and the spacing.
    public static func sameJSON(_ left: String, _ right: String) -> Bool {
        guard left != right else { return true }
        guard let leftValue = try? JSONValue(left.utf8), let rightValue = try? JSONValue(right.utf8) else {
            return false
        }
        return leftValue == rightValue
    }
}
