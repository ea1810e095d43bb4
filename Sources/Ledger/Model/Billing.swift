import Metering

/// A step of an org's bill: everything that is to be on record when it is done. It happens whole or not at all.
///
/// The ledger knows no rule of billing. It sees to it that a step is made from the newest state, that each payment is settled
/// once, that numbers have no gaps, and that money moves as the step says. After each change the org's bill is due at once: whoever
/// looks at it then says when it is due next (``Mutation/postponeBill(org:after:to:balanceSeen:)``).
public struct BillingChange: Sendable {
    /// Whose bill.
    public let org: String
    /// The change that it was worked out from, 0 for none. Where another has come since, nothing happens.
    public let after: Int64
    /// When it was worked out. Where it would be made on another UTC day, nothing happens: periods go by days.
    public let decided: Timestamp
    /// What it is, in a word.
    public let kind: String
    /// Who does it: an operator, or `meterd` where time does.
    public let actor: String
    /// The state of the org's bill afterwards, as JSON that only billing reads.
    public let state: String
    /// Members that the org may have; nil for any number.
    public let membersMax: Int64?
    /// Whether its requests are refused.
    public let isSuspended: Bool
    /// The balance below which billing wants to look at the org at once; nil for none.
    public let topUpBelow: Money?
    /// Chargebacks that are not decided yet.
    public let openChargebacks: Int64
    /// What happens, in order.
    public var steps: [BillingStep]
    /// What is told of it.
    public var events: [BillingEvent]

    /// A change of an org's bill.
    public init(
        org: String, after: Int64, decided: Timestamp, kind: String, actor: String, state: String, membersMax: Int64?,
        isSuspended: Bool, topUpBelow: Money?, openChargebacks: Int64 = 0, steps: [BillingStep] = [],
        events: [BillingEvent] = []
    ) {
        self.org = org
        self.after = after
        self.decided = decided
        self.kind = kind
        self.actor = actor
        self.state = state
        self.membersMax = membersMax
        self.isSuspended = isSuspended
        self.topUpBelow = topUpBelow
        self.openChargebacks = openChargebacks
        self.steps = steps
        self.events = events
    }
}

/// A part of a change.
public enum BillingStep: Sendable {
    /// A payment is about to be asked for.
    case open(NewPayment)
    /// What became of a payment.
    case settle(payment: Int64, Settlement)
    /// An invoice or a credit note is final.
    case issue(NewInvoice)
    /// Something is said about an invoice.
    case note(invoice: Int64, NoteKind, String)
    /// The customer's balance pays a part of an invoice; nil for the one that the same change issues. Below zero: the invoice
    /// collects what was carried over to it. The balance may go below zero: a sum that is too small to be collected is carried over.
    case applyBalance(invoice: Int64?, Money)
    /// A part of what a credit note took back, which had been paid, goes to the customer's balance; nil for the note that the same
    /// change issues.
    case addToBalance(creditNote: Int64?, Money)
    /// Money is about to go back.
    case refund(NewRefund)
    /// What became of a refund.
    case settleRefund(refund: Int64, RefundSettlement)
    /// Money went back without a refund of ours, or came again after that.
    case takeReturn(NewReturn)
    /// The members are forgotten.
    case eraseMembers
    /// The org is closed.
    case closeOrg
}

/// What became of a payment.
public enum Settlement: Sendable, Hashable {
    /// The money is there: what was sold is posted, credits are granted, an invoice is paid. With the gateway's name of it.
    case succeeded(reference: String?)
    /// The money is there and what it was for can't be had any more: it goes back.
    case toBeRefunded(reference: String?, reason: String)
    /// There is no money, for that reason.
    case declined(reason: String, reference: String?)
    /// Nobody waits for it any more.
    case canceled(reason: String)
}

/// What is sold. The raw value is on disk.
public enum SoldProduct: Int64, Sendable, CaseIterable {
    /// Seats.
    case seats = 1
    /// Credits.
    case credits = 2
    /// Nothing: it is added to the customer's balance.
    case balance = 3
}

/// What a payment pays by itself.
public struct Sale: Sendable, Hashable {
    /// What is sold.
    public let product: SoldProduct
    /// Without tax: what seats cost, or the credits.
    public let net: Money
    /// The tax.
    public let tax: Money

    /// A sale; `net` + `tax` is the payment's amount.
    public init(product: SoldProduct, net: Money, tax: Money) {
        self.product = product
        self.net = net
        self.tax = tax
    }
}

/// A payment to ask for.
public struct NewPayment: Sendable {
    /// What it pays.
    public enum Purpose: Sendable, Hashable {
        /// A sale of its own.
        case sale(Sale)
        /// What an invoice asks for; nil for the one that the same change issues.
        case invoice(Int64?)
    }

    /// What it pays.
    public let purpose: Purpose
    /// What is paid, tax included.
    public let amount: Money
    /// What the customer's balance pays of it. Below zero: what was carried over is collected with it. The gateway is asked for the
    /// difference.
    public let fromBalance: Money
    /// What makes it one payment: unique in its org.
    public let key: String
    /// Who is asked for it.
    public let gateway: String
    /// What billing has to know of it, as JSON.
    public let body: String
    /// How it is settled with the same change; nil if that is still to come.
    public let settlement: Settlement?

    /// A payment.
    public init(
        purpose: Purpose, amount: Money, fromBalance: Money = .zero, key: String, gateway: String, body: String,
        settlement: Settlement? = nil
    ) {
        self.purpose = purpose
        self.amount = amount
        self.fromBalance = fromBalance
        self.key = key
        self.gateway = gateway
        self.body = body
        self.settlement = settlement
    }
}

/// Where a payment stands. The raw value is on disk.
public enum PaymentState: Int64, Sendable, CaseIterable {
    /// Asked for, or about to be.
    case pending = 1
    /// Paid.
    case succeeded = 2
    /// Not paid.
    case declined = 3
    /// Nobody waits for it any more.
    case canceled = 4
    /// Paid in vain: to go back.
    case refundDue = 5
    /// Gone back.
    case refunded = 6

    /// The name in listings.
    public var name: String {
        switch self {
        case .pending: "pending"
        case .succeeded: "succeeded"
        case .declined: "declined"
        case .canceled: "canceled"
        case .refundDue: "refund_due"
        case .refunded: "refunded"
        }
    }

    /// Whether somebody has still to do something for it.
    public var isOpen: Bool { self == .pending || self == .refundDue }
}

/// Which document. The raw value is on disk.
public enum InvoiceKind: Int64, Sendable, CaseIterable {
    /// An invoice.
    case invoice = 1
    /// A credit note: takes back a part of an invoice.
    case creditNote = 2

    /// The name in listings.
    public var name: String {
        switch self {
        case .invoice: "invoice"
        case .creditNote: "credit_note"
        }
    }
}

/// Where an invoice stands. The raw value is on disk.
public enum InvoiceState: Int64, Sendable, CaseIterable {
    /// Something is due.
    case open = 1
    /// Nothing is due.
    case paid = 2

    /// The name in listings.
    public var name: String {
        switch self {
        case .open: "open"
        case .paid: "paid"
        }
    }
}

/// What is said about an invoice. The raw value is on disk.
public enum NoteKind: Int64, Sendable, CaseIterable {
    /// A note.
    case note = 1
    /// Its buyer doesn't agree with it.
    case disputed = 2
    /// The dispute ended: it stays as it is.
    case upheld = 3
    /// A credit note took back a part; where there was a dispute, it ended.
    case credited = 4

    /// The name in listings.
    public var name: String {
        switch self {
        case .note: "note"
        case .disputed: "disputed"
        case .upheld: "upheld"
        case .credited: "credited"
        }
    }
}

/// Something that was said about an invoice.
public struct InvoiceNote: Codable, Sendable, Hashable {
    /// When, RFC 3339.
    public let at: String
    /// `note`, `disputed`, `upheld` or `credited`.
    public let kind: String
    /// By whom.
    public let actor: String
    /// In words.
    public let text: String
}

/// An invoice to issue. It gets the next number of its series.
public struct NewInvoice: Sendable {
    /// Which document.
    public let kind: InvoiceKind
    /// What its number begins with: each series counts from 1, without gaps.
    public let series: String
    /// The sum of its lines without tax.
    public let net: Money
    /// The sum of its lines' tax.
    public let tax: Money
    /// Of ``net``, what no payment has paid yet.
    public let netDue: Money
    /// Of ``tax``, what no payment has paid yet.
    public let taxDue: Money
    /// Payments whose sales stand on it.
    public let payments: [Int64]
    /// The invoice that a credit note takes back a part of.
    public let refersTo: Int64?
    /// All that it says, as JSON that only billing reads.
    public let body: String

    /// An invoice.
    public init(
        kind: InvoiceKind, series: String, net: Money, tax: Money, netDue: Money, taxDue: Money, payments: [Int64],
        refersTo: Int64?, body: String
    ) {
        self.kind = kind
        self.series = series
        self.net = net
        self.tax = tax
        self.netDue = netDue
        self.taxDue = taxDue
        self.payments = payments
        self.refersTo = refersTo
        self.body = body
    }
}

/// What is told of a change.
public struct BillingEvent: Sendable {
    /// Which payment or invoice it is about; its number goes into the event's data.
    public enum Subject: Sendable, Hashable {
        /// A payment; nil for the one that the change opens: of several, each event without a number is about the next.
        case payment(Int64?)
        /// An invoice; nil for the one that the change issues, or the next of them.
        case invoice(Int64?)
        /// A refund; nil for the one that the change opens, or the next of them.
        case refund(Int64?)
    }

    /// What happened.
    public let kind: LedgerEvent.Kind
    /// What belongs to it.
    public let data: [String: String]
    /// What it is about.
    public let subject: Subject?

    /// An event.
    public init(_ kind: LedgerEvent.Kind, _ data: [String: String] = [:], about subject: Subject? = nil) {
        self.kind = kind
        self.data = data
        self.subject = subject
    }
}

/// What a change made.
public struct BillingApplied: Codable, Sendable, Hashable {
    /// The change's number.
    public let change: Int64
    /// Payments that it opened.
    public var payments: [Int64] = []
    /// Invoices that it issued.
    public var invoices: [Int64] = []
    /// Refunds that it opened; nil for none.
    public var refunds: [Int64]?
    /// Returns that it took; nil for none.
    public var returns: [Int64]?

    /// A change that made nothing yet.
    public init(change: Int64) { self.change = change }
}
