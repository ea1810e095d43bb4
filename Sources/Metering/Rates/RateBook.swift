/// Another name of a model, given by an operator: no card's document has to be edited for it.
public struct ModelAlias: Sendable, Hashable {
    /// The name that records bear.
    public let alias: String
    /// The name on the cards that it stands for; nil where the alias was taken back.
    public let model: String?
    /// Whose model is meant; nil where that is left to the record.
    public let provider: String?

    /// An alias.
    public init(alias: String, model: String?, provider: String?) {
        self.alias = alias
        self.model = model
        self.provider = provider
    }
}

/// Why a card that is on record can't be had.
public struct RateCardUnavailable: Error, Sendable, CustomStringConvertible {
    /// The reason, in words.
    public let description: String
    /// True where what is on record is not what was put there; false where it could only not be read.
    public let isDamage: Bool

    /// A reason.
    public init(_ description: String, isDamage: Bool = true) {
        self.description = description
        self.isDamage = isDamage
    }
}

/// Every card there is, by the time from which it holds, and the aliases.
public struct RateBook: Sendable {
    /// A card with the number and the moments that the ledger gave it.
    public struct Entry: Sendable {
        /// The ledger's number of the card.
        public let id: Int64
        /// The SHA-256 of its document.
        public let hash: String
        /// From when it holds.
        public let effective: Timestamp
        /// When it was recorded.
        public let recorded: Timestamp
        /// Where it came from: a file's path, an import.
        public let source: String

        /// A card as the ledger knows it.
        public init(id: Int64, hash: String, effective: Timestamp, recorded: Timestamp, source: String) {
            self.id = id
            self.hash = hash
            self.effective = effective
            self.recorded = recorded
            self.source = source
        }
    }

    /// Cards by effective time, then by recording.
    public let entries: [Entry]
    /// What aliases stand for, the latest of each name.
    public private(set) var aliases: [String: ModelAlias] = [:]
    /// Grows with every card and alias: two books of one ledger with the same version price alike.
    public private(set) var version: UInt64 = 0
    /// What is done with costs that senders report.
    public private(set) var costPolicies = CostPolicies()
    private let cards: RateCards
    /// Cards that are not durable yet, so that nobody else could load them.
    private var fresh: [Int64: RateCard] = [:]

    /// A book of those cards.
    ///
    /// - Parameters:
    ///   - aliases: in the order in which they were given: of one name the last counts.
    ///   - cards: where the cards' rates come from.
    public init(_ entries: [Entry], aliases: [ModelAlias] = [], cards: RateCards) {
        self.entries = entries.sorted { ($0.effective, $0.recorded, $0.id) < ($1.effective, $1.recorded, $1.id) }
        self.cards = cards
        for alias in aliases { self.aliases[alias.alias] = alias }
    }

    /// A book without cards.
    public static let empty = RateBook(
        [], cards: RateCards { _ throws(RateCardUnavailable) in throw RateCardUnavailable("there is no card") })

    /// The book with one card more, which may not be durable yet: see ``settled()``. It is kept as it is: ``RateCard/sharing(_:)`` is
    /// the caller's business, who is in less of a hurry.
    public func adding(_ entry: Entry, _ card: RateCard) -> RateBook {
        var copy = RateBook(entries + [entry], aliases: Array(aliases.values), cards: cards)
        copy.costPolicies = costPolicies
        copy.fresh = fresh
        copy.fresh[entry.id] = card
        copy.version = version + 1
        return copy
    }

    /// The same book when all its cards are durable, and can be loaded by whoever needs them.
    public func settled() -> RateBook {
        for (id, card) in fresh { cards.keep(card, id) }
        var copy = self
        copy.fresh = [:]
        return copy
    }

    /// The book with one alias more.
    public func adding(_ alias: ModelAlias) -> RateBook {
        var copy = self
        copy.aliases[alias.alias] = alias
        copy.version = version + 1
        return copy
    }

    /// The book with other policies for reported costs.
    public func with(_ policies: CostPolicies) -> RateBook {
        var copy = self
        copy.costPolicies = policies
        copy.version = version + 1
        return copy
    }

    /// The card in force at a moment: the latest effective one, and of those the latest recorded.
    public func entry(at moment: Timestamp) -> Entry? {
        place(at: moment).map { entries[$0] }
    }

    /// Where that card stands among ``entries``.
    func place(at moment: Timestamp) -> Int? {
        entries.indices.last { entries[$0].effective <= moment }
    }

    /// The rates of a card.
    public func card(_ entry: Entry) throws(RateCardUnavailable) -> RateCard {
        if let card = fresh[entry.id] { return card }
        return try cards.card(entry.id)
    }

    /// The rates of a card for who looks through many of them once, so that those in use stay in memory.
    public func glance(_ entry: Entry) throws(RateCardUnavailable) -> RateCard {
        if let card = fresh[entry.id] { return card }
        return try cards.glance(entry.id)
    }

    /// The rates of a card, if they need no loading.
    func atHand(_ id: Int64) -> RateCard? {
        fresh[id] ?? cards.atHand(id)
    }

    /// The card that a number, `current`, or the beginning of a hash (six digits or more) names.
    public func entry(named name: String, at moment: Timestamp) -> Entry? {
        if name == "current" { return entry(at: moment) }
        if let id = Int64(name), let entry = entries.first(where: { $0.id == id }) { return entry }
        return name.utf8.count < 6 ? nil : entries.filter { $0.hash.hasPrefix(name) }.max { $0.id < $1.id }
    }

    /// What a model's name means on a card: by its exact name, then by an alias, then by a shorter form of the name.
    public func resolve(
        _ model: String, provider: String?, on entry: Entry
    ) throws(RateCardUnavailable) -> RateCard.Resolution {
        resolve(model, provider: provider, on: try card(entry))
    }

    /// The same on a card that is at hand. An alias also decides a name that several sell.
    public func resolve(_ model: String, provider: String?, on card: RateCard) -> RateCard.Resolution {
        let exact = card.exactly(model, provider: provider)
        if case .rate = exact { return exact }
        if let alias = aliases[model], let target = alias.model,
            provider == nil || alias.provider == nil || alias.provider == provider
        {
            return card.resolve(target, provider: alias.provider ?? provider)
        }
        if case .unknown = exact { return card.approximately(model, provider: provider) }
        return exact
    }
}
