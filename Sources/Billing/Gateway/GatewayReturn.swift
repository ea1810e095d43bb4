import Ledger
import Metering

/// Money of a payment that went back at the gateway without a refund of ours, as the gateway has it on record at the moment.
///
/// Amounts are totals so far: what is new in them is booked, however often the same is said.
public struct GatewayReturn: Sendable, Hashable {
    /// Where a chargeback stands.
    public enum State: String, Sendable, Hashable, Codable {
        /// The bank asks before it takes anything: an inquiry, or early fraud warning.
        case inquiry
        /// The bank took the money; evidence may be sent.
        case open
        /// The bank gave the money back, or the inquiry ended with nothing.
        case won
        /// The money stays gone. So it is of a refund.
        case lost

        /// Whether nothing more comes of it.
        public var isFinal: Bool { self == .won || self == .lost }
    }

    /// The gateway's name of it.
    public let reference: String
    /// The gateway's name of the payment.
    public let payment: String
    /// How the money goes.
    public let kind: ReturnKind
    /// Where it stands.
    public let state: State
    /// What it is about.
    public let amount: Money
    /// What went.
    public let withdrawn: Money
    /// What came again of that.
    public let reinstated: Money
    /// What the gateway took for it, less what it gave back of that.
    public let fee: Money
    /// The gateway's word for why.
    public let reason: String
    /// Until when evidence may be sent.
    public let evidenceDue: Timestamp?

    /// A return of those members.
    public init(
        reference: String, payment: String, kind: ReturnKind, state: State, amount: Money, withdrawn: Money,
        reinstated: Money, fee: Money, reason: String, evidenceDue: Timestamp?
    ) {
        self.reference = reference
        self.payment = payment
        self.kind = kind
        self.state = state
        self.amount = amount
        self.withdrawn = withdrawn
        self.reinstated = reinstated
        self.fee = fee
        self.reason = reason
        self.evidenceDue = evidenceDue
    }
}

/// What a gateway says of money that went back.
public enum GatewayReturns: Sendable, Hashable {
    /// All of it.
    case known([GatewayReturn])
    /// It can't be asked now.
    case unknown(String)
}

/// A chargeback that is not decided yet.
public struct OpenChargeback: Sendable, Hashable, Codable {
    /// The gateway's name of it.
    public let reference: String
    /// The payment.
    public let payment: Int64
    /// Where it stands.
    public let state: GatewayReturn.State
}
