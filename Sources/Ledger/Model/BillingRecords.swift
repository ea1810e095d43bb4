import Metering

/// An org's bill as it is on record.
public struct BillingRecord: Sendable {
    /// The newest change, 0 where there is none.
    public let change: Int64
    /// The state that it left, as JSON; nil where there is none.
    public let state: String?
    /// The org.
    public let org: OrgView
    /// What is left of its credits.
    public let balance: Money
    /// The customer's balance, which pays later invoices and seats. Below zero: it is collected with them.
    public let customerBalance: Money
    /// Members that take part.
    public let members: Int64
    /// The newest usage record, 0 for none.
    public let lastUsage: Int64
    /// Payments that somebody has still to do something for, the oldest first.
    public let openPayments: [PaymentRecord]
    /// Refunds that did not succeed yet, the oldest first.
    public let openRefunds: [RefundRecord]
    /// Payments that succeeded and whose sales stand on no invoice, the oldest first.
    public let uninvoiced: [PaymentRecord]
    /// Invoices on which something is due, the oldest first.
    public let openInvoices: [InvoiceRecord]
}

/// A payment as it is on record.
public struct PaymentRecord: Sendable, Hashable {
    /// Its number.
    public let payment: Int64
    /// The org's name.
    public let org: String
    /// What it pays: its own sale, or else an invoice.
    public let sale: Sale?
    /// The invoice that it pays, or on which its sale stands; nil for none yet.
    public let invoice: Int64?
    /// What is paid, tax included.
    public let amount: Money
    /// What the customer's balance pays of it; below zero, what was carried over and is collected with it.
    public let fromBalance: Money
    /// What refunds gave back, or are about to.
    public let refunded: Money
    /// What went back otherwise.
    public let returned: Money
    /// What makes it one payment.
    public let key: String
    /// Who is asked for it.
    public let gateway: String
    /// What billing wrote.
    public let body: String
    /// Where it stands.
    public let state: PaymentState
    /// The gateway's name of it.
    public let reference: String?
    /// Why it was declined, canceled or sent back.
    public let reason: String?
    /// When it was first asked for.
    public let created: Timestamp
    /// When it came to its state; nil while it is pending.
    public let settled: Timestamp?

    /// What the gateway is asked for.
    public var asked: Money { Money(nanos: amount.nanos - fromBalance.nanos) }
    /// What is left to be given back.
    public var refundable: Money {
        guard state == .succeeded || state == .refundDue else { return .zero }
        return Money(nanos: max(0, asked.nanos - refunded.nanos - returned.nanos))
    }
}

/// A refund as it is on record.
public struct RefundRecord: Sendable, Hashable {
    /// Its number.
    public let refund: Int64
    /// The org's name.
    public let org: String
    /// The payment that it gives back.
    public let payment: Int64
    /// What it gives back.
    public let cause: RefundCause
    /// Without tax.
    public let net: Money
    /// The tax.
    public let tax: Money
    /// The credit note that shows it.
    public let creditNote: Int64?
    /// Who is asked for it.
    public let gateway: String
    /// Why, in words.
    public let reason: String
    /// When it was opened.
    public let created: Timestamp
    /// Where it stands.
    public let state: RefundState
    /// The gateway's name of it.
    public let reference: String?
    /// Why it failed.
    public let words: String?
    /// When it came to its state.
    public let settled: Timestamp?

    /// What goes back.
    public var amount: Money { Money(nanos: net.nanos + tax.nanos) }
}

/// A return as it is on record; see ``NewReturn``.
public struct ReturnRecord: Sendable, Hashable {
    /// Its number.
    public let number: Int64
    /// The org's name.
    public let org: String
    /// What it says.
    public let entry: NewReturn
    /// When it was taken.
    public let created: Timestamp

    /// Two are equal if they are the same.
    public static func == (left: ReturnRecord, right: ReturnRecord) -> Bool { left.number == right.number }
    /// By its number.
    public func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// An invoice as it is on record.
public struct InvoiceRecord: Sendable, Hashable {
    /// The ledger's number of it.
    public let invoice: Int64
    /// The org's name.
    public let org: String
    /// Which document.
    public let kind: InvoiceKind
    /// Its number, as people say it.
    public let number: String
    /// The sum of its lines without tax.
    public let net: Money
    /// The sum of its lines' tax.
    public let tax: Money
    /// What it asked for when it was issued.
    public let due: Money
    /// The invoice that a credit note refers to.
    public let refersTo: Int64?
    /// What billing wrote.
    public let body: String
    /// When it was issued.
    public let issued: Timestamp
    /// Where it stands.
    public let state: InvoiceState
    /// When it was paid.
    public let paid: Timestamp?
    /// The payment that paid what was due.
    public let payment: Int64?
    /// That payment as it is on record.
    public let paidBy: PaymentRecord?
    /// What credit notes took back of ``due``.
    public let credited: Money
    /// What was paid of ``due`` and did not go back, by payments and from the customer's balance.
    public let settled: Money
    /// What was said about it, the oldest first.
    public let notes: [InvoiceNote]

    /// What is still to be paid.
    public var open: Money { state == .open ? Money(nanos: due.nanos - credited.nanos - settled.nanos) : .zero }
    /// What is left to be credited.
    public var uncredited: Money { Money(nanos: due.nanos - credited.nanos) }
    /// Whether its buyer doesn't agree with it.
    public var isDisputed: Bool {
        notes.last { $0.kind != NoteKind.note.name }?.kind == NoteKind.disputed.name
    }

    /// The number of an invoice of a series, as people say it.
    static func number(_ series: String, _ number: Int64) -> String {
        let digits = String(number)
        return series + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}

/// A step of an org's bill with the states around it.
public struct BillStep: Codable, Sendable, Hashable {
    /// Its number.
    public let number: Int64
    /// When it was taken.
    public let at: Timestamp
    /// What it was: `seats_ordered`, `period_billed`, …
    public let kind: String
    /// Who took it.
    public let actor: String
    /// What was on record before it; nil for the first.
    public let before: String?
    /// What was on record after it.
    public let after: String
}
