/// All rates in force from one moment on, until a card with a later one.
public struct RateCard: Sendable {
    /// The SHA-256 of the document it was read from, in hexadecimal: the card's name in charges.
    public let hash: String
    /// From when its rates hold; nil where the document leaves it to the moment of its first use.
    public let effective: Timestamp?
    /// Its rates, in the document's order.
    public let rates: [Rate]

    /// Positions in `rates` by model name and by alias, in the document's order, exact names first.
    private let positions: [String: [Int]]

    /// A card of those rates.
    public init(hash: String, effective: Timestamp?, rates: [Rate]) {
        self.hash = hash
        self.effective = effective
        self.rates = rates
        var positions: [String: [Int]] = [:]
        for (position, rate) in rates.enumerated() { positions[rate.model, default: []].append(position) }
        for (position, rate) in rates.enumerated() {
            for alias in rate.aliases { positions[alias, default: []].append(position) }
        }
        self.positions = positions
    }

    /// The rate of a model.
    ///
    /// By its exact name or alias, from `provider` where one is named; then `provider/model`, then without a leading
    /// `models/`. With a provider no other provider's rate is taken; without one the first in the document is.
    public func rate(model: String, provider: String?) -> Rate? {
        if let rate = exactRate(model: model, provider: provider) { return rate }
        guard let slash = model.firstIndex(of: "/") else { return nil }
        let head = String(model[..<slash])
        let tail = String(model[model.index(after: slash)...])
        if head == "models" { return exactRate(model: tail, provider: provider) }
        let named = Self.canonicalProvider(head)
        guard provider == nil || provider == named else { return nil }
        return exactRate(model: tail, provider: named)
    }

    private func exactRate(model: String, provider: String?) -> Rate? {
        guard let candidates = positions[model] else { return nil }
        guard let provider else { return candidates.first.map { rates[$0] } }
        return candidates.first { rates[$0].provider == provider }.map { rates[$0] }
    }

    /// The one spelling of a provider's name that rate files use, for the others in use.
    public static func canonicalProvider(_ name: String) -> String {
        let lowercased = name.lowercased()
        return switch lowercased {
        case "google", "google_ai_studio", "google-gla": "gemini"
        case "aws", "bedrock_converse", "amazon", "amazon_bedrock": "bedrock"
        case "x-ai", "x_ai", "x.ai": "xai"
        case "mistralai", "mistral_ai": "mistral"
        default: lowercased
        }
    }
}

/// Every card there is, by the time from which it holds.
public struct RateBook: Sendable {
    /// A card with the number and the moments that the ledger gave it.
    public struct Entry: Sendable {
        /// The ledger's number of the card.
        public let id: Int64
        /// From when it holds.
        public let effective: Timestamp
        /// When it was recorded.
        public let recorded: Timestamp
        /// The card.
        public let card: RateCard

        /// A card as the ledger knows it.
        public init(id: Int64, effective: Timestamp, recorded: Timestamp, card: RateCard) {
            self.id = id
            self.effective = effective
            self.recorded = recorded
            self.card = card
        }
    }

    /// Cards by effective time, then by recording.
    public let entries: [Entry]

    /// A book of those cards.
    public init(_ entries: [Entry]) {
        self.entries = entries.sorted { ($0.effective, $0.recorded, $0.id) < ($1.effective, $1.recorded, $1.id) }
    }

    /// The card in force at a moment: the latest effective one, and of those the latest recorded.
    public func entry(at moment: Timestamp) -> Entry? {
        entries.last { $0.effective <= moment }
    }

    /// The card that prices a request and what came of it: the one in force at its moment or, where that has no rate for
    /// it, the earliest later one that has. Nil where there is none.
    public func price(
        model: String, provider: String?, _ buckets: UsageBuckets, tier: ServiceTier, at moment: Timestamp
    ) -> (entry: Entry, pricing: Pricing)? {
        func price(by entry: Entry) -> (entry: Entry, pricing: Pricing)? {
            guard let rate = entry.card.rate(model: model, provider: provider) else { return nil }
            let pricing = rate.price(buckets, tier: tier)
            if case .noRate = pricing { return nil }
            return (entry, pricing)
        }
        if let entry = entry(at: moment), let priced = price(by: entry) { return priced }
        for entry in entries where entry.effective > moment {
            if let priced = price(by: entry) { return priced }
        }
        return nil
    }
}
