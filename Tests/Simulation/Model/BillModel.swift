import Billing
import Ledger
import Metering

/// What is on record of bills. Days are numbers since 1970, money is nano-dollars, times are milliseconds.
struct BillModel {
    enum Purpose: Equatable {
        case seats(Int64, signup: Int64, period: Int64)
        case credits(isTopUp: Bool)
        case invoice(Int64)
    }

    struct Refund {
        let number: Int64
        let org: String
        let payment, amount: Int64
        let isInVain: Bool
        var state = RefundState.due
    }

    struct Payment {
        let number: Int64
        let org: String
        let purpose: Purpose
        let amount, net, tax, created: Int64
        /// What the customer's balance pays of it.
        let fromBalance: Int64
        /// The card that pays it: each one that is saved is another.
        let card: Int
        /// What went back otherwise.
        var returned: Int64 = 0
        /// The tax in that and in refunds.
        var taxBack: Int64 = 0
        var state = PaymentState.pending
        /// What refunds gave back, or are about to.
        var refunded: Int64 = 0
        /// The invoice that its sale stands on.
        var standsOn: Int64?
    }

    struct Invoice {
        let id: Int64
        let org: String
        let number: String
        let isCreditNote: Bool
        let due, net, tax: Int64
        var state: InvoiceState
        var credited: Int64 = 0
        /// What was paid of it and did not go back.
        var settled: Int64 = 0
        var notes: [NoteKind] = []

        var isDisputed: Bool { notes.last { $0 != .note } == .disputed }
        var open: Int64 { state == .open ? due - credited - settled : 0 }
    }

    struct Org {
        var change: Int64 = 0
        var signup: Int64?
        var isBegun = false
        var period: Int64 = 0
        var seats: Int64 = 0
        var nextSeats: Int64 = 0
        /// When the invoice that is owed was first declined; when requests were refused for it; when detail was erased.
        var declined, suspended, erased: Int64?
        /// The day from which the present period is billed.
        var resumed: Int64?
        var hasMethod = false
        /// The card on file, and the one that was refused for good.
        var card = 0
        var refused: Int?
        /// What it has for later invoices and seats.
        var balance: Int64 = 0
        /// An attempt never reached the bank; by then there is another.
        var anew: Int64 = 0
        /// Seats of the present order that were about to be removed and stay.
        var kept: Int64 = 0
        var topUpBelow: Int64?

        var membersMax: Int64? { signup == nil || seats == 0 && nextSeats == 0 ? nil : nextSeats }
        /// The first day after the present period.
        var periodEnd: Int64? { signup.map { periodStart($0, period + 1) } }
    }

    var orgs: [String: Org] = [:]
    var payments: [Payment] = []
    var invoices: [Invoice] = []
    var refunds: [Refund] = []
    /// What is booked of each dispute.
    struct Returned {
        var withdrawn: Int64 = 0
        var reinstated: Int64 = 0
        var fee: Int64 = 0
        var amount: Int64 = 0
        var credits: Int64 = 0
        var amountAgain: Int64 = 0
        var creditsAgain: Int64 = 0
    }
    var returns: [String: Returned] = [:]
    /// How many returns were booked.
    var returnCount: Int64 = 0
    /// How often a balance paid a part of something, or a sum was carried over.
    var balances = 0
    /// How many documents of each series there are.
    var series: [String: Int64] = [:]
    var paymentKeys: Set<String> = []
    /// What was answered to orders.
    var answers: [String: BillingApplied] = [:]
    var nextChange: Int64 = 1

    static let seatPrice: Int64 = 29_000_000_000
    static let day: Int64 = 86_400_000

    /// What the gateway collects at least.
    static let minimum: Int64 = 500_000_000

    /// What the customer's balance pays of a sum: what no payment under way has claimed; and all of it if what is left is too little.
    func share(of amount: Int64, _ org: String) -> Int64 {
        let claimed = payments.filter { $0.org == org && $0.state == .pending }.reduce(Int64(0)) { $0 + $1.fromBalance }
        let free = (orgs[org]?.balance ?? 0) - claimed
        if free >= amount || amount - free < Self.minimum { return amount }
        return free
    }

    func openInvoice(of org: String) -> Invoice? { invoices.first { $0.org == org && $0.state == .open } }

    func hasPending(_ org: String, for invoice: Int64) -> Bool {
        payments.contains { $0.org == org && $0.purpose == .invoice(invoice) && $0.state == .pending }
    }

    /// Sales that were paid and stand on no invoice.
    func uninvoiced(_ org: String) -> [Payment] {
        payments.filter {
            if case .invoice = $0.purpose {
                false
            } else {
                $0.org == org && $0.state == .succeeded && $0.standsOn == nil
            }
        }
    }

    /// Seats for the days of a period from one of them on.
    static func price(_ seats: Int64, from day: Int64, signup: Int64, period: Int64) -> Int64 {
        let (start, end) = (periodStart(signup, period), periodStart(signup, period + 1))
        return cents(seatPrice * seats * (end - max(day, start)), over: end - start)
    }
}
