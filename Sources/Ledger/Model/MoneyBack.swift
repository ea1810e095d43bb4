import Metering

/// A refund to make: money that goes back for a payment, in whole or in part.
///
/// What it takes back (credits, a sale, the customer's balance) is taken when it is opened, before any gateway is asked, so that
/// nobody can spend it meanwhile. The money counts as gone only when the gateway says so.
public struct NewRefund: Sendable {
    /// What is given back for it.
    public enum Cause: Sendable, Hashable {
        /// Nothing: the payment came when what it was for couldn't be had any more.
        case inVain
        /// Unspent credits of the purchase that the payment paid.
        case credits
        /// A credit note; nil for the one that the same change issues.
        case creditNote(Int64?)
        /// The customer's balance.
        case balance
    }

    /// The payment that is given back.
    public let payment: Int64
    /// What is given back for it.
    public let cause: Cause
    /// Without tax.
    public let net: Money
    /// The tax.
    public let tax: Money
    /// Why, in words.
    public let reason: String

    /// A refund of `net` + `tax`.
    public init(payment: Int64, cause: Cause, net: Money, tax: Money = .zero, reason: String) {
        self.payment = payment
        self.cause = cause
        self.net = net
        self.tax = tax
        self.reason = reason
    }
}

extension NewRefund.Cause {
    var kind: RefundCause {
        switch self {
        case .inVain: .inVain
        case .credits: .credits
        case .creditNote: .creditNote
        case .balance: .balance
        }
    }
}

/// What a refund gives back. The raw value is on disk.
public enum RefundCause: Int64, Sendable, CaseIterable {
    /// A payment in vain.
    case inVain = 1
    /// Unspent credits.
    case credits = 2
    /// What a credit note took back.
    case creditNote = 3
    /// The customer's balance.
    case balance = 4

    /// The name in listings.
    public var name: String {
        switch self {
        case .inVain: "in_vain"
        case .credits: "credits"
        case .creditNote: "credit_note"
        case .balance: "balance"
        }
    }
}

/// Where a refund stands. The raw value is on disk.
public enum RefundState: Int64, Sendable, CaseIterable {
    /// The gateway is about to be asked, or an operator has to transfer it.
    case due = 1
    /// The gateway took it on; the money is on its way.
    case pending = 2
    /// The gateway could not give it back: an operator has to do something. The money is still owed.
    case failed = 3
    /// The money went back.
    case succeeded = 4

    /// The name in listings.
    public var name: String {
        switch self {
        case .due: "due"
        case .pending: "pending"
        case .failed: "failed"
        case .succeeded: "succeeded"
        }
    }
}

/// What became of a refund.
public enum RefundSettlement: Sendable, Hashable {
    /// The gateway took it on, under that name.
    case pending(reference: String?)
    /// The gateway could not give it back.
    case failed(reference: String?, words: String)
    /// It is to be tried again.
    case due
    /// The money went back.
    case succeeded(reference: String?)

    var state: RefundState {
        switch self {
        case .pending: .pending
        case .failed: .failed
        case .due: .due
        case .succeeded: .succeeded
        }
    }

    var reference: String? {
        switch self {
        case .pending(let reference), .failed(let reference, _), .succeeded(let reference): reference
        case .due: nil
        }
    }

    var words: String? { if case .failed(_, let words) = self { words } else { nil } }

    func isPossible(from state: RefundState) -> Bool {
        switch self {
        case .due: state == .failed
        case .pending: state == .due || state == .failed
        case .failed: state == .due || state == .pending
        case .succeeded: state != .succeeded
        }
    }
}

/// Money of a payment that went back without a refund of ours, or that came again after that.
///
/// The amount is `credits` + `tax` + `carried`, and the rest is taken from, or given back to, what the payment paid of its invoice.
public struct NewReturn: Sendable {
    /// The payment.
    public let payment: Int64
    /// How the money went.
    public let kind: ReturnKind
    /// Whether it came back again: a chargeback that was won.
    public let isReinstated: Bool
    /// What went, or came, of the payment.
    public let amount: Money
    /// Credits that are taken from the org, or given to it again.
    public let credits: Money
    /// Tax of a sale that is taken back, or owed again.
    public let tax: Money
    /// What is taken from, or given to, the customer's balance.
    public let carried: Money
    /// What the gateway took for it, or gave back of that.
    public let fee: Money
    /// What went, or came, beyond the payment.
    public let excess: Money
    /// The gateway's name of the chargeback or refund.
    public let reference: String?
    /// Why, in words.
    public let reason: String

    /// A return of those members.
    public init(
        payment: Int64, kind: ReturnKind, isReinstated: Bool = false, amount: Money, credits: Money = .zero,
        tax: Money = .zero, carried: Money = .zero, fee: Money = .zero, excess: Money = .zero, reference: String?,
        reason: String
    ) {
        self.payment = payment
        self.kind = kind
        self.isReinstated = isReinstated
        self.amount = amount
        self.credits = credits
        self.tax = tax
        self.carried = carried
        self.fee = fee
        self.excess = excess
        self.reference = reference
        self.reason = reason
    }
}

/// How money went back without a refund of ours. The raw value is on disk.
public enum ReturnKind: Int64, Sendable, CaseIterable {
    /// The bank took it: a chargeback.
    case chargeback = 1
    /// Somebody refunded it at the gateway.
    case gatewayRefund = 2
    /// An operator says so: a debit that was returned, a transfer that was recorded for the wrong org.
    case reversal = 3

    /// The name in listings.
    public var name: String {
        switch self {
        case .chargeback: "chargeback"
        case .gatewayRefund: "gateway_refund"
        case .reversal: "reversal"
        }
    }
}
