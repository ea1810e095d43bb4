import Metering

/// How much refused usage is kept. What is beyond is refused as retryable, so that its sender keeps it.
public struct QuarantineLimits: Sendable, Hashable {
    /// Lines of one org, and of one sender, in a minute.
    public var rowsPerMinute: Int64 = 60_000
    /// Bytes of the lines of one org, and of one sender, in a minute.
    public var bytesPerMinute: Int64 = 64 << 20
    /// Bytes that all lines hold together, ``rowBytes`` for each beside its own.
    public var bytesMax: Int64 = 1 << 30
    /// Seconds after which a line's text is erased, whether somebody has decided or not: 90 days.
    public var retentionSeconds: Int64 = 90 * 86_400

    /// What a row is counted for beside its line.
    static let rowBytes: Int64 = 256

    /// The defaults.
    public init() {}
}

/// A usage line that was refused for good before there was a record to charge.
public struct RefusedLine: Sendable {
    /// Why.
    public let refusal: Refusal
    /// The id to answer under, if there is one.
    public let id: String?
    /// Whose credits it was to be paid with, as far as it says.
    public let org: String?
    /// Who spent, as far as it says.
    public let user: String?
    /// When the daemon read it.
    public let received: Timestamp
    /// The process that handed it in.
    public let peer: Peer?
    /// The line as it came.
    public let line: KeptLine

    /// A refused line.
    public init(
        refusal: Refusal, id: String?, org: String?, user: String?, received: Timestamp, peer: Peer?, line: KeptLine
    ) {
        self.refusal = refusal
        self.id = id
        self.org = org
        self.user = user
        self.received = received
        self.peer = peer
        self.line = line
    }
}

/// What became of a line in quarantine. The raw value is on disk.
public enum QuarantineState: Int64, Sendable, CaseIterable {
    /// It waits for somebody to decide.
    case kept = 1
    /// It was taken as a usage record.
    case taken = 2
    /// Somebody decided that it is nothing to charge.
    case discarded = 3
    /// Its text was erased before anybody had decided.
    case expired = 4

    /// The name in listings.
    public var name: String {
        switch self {
        case .kept: "kept"
        case .taken: "taken"
        case .discarded: "discarded"
        case .expired: "expired"
        }
    }

    /// The state of that name.
    public init?(name: String) {
        guard let state = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = state
    }
}

/// A decision about quarantined lines. The raw value is on disk.
enum QuarantineStep: Int64 {
    /// A line was taken as a usage record.
    case taken = 1
    /// A line was discarded.
    case discarded = 2
    /// The text of all lines up to this one may be gone: their retention has passed.
    case erasedThrough = 3
    /// The text of this line may be gone.
    case erased = 4
}

/// A quarantined line to take as a usage record.
public struct QuarantineRetry: Sendable {
    /// Which line.
    public let number: Int64
    /// What was read of it now, with the other `at` and `id`, if any were given.
    public let record: UsageRecord
    /// The `at` that was given in place of the line's own.
    public let at: Timestamp?
    /// The id that was given in place of the line's own.
    public let id: String?
    /// Who does it.
    public let actor: String

    /// A line to take.
    public init(number: Int64, record: UsageRecord, at: Timestamp?, id: String?, actor: String) {
        self.number = number
        self.record = record
        self.at = at
        self.id = id
        self.actor = actor
    }
}

/// What was decided about a quarantined line, as it is shown.
public struct QuarantineDecisionView: Codable, Sendable, Hashable {
    /// The line's number.
    public let number: Int64
    /// `taken` or `discarded`.
    public let state: String
    /// The usage record that it became.
    public let sequence: Int64?
    /// Whose record.
    public let org: String?
    /// The record's id.
    public let id: String?
    /// `charged`, `unpriced` or `overdrawn`.
    public let status: String?
    /// What the record cost when it was taken, in US dollars.
    public let cost: String?
}

/// A quarantined line, as it is shown. What came from outside is escaped: no text here acts on a terminal.
public struct QuarantineView: Codable, Sendable, Hashable {
    /// Its number.
    public let number: Int64
    /// When the daemon read it.
    public let received: String
    /// The org that it names, if any.
    public let org: String?
    /// Whether there was such an org then.
    public let isOrgKnown: Bool
    /// Why it was refused.
    public let code: String
    /// The same in words; nil once its text is erased.
    public let message: String?
    /// Bytes of the line.
    public let bytes: Int64
    /// The id that it names, if any.
    public let id: String?
    /// The user that it names, if any.
    public let user: String?
    /// The user whose process handed it in.
    public let peerUid: UInt32?
    /// That process.
    public let peerPid: Int32?
    /// The sender that the process named.
    public let sender: String?
    /// `kept`, `taken`, `discarded` or `expired`.
    public let state: String
    /// How often an equal line came after it.
    public let repeats: Int64
    /// When the latest of those came.
    public let repeated: String?
    /// When it was decided.
    public let decided: String?
    /// Who decided.
    public let actor: String?
    /// The usage record that it became.
    public let sequence: Int64?
    /// The `at` that the decision gave it.
    public let newAt: String?
    /// The id that the decision gave it.
    public let newId: String?
    /// SHA-256 of what was kept, which stays when that is erased.
    public let digest: String
    /// The line, escaped; nil in lists and once it is erased.
    public var line: String?
    /// The line's bytes in base64; nil in lists and once it is erased.
    public var lineBase64: String?
}

/// What lies in quarantine undecided, as it is shown.
public struct QuarantineSummary: Codable, Sendable, Hashable {
    /// Lines by the code of their refusal.
    public let kept: [String: Int64]
    /// When the oldest of them came.
    public let oldest: String?

    /// All of them.
    public var total: Int64 { kept.values.reduce(0, +) }
}

extension Refusal {
    /// The codes of refusals whose lines are kept.
    static let quarantinedCodes: [Code] = [.malformed, .unknownOrg, .idConflict, .timeOutOfRange]

    /// The codes of refusals whose lines are kept, as the protocol has them.
    public static var quarantinedCodeNames: [String] { quarantinedCodes.map(\.rawValue) }

    static let quarantineFull = Refusal(
        .quarantineFull,
        "the line was refused for good and can't be kept: too much was refused of late; send it again later")
}
