/// The store behind the writer: ``SQLiteStore``, or one that a test has fail, wait or watch.
public protocol LedgerStore: SendableMetatype {
    /// Carries out lots in their order, each lot's mutations in theirs, makes them durable, and says what became of each.
    ///
    /// All of them are durable when this returns. On a full disk none is, and every outcome is `storage_unavailable`.
    /// Throws where the outcome is not known: then nothing may be answered and the process has to end, so that recovery
    /// decides.
    mutating func commit(lots: [[Mutation]]) throws(StorageFailure) -> [[Outcome]]

    /// Whether the disk was full at the last attempt to write to it.
    var isFull: Bool { get }

    /// How long the sync of the latest commit took.
    var lastSync: Duration { get }

    /// How long until the store has work of its own (what expires, unpriced records whose rate may have come): then it
    /// wants a ``commit(lots:)``, be it of nothing. Nil while there is none.
    var timeToOwnWork: Duration? { get }

    /// Moves everything into the main file and lets go of it. No call follows.
    mutating func close() throws(StorageFailure)
}

extension LedgerStore {
    /// A store that has no end.
    public var isFull: Bool { false }

    /// Carries out one lot.
    public mutating func commit(_ batch: [Mutation]) throws(StorageFailure) -> [Outcome] {
        try commit(lots: [batch]).first ?? []
    }
}

/// The store failed in a way that leaves it unknown what is on disk.
public struct StorageFailure: Error, Sendable, CustomStringConvertible {
    /// What was done and what the engine said.
    public let description: String
    /// True where the file itself is damaged, so that a restart would meet the same.
    public let isDamage: Bool

    /// A failure in those words.
    public init(description: String, isDamage: Bool = false) {
        self.description = description
        self.isDamage = isDamage
    }
}
