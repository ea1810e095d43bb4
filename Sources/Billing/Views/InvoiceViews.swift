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
    /// `open` or `paid`; of a credit note `issued`.
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
    /// What was carried over to it from an earlier invoice, because it was too little to be collected.
    public let carriedIn: String?
    /// What the customer's balance pays of it.
    public let fromBalance: String?
    /// What is carried over to the next invoice, because it is too little to be collected.
    public let carriedOut: String?
    /// What it asks for.
    public let due: String
    /// What was paid of that since, and did not go back.
    public let paid: String?
    /// What is still to be paid of that.
    public let open: String
    /// What it is to be paid with: `visa ending in 4242`.
    public let method: String?
    /// The day by which it is to be paid.
    public let dueOn: String?
    /// What it was paid with: `visa ending in 4242`, `transfer 24 November`.
    public let paidWith: String?
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
        state = record.kind == .creditNote ? "issued" : record.state.name
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
        let balance = body.balance
        carriedIn = balance.flatMap { $0.carriedIn > .zero ? $0.carriedIn.cents : nil }
        fromBalance = balance.flatMap { $0.paid > .zero ? $0.paid.cents : nil }
        carriedOut = balance.flatMap { $0.carriedOut > .zero ? $0.carriedOut.cents : nil }
        due = Money(nanos: body.totals.due.nanos - (balance?.applied.nanos ?? 0)).cents
        let since = record.settled.nanos - (balance?.applied.nanos ?? 0)
        paid = since > 0 ? Money(nanos: since).cents : nil
        open = record.open.cents
        method = body.method?.words
        dueOn = body.dueOn?.description
        paidWith = record.paidBy.flatMap { paid in
            paid.paidWith((try? BillingCoding.decode(PaymentBody.self, paid.body))?.method)
        }
        payment = record.payment
        reason = body.reason
        corrects = body.corrects
        credited = record.credited.cents
        isDisputed = record.isDisputed
        notes = record.notes
    }
}

extension PaymentRecord {
    /// What it was paid with: the card, or the transfer's name at the bank.
    func paidWith(_ method: PaymentMethod?) -> String? {
        if let method { return method.words }
        if gateway == Bill.balanceGateway { return "the balance" }
        return gateway == ManualGateway().name ? reference.map { "transfer \($0)" } : nil
    }
}
