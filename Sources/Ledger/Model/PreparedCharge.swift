import Metering

/// What a usage record costs by a book of cards, and what its row keeps of that: worked out before the writer has it.
///
/// The writer takes it as it is where its own book is still the same one, and works it out itself otherwise.
public final class PreparedCharge: Sendable {
    let version: UInt64
    /// The card; nil if no rate was needed.
    let card: Int64?
    let price: Price
    /// What is kept of the price, encoded.
    let lines: [UInt8]
    /// The digest of the record's detail.
    let digest: [UInt8]

    var cost: Money { price.cost }
    var tierFellBack: Bool { price.tierFellBack }

    fileprivate init(version: UInt64, card: Int64?, price: Price, lines: [UInt8], digest: [UInt8]) {
        self.version = version
        self.card = card
        self.price = price
        self.lines = lines
        self.digest = digest
    }
}

/// Prepares charges, one after the other, on one thread.
public struct ChargePreparer {
    private var bytes = RowBytes()
    /// The version of the reader that is kept with a charge.
    var readerVersion = UsageReading.version

    /// A preparer.
    public init() {}

    /// What a record that was read at a moment, from a peer, will cost; nil where that takes more than cards that are at hand: the
    /// writer sees to it.
    public mutating func prepare(
        _ record: UsageRecord, received: Timestamp, peer: Peer? = nil, book: RateBook
    ) -> PreparedCharge? {
        let priced = book.priceAtHand(
            model: record.model, provider: record.provider, record.reading, tier: record.billedTier,
            at: record.at ?? received, reported: record.reported, policy: record.costPolicy(book, sender: peer?.sender))
        guard let priced, case .priced(let price) = priced.pricing, price.cost <= LedgerLimits.recordCostMax else {
            return nil
        }
        return charge(record, price, card: priced.card, version: book.version, received: received, peer: peer)
    }

    /// The charge of a record at a price.
    ///
    /// - Parameter at: what stands for the record's `at` if it has none; nil for the moment of its receipt.
    mutating func charge(
        _ record: UsageRecord, _ price: Price, card: Int64?, version: UInt64, received: Timestamp, at: Timestamp? = nil,
        peer: Peer?
    ) -> PreparedCharge {
        let lines = PriceCodec.encode(price, readerVersion: readerVersion)
        let digest = digest(
            of: record, received: received, at: at, peer: peer, tierFellBack: price.tierFellBack, lines: lines)
        return PreparedCharge(
            version: version, card: card, price: price, lines: lines, digest: digest)
    }

    /// The digest of what a record's row says beside its money.
    mutating func digest(
        of record: UsageRecord, received: Timestamp, at: Timestamp? = nil, peer: Peer?, tierFellBack: Bool,
        lines: [UInt8]
    ) -> [UInt8] {
        bytes.removeAll()
        UsageDetail(
            id: record.id, user: record.user, model: record.model, provider: record.provider,
            at: (record.at ?? at ?? received).milliseconds, received: received.milliseconds,
            isAtGiven: record.at != nil,
            tier: Int64(record.tier.rawValue), hold: record.hold, usage: record.usage, tags: record.tags,
            billedTier: Int64(record.billedTier.rawValue), tierFellBack: tierFellBack, lines: lines,
            peer: peer
        ).append(to: &bytes)
        return bytes.digest
    }
}
