import Ledger
import Metering

/// A payment, as it is shown: with its lines it is the receipt. Money in US dollars.
public struct PaymentView: Codable, Sendable, Hashable {
    /// Its number.
    public let payment: Int64
    /// The org.
    public let org: String
    /// `invoice`, `seats`, `credits`, or `balance` for money that came for nothing in particular.
    public let purpose: String
    /// Whether nobody asked for it but the org's own wish to top up.
    public let isTopUp: Bool
    /// What is paid, tax included.
    public let amount: String
    /// What the customer's balance pays of it; below zero, what was carried over and is collected with it.
    public let fromBalance: String?
    /// What refunds gave back of it, or are about to.
    public let refunded: String?
    /// What went back otherwise, as by a chargeback.
    public let returned: String?
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
    /// The page on which the customer confirms it with their bank; nil if they don't have to.
    public let confirm: Confirm?
    /// What it pays by itself.
    public let lines: [InvoiceLineView]

    /// Where and until when a payment can be confirmed.
    public struct Confirm: Codable, Sendable, Hashable {
        /// The gateway's page, for the customer's browser.
        public let url: String
        /// When the payment is given up if nobody has confirmed it.
        public let until: String
    }

    /// - Parameter page: the gateway's page on which its customer confirms it; nil for none.
    init(_ record: PaymentRecord, page: String? = nil) {
        let until = record.created.advanced(bySeconds: Confirmation.seconds).description
        let isWaiting = record.state == .pending && page != nil
        confirm = page.flatMap { isWaiting ? Confirm(url: $0, until: until) : nil }
        let body = try? BillingCoding.decode(PaymentBody.self, record.body)
        payment = record.payment
        org = record.org
        switch body?.purpose {
        case .invoice, nil: (purpose, isTopUp) = ("invoice", false)
        case .seats: (purpose, isTopUp) = ("seats", false)
        case .credits(let toppedUp): (purpose, isTopUp) = ("credits", toppedUp != nil)
        case .deposit: (purpose, isTopUp) = ("balance", false)
        }
        amount = record.amount.cents
        fromBalance = record.fromBalance == .zero ? nil : record.fromBalance.cents
        refunded = record.refunded == .zero ? nil : record.refunded.cents
        returned = record.returned == .zero ? nil : record.returned.cents
        state = record.state.name
        reason = record.reason
        words =
            isWaiting
            ? "the bank wants the customer to confirm it, on the gateway's page, until \(until)"
            : record.reason.flatMap { DeclineReason(rawValue: $0)?.words } ?? Self.words(record)
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

/// A refund, as it is shown. Money in US dollars.
public struct RefundView: Codable, Sendable, Hashable {
    /// Its number.
    public let refund: Int64
    /// The org.
    public let org: String
    /// The payment that it gives back, in whole or in part.
    public let payment: Int64
    /// What is given back: `in_vain` for a payment of which nothing came, `credits`, `credit_note` or `balance`.
    public let cause: String
    /// What goes back, tax included.
    public let amount: String
    /// Of that, the tax.
    public let tax: String
    /// `due`, `pending`, `failed` or `succeeded`. Until it has succeeded, the money is still owed.
    public let state: String
    /// In words, with what to do.
    public let words: String?
    /// Why it was made.
    public let reason: String
    /// Who gives it back.
    public let gateway: String
    /// The gateway's name of it.
    public let reference: String?
    /// When it was opened.
    public let created: String
    /// When it came to its state.
    public let settled: String?

    init(_ record: RefundRecord) {
        refund = record.refund
        org = record.org
        payment = record.payment
        cause = record.cause.name
        amount = record.amount.cents
        tax = record.tax.cents
        state = record.state.name
        reason = record.reason
        gateway = record.gateway
        reference = record.reference
        created = record.created.description
        settled = record.settled?.description
        let recorded = "meterctl refunds record \(record.org) \(record.refund)"
        words =
            switch record.state {
            case .due where record.gateway == ManualGateway().name: "transfer it, then \(recorded)"
            case .due: "the gateway is asked to give it back"
            case .pending: "the gateway has taken it on; the money is on its way"
            case .failed:
                "\(record.words ?? "it failed"); meterctl refunds retry \(record.org) \(record.refund) tries again, or transfer it and \(recorded)"
            case .succeeded: nil
            }
    }
}
