import Synchronization

/// The rates of cards, read when they are first asked for.
///
/// A ledger keeps every card there ever was, and a card of everything that is published has thousands of rates: only
/// those that were asked for last are kept in memory, and rates that are the same on two cards are there once.
public final class RateCards: Sendable {
    /// Gives the document of a card that is on record.
    public typealias Load = @Sendable (_ id: Int64) throws(RateCardUnavailable) -> RateCard

    private struct Kept {
        var id: Int64
        var card: RateCard
    }

    // The last asked for comes first.
    private let kept: Mutex<[Kept]>
    private let capacity: Int
    private let load: Load

    /// Cards that `load` gives, of which the `capacity` last used are kept: by default more than there are in the days
    /// that a record may be late, where somebody imports a table a day.
    public init(capacity: Int = 64, load: @escaping Load) {
        self.capacity = capacity
        self.load = load
        kept = Mutex([])
    }

    /// The card of a number. Two who ask for it at once may both load it; neither waits for the other.
    public func card(_ id: Int64) throws(RateCardUnavailable) -> RateCard {
        if let card = kept.withLock({ Self.take(id, &$0) }) { return card }
        var card = try load(id)
        if let other = kept.withLock({ $0.first?.card }) { card = card.sharing(other) }
        keep(card, id)
        return card
    }

    /// The card of a number, where it needs no loading.
    func atHand(_ id: Int64) -> RateCard? {
        kept.withLock { Self.take(id, &$0) }
    }

    /// The same for who looks through many of them once: what is kept stays.
    public func glance(_ id: Int64) throws(RateCardUnavailable) -> RateCard {
        if let card = kept.withLock({ kept in kept.first { $0.id == id }?.card }) { return card }
        return try load(id)
    }

    /// Puts in a card that is at hand, so that it needs no loading.
    public func keep(_ card: RateCard, _ id: Int64) {
        kept.withLock { kept in
            kept.removeAll { $0.id == id }
            kept.insert(Kept(id: id, card: card), at: 0)
            if kept.count > capacity { kept.removeLast() }
        }
    }

    private static func take(_ id: Int64, _ kept: inout [Kept]) -> RateCard? {
        guard let place = kept.firstIndex(where: { $0.id == id }) else { return nil }
        if place > 0 { kept.insert(kept.remove(at: place), at: 0) }
        return kept[0].card
    }
}
