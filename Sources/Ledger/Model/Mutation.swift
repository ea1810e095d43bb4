import Metering

/// One thing asked of the ledger. The writer carries them out in the order in which it took them.
public enum Mutation: Sendable {
    /// Charge a usage record that the daemon read at that moment.
    case usage(UsageRecord, received: Timestamp)
    /// Read an org's balance, behind everything that was taken before.
    case balance(org: String)
    /// Find the record of an id, behind everything that was taken before.
    case find(org: String, id: String)
    /// Found an org.
    case createOrg(NewOrg, IdempotencyKey)
    /// Close an org.
    case closeOrg(String, IdempotencyKey)
    /// Give an org credits.
    case grant(NewGrant, IdempotencyKey)
    /// Put a rate document in force.
    case recordCard(NewCard)
    /// Prove that the writer moves; changes nothing.
    case probe
}

/// What became of a mutation; its effect is durable.
public enum Outcome: Sendable {
    /// A usage record was taken, now or before.
    case usage(ChargeReply)
    /// An org's balance.
    case balance(BalanceReply)
    /// Where a record lies.
    case found(sequence: Int64)
    /// An org as it is after the mutation.
    case org(OrgView, isReplay: Bool)
    /// A grant that was made.
    case grant(GrantView, isReplay: Bool)
    /// A card that is in force, and whether it is a new one.
    case card(RateBook.Entry, isNew: Bool)
    /// The writer moves.
    case alive
    /// Nothing was changed.
    case refused(Refusal)
}

/// The first reply to a usage record.
public struct ChargeReply: Sendable, Hashable {
    /// What it came to.
    public let status: ChargeStatus
    /// What it cost; zero while unpriced.
    public let cost: Money
    /// What was left of the org's credits after it.
    public let balance: Money
    /// The balance less open holds, after it.
    public let available: Money
    /// True where the record names a hold that is not known.
    public let namesUnknownHold: Bool
    /// True where the record was taken before.
    public var isDuplicate: Bool
}

/// What is left of an org's credits.
public struct BalanceReply: Sendable, Hashable {
    /// The org.
    public let org: String
    /// Whether it takes part.
    public let state: OrgState
    /// Posted credits left.
    public let balance: Money
    /// The balance less open holds.
    public let available: Money
}

/// What makes a control-plane mutation happen once: a client's key for a route and an org, and what was asked under it.
public struct IdempotencyKey: Sendable, Hashable {
    /// The route's name: one key may serve several.
    public let route: String
    /// The client's key.
    public let key: String
    /// What was asked, in a form that is equal where the requests are.
    public let body: String

    /// A key for a route.
    public init(route: String, key: String, body: String) {
        self.route = route
        self.key = key
        self.body = body
    }
}

/// An org to found.
public struct NewOrg: Sendable, Hashable {
    /// Its name: 1 to 64 of `a-z 0-9 - _ .`
    public let name: String
    /// What people call it.
    public let displayName: String?
    /// ISO 3166-1 alpha-2, for tax.
    public let country: String?
    /// A region of the country, for tax.
    public let region: String?

    /// An org of that name.
    public init(name: String, displayName: String?, country: String?, region: String?) {
        self.name = name
        self.displayName = displayName
        self.country = country
        self.region = region
    }
}

/// Credits to give.
public struct NewGrant: Sendable, Hashable {
    /// Who gets them.
    public let org: String
    /// How much; more than zero.
    public let amount: Money
    /// Why, in words.
    public let reason: String?

    /// Credits for an org.
    public init(org: String, amount: Money, reason: String?) {
        self.org = org
        self.amount = amount
        self.reason = reason
    }
}

/// A rate document to put in force.
public struct NewCard: Sendable {
    /// The document's text.
    public let document: String
    /// The document, read.
    public let card: RateCard
    /// Where it came from, for people.
    public let source: String

    /// A document and what was read from it.
    public init(document: String, card: RateCard, source: String) {
        self.document = document
        self.card = card
        self.source = source
    }
}
