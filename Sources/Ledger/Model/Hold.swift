import Metering

/// What a proxy asks to be reserved before it sends a request upstream.
///
/// An object, as ``UsageRecord`` is: it goes through several queues.
public final class HoldRequest: Sendable {
    /// What is to be reserved.
    public enum Worst: Sendable {
        /// The price of so much usage at most.
        case usage(json: String, reading: UsageReading)
        /// An amount.
        case amount(Money)
    }

    /// The hold's own id, unique within the org and apart from records' ids.
    public let id: String
    /// Whose credits.
    public let org: String
    /// The member who is about to spend.
    public let user: String?
    /// The model; needed to price usage.
    public let model: String?
    /// Who serves it, in the spelling of rate files.
    public let provider: String?
    /// The tier that is asked for.
    public let tier: ServiceTier
    /// The worst case.
    public let worst: Worst
    /// Seconds after which it frees itself.
    public let ttlSeconds: Int64

    /// A request of those members.
    public init(
        id: String, org: String, user: String? = nil, model: String? = nil, provider: String? = nil,
        tier: ServiceTier = .standard, worst: Worst, ttlSeconds: Int64 = 600
    ) {
        self.id = id
        self.org = org
        self.user = user
        self.model = model
        self.provider = provider
        self.tier = tier
        self.worst = worst
        self.ttlSeconds = ttlSeconds
    }

    /// Bytes of its usage object, which is most of what it holds in memory.
    public var bytes: Int { usageJSON?.utf8.count ?? 0 }

    /// The usage object that is to be priced.
    var usageJSON: String? {
        guard case .usage(let json, _) = worst else { return nil }
        return json
    }
}

/// The reply to `authorize` and `release`.
public struct HoldReply: Sendable, Hashable {
    /// What became of it now: `held`, `released`, or the state that a closed hold already had.
    public let status: Status
    /// What it reserved.
    public let held: Money
    /// Posted credits left.
    public let balance: Money
    /// The balance less open holds.
    public let available: Money
    /// When it frees itself.
    public let expires: Timestamp
    /// Its state as it is now, where the same was asked before or it was closed already.
    public let state: HoldState?
    /// True where the same hold was granted before.
    public let isDuplicate: Bool

    /// The protocol's `status`.
    public enum Status: Sendable, Hashable {
        /// The amount is reserved.
        case held
        /// `release` of a hold that is in this state now.
        case closed(HoldState)

        /// The word for it.
        public var name: String {
            switch self {
            case .held: "held"
            case .closed(let state): state.name
            }
        }
    }
}
