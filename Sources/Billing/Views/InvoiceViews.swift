import Foundation
import Ledger
import Metering

/// One line of an invoice or a receipt, as it is shown. Money in US dollars.
public struct InvoiceLineView: Codable, Sendable, Hashable {
    /// In words.
    public let text: String
    /// `seats` or `credits`.
    public let product: String
    /// How many.
    public let quantity: Int64
    /// What one costs: a seat for a whole period, or the credits.
    public let unitPrice: String
    /// The first day that is paid for, of seats.
    public let from: String?
    /// The first day that isn't any more.
    public let until: String?
    /// Days that are paid for.
    public let days: Int64?
    /// Days of the whole period.
    public let ofDays: Int64?
    /// Without tax.
    public let net: String
    /// The tax.
    public let tax: String
    /// With tax.
    public let gross: String
    /// Which rule of tax applied.
    public let taxRule: String
    /// The payment that paid it before the invoice was made.
    public let payment: Int64?
    /// When that was.
    public let paidOn: String?
    /// What it was paid with.
    public let paidWith: String?

    init(_ line: InvoiceLine) {
        product = line.item.product.rawValue
        quantity = line.quantity
        unitPrice = line.unitPrice.cents
        switch line.item {
        case .seats(let part):
            (from, until, days, ofDays) = (part.from.description, part.until.description, part.days, part.of)
            let last = part.until.advanced(byDays: -1)
            text =
                part.isWhole
                ? "Seats, \(part.from) to \(last)"
                : "Seats, \(part.from) to \(last): \(part.days) of \(part.of) days"
        case .credits:
            (from, until, days, ofDays) = (nil, nil, nil, nil)
            text = "Prepaid credits"
        case .correction(let invoice):
            (from, until, days, ofDays) = (nil, nil, nil, nil)
            text = "Correction of \(invoice)"
        }
        net = line.net.cents
        tax = line.tax.cents
        gross = line.gross.cents
        taxRule = line.rule.words
        payment = line.payment
        paidOn = line.paidOn?.description
        paidWith = line.paidWith
    }
}

/// The tax of all lines of one rule, as it is shown. Money in US dollars.
public struct TaxSummaryView: Codable, Sendable, Hashable {
    /// The rule.
    public let rule: String
    /// What its lines come to without tax.
    public let net: String
    /// The tax.
    public let tax: String
}

/// An invoice or a credit note, as it is shown. Money in US dollars.
public struct InvoiceView: Codable, Sendable, Hashable {
    /// Its number: `INV-000001`.
    public let number: String
    /// `invoice` or `credit_note`.
    public let kind: String
    /// The org.
    public let org: String
    /// `open` or `paid`.
    public let state: String
    /// When it was issued.
    public let issued: String
    /// When it was paid.
    public let paidAt: String?
    /// Who sells.
    public let seller: Seller
    /// Who buys.
    public let buyer: Buyer
    /// The first day of the period that it bills.
    public let periodStart: String?
    /// The first day of the next.
    public let periodEnd: String?
    /// Its lines.
    public let lines: [InvoiceLineView]
    /// Its tax by rule.
    public let taxes: [TaxSummaryView]
    /// Always `USD`.
    public let currency: String
    /// Without tax.
    public let net: String
    /// The tax.
    public let tax: String
    /// With tax.
    public let total: String
    /// Of that, paid before it was issued.
    public let paidBefore: String
    /// What it asks for.
    public let due: String
    /// What is still to be paid of that.
    public let open: String
    /// What it is paid with: `visa ending in 4242`.
    public let method: String?
    /// The number of the payment that paid what it asked for.
    public let payment: Int64?
    /// The reason of a credit note.
    public let reason: String?
    /// The number of the invoice that a credit note takes back a part of.
    public let corrects: String?
    /// What credit notes took back of what it asks for.
    public let credited: String
    /// Whether its buyer doesn't agree with it: nothing follows from its not being paid meanwhile.
    public let isDisputed: Bool
    /// What was said about it, the oldest first.
    public let notes: [InvoiceNote]

    init(_ record: InvoiceRecord) throws {
        let body = try BillingCoding.decode(InvoiceBody.self, record.body)
        number = record.number
        kind = record.kind.name
        org = record.org
        state = record.state.name
        issued = record.issued.description
        paidAt = record.paid?.description
        seller = body.seller
        buyer = body.buyer
        periodStart = body.period?.start.description
        periodEnd = body.period?.end.description
        lines = body.lines.map(InvoiceLineView.init)
        taxes = TaxSummary.of(body.lines).map {
            TaxSummaryView(rule: $0.rule.words, net: $0.net.cents, tax: $0.tax.cents)
        }
        currency = "USD"
        net = body.totals.net.cents
        tax = body.totals.tax.cents
        total = body.totals.total.cents
        paidBefore = body.totals.paid.cents
        due = body.totals.due.cents
        open = record.open.cents
        method = body.method?.words
        payment = record.payment
        reason = body.reason
        corrects = body.corrects
        credited = record.credited.cents
        isDisputed = record.isDisputed
        notes = record.notes
    }
}

/// A payment, as it is shown: with its lines it is the receipt. Money in US dollars.
public struct PaymentView: Codable, Sendable, Hashable {
    /// Its number.
    public let payment: Int64
    /// The org.
    public let org: String
    /// `invoice`, `seats` or `credits`.
    public let purpose: String
    /// Whether nobody asked for it but the org's own wish to top up.
    public let isTopUp: Bool
    /// What is paid, tax included.
    public let amount: String
    /// `pending`, `succeeded`, `declined`, `canceled`, `refund_due` or `refunded`.
    public let state: String
    /// A word for why it was declined, canceled or sent back.
    public let reason: String?
    /// The same in words, with what to do.
    public let words: String?
    /// Who collects it.
    public let gateway: String
    /// The gateway's name of it.
    public let reference: String?
    /// What it is paid with: `visa ending in 4242`.
    public let method: String?
    /// When it was first asked for.
    public let created: String
    /// When it came to its state.
    public let settled: String?
    /// What it pays by itself.
    public let lines: [InvoiceLineView]

    init(_ record: PaymentRecord) {
        let body = try? BillingCoding.decode(PaymentBody.self, record.body)
        payment = record.payment
        org = record.org
        switch body?.purpose {
        case .invoice, nil: (purpose, isTopUp) = ("invoice", false)
        case .seats: (purpose, isTopUp) = ("seats", false)
        case .credits(let toppedUp): (purpose, isTopUp) = ("credits", toppedUp != nil)
        }
        amount = record.amount.cents
        state = record.state.name
        reason = record.reason
        words = record.reason.flatMap { DeclineReason(rawValue: $0)?.words } ?? Self.words(record)
        gateway = record.gateway
        reference = record.reference
        method = body?.method?.words
        created = record.created.description
        settled = record.settled?.description
        lines = (body?.lines ?? []).map(InvoiceLineView.init)
    }

    private static func words(_ record: PaymentRecord) -> String? {
        let manual = ManualGateway().name
        return switch record.state {
        case .pending where record.gateway == manual:
            "waits for the money; meterctl payments record \(record.org) \(record.payment) takes note of it"
        case .pending: "the gateway has not said yet what became of it; it is asked again"
        case .refundDue where record.gateway == manual:
            "\(record.reason ?? ""); give it back, then meterctl payments record \(record.org) \(record.payment)"
        case .refundDue: "\(record.reason ?? ""); the gateway is asked to give it back"
        case .succeeded, .declined, .canceled, .refunded: record.reason
        }
    }
}
