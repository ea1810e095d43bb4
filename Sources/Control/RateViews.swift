import Ledger
import Metering

/// The body of `POST /v1/rates/cards`.
public struct RateImportBody: Codable, Sendable, Hashable {
    /// The table's text.
    public var document: String
    /// Its form, `meterd` or `litellm`; nil where its first words shall tell.
    public var format: String?
    /// From when its rates hold, RFC 3339; nil for what the table says, or else from now on.
    public var effective: String?
    /// Where it came from, in words.
    public var source: String
    /// Who does it.
    public var actor: String
    /// Whether nothing is to be changed.
    public var dryRun: Bool

    /// A body of those members.
    public init(document: String, format: String?, effective: String?, source: String, actor: String, dryRun: Bool) {
        self.document = document
        self.format = format
        self.effective = effective
        self.source = source
        self.actor = actor
        self.dryRun = dryRun
    }
}

/// The body of `POST /v1/rates/upgrade`.
public struct RateUpgradeBody: Codable, Sendable, Hashable {
    /// From when its rates hold, RFC 3339; nil for now, or for a later time that the table says.
    public var effective: String?
    /// Who does it.
    public var actor: String
    /// Whether nothing is to be changed.
    public var dryRun: Bool

    /// A body of those members.
    public init(effective: String?, actor: String, dryRun: Bool) {
        self.effective = effective
        self.actor = actor
        self.dryRun = dryRun
    }
}

/// What an import did, or would do.
public struct RateImportView: Codable, Sendable {
    /// The card that is on record; nil where nothing was to be changed.
    public var card: RateCardView?
    /// Whether it is a new one.
    public var isNew: Bool
    /// The card in force now, where that is another one.
    public var otherInForce: RateCardView?
    /// Rates on it.
    public var rates: Int
    /// Rates that the card in force doesn't have.
    public var added: Int
    /// Rates that it has otherwise.
    public var changed: Int
    /// Rates that only it has.
    public var removed: Int
    /// The first of those rates, with their prices.
    public var changes: [RateChange]
    /// What became of everything in a foreign table.
    public var report: LiteLLMReport?
}

/// What a model costs by a card, and how its name was understood.
public struct RateView: Codable, Sendable {
    /// A price and when it holds.
    public struct Price: Codable, Sendable {
        /// When: `input`, `over 200000 · input`, `batch · output`.
        public var price: String
        /// US dollars per million tokens, or per thousand of what isn't tokens.
        public var amount: String
    }

    /// Who sells it.
    public var provider: String
    /// The name on the card.
    public var model: String
    /// The name of the card by which it was found: the model's or an alias; another than the one asked for where that
    /// was an operator's alias or had to be shortened.
    public var foundAs: String
    /// Its names under which its price is meant where a record names no provider and others sell such a model too.
    public var defaultNames: [String]
    /// Its other names on the card.
    public var aliases: [String]
    /// Every price.
    public var prices: [Price]
    /// Published prices that no usage record can report yet, as they were published.
    public var unused: [String: String]
    /// The card.
    public var card: RateCardView
}

/// A rate as it stood from one card on.
public struct RateHistoryView: Codable, Sendable {
    /// The card that changed it.
    public var card: RateCardView
    /// What it changed.
    public var change: RateChange
}

/// What is different on two cards.
public struct RateDiffView: Codable, Sendable {
    /// The card that is compared.
    public var from: RateCardView
    /// The card that it is compared with.
    public var to: RateCardView
    /// The rates that are not the same.
    public var changes: [RateChange]
}

/// The body of `POST /v1/rates/aliases`.
public struct AliasBody: Codable, Sendable, Hashable {
    /// The name that records bear.
    public var alias: String
    /// The name on the cards; nil where the alias is to be taken back.
    public var model: String?
    /// Whose model; nil where that is left to the record.
    public var provider: String?
    /// Who does it.
    public var actor: String

    /// A body of those members.
    public init(alias: String, model: String?, provider: String?, actor: String) {
        self.alias = alias
        self.model = model
        self.provider = provider
        self.actor = actor
    }
}
