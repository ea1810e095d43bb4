import Metering

/// What an org asked for: to buy a pack by itself when its credits run low.
public struct TopUp: Sendable, Hashable, Codable {
    /// Bought where the balance is below it.
    public let threshold: Money
    /// How much a pack is.
    public let amount: Money
    /// Packs in any 24 hours at most.
    public let perDayMax: Int64

    /// A wish.
    public init(threshold: Money, amount: Money, perDayMax: Int64) {
        self.threshold = threshold
        self.amount = amount
        self.perDayMax = perDayMax
    }
}

/// What an org bought by itself lately.
public struct TopUpHistory: Sendable, Hashable, Codable {
    /// When packs were bought whose purchase succeeded or is under way, in the last 24 hours at least, the oldest first: an
    /// entry per pack.
    public var purchases: [Timestamp] = []
    /// Credits of purchases, of whatever kind, whose payment is under way.
    public var pending = Money.zero
    /// Declines in a row, up to now.
    public var declines = 0
    /// When the latest was.
    public var lastDecline: Timestamp?

    /// Nothing bought.
    public init() {}
}

/// Whether an org buys now.
public enum TopUpDecision: Sendable, Hashable {
    /// There is enough, what is being paid for counted.
    case enough
    /// As many were bought in 24 hours as may be; the next may be at that time.
    case limited(until: Timestamp)
    /// A payment was declined; tried again at that time.
    case backingOff(until: Timestamp)
    /// Buy so many packs, as one purchase.
    case buy(packs: Int64)
}

extension TopUp {
    /// Whether to buy at a moment.
    public func decision(
        balance: Money, _ history: TopUpHistory, _ terms: TopUpTerms, at now: Timestamp
    ) -> TopUpDecision {
        // A sum that doesn't fit is more than any threshold.
        guard let expected = balance.adding(history.pending), expected < threshold else { return .enough }
        if history.declines > 0, let last = history.lastDecline, !terms.backoffHours.isEmpty {
            let hours = terms.backoffHours[min(history.declines, terms.backoffHours.count) - 1]
            let until = last.advanced(bySeconds: hours * 3600)
            if now < until { return .backingOff(until: until) }
        }
        let most = min(perDayMax, terms.perDayMax)
        let recent = history.purchases.filter { now < $0.advanced(bySeconds: 86_400) }
        guard recent.count < most else {
            // The oldest of those that fill the day makes room; where none may be bought at all, ask again tomorrow.
            let first = recent.dropFirst(recent.count - Int(clamping: most)).first ?? now
            return .limited(until: first.advanced(bySeconds: 86_400))
        }
        // As many as are missing, in one purchase: several equal ones within a second look like fraud to a bank.
        let missing = Int128(threshold.nanos) - Int128(expected.nanos)
        let packs = amount > .zero ? (missing - 1) / Int128(amount.nanos) + 1 : 1
        return .buy(packs: Int64(clamping: min(packs, Int128(most - Int64(recent.count)))))
    }
}
