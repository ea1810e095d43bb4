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
        /// The amounts of the candidates; each has one.
        case candidates
    }

    /// One of the models that may serve the request: a fallback group has several.
    public struct Candidate: Sendable {
        /// The model.
        public let model: String
        /// Who serves it, in the spelling of rate files.
        public let provider: String?
        /// What is reserved for it if it has no rate.
        public let amount: Money?
        /// The worst case as this provider counts it; nil if the request has no usage object.
        public let reading: UsageReading?

        /// A candidate.
        public init(model: String, provider: String? = nil, amount: Money? = nil, reading: UsageReading? = nil) {
            self.model = model
            self.provider = provider
            self.amount = amount
            self.reading = reading
        }
    }

    /// The hold's own id, unique within the org and apart from records' ids.
    public let id: String
    /// Whose credits.
    public let org: String
    /// The member who is about to spend.
    public let user: String?
    /// The model; needed to price usage. Nil if there are candidates.
    public let model: String?
    /// Who serves it, in the spelling of rate files.
    public let provider: String?
    /// The tier that is asked for.
    public let tier: ServiceTier
    /// The worst case.
    public let worst: Worst
    /// The models of which one will serve the request, at most ``LedgerLimits/candidatesMax``; nil if `model` names it.
    public let candidates: [Candidate]?
    /// What is reserved, beside usage, for a model without a rate.
    public let amountWithoutRate: Money?
    /// What is reserved at most; the worst case may be more.
    public let cap: Money?
    /// Whether the usage object has an output count. If not, the org's default is added.
    public let statesOutput: Bool
    /// Seconds after which it frees itself.
    public let ttlSeconds: Int64

    /// A request of those members.
    public init(
        id: String, org: String, user: String? = nil, model: String? = nil, provider: String? = nil,
        tier: ServiceTier = .standard, worst: Worst, candidates: [Candidate]? = nil, amountWithoutRate: Money? = nil,
        cap: Money? = nil, statesOutput: Bool = true, ttlSeconds: Int64 = 600
    ) {
        self.id = id
        self.org = org
        self.user = user
        self.model = model
        self.provider = provider
        self.tier = tier
        self.worst = worst
        self.candidates = candidates
        self.amountWithoutRate = amountWithoutRate
        self.cap = cap
        self.statesOutput = statesOutput
        self.ttlSeconds = ttlSeconds
    }

    /// Bytes that it holds in memory beside its short members: its usage object and its candidates.
    public var bytes: Int {
        (usageJSON?.utf8.count ?? 0)
            + (candidates ?? []).reduce(0) { $0 + $1.model.utf8.count + MemoryLayout<Candidate>.size }
    }

    /// The usage object that is to be priced.
    var usageJSON: String? {
        guard case .usage(let json, _) = worst else { return nil }
        return json
    }

    /// The amount that it names, whatever that is for.
    var amount: Money? {
        guard case .amount(let amount) = worst else { return amountWithoutRate }
        return amount
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
    /// What the org allows to be done with its data, of a hold that was granted; nil if nobody has chosen anything.
    public var data: DataPolicy?

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
