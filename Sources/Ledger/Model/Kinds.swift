/// What a place in the ledger holds. The raw value is on disk.
public enum AccountKind: Int64, Sendable, CaseIterable {
    /// What an org has left of its credits. Credits add to it, debits take from it; it may go below zero.
    case orgCredits = 1
    /// Where spent credits go: what the provider charged for.
    case usage = 2
    /// Where granted credits come from.
    case grants = 3
    /// Where credits go that expired unspent.
    case breakage = 4
    /// What an org owes: below zero while it does.
    case receivable = 5
    /// What seats brought.
    case seats = 6
    /// Tax that was charged, to be handed on.
    case tax = 7
    /// Where payments come from.
    case payments = 8
    /// What an org has for later invoices and seats. Below zero: what they collect with them.
    case customerBalance = 9
    /// What gateways took for chargebacks, and beyond a payment.
    case gatewayFees = 10

    /// The name in listings.
    public var name: String {
        switch self {
        case .orgCredits: "org_credits"
        case .usage: "usage"
        case .grants: "grants"
        case .breakage: "breakage"
        case .receivable: "receivable"
        case .seats: "seats"
        case .tax: "tax"
        case .payments: "payments"
        case .customerBalance: "customer_balance"
        case .gatewayFees: "gateway_fees"
        }
    }

    /// Whether each org has one of its own.
    var isOfOrg: Bool {
        switch self {
        case .orgCredits, .receivable, .customerBalance: true
        case .usage, .grants, .breakage, .seats, .tax, .payments, .gatewayFees: false
        }
    }
}

/// Why a transfer was made. The raw value is on disk.
public enum TransferCode: Int64, Sendable, CaseIterable {
    /// A priced usage record: org credits → usage. Refers to the record's sequence number; closes the record's hold.
    case charge = 1
    /// Credits given to an org: grants → org credits. Refers to the grant.
    case grant = 2
    /// A hold, pending: org credits → usage. Refers to the hold.
    case hold = 3
    /// A hold closed by a record that cost nothing. Refers to the hold, as the next two do.
    case holdSettled = 4
    /// A hold freed by `release`.
    case holdReleased = 5
    /// A hold freed at its ttl.
    case holdExpired = 6
    /// What was unspent of a grant at its expiry: org credits → breakage. Refers to the grant.
    case creditsExpired = 7
    /// What was unspent of a grant when it was taken back: org credits → grants. Refers to the grant.
    case creditsVoided = 8
    /// A correction that charges more: org credits → usage. Refers to the correction.
    case correctionCharge = 9
    /// A correction that gives back: usage → org credits. Refers to the correction.
    case correctionCredit = 10
    /// What an invoice asks for, seats and tax: receivable → seats, tax. Refers to the invoice.
    case invoice = 11
    /// What a payment pays by itself: receivable → seats, grants (credits), tax. Refers to the payment.
    case sale = 12
    /// A payment: payments → receivable. Refers to the payment.
    case payment = 13
    /// A payment that went back: receivable → payments. Refers to the payment.
    case refund = 14
    /// What a credit note takes back: seats, tax → receivable. Of what was paid, receivable → customer balance. Refers to the credit
    /// note.
    case creditNote = 15
    /// What the customer's balance pays of an invoice: customer balance → receivable, or the other way what the invoice collects.
    /// Refers to the invoice.
    case balanceApplied = 16
    /// The same of a payment of its own. Refers to the payment.
    case balancePayment = 17
    /// Credits that a refund takes back: org credits → grants. Refers to the refund.
    case creditsRefunded = 18
    /// What a refund takes back beside credits: grants, tax, customer balance → receivable. Refers to the refund.
    case saleReversed = 19
    /// Money that went back by a refund: receivable → payments. Refers to the refund.
    case refundPaid = 20
    /// Money that went back otherwise: receivable → payments; or that came again: payments → receivable. Refers to the return.
    case paymentReturned = 21
    /// Credits that such a return takes back: org credits → grants. Refers to the return.
    case creditsReturned = 22
    /// What a return takes back beside credits: grants, tax, customer balance → receivable; or gives again. Refers to the return.
    case saleReturned = 23
    /// What a gateway took for a chargeback, and beyond the payment: gateway fees → receivable; or gave back of it. Refers to the
    /// return.
    case gatewayFee = 24

    /// The name in listings.
    public var name: String {
        switch self {
        case .charge: "charge"
        case .grant: "grant"
        case .hold: "hold"
        case .holdSettled: "hold_settled"
        case .holdReleased: "hold_released"
        case .holdExpired: "hold_expired"
        case .creditsExpired: "credits_expired"
        case .creditsVoided: "credits_voided"
        case .correctionCharge: "correction_charge"
        case .correctionCredit: "correction_credit"
        case .invoice: "invoice"
        case .sale: "sale"
        case .payment: "payment"
        case .refund: "refund"
        case .creditNote: "credit_note"
        case .balanceApplied: "balance_applied"
        case .balancePayment: "balance_payment"
        case .creditsRefunded: "credits_refunded"
        case .saleReversed: "sale_reversed"
        case .refundPaid: "refund_paid"
        case .paymentReturned: "payment_returned"
        case .creditsReturned: "credits_returned"
        case .saleReturned: "sale_returned"
        case .gatewayFee: "gateway_fee"
        }
    }

    /// Whether it moves nothing but what is reserved.
    public var isReservation: Bool {
        switch self {
        case .hold, .holdSettled, .holdReleased, .holdExpired: true
        case .charge, .grant, .creditsExpired, .creditsVoided, .correctionCharge, .correctionCredit, .invoice, .sale,
            .payment, .refund, .creditNote, .balanceApplied, .balancePayment, .creditsRefunded, .saleReversed,
            .refundPaid, .paymentReturned, .creditsReturned, .saleReturned, .gatewayFee:
            false
        }
    }

    /// Whether it is about what an org owes, and so moves none of its credits.
    public var isBilling: Bool {
        switch self {
        case .invoice, .sale, .payment, .refund, .creditNote, .balanceApplied, .balancePayment, .saleReversed,
            .refundPaid, .paymentReturned, .saleReturned, .gatewayFee:
            true
        case .creditsRefunded, .creditsReturned, .charge, .grant, .hold, .holdSettled, .holdReleased, .holdExpired,
            .creditsExpired, .creditsVoided,
            .correctionCharge, .correctionCredit:
            false
        }
    }
}

/// Where a hold stands. The raw value is on disk.
public enum HoldState: Int64, Sendable, CaseIterable {
    /// No hold of that id; kept with a record that named it.
    case unknown = 0
    /// It reserves its amount.
    case open = 1
    /// A usage record was charged and freed the rest.
    case settled = 2
    /// `release` freed it.
    case released = 3
    /// It freed itself at its ttl.
    case expired = 4

    /// The protocol's `hold_state`.
    public var name: String {
        switch self {
        case .unknown: "unknown"
        case .open: "open"
        case .settled: "settled"
        case .released: "released"
        case .expired: "expired"
        }
    }
}

/// Where granted credits come from. The raw value is on disk.
public enum GrantSource: Int64, Sendable, CaseIterable {
    /// Paid for.
    case purchase = 1
    /// A gift; drawn before what was paid for.
    case promotion = 2
    /// Put right by an operator, or by a correction of usage that no grant had paid.
    case adjustment = 3
    /// Given back after a complaint.
    case refund = 4

    /// The name in requests and listings.
    public var name: String {
        switch self {
        case .purchase: "purchase"
        case .promotion: "promotion"
        case .adjustment: "adjustment"
        case .refund: "refund"
        }
    }

    /// The source of that name.
    public init?(name: String) {
        guard let source = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = source
    }
}

/// What became of a grant. The raw value is on disk.
public enum GrantState: Int64, Sendable, CaseIterable {
    /// Something is left.
    case open = 1
    /// All of it was spent.
    case spent = 2
    /// What was left went to breakage at its time.
    case expired = 3
    /// What was left was taken back.
    case voided = 4

    /// The name in listings.
    public var name: String {
        switch self {
        case .open: "open"
        case .spent: "spent"
        case .expired: "expired"
        case .voided: "voided"
        }
    }
}

/// Why a record's cost changed after its charge. The raw value is on disk.
public enum CorrectionKind: Int64, Sendable, CaseIterable {
    /// An unpriced record's rate came.
    case lateCharge = 1
    /// Other usage in place of what was reported.
    case corrected = 2
    /// The record is not to be paid for.
    case voided = 3
    /// The card now in force for its time says something else.
    case repriced = 4
    /// Usage came that names the hold whose estimate the record charges: the estimate is not to be paid for.
    case replaced = 5

    /// Whether the record is not to be paid for any more.
    var isVoid: Bool { self == .voided || self == .replaced }

    /// The name in listings.
    public var name: String {
        switch self {
        case .lateCharge: "late_charge"
        case .corrected: "corrected"
        case .voided: "voided"
        case .repriced: "repriced"
        case .replaced: "replaced"
        }
    }
}

/// What a usage record came to when it was taken. The raw value is on disk.
public enum ChargeStatus: Int64, Sendable, CaseIterable {
    /// Priced and debited.
    case charged = 1
    /// No rate: kept, costs nothing until a rate comes.
    case unpriced = 2
    /// Charged, and the balance was below zero then.
    case overdrawn = 3
    /// Charged what a hold had reserved that expired unsettled; no sender reported it.
    case estimated = 4

    /// The protocol's `status`.
    public var name: String {
        switch self {
        case .charged: "charged"
        case .unpriced: "unpriced"
        case .overdrawn: "overdrawn"
        case .estimated: "estimated"
        }
    }
}

/// Whether an org takes part. The raw value is on disk.
public enum OrgState: Int64, Sendable, CaseIterable {
    /// In use.
    case active = 1
    /// Closed by an operator: no new grants; usage that still arrives is charged.
    case closed = 2
    /// An invoice was not paid in time: no request may go ahead; usage that still arrives is charged.
    case suspended = 3

    /// The protocol's `state`.
    public var name: String {
        switch self {
        case .active: "active"
        case .closed: "closed"
        case .suspended: "suspended"
        }
    }
}
