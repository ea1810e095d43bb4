import Metering

/// How the payment of what is owed is tried without anybody asking for it.
///
/// Issuers take repeated attempts for fraud and charge for them, so at most one is made per card and hour, and none with a card that
/// was refused for good. See <https://docs.stripe.com/declines/card#issuer-declines>.
public struct CollectionState: Sendable, Hashable, Codable {
    /// The card of the newest attempt, and when that was.
    public var lastCard: String?
    /// When the newest attempt was made.
    public var lastAttempt: Timestamp?
    /// Whether another attempt is to be made: another card was saved, or the last attempt never reached a bank.
    public var isWanted = false
    /// The ``ReturnURL`` of the next attempt, if whoever saved the card is there to confirm it.
    public var returnURL: String?
    /// The next attempt is not made before then.
    public var notBefore: Timestamp?
    /// Whether the attempt that precedes an erasure was made.
    public var isFinal = false

    /// Nothing tried yet.
    public init() {}

    /// Seconds between two attempts with the same card that nobody asked for.
    static let pauseSeconds: Int64 = 3600
    /// Seconds after which a payment is tried again that the gateway could not make, unless somebody asks for it.
    static let obstacleSeconds: Int64 = 86_400

    /// When an attempt with a card may be made.
    func due(with card: String, at now: Timestamp) -> Timestamp {
        var due = notBefore ?? now
        if lastCard == card, let lastAttempt {
            due = max(due, lastAttempt.advanced(bySeconds: Self.pauseSeconds))
        }
        return due
    }

    /// A delay within an hour that is always the same for an org: after an outage, not all orgs are tried at once.
    static func spread(_ org: String) -> Int64 {
        let hash = org.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return Int64(hash >> 33) % 3600
    }
}

/// A card that was refused for good: it is only tried again if somebody asks for it.
public struct RefusedCard: Sendable, Hashable, Codable {
    /// The card, as ``PaymentMethod/card`` names it.
    public let card: String
    /// Why.
    public let reason: DeclineReason
}
