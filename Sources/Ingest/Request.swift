import Ledger
import Metering

/// What a line of the ingest socket asks for.
public enum Request: Sendable {
    /// Charge a usage record.
    case usage(UsageRecord)
    /// Reserve credits before a request is sent upstream.
    case authorize(HoldRequest)
    /// Free what a hold reserves.
    case release(org: String, id: String)
    /// Say what is left of an org's credits.
    case balance(org: String)
    /// Say that the daemon lives.
    case ping
    /// Write only some of the connection's replies from now on.
    case mode(ReplyMode)
}

/// A line, read: what it asks for or why it can't be done, and the id to answer under.
public struct DecodedLine: Sendable {
    /// The id to answer under, if there is one: the line's own, or its hold's for a usage line without one.
    public internal(set) var id: String?
    /// The request, or the refusal that answers it.
    public let result: Result<Request, Refusal>
    /// What was odd about a usage line that is taken all the same.
    public internal(set) var warnings: LineWarnings = []
    /// The sender that it names.
    public internal(set) var sender: String?
    /// What could be read of a usage line that is refused for good, though it is a whole JSON object.
    public internal(set) var refused: RefusedMembers?
    /// The line as it came, if it may have to be kept.
    var kept: KeptLine?

    /// Whether the line may have to be kept as it came.
    var isWorthKeeping: Bool {
        if case .success(.usage) = result { return true }
        return refused != nil
    }
}

/// What could be read of a usage line that is refused.
public struct RefusedMembers: Sendable, Hashable {
    /// Whose credits it was to be paid with; an alias is resolved.
    public let org: String?
    /// Who spent.
    public let user: String?
}

/// Limits of the members of a request. Protocol, section 1.
public enum RequestLimits {
    /// Bytes of a line with its newline.
    public static let lineBytesMax = 65_536
    /// Bytes of an id.
    public static let idBytesMax = 512
    /// Bytes of a sender's name.
    public static let senderBytesMax = 128
    /// Bytes of a user.
    public static let userBytesMax = 128
    /// Bytes of a model's name or a provider's.
    public static let modelBytesMax = 256
    /// Seconds that a hold lives where it doesn't say.
    public static let holdSecondsDefault: Int64 = 600
    /// Tags of a record.
    public static let tagsMax = 16

    /// Whether a text can be a request's id: 1 to 512 bytes of printable ASCII.
    public static func isID(_ text: String) -> Bool {
        (1...idBytesMax).contains(text.utf8.count) && text.isOnly { (0x20...0x7E).contains($0) }
    }
}
