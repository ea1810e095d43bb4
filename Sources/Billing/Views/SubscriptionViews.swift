import Ledger
import Metering

/// An org's subscription, as it is shown. Money in US dollars.
public struct SubscriptionView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// `active`, `suspended` or `closed`.
    public let state: String
    /// `none` before the first payment, else `current`, `grace`, `suspended` or `erased`.
    public let standing: String
    /// Seats of the present period.
    public let seats: Int64
    /// Seats from the next period on.
    public let nextSeats: Int64
    /// Members that take part.
    public let members: Int64
    /// Members that there may be; nil for any number, where no seats are sold.
    public let membersMax: Int64?
    /// What a seat costs a period, without tax.
    public let seatPrice: String
    /// The first day, which is the billing day.
    public let signup: String?
    /// The first day of the present period.
    public let periodStart: String?
    /// The first day of the next period: when it is billed.
    public let periodEnd: String?
    /// What the next period's seats will cost at the present price, without tax.
    public let nextAmount: String?
    /// When the invoice that is owed was declined first.
    public let declined: String?
    /// When the org is, or was, suspended for it.
    public let suspends: String?
    /// When usage detail and members are, or were, erased for it.
    public let erases: String?
    /// Whether what is owed is disputed: nothing follows from its not being paid.
    public let isDisputed: Bool
    /// Numbers of the invoices on which something is due.
    public let owed: [String]
    /// What is due on them.
    public let due: String
    /// What the org has for later invoices and seats; below zero, what the next one collects. Nil for nothing.
    public let balance: String?
    /// The day on which the subscription ends and the org is closed, since it was cancelled; nil if it goes on.
    public let ends: String?

    init(_ bill: Bill) {
        let subscription = bill.state.isBegun ? bill.state.subscription : nil
        org = bill.org
        state = bill.record.org.state
        standing = subscription == nil ? "none" : bill.state.standing.name
        seats = subscription?.seats ?? 0
        nextSeats = subscription?.nextSeats ?? 0
        members = bill.record.members
        membersMax = subscription?.membersMax
        seatPrice = bill.terms.plan.seatPrice.cents
        signup = subscription?.signup.description
        periodStart = subscription?.period.start.description
        periodEnd = subscription?.period.end.description
        ends = bill.isClosed || bill.state.cancellation == nil ? nil : subscription?.period.end.description
        nextAmount =
            (bill.isClosed || bill.state.cancellation != nil || bill.state.standing != .current ? nil : subscription)
            .flatMap { subscription in
                Proration.amount(
                    of: bill.terms.plan.seatPrice, quantity: subscription.nextSeats,
                    from: subscription.renewed().period.start, in: subscription.renewed().period)?.cents
            }
        declined = bill.state.standing.arrears?.declined.description
        let grace = bill.dunning.graceDays * 86_400
        switch bill.state.standing {
        case .current: (suspends, erases) = (nil, nil)
        case .grace(let arrears): (suspends, erases) = (arrears.declined.advanced(bySeconds: grace).description, nil)
        case .suspended(_, let suspension):
            (suspends, erases) = (suspension.since.description, suspension.erases.description)
        case .erased(let arrears, let at):
            (suspends, erases) = (arrears.declined.advanced(bySeconds: grace).description, at.description)
        }
        isDisputed = bill.isDisputed
        owed = bill.record.openInvoices.map(\.number)
        due = Money(nanos: bill.record.openInvoices.reduce(0) { $0 + $1.open.nanos }).cents
        balance = bill.record.customerBalance == .zero ? nil : bill.record.customerBalance.cents
    }
}

/// What an order of seats came to.
public enum SeatsAdded: Codable, Sendable, Hashable {
    /// Seats are bought; this is their payment.
    case bought(PaymentView)
    /// Nothing is to be paid: the seats were about to be removed and stay.
    case kept(SubscriptionView)

    private enum CodingKeys: CodingKey { case payment }

    /// Reads a payment, which has a number, or else a subscription.
    public init(from decoder: any Decoder) throws {
        let isPayment = try decoder.container(keyedBy: CodingKeys.self).contains(.payment)
        self = isPayment ? .bought(try PaymentView(from: decoder)) : .kept(try SubscriptionView(from: decoder))
    }

    /// Writes the payment, or the subscription, by itself.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .bought(let payment): try payment.encode(to: encoder)
        case .kept(let subscription): try subscription.encode(to: encoder)
        }
    }
}

/// What more seats would cost now, as it is shown. Money in US dollars.
public struct SeatPreview: Codable, Sendable, Hashable {
    /// How many.
    public let seats: Int64
    /// How many of them are paid for already: they were about to be removed, and stay for nothing.
    public let keptSeats: Int64
    /// What a seat costs a whole period, without tax.
    public let seatPrice: String
    /// The first day that is paid for.
    public let from: String
    /// The first day of the next period.
    public let until: String
    /// Days that are paid for.
    public let days: Int64
    /// Days of the whole period.
    public let ofDays: Int64
    /// Without tax.
    public let net: String
    /// The tax.
    public let tax: String
    /// Which rule of tax applies.
    public let taxRule: String
    /// What is charged at once.
    public let total: String

    init(_ order: Bill.SeatOrder, _ bill: Bill) {
        keptSeats = order.kept
        seats = order.kept + (order.bought?.quantity ?? 0)
        seatPrice = bill.terms.plan.seatPrice.cents
        let period = order.bought?.period ?? order.subscription?.period
        ofDays = period?.days ?? 0
        (from, until) = (bill.today.description, period?.end.description ?? "")
        days = period?.remaining(from: bill.today) ?? 0
        let line = order.bought?.line
        net = (line?.net ?? .zero).cents
        tax = (line?.tax ?? .zero).cents
        taxRule = line?.rule.words ?? ""
        total = (line?.gross ?? .zero).cents
    }
}

/// What an org buys by itself, as it is shown. Money in US dollars.
public struct TopUpView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// Bought where the balance is below it; nil: nothing is bought by itself.
    public let threshold: String?
    /// How much at a time.
    public let amount: String?
    /// Purchases in any 24 hours at most.
    public let perDayMax: Int64?
    /// Purchases of the last 24 hours, those under way included.
    public let bought: Int64
    /// Credits, of whatever purchase, whose payment is under way.
    public let pending: String
    /// Declines in a row.
    public let declines: Int64
    /// Not before then, after a decline or as many purchases as may be.
    public let waitsUntil: String?

    init(_ bill: Bill) {
        let topUps = bill.state.topUps
        org = bill.org
        threshold = bill.state.topUp?.threshold.description
        amount = bill.state.topUp?.amount.cents
        perDayMax = bill.state.topUp?.perDayMax
        bought = Int64(topUps.purchases.count { bill.now < $0.advanced(bySeconds: 86_400) })
        pending = topUps.pending.cents
        declines = Int64(topUps.declines)
        switch bill.topUpDecision {
        case .limited(let until), .backingOff(let until): waitsUntil = until.description
        case .enough, .buy, nil: waitsUntil = nil
        }
    }
}

/// What an org pays with, as it is shown. No card's number is known here.
public struct PaymentMethodView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// Who collects: `manual` or `stripe`.
    public let gateway: String
    /// The gateway's name of the method; nil: nothing is saved.
    public let method: String?
    /// `visa`
    public let brand: String?
    /// `4242`
    public let last4: String?
    /// The last month in which it can be used: `2027-04`.
    public let expiry: String?
    /// The gateway's name of the org.
    public let customer: String?
    /// The payment of what was owed, if it was tried when the method was saved.
    public let tried: PaymentView?

    init(_ bill: Bill, tried: PaymentView? = nil) {
        self.tried = tried
        let method = bill.state.method
        org = bill.org
        gateway = bill.terms.gateway
        self.method = method?.id
        brand = method?.brand
        last4 = method?.last4
        expiry = method?.expires.map { String($0.advanced(byDays: -1).description.prefix(7)) }
        customer = bill.state.customer
    }
}

/// Who buys, as it is shown.
public struct BillToView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// The name on invoices.
    public let name: String
    /// The address, a line each.
    public let address: [String]
    /// ISO 3166-1 alpha-2.
    public let country: String?
    /// A region of it.
    public let region: String?
    /// The number by which its tax office knows it.
    public let vatId: String?
    /// Whether the VAT number changes tax: it was verified, or an operator stands for it. Nil without a number.
    public let vatVerified: Bool?
    /// When somebody asked whether it was given to the buyer.
    public let vatVerifiedAt: String?
    /// The answer's name, such as VIES's consultation number.
    public let vatReference: String?
    /// Other numbers of its tax offices.
    public let taxIds: [TaxID]?
    /// Why it pays no tax.
    public let exemption: String?
    /// Where to write to.
    public let email: String?

    init(_ bill: Bill) {
        let buyer = bill.buyer
        org = bill.org
        name = buyer.name
        address = buyer.address
        country = buyer.country
        region = buyer.region
        vatId = buyer.vatID
        let verification = bill.state.billTo.vatVerification
        vatVerified = buyer.vatID.map { _ in verification?.isValid ?? true }
        vatVerifiedAt = verification?.at?.description
        vatReference = verification?.reference
        taxIds = buyer.taxIDs
        exemption = bill.state.billTo.exemption
        email = buyer.email
    }
}
