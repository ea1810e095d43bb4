import Metering

/// What a line of an invoice is for.
public enum InvoiceItem: Sendable, Hashable, Codable {
    /// Seats for a period, or for its last days: so many of how many.
    case seats(BillingPeriodDays)
    /// Prepaid credits.
    case credits
    /// A part of an invoice that is taken back.
    case correction(of: String)

    /// What is sold.
    public var product: Product {
        switch self {
        case .seats: .seats
        case .credits: .credits
        case .correction: .seats
        }
    }
}

/// The part of a period that seats are paid for.
public struct BillingPeriodDays: Sendable, Hashable, Codable {
    /// The first day that is paid for.
    public let from: CalendarDay
    /// The first day after the period.
    public let until: CalendarDay
    /// Days of the whole period.
    public let of: Int64

    /// The days of a period from one of them on.
    public init(_ period: BillingPeriod, from day: CalendarDay) {
        from = max(day, period.start)
        until = period.end
        of = period.days
    }

    /// Days that are paid for.
    public var days: Int64 { until - from }
    /// Whether that is all of the period.
    public var isWhole: Bool { days == of }
}

/// One line of an invoice. `net` + `tax` = `gross`.
public struct InvoiceLine: Sendable, Hashable, Codable {
    /// What it is for.
    public let item: InvoiceItem
    /// How many.
    public let quantity: Int64
    /// What one costs: a seat for a whole period, or the credits.
    public let unitPrice: Money
    /// Without tax.
    public let net: Money
    /// The tax.
    public let tax: Money
    /// What is to be paid.
    public let gross: Money
    /// Why so much tax.
    public let rule: TaxRule
    /// The payment that paid it before the invoice was made; nil where the invoice asks for it.
    public private(set) var payment: Int64?
    /// When that was.
    public private(set) var paidOn: CalendarDay?
    /// What it was paid with: `visa ending in 4242`.
    public private(set) var paidWith: String?

    /// A line over a price with its tax.
    public init(_ item: InvoiceItem, quantity: Int64, unitPrice: Money, _ amount: TaxedAmount) {
        self.item = item
        self.quantity = quantity
        self.unitPrice = unitPrice
        net = amount.net
        tax = amount.tax
        gross = amount.gross
        rule = amount.rule
    }

    /// The line as it stands on an invoice that comes after its payment.
    func paid(by payment: Int64, on day: CalendarDay, _ method: String?) -> InvoiceLine {
        var line = self
        (line.payment, line.paidOn, line.paidWith) = (payment, day, method)
        return line
    }
}

/// What an invoice comes to. `net` + `tax` = `total`; `total` − `paid` = `due`.
public struct InvoiceTotals: Sendable, Hashable, Codable {
    /// Without tax.
    public let net: Money
    /// The tax.
    public let tax: Money
    /// Both.
    public let total: Money
    /// What lines were paid before.
    public let paid: Money
    /// What is asked for.
    public let due: Money

    /// The sums of lines; nil where they are more than an amount can hold.
    public init?(_ lines: [InvoiceLine]) {
        func sum(_ amounts: some Sequence<Money>) -> Money? {
            Int64(exactly: amounts.reduce(Int128(0)) { $0 + Int128($1.nanos) }).map(Money.init(nanos:))
        }
        guard let net = sum(lines.map(\.net)), let tax = sum(lines.map(\.tax)),
            let total = sum(lines.map(\.gross)), let paid = sum(lines.filter { $0.payment != nil }.map(\.gross)),
            let due = total.subtracting(paid)
        else { return nil }
        (self.net, self.tax, self.total, self.paid, self.due) = (net, tax, total, paid, due)
    }
}

/// The tax of all lines of one rule, as invoices show it.
public struct TaxSummary: Sendable, Hashable, Codable {
    /// The rule.
    public let rule: TaxRule
    /// What its lines come to without tax.
    public let net: Money
    /// The tax of its lines, each rounded by itself: the sum of what the lines say.
    public let tax: Money

    /// A summary of each rule, in the order in which lines name them.
    public static func of(_ lines: [InvoiceLine]) -> [TaxSummary] {
        var rules: [TaxRule] = []
        for line in lines where !rules.contains(line.rule) { rules.append(line.rule) }
        return rules.map { rule in
            let own = lines.filter { $0.rule == rule }
            return TaxSummary(
                rule: rule, net: Money(nanos: own.reduce(0) { $0 + $1.net.nanos }),
                tax: Money(nanos: own.reduce(0) { $0 + $1.tax.nanos }))
        }
    }
}
