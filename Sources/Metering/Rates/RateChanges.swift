/// One price that stands differently on two cards.
public struct PriceChange: Codable, Sendable, Hashable {
    /// Which: `input`, `batch · input`, `over 200000 · cache_read`, `priority · 10:00-24:00 · output`.
    public var price: String
    /// US dollars per published unit on the first card; nil where it has none.
    public var before: String?
    /// US dollars per published unit on the second; nil where it has none.
    public var after: String?
}

/// A model whose rate is not the same on two cards.
public struct RateChange: Codable, Sendable, Hashable {
    /// What happened to it.
    public enum Kind: String, Codable, Sendable, Hashable {
        /// The first card has no rate of that name.
        case added
        /// The second has none.
        case removed
        /// Both have, at other prices or under other names.
        case changed
    }

    /// Who sells it.
    public var provider: String
    /// Its name.
    public var model: String
    /// What happened to it.
    public var kind: Kind
    /// The prices that changed; of an added or removed rate, all.
    public var prices: [PriceChange]
    /// Aliases that the second card has more.
    public var aliasesAdded: [String]
    /// Aliases that it has no more.
    public var aliasesRemoved: [String]
}

extension RateCard {
    private struct Seller: Hashable {
        let provider: String
        let model: String
    }

    /// What is different on a later card, by provider and model. Prices that nothing uses are not compared.
    public func changes(to other: RateCard) -> [RateChange] {
        func bySeller(_ rates: [Rate]) -> [Seller: Rate] {
            Dictionary(
                rates.map { (Seller(provider: $0.provider, model: $0.model), $0) },
                uniquingKeysWith: { first, _ in first })
        }
        let before = bySeller(rates)
        let after = bySeller(other.rates)
        let sellers = Set(before.keys).union(after.keys).sorted { ($0.provider, $0.model) < ($1.provider, $1.model) }
        return sellers.compactMap { Rate.change(from: before[$0], to: after[$0]) }
    }
}

extension Rate {
    /// What is different between a model's rates on two cards; nil where nothing is.
    public static func change(from before: Rate?, to after: Rate?) -> RateChange? {
        guard let named = after ?? before else { return nil }
        let old = before?.priceList ?? []
        let new = after?.priceList ?? []
        let oldPrices = Dictionary(old, uniquingKeysWith: { first, _ in first })
        let newPrices = Dictionary(new, uniquingKeysWith: { first, _ in first })
        var order: [String] = []
        for (name, _) in old + new where !order.contains(name) { order.append(name) }
        let prices = order.compactMap { name in
            oldPrices[name] == newPrices[name]
                ? nil : PriceChange(price: name, before: oldPrices[name], after: newPrices[name])
        }
        let names = Set((before?.names ?? []) + (after?.names ?? []))
        let meant = names.sorted().compactMap { name -> PriceChange? in
            let (was, isNow) = (
                before?.defaultNames.contains(name) ?? false, after?.defaultNames.contains(name) ?? false
            )
            guard was != isNow else { return nil }
            return PriceChange(
                price: "default seller of \(name)", before: was ? "yes" : nil, after: isNow ? "yes" : nil)
        }
        let added = after.map { Set($0.aliases).subtracting(before?.aliases ?? []).sorted() } ?? []
        let removed = before.map { Set($0.aliases).subtracting(after?.aliases ?? []).sorted() } ?? []
        guard before == nil || after == nil || !(prices + meant).isEmpty || !added.isEmpty || !removed.isEmpty else {
            return nil
        }
        return RateChange(
            provider: named.provider, model: named.model,
            kind: before == nil ? .added : after == nil ? .removed : .changed, prices: prices + meant,
            aliasesAdded: added,
            aliasesRemoved: removed)
    }

    /// Every price by a name that says when it holds, in US dollars per published unit.
    public var priceList: [(String, String)] {
        var list: [(String, String)] = []
        func add(_ prices: ContextPrices, _ prefix: [String]) {
            for step in prices.steps {
                let threshold = step.threshold
                let above =
                    threshold.promptTokens == 0
                    ? [] : ["\(threshold.isInclusive ? "from" : "over") \(threshold.promptTokens)"]
                for entry in step.sheet.entries {
                    let name = (prefix + above + [entry.unit.name]).joined(separator: " · ")
                    list.append((name, entry.price.text(perUnits: entry.unit.unitsPerPublishedPrice)))
                }
            }
        }
        for tier in ServiceTier.allCases {
            guard let schedule = schedules[tier] else { continue }
            let prefix = tier == .standard ? [] : [tier.name]
            add(schedule.prices, prefix)
            for window in schedule.windows { add(window.prices, prefix + [window.hours.text]) }
        }
        for (condition, surcharge) in surcharges.sorted(by: { $0.key < $1.key }) {
            list.append((condition, "×" + surcharge.text))
        }
        return list
    }
}

extension WeeklyHours {
    /// In words: `mon tue 10:00-24:00 UTC`.
    public var text: String {
        var parts: [String] = []
        if days != Self.everyDay {
            parts = Self.dayNames.enumerated().filter { days & 1 << UInt8($0.offset) != 0 }.map(\.element)
        }
        if days != Self.everyDay, calendarMinutes != 0 {
            parts.append("by the calendar \(calendarMinutes < 0 ? "-" : "+")\(Span.clock(abs(calendarMinutes)))")
        }
        return (parts + spans.map(\.text)).joined(separator: " ") + " UTC"
    }
}
