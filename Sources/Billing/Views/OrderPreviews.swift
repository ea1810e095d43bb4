import Ledger
import Metering

/// What a purchase of credits would cost now, as it is shown. Money in US dollars.
public struct PurchasePreview: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// The credits.
    public let amount: String
    /// What they cost without tax.
    public let net: String
    /// The tax.
    public let tax: String
    /// Which rule of tax applies.
    public let taxRule: String
    /// What is charged: what `expect_total` of the purchase is compared with.
    public let total: String
    /// What is left of the org's credits now.
    public let balance: String
    /// What is left of them once the payment succeeded.
    public let balanceAfter: String
    /// Who collects: `manual` or `stripe`.
    public let gateway: String
    /// What it is paid with: `visa ending in 4242`; nil for an operator's word.
    public let method: String?

    init(_ amount: Money, _ line: InvoiceLine, _ bill: Bill) {
        org = bill.org
        self.amount = amount.cents
        net = line.net.cents
        tax = line.tax.cents
        taxRule = line.rule.words
        total = line.gross.cents
        balance = bill.record.balance.description
        balanceAfter = (bill.record.balance.adding(amount) ?? bill.record.balance).description
        gateway = bill.terms.gateway
        method = bill.state.method?.words
    }
}

/// What it would come to if seats were given up, as it is shown. Money in US dollars.
public struct SeatRemovalPreview: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// How many are given up.
    public let seats: Int64
    /// Seats of the present period, which are paid for and stay until it ends.
    public let presentSeats: Int64
    /// Seats from the next period on.
    public let nextSeats: Int64
    /// Members and open invitations, which need a seat each.
    public let members: Int64
    /// The first day of the next period.
    public let from: String
    /// What the next period's seats would cost without the removal, without tax; nil if nothing is billed.
    public let amountBefore: String?
    /// What they cost with it, without tax.
    public let net: String
    /// The tax.
    public let tax: String
    /// Which rule of tax applies.
    public let taxRule: String
    /// What the next period's seats come to.
    public let total: String

    init(_ quantity: Int64, before: SubscriptionView, _ line: InvoiceLine?, _ bill: Bill) {
        org = bill.org
        seats = quantity
        presentSeats = before.seats
        nextSeats = bill.state.subscription?.nextSeats ?? 0
        members = bill.record.members
        from = before.periodEnd ?? ""
        amountBefore = before.nextAmount
        net = (line?.net ?? .zero).cents
        tax = (line?.tax ?? .zero).cents
        taxRule = line?.rule.words ?? ""
        total = (line?.gross ?? .zero).cents
    }
}

/// A change of an org's seats or period, as it is shown.
public struct SubscriptionChangeView: Codable, Sendable, Hashable {
    /// The step of the org's bill.
    public let change: Int64
    /// When.
    public let at: String
    /// What: `seats_removed`, `period_billed`, `subscription_canceled`, …
    public let kind: String
    /// Who: `uid 993`, `member 12 of acme, by uid 993`, `meterd`.
    public let actor: String
    /// Seats of the period before it.
    public let seatsBefore: Int64
    /// Seats of the period after it.
    public let seats: Int64
    /// Seats from the next period on, after it.
    public let nextSeats: Int64
    /// The first day of the period that was present then.
    public let periodStart: String?
    /// The first day of the period after that.
    public let periodEnd: String?
    /// Whether the subscription ends with that period.
    public let isCanceled: Bool
    /// Whether it is about seats, and not only a period that follows another.
    let isOfSeats: Bool

    private enum CodingKeys: CodingKey {
        case change, at, kind, actor, seatsBefore, seats, nextSeats, periodStart, periodEnd, isCanceled
    }

    /// Reads what was shown.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        change = try values.decode(Int64.self, forKey: .change)
        at = try values.decode(String.self, forKey: .at)
        kind = try values.decode(String.self, forKey: .kind)
        actor = try values.decode(String.self, forKey: .actor)
        seatsBefore = try values.decode(Int64.self, forKey: .seatsBefore)
        seats = try values.decode(Int64.self, forKey: .seats)
        nextSeats = try values.decode(Int64.self, forKey: .nextSeats)
        periodStart = try values.decodeIfPresent(String.self, forKey: .periodStart)
        periodEnd = try values.decodeIfPresent(String.self, forKey: .periodEnd)
        isCanceled = try values.decode(Bool.self, forKey: .isCanceled)
        isOfSeats = true
    }

    /// What a step changed of seats and periods.
    init(_ step: BillStep) throws {
        let before = try step.before.map { try BillingCoding.decode(BillingState.self, $0) }
        let after = try BillingCoding.decode(BillingState.self, step.after)
        change = step.number
        at = step.at.description
        kind = step.kind
        actor = step.actor
        seatsBefore = before?.subscription?.seats ?? 0
        seats = after.subscription?.seats ?? 0
        nextSeats = after.subscription?.nextSeats ?? 0
        periodStart = after.subscription?.period.start.description
        periodEnd = after.subscription?.period.end.description
        isCanceled = after.cancellation != nil
        isOfSeats =
            before?.subscription?.seats ?? 0 != after.subscription?.seats ?? 0
            || before?.subscription?.nextSeats ?? 0 != after.subscription?.nextSeats ?? 0
            || (before?.cancellation == nil) != (after.cancellation == nil)
    }
}
