/// All rates in force from one moment on, until a card with a later one.
public struct RateCard: Sendable {
    /// The SHA-256 of the document it was read from, in hexadecimal: the card's name in charges.
    public let hash: String
    /// From when its rates hold; nil where the document leaves it to the moment of its first use.
    public let effective: Timestamp?
    /// Its rates, in the document's order.
    public let rates: [Rate]

    /// Positions in `rates` by model name and by alias.
    private let positions: [String: [Int32]]
    private let providers: Set<String>

    /// A card of those rates.
    public init(hash: String, effective: Timestamp?, rates: [Rate]) {
        self.hash = hash
        self.effective = effective
        self.rates = rates
        var positions: [String: [Int32]] = Dictionary(minimumCapacity: rates.count)
        for (position, rate) in rates.enumerated() {
            for name in rate.names { positions[name, default: []].append(Int32(position)) }
        }
        self.positions = positions
        providers = Set(rates.map(\.provider))
    }

    /// The same card. Rates that are equal to another card's share its memory. It takes some milliseconds.
    public func sharing(_ other: RateCard) -> RateCard {
        var rates = rates
        for (index, rate) in rates.enumerated() {
            if case .rate(let same, _)? = other.named(rate.model, provider: rate.provider), same == rate {
                rates[index] = same
            }
        }
        let hasSameNames = rates.elementsEqual(other.rates) { $0.names == $1.names }
        return RateCard(
            hash: hash, effective: effective, rates: rates, positions: hasSameNames ? other.positions : positions,
            providers: providers)
    }

    private init(
        hash: String, effective: Timestamp?, rates: [Rate], positions: [String: [Int32]], providers: Set<String>
    ) {
        self.hash = hash
        self.effective = effective
        self.rates = rates
        self.positions = positions
        self.providers = providers
    }

    /// What a model's name stands for on a card.
    public enum Resolution: Sendable {
        /// This rate, under that name of the card.
        case rate(Rate, as: String)
        /// Nothing on the card.
        case unknown
        /// Several of these providers' models, at different prices: the record has to say whose.
        case severalSellers([String])
    }

    /// The rate of a model: by its name, then by a shorter form of it. See ``exactly(_:provider:)``,
    /// ``approximately(_:provider:)``.
    public func resolve(_ model: String, provider: String?) -> Resolution {
        let exact = exactly(model, provider: provider)
        if case .unknown = exact { return approximately(model, provider: provider) }
        return exact
    }

    /// The rate of a model, or nil where there is none or it isn't clear whose it is.
    public func rate(model: String, provider: String?) -> Rate? {
        if case .rate(let rate, _) = resolve(model, provider: provider) { return rate }
        return nil
    }

    /// By its exact name or alias, from `provider` where one is named, and no other's; then by `provider/model`.
    ///
    /// Without a provider `provider/model` comes first: `deepseek/deepseek-chat` is DeepSeek's, whoever else sells a model
    /// under that name. A name that several sell means the one who is marked for that; where none is, it means nothing
    /// unless all of them charge the same.
    public func exactly(_ model: String, provider: String?) -> Resolution {
        if provider != nil, let found = named(model, provider: provider) { return found }
        if let (head, tail) = split(model, provider: provider), let found = named(tail, provider: head) { return found }
        return provider == nil ? named(model, provider: nil) ?? .unknown : .unknown
    }

    /// By the shorter forms of its name (``ModelName/firstShorterForm(of:_:)``).
    func approximately(_ model: String, provider: String?) -> Resolution {
        if let found = shortened(model, provider: provider) { return found }
        guard let (head, tail) = split(model, provider: provider) else { return .unknown }
        return shortened(tail, provider: head) ?? .unknown
    }

    private func shortened(_ model: String, provider: String?) -> Resolution? {
        ModelName.firstShorterForm(of: model) { form, isWithoutPlace in
            let found = named(form, provider: provider)
            guard isWithoutPlace, case .rate(let rate, _)? = found else { return found }
            // Where other places have prices of their own, the price without a place is not this place's.
            let isSameEverywhere = ModelName.atEveryPlace(form).allSatisfy { elsewhere in
                guard case .rate(let other, _)? = named(elsewhere, provider: provider) else { return true }
                return other.hasSamePrices(as: rate)
            }
            return isSameEverywhere ? found : nil
        }
    }

    /// `bedrock/us.anthropic.…` as the provider and its name for the model.
    private func split(_ model: String, provider: String?) -> (head: String, tail: String)? {
        guard let slash = model.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        var head = String(model[..<slash])
        if !providers.contains(head) {
            head = Self.canonicalProvider(head)
            guard providers.contains(head) else { return nil }
        }
        guard provider == nil || provider == head else { return nil }
        return (head, String(model[model.utf8.index(after: slash)...]))
    }

    private func named(_ name: String, provider: String?) -> Resolution? {
        guard let found = positions[name] else { return nil }
        if let provider {
            for position in found where rates[Int(position)].provider == provider {
                return .rate(rates[Int(position)], as: name)
            }
            return nil
        }
        let first = rates[Int(found[0])]
        if found.count == 1 { return .rate(first, as: name) }
        for position in found where rates[Int(position)].defaultNames.contains(name) {
            return .rate(rates[Int(position)], as: name)
        }
        if found.allSatisfy({ rates[Int($0)].hasSamePrices(as: first) }) { return .rate(first, as: name) }
        return .severalSellers(found.map { rates[Int($0)].provider })
    }

    /// The one spelling of a provider's name that rate files use, for the others in use: OpenTelemetry's, LiteLLM's, those of the
    /// Vercel AI SDK.
    public static func canonicalProvider(_ name: String) -> String {
        ProviderName.canonical(name)
    }
}
