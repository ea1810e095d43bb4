import Metering

/// What is sold at which price, and what happens when nobody pays. The defaults are those of `config/plans.yaml`.
public struct Plan: Sendable, Hashable {
    /// What a seat costs a month, in whole cents.
    public var seatPrice = Money(nanos: 29_000_000_000)
    /// Seats that a subscription may have.
    public var seatsMax: Int64 = 100_000
    /// Packs of credits that are sold, the smallest first; any larger amount than the largest is sold too.
    public var packs: [Money] = [50, 100, 250, 500, 1000].map { Money(nanos: $0 * 1_000_000_000) }
    /// Limits of buying without being asked.
    public var topUp = TopUpTerms()
    /// What follows a period invoice that is not paid.
    public var dunning = DunningTerms()
    /// Days in which an invoice is to be paid where an operator records payments.
    public var dueDays: Int64 = 14
    /// Days after which an order that nobody paid lapses, where an operator records payments.
    public var orderDays: Int64 = 30
    /// Whether credits of a chargeback that are spent already are invoiced, by the customer's balance. If not, they are taken from the
    /// org's credits, also below zero: requests are refused until that is paid.
    public var invoicesSpentCredits = false
    /// Who sells.
    public var seller = Seller()

    /// What all the seats that an org may have cost at most: with any tax less than a payment may be.
    static let seatsAmountMax = Money(nanos: 40_000_000_000_000_000)
    /// What a seat costs at least: then a day of it is more than a cent.
    static let seatPriceMin = Money(nanos: 1_000_000_000)

    /// The defaults.
    public init() {}

    /// Whether so many credits are sold: a pack, or more than the largest, in whole cents.
    public func sells(_ amount: Money) -> Bool {
        packs.contains(amount) || (amount.isWholeCents && packs.last.map { amount > $0 } ?? (amount > .zero))
    }
}

/// Who sells, as invoices say it.
public struct Seller: Sendable, Hashable, Codable {
    /// The name.
    public var name = "Seller"
    /// The address, a line each.
    public var address: [String] = []
    /// The number by which a tax office knows it.
    public var taxID: String?
    /// Where to write to.
    public var email: String?
    /// How invoices are to be paid, in words; nil for nothing.
    public var paymentTerms: String?
    /// The account to which transfers go, a line each; nil for none.
    public var bank: [String]?
    /// What the numbers of its invoices begin with: each beginning counts from 1, without gaps.
    public var invoiceSeries = "INV-"
    /// What the numbers of its credit notes begin with.
    public var creditNoteSeries = "CN-"

    // So that names of other style find them again.
    private enum CodingKeys: String, CodingKey {
        case name, address, email, paymentTerms, bank, invoiceSeries, creditNoteSeries
        case taxID = "taxId"
    }

    /// The defaults.
    public init() {}
}

/// Limits of buying credits without being asked.
public struct TopUpTerms: Sendable, Hashable {
    /// Purchases in any 24 hours that an org may ask for at most.
    public var perDayMax: Int64 = 10
    /// Hours to wait after a decline, after the second in a row, and so on; the last holds for all that follow.
    public var backoffHours: [Int64] = [1, 6, 24]

    /// The defaults.
    public init() {}
}

/// What follows a period invoice that is not paid, counted from the first decline.
public struct DunningTerms: Sendable, Hashable {
    /// Days after the first decline on which the payment is tried again, the first first.
    public var retryDays: [Int64] = [1, 2, 3, 5, 7, 14, 21, 28]
    /// Days in which everything works.
    public var graceDays: Int64 = 3
    /// Days of suspension until detail and members are erased.
    public var retentionDays: Int64 = 30
    /// Days before the erasure on which it is announced, the largest first.
    public var announceDays: [Int64] = [7, 1]

    /// The defaults.
    public init() {}
}
