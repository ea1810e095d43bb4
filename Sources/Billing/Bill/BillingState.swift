import Metering

/// All that is known of an org's bill beside its payments and invoices. Kept as JSON with each change; a member that comes later
/// must be optional.
public struct BillingState: Sendable, Hashable, Codable {
    /// Its seats and periods, from its first order on; nil again where none of its first orders was paid.
    public var subscription: Subscription?
    /// Whether anything was ever paid.
    public var isBegun = false
    /// Where it stands with its period invoices.
    public var standing = Standing.current
    /// When the period invoice on which something is due was first asked for; nil where nothing is due.
    public var asked: Timestamp?
    /// The day from which the present period is billed, after a suspension that outlived the paid period.
    public var resumed: CalendarDay?
    /// Who buys, as invoices say it.
    public var billTo = BillTo()
    /// What it pays with.
    public var method: PaymentMethod?
    /// Warnings before the method's expiry that were given.
    public var warnings = 0
    /// The gateway's name of the org.
    public var customer: String?
    /// What is bought by itself.
    public var topUp: TopUp?
    /// What was bought by itself lately.
    public var topUps = TopUpHistory()
    /// The record up to which detail is being erased.
    public var erasing: Int64?
    /// How the payment of what is owed is tried; nil while nothing was tried.
    public var collection: CollectionState?
    /// Chargebacks that are not decided yet; nil for none.
    public var chargebacks: [OpenChargeback]?
    /// When the customer cancelled, and who did: the org is closed when the present period ends. Nil if it goes on.
    public var cancellation: Cancellation?
    /// The card that was refused for good; nil after it paid, or when another is saved.
    public var refusedCard: RefusedCard?

    /// Nothing bought yet.
    public init() {}
}

/// A subscription that ends with its period.
public struct Cancellation: Sendable, Hashable, Codable {
    /// When it was said.
    public let at: Timestamp
    /// Who said it.
    public let actor: String
}

/// Who buys, as invoices say it, and for tax.
public struct BillTo: Sendable, Hashable, Codable {
    /// The name; nil: the org's.
    public var name: String?
    /// The address, a line each.
    public var address: [String] = []
    /// ISO 3166-1 alpha-2; nil: the org's.
    public var country: String?
    /// A region of the country; nil: the org's, where the country is the org's.
    public var region: String?
    /// The number by which the buyer's tax office knows it, right by its form.
    public var vatID: String?
    /// What was found when somebody asked whether ``vatID`` was given to the buyer; nil: an operator gave it, and stands for it.
    public var vatVerification: VATVerification?
    /// Other numbers of the buyer's tax offices; nil for none.
    public var taxIDs: [TaxID]?
    /// Why the buyer pays no tax.
    public var exemption: String?
    /// Where to write to.
    public var email: String?

    /// Nothing said.
    public init() {}
}

/// What was found when somebody asked whether a VAT number was given to its buyer, as by <https://ec.europa.eu/taxation_customs/vies/>.
public struct VATVerification: Sendable, Hashable, Codable {
    /// When it was asked; nil while nobody has.
    public let at: Timestamp?
    /// By whom.
    public let actor: String?
    /// Whether it was given to the buyer.
    public let isValid: Bool
    /// The answer's name, such as VIES's consultation number.
    public let reference: String?

    /// Nobody has asked yet.
    public static let missing = VATVerification(at: nil, actor: nil, isValid: false, reference: nil)
}

/// What an org pays with, as the gateway says it. No card's number ever comes here.
public struct PaymentMethod: Sendable, Hashable, Codable {
    /// The gateway's name of it.
    public let id: String
    /// `visa`.
    public let brand: String
    /// `4242`
    public let last4: String
    /// The last month in which it can be used, 1 to 12; nil where it doesn't expire.
    public let expiryMonth: Int64?
    /// The year of that month.
    public let expiryYear: Int64?
    /// The gateway's name of the card itself, which is the same however often the card is saved.
    public let fingerprint: String?

    /// A method.
    public init(
        id: String, brand: String, last4: String, expiryMonth: Int64?, expiryYear: Int64?, fingerprint: String? = nil
    ) {
        self.id = id
        self.brand = brand
        self.last4 = last4
        self.expiryMonth = expiryMonth
        self.expiryYear = expiryYear
        self.fingerprint = fingerprint
    }

    /// The card, by which repeated attempts are counted.
    public var card: String { fingerprint ?? id }

    /// `visa ending in 4242`
    public var words: String { "\(brand) ending in \(last4)" }

    /// The first day on which it can't be used any more.
    var expires: CalendarDay? {
        guard let expiryMonth, let expiryYear else { return nil }
        return CalendarDay(year: expiryYear, month: expiryMonth, day: 1)?.advanced(byMonths: 1)
    }
}

/// What billing has to know of a payment.
struct PaymentBody: Sendable, Codable {
    /// What happens when it succeeds.
    enum Purpose: Sendable, Hashable, Codable {
        /// A period's invoice is paid.
        case invoice
        /// Seats are added to a period, or a subscription begins with them.
        case seats(Int64, signup: CalendarDay, period: Int64)
        /// Credits are granted; with the time at which they were bought by themselves.
        case credits(toppedUp: Timestamp?)
        /// The customer's balance grows.
        case deposit
    }

    let purpose: Purpose
    /// What a sale's receipt says.
    let lines: [InvoiceLine]
    /// What it is paid with.
    let method: PaymentMethod?
    /// The ``ReturnURL`` of a payment that somebody is there to confirm; nil for others.
    var returnURL: String?
}

/// All that an invoice says beside its number.
struct InvoiceBody: Sendable, Codable {
    /// A period that is billed.
    struct Period: Sendable, Codable {
        let number: Int64
        let start: CalendarDay
        let end: CalendarDay
    }

    let seller: Seller
    let buyer: Buyer
    let period: Period?
    let lines: [InvoiceLine]
    let totals: InvoiceTotals
    let method: PaymentMethod?
    /// The customer's balance as the invoice found it, and what it pays of it; nil for nothing.
    var balance: AppliedBalance?
    /// The day by which what it asks for is to be paid; nil if it asks for nothing.
    var dueOn: CalendarDay?
    /// Why, and the invoice that it corrects, where it is a credit note.
    var reason: String?
    var corrects: String?
}

/// What the customer's balance pays of an invoice.
public struct AppliedBalance: Sendable, Hashable, Codable {
    /// The balance before; below zero, what was carried over to this invoice.
    public let before: Money
    /// What it pays; below zero, what the invoice collects with its own. More than ``before`` if the rest is carried over to the next
    /// invoice.
    public let applied: Money

    /// Of ``applied``, what was there.
    public var paid: Money { max(.zero, min(before, applied)) }
    /// What was carried over to this invoice.
    public var carriedIn: Money { Money(nanos: max(0, -applied.nanos)) }
    /// What is carried over to the next.
    public var carriedOut: Money { Money(nanos: max(0, applied.nanos - max(0, before.nanos))) }
}

/// Who bought, as an invoice says it.
public struct Buyer: Sendable, Hashable, Codable {
    /// The name.
    public let name: String
    /// The address, a line each.
    public let address: [String]
    /// ISO 3166-1 alpha-2.
    public let country: String?
    /// A region of it.
    public let region: String?
    /// The number by which its tax office knows it.
    public let vatID: String?
    /// Other numbers of its tax offices; nil for none.
    public let taxIDs: [TaxID]?
    /// Where to write to.
    public let email: String?

    // So that names of other style find them again.
    private enum CodingKeys: String, CodingKey {
        case name, address, country, region, email
        case vatID = "vatId"
        case taxIDs = "taxIds"
    }
}
