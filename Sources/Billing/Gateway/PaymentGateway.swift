import Metering

/// Who collects money. The daemon never sees a card: it names a saved method by the gateway's own name of it.
public protocol PaymentGateway: Sendable {
    /// Its name on payments. A payment is only ever asked of the gateway that it was opened with.
    var name: String { get }
    /// Whether payments come by themselves and an operator records them: nothing is asked of it then.
    var isManual: Bool { get }
    /// Asks for a payment with a saved method. If the bank wants the customer to confirm, the gateway gives a page for it, provided
    /// that the request has a ``ChargeRequest/confirmation``; else the payment is declined.
    ///
    /// A payment that was declined can't be paid later: the gateway has given it up.
    ///
    /// Called again with an equal request where it isn't known what became of the first: it must then find the payment, or
    /// make sure that a second one can't come of it.
    ///
    /// - Parameter isRepeat: whether it may have been asked before.
    func charge(_ request: ChargeRequest, isRepeat: Bool) async -> ChargeResult
    /// The smallest sum that it collects; zero for any.
    var minimum: Money { get }
    /// Gives a payment back, or a part of it. May be called again, like ``charge(_:isRepeat:)``: it must then find the refund, or make
    /// sure that a second one can't come of it.
    func refund(_ request: RefundRequest, isRepeat: Bool) async -> RefundResult
    /// What went back without a refund of ours of payments that were made since a moment.
    func returns(since: Timestamp) async -> GatewayReturns
    /// Takes note of a method that the org's customer saved.
    func save(_ method: String, for org: String, customer: String?) async throws(GatewayProblem) -> SavedMethod
    /// Gives a page of the gateway's own on which a customer enters a card, so that no card is ever seen here.
    ///
    /// - Parameters:
    ///   - customer: the gateway's name of the org, if it has one.
    ///   - page: where the customer's browser goes afterwards; with the session's name in the query member `session`.
    ///   - key: makes it one session, however often it is asked for.
    func beginEntry(
        for org: String, customer: String?, returningTo page: String, key: String
    ) async throws(GatewayProblem) -> MethodEntry
    /// What became of a page that this ledger asked for, for that org. A session of another org is none.
    func entry(_ session: String, of org: String) async throws(GatewayProblem) -> MethodEntry.Outcome
    /// What a webhook says, once it is sure that it is the gateway's, untouched and from just now.
    ///
    /// - Parameters:
    ///   - body: its bytes as they came.
    ///   - signature: the header that the gateway signs it by.
    ///   - now: the time by the system's clock, also where a test moves another.
    func news(_ body: [UInt8], signature: String, now: Timestamp) throws(GatewayProblem) -> GatewayNews
}

/// What a webhook says. It is only a reason to ask: what became of a payment the gateway is asked itself.
public enum GatewayNews: Sendable, Hashable {
    /// There is something new about the payment of that number.
    case payment(Int64)
    /// There is something new about money that goes back.
    case returns
    /// Nothing that is acted on; of that type.
    case nothing(type: String)
    /// The same delivery came before.
    case known
}

/// A page on which a customer enters what they pay with.
public struct MethodEntry: Codable, Sendable, Hashable {
    /// The gateway's name of it.
    public let session: String
    /// The page, for the customer's browser. Whoever has it can enter a card for the org.
    public let url: String
    /// Until when it can be used; nil if the gateway doesn't say.
    public let expires: String?

    /// A page.
    public init(session: String, url: String, expires: String?) {
        self.session = session
        self.url = url
        self.expires = expires
    }

    /// What became of it.
    public enum Outcome: Sendable, Hashable {
        /// A method was entered; with the gateway's name of it.
        case entered(method: String)
        /// Nobody has entered anything yet.
        case open
        /// Nobody did in time.
        case expired
        /// There is no such page of that org.
        case unknown
    }
}

extension PaymentGateway {
    /// There are no such pages.
    public func beginEntry(
        for org: String, customer: String?, returningTo page: String, key: String
    ) async throws(GatewayProblem) -> MethodEntry {
        throw GatewayProblem("payments are recorded by an operator here: there is no card to enter", isRetryable: false)
    }

    /// There are no such pages.
    public func entry(_ session: String, of org: String) async throws(GatewayProblem) -> MethodEntry.Outcome {
        .unknown
    }

    /// Any sum.
    public var minimum: Money { .zero }
    /// Nothing.
    public func returns(since: Timestamp) async -> GatewayReturns { .known([]) }
}

/// A payment to ask for.
public struct ChargeRequest: Sendable, Hashable {
    /// The org.
    public let org: String
    /// The ledger's number of the payment.
    public let payment: Int64
    /// What makes it one payment, in all ledgers: `meterd-4f1c…-payment-12`.
    public let key: String
    /// How much, in whole cents.
    public let amount: Money
    /// What it is for, as a statement shows it.
    public let description: String
    /// The gateway's name of the org.
    public let customer: String?
    /// What it is paid with; nil: nothing is saved.
    public let method: PaymentMethod?
    /// When it was opened.
    public let opened: Timestamp
    /// The present time.
    public let now: Timestamp
    /// How the customer can confirm it; nil if nobody is there.
    public let confirmation: Confirmation?

    /// A request.
    public init(
        org: String, payment: Int64, key: String, amount: Money, description: String, customer: String?,
        method: PaymentMethod?, opened: Timestamp, now: Timestamp, confirmation: Confirmation? = nil
    ) {
        self.confirmation = confirmation
        self.org = org
        self.payment = payment
        self.key = key
        self.amount = amount
        self.description = description
        self.customer = customer
        self.method = method
        self.opened = opened
        self.now = now
    }
}

/// What came of asking for a payment.
public enum ChargeResult: Sendable, Hashable {
    /// The money is there; with the gateway's name of it.
    case succeeded(reference: String)
    /// There is no money.
    case declined(DeclineReason, reference: String?)
    /// The gateway did not ask a bank; with its own words, for an operator.
    case impossible(DeclineReason, words: String)
    /// It is under way: ask again later.
    case pending
    /// The customer has to confirm it on that page of the gateway: ask again later.
    case waitsForCustomer(page: String)
    /// It isn't known what became of it: ask again later.
    case unknown(String)

    /// The page on which the customer has to confirm it; nil if they don't have to.
    var page: String? {
        if case .waitsForCustomer(let page) = self { page } else { nil }
    }
}

/// A payment, or a part of one, to give back.
public struct RefundRequest: Sendable, Hashable {
    /// The org.
    public let org: String
    /// The ledger's number of the payment.
    public let payment: Int64
    /// What makes it one refund, in all ledgers: `meterd-4f1c…-refund-3`.
    public let key: String
    /// How much.
    public let amount: Money
    /// The gateway's name of the payment.
    public let reference: String?
    /// Whether another attempt is to be made if the last one failed.
    public let isAnew: Bool

    /// A request.
    public init(
        org: String, payment: Int64, key: String, amount: Money, reference: String?, isAnew: Bool = false
    ) {
        self.org = org
        self.payment = payment
        self.key = key
        self.amount = amount
        self.reference = reference
        self.isAnew = isAnew
    }
}

/// What came of giving back.
public enum RefundResult: Sendable, Hashable {
    /// The money went back.
    case succeeded(reference: String?)
    /// The gateway took it on; ask again later.
    case pending(reference: String?)
    /// The gateway could not give it back, and will not try again by itself.
    case failed(reference: String?, words: String)
    /// It isn't known, or could not be done now: ask again later.
    case unknown(String)
}

/// A method that can be charged from now on.
public struct SavedMethod: Sendable, Hashable {
    /// The gateway's name of the org.
    public let customer: String
    /// The method.
    public let method: PaymentMethod

    /// A saved method.
    public init(customer: String, method: PaymentMethod) {
        self.customer = customer
        self.method = method
    }
}

/// Why a method could not be saved, in words.
public struct GatewayProblem: Error, Sendable, Hashable {
    /// What is wrong, and what to do.
    public let words: String
    /// Whether trying again can help.
    public let isRetryable: Bool

    /// A problem.
    public init(_ words: String, isRetryable: Bool) {
        self.words = words
        self.isRetryable = isRetryable
    }
}

/// Why there is no money. The raw value is on disk.
public enum DeclineReason: String, Sendable, Hashable, CaseIterable, Codable {
    /// The card is past its date.
    case expiredCard = "expired_card"
    /// There is not enough on the account.
    case insufficientFunds = "insufficient_funds"
    /// A limit of the card.
    case cardLimit = "card_limit"
    /// The bank wants its customer to confirm.
    case authenticationRequired = "authentication_required"
    /// Nothing is saved to pay with.
    case noPaymentMethod = "no_payment_method"
    /// The card was lost or stolen, or is blocked.
    case cardBlocked = "card_blocked"
    /// The bank gives no reason.
    case refused = "refused"
    /// The gateway never heard of it.
    case neverArrived = "never_arrived"
    /// Nobody recorded a payment by the day on which it was due.
    case notPaidInTime = "not_paid_in_time"
    /// The bank says that this card is not to be tried again.
    case notAllowed = "not_allowed"
    /// The card's bank took a payment back.
    case chargeback = "chargeback"
    /// The gateway collects no sum as small.
    case amountTooSmall = "amount_too_small"
    /// The gateway doesn't know the saved method, or the customer, any more.
    case methodMissing = "method_missing"
    /// The gateway's account can't collect in this currency, or this method can't.
    case wrongCurrency = "wrong_currency"
    /// The gateway says that the request is wrong.
    case gatewayRefused = "gateway_refused"
    /// The customer did not confirm the payment with the bank, or failed to.
    case notConfirmed = "not_confirmed"

    /// What a reason means for the next attempt.
    enum Meaning: Sendable, Hashable {
        /// The bank, or the customer, decided: another attempt may succeed later.
        case decline
        /// The bank decided for good: no attempt with this card is made unless somebody asks for it.
        case refusal
        /// No bank was asked: the payment is tried again soon, and the customer hears nothing.
        case notAsked
        /// No bank was asked, and an operator has to do something.
        case obstacle
    }

    /// What follows.
    var meaning: Meaning {
        switch self {
        case .expiredCard, .insufficientFunds, .cardLimit, .noPaymentMethod, .refused, .notPaidInTime: .decline
        case .authenticationRequired, .notConfirmed, .cardBlocked, .notAllowed, .chargeback: .refusal
        case .neverArrived: .notAsked
        case .amountTooSmall, .methodMissing, .wrongCurrency, .gatewayRefused: .obstacle
        }
    }

    /// What happened, and what to do.
    public var words: String {
        switch self {
        case .expiredCard: "the card has expired; save another with meterctl payment-method set"
        case .insufficientFunds: "there are insufficient funds; try again when there is money, or save another method"
        case .cardLimit: "a limit of the card is reached; have the bank raise it, or save another method"
        case .authenticationRequired:
            "the bank wants its customer to confirm (3-D Secure); have them order again, or use meterctl payments retry for what is owed: both answer with a page to confirm on if billing.return_url is set"
        case .notConfirmed:
            "the customer did not confirm the payment with the bank; have them try again, or save another method"
        case .noPaymentMethod: "no payment method is saved; save one with meterctl payment-method set"
        case .cardBlocked: "the card is blocked, lost or stolen; save another with meterctl payment-method set"
        case .refused: "the bank refused without a reason; ask the bank, or save another method"
        case .neverArrived: "the payment never reached the gateway; try again with meterctl payments retry"
        case .notPaidInTime: "it was not paid by its day; meterctl payments record takes note of a payment that came"
        case .notAllowed:
            "the bank does not allow payments with this card; save another with meterctl payment-method set"
        case .chargeback:
            "the card's bank took a payment back, so that the card is not tried by itself; meterctl payments retry tries it, or save another with meterctl payment-method set"
        case .amountTooSmall: "the gateway does not collect so small a sum; no bank was asked"
        case .methodMissing:
            "the gateway does not know the saved payment method any more; no bank was asked; save it again with meterctl payment-method set"
        case .wrongCurrency:
            "the gateway can't collect US dollars with this method; no bank was asked; look at the gateway's account"
        case .gatewayRefused:
            "the gateway refused the request; no bank was asked; meterd's journal has the gateway's words"
        }
    }
}
