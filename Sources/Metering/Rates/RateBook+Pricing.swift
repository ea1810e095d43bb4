extension RateBook {
    /// What prices a request.
    public struct Priced: Sendable {
        /// The card; nil if the sender's word was taken and no card has a rate.
        public let entry: Entry?
        /// The rate of the record's own model on it; nil if there is none.
        public let rate: Rate?
        /// What came of it.
        public let pricing: Pricing
    }

    /// What a request costs: by the card in force at its moment or, as far as that has no price for it, by the earliest later
    /// one that has. Nil if nothing of it has a price.
    ///
    /// - Parameters:
    ///   - reported: what the sender says it cost.
    ///   - policy: what is done with that.
    public func price(
        model: String, provider: String?, _ reading: UsageReading, tier: ServiceTier, at moment: Timestamp,
        reported: ReportedCost? = nil, policy: CostPolicy = .compare
    ) throws(RateCardUnavailable) -> Priced? {
        if policy == .trust, let reported { return Self.priced(reported, tier) }
        var best: (quote: Quote, rate: Rate?, entry: Entry)?
        for entry in entriesToAsk(at: moment) {
            let (quote, rate) = quote(model, provider, reading, tier, moment, on: try card(entry))
            guard case .noRate = quote.pricing(tier: tier) else {
                if best == nil { best = (quote, rate, entry) } else { best?.quote.complete(with: quote) }
                if best?.quote.unpriced.isEmpty ?? false { break }
                continue
            }
        }
        return Self.decide(best, reported, policy, tier)
    }

    /// The card in force at a moment, then the later cards.
    private func entriesToAsk(at moment: Timestamp) -> [Entry] {
        (entry(at: moment).map { [$0] } ?? []) + entries.filter { $0.effective > moment }
    }

    /// A price by the card in force, for whoever needs no more than that.
    public struct AtHand: Sendable {
        /// The ledger's number of the card; nil if the sender's word was taken.
        public let card: Int64?
        /// What came of it.
        public let pricing: Pricing
    }

    /// What the card in force at a moment charges for a request, if it is in memory and prices all of it; nil if more has to be
    /// looked at. Never waits.
    public func priceAtHand(
        model: String, provider: String?, _ reading: UsageReading, tier: ServiceTier, at moment: Timestamp,
        reported: ReportedCost? = nil, policy: CostPolicy = .compare
    ) -> AtHand? {
        if policy == .trust, let reported {
            return AtHand(card: nil, pricing: .priced(Price(reported: reported, tier: tier)))
        }
        guard let place = place(at: moment), let card = atHand(entries[place].id) else { return nil }
        let quote: Quote
        if reading.parts.isEmpty, case .rate(let rate, _) = resolve(model, provider: provider, on: card) {
            quote = Quote(rate, reading.buckets, conditions: reading.conditions, tier: tier, at: moment)
        } else {
            quote = self.quote(model, provider, reading, tier, moment, on: card).quote
        }
        guard quote.unpriced.isEmpty, quote.missingCondition == nil else { return nil }
        if policy == .fallback, let reported, quote.lines.isEmpty {
            return AtHand(card: nil, pricing: .priced(Price(reported: reported, tier: tier)))
        }
        return AtHand(card: entries[place].id, pricing: quote.pricing(tier: tier, reported: reported))
    }

    /// What one card charges for a request, without looking at later ones.
    public func price(
        model: String, provider: String?, _ reading: UsageReading, tier: ServiceTier, at moment: Timestamp,
        on entry: Entry, reported: ReportedCost? = nil, policy: CostPolicy = .compare
    ) throws(RateCardUnavailable) -> Priced? {
        if policy == .trust, let reported { return Self.priced(reported, tier) }
        let (quote, rate) = quote(model, provider, reading, tier, moment, on: try card(entry))
        if case .noRate = quote.pricing(tier: tier) { return Self.decide(nil, reported, policy, tier) }
        return Self.decide((quote, rate, entry), reported, policy, tier)
    }

    private static func decide(
        _ best: (quote: Quote, rate: Rate?, entry: Entry)?, _ reported: ReportedCost?, _ policy: CostPolicy,
        _ tier: ServiceTier
    ) -> Priced? {
        guard let best else {
            guard policy == .fallback, let reported else { return nil }
            return priced(reported, tier)
        }
        // Zeros are no usage to be charged for, if the sender says that there was some.
        if policy == .fallback, let reported, best.quote.lines.isEmpty { return priced(reported, tier) }
        return Priced(
            entry: best.entry, rate: best.rate, pricing: best.quote.pricing(tier: tier, reported: reported))
    }

    private static func priced(_ reported: ReportedCost, _ tier: ServiceTier) -> Priced {
        Priced(entry: nil, rate: nil, pricing: .priced(Price(reported: reported, tier: tier)))
    }

    /// What a card says of a request: the record's own model, and every other that the object names.
    private func quote(
        _ model: String, _ provider: String?, _ reading: UsageReading, _ tier: ServiceTier, _ moment: Timestamp,
        on card: RateCard
    ) -> (quote: Quote, rate: Rate?) {
        var rate: Rate?
        if case .rate(let found, _) = resolve(model, provider: provider, on: card) { rate = found }
        // An object that has everything by model says nothing of the record's own.
        let isByModel = reading.buckets.isEmpty && !reading.parts.isEmpty
        var quote: Quote
        if let rate, !isByModel {
            quote = Quote(rate, reading.buckets, conditions: reading.conditions, tier: tier, at: moment)
        } else {
            quote = Quote(unpriced: reading.buckets, model: nil)
            if rate == nil, !isByModel { quote.missingModel = model }
        }
        for part in reading.parts {
            switch resolve(part.model, provider: provider, on: card) {
            case .rate(let other, _):
                quote.add(
                    Quote(
                        other, part.buckets, conditions: reading.conditions, tier: tier, at: moment, model: part.model))
            case .unknown, .severalSellers: quote.add(Quote(unpriced: part.buckets, model: part.model))
            }
        }
        return (quote, rate)
    }

    /// Why a request has no price, in words that can be shown.
    public func reasonWithoutPrice(
        model: String, provider: String?, _ reading: UsageReading, tier: ServiceTier, at moment: Timestamp
    ) throws(RateCardUnavailable) -> String {
        let seller = provider.map { " from provider '\($0)'" } ?? ""
        guard let entry = entry(at: moment) else { return "no rate card is in force at \(moment)" }
        let card = try card(entry)
        switch resolve(model, provider: provider, on: card) {
        case .unknown: return "there is no rate for model '\(model)'\(seller)"
        case .severalSellers(let providers):
            return
                "model '\(model)' is sold by \(providers.joined(separator: ", ")) at different prices; name the provider"
        case .rate:
            let (quote, _) = quote(model, provider, reading, tier, moment, on: card)
            if let condition = quote.missingCondition {
                return "model '\(model)'\(seller) has no rate for \(condition)"
            }
            guard !quote.unpriced.isEmpty else { return "model '\(model)' has a price" }
            let names = quote.unpriced.map(\.name).joined(separator: ", ")
            return "model '\(model)'\(seller) has no rate for \(names)"
        }
    }
}
