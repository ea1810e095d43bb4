import Ledger
import Metering

/// The team's bill: what operators ask for, what time brings, and what becomes of payments.
///
/// Rules are ``Bill``'s; this reads what is on record, has the ledger make the change that a rule says, and talks to the gateway in
/// between. A payment is on record before the gateway hears of it, and its outcome in one transaction with what it was for, so that a
/// crash anywhere leaves nothing but a payment to ask the gateway about.
public struct BillingService: Sendable {
    let writer: LedgerWriter
    let reader: LedgerReader
    let gateway: any PaymentGateway
    let plan: @Sendable () -> (plan: Plan, taxes: TaxTable)
    let clock: @Sendable () -> Timestamp
    let ledgerID: String
    /// Whether the clock can't be believed at the moment.
    let isTimeInDoubt: @Sendable () -> Bool
    let returnURL: ReturnURL?
    let pages = ConfirmationPages()
    let onTrouble: @Sendable (_ org: String, _ words: String) -> Void
    let onProblem: @Sendable (_ org: String, any Error) -> Void
    let locks = OrgLocks()
    let polls = PollSchedule()
    let returnsDue = ReturnsDue()
    /// How the gateway answered since the start.
    public let contact = GatewayContact()
    /// Deliveries of webhooks since the start.
    public let webhooks = WebhookCounts()

    /// A service over a ledger.
    ///
    /// - Parameters:
    ///   - plan: what is in force; may change while it runs.
    ///   - ledgerID: ``LedgerReader/ledgerID()``.
    ///   - isTimeInDoubt: whether the clock can't be believed at the moment, so that nothing is billed.
    ///   - returnURL: the page that customers come to after confirming a payment, unless the order names another page. Without any page,
    ///     a payment that has to be confirmed is declined.
    ///   - onProblem: called if a step that is due could not be taken after something else was done; the next round takes it.
    ///   - onTrouble: called where the gateway could not say what became of a payment; it is asked again.
    public init(
        writer: LedgerWriter, reader: LedgerReader, gateway: any PaymentGateway,
        plan: @escaping @Sendable () -> (plan: Plan, taxes: TaxTable), clock: @escaping @Sendable () -> Timestamp,
        ledgerID: String, returnURL: ReturnURL? = nil, isTimeInDoubt: @escaping @Sendable () -> Bool = { false },
        onProblem: @escaping @Sendable (_ org: String, any Error) -> Void = { _, _ in },
        onTrouble: @escaping @Sendable (_ org: String, _ words: String) -> Void = { _, _ in }
    ) {
        self.writer = writer
        self.reader = reader
        self.gateway = gateway
        self.plan = plan
        self.clock = clock
        self.ledgerID = ledgerID
        self.isTimeInDoubt = isTimeInDoubt
        self.returnURL = returnURL
        self.onProblem = onProblem
        self.onTrouble = onTrouble
    }

    /// The bill as it is on record now.
    func bill(of org: String) async throws -> Bill {
        guard let record = try await reader.billing(of: org, at: clock()) else {
            throw Refusal(.unknownOrg, "there is no org '\(org)'; meterctl org list shows those there are")
        }
        let (plan, taxes) = plan()
        let terms = BillingTerms(
            plan: plan, taxes: taxes, gateway: gateway.name, isManual: gateway.isManual,
            minimum: gateway.minimum)
        return try Bill(record, terms, now: clock())
    }

    /// Has the ledger make a change, worked out anew where another came first.
    func apply(
        to org: String, under key: IdempotencyKey? = nil,
        _ decide: (inout Bill) async throws -> BillingChange
    ) async throws -> BillingApplied {
        guard !isTimeInDoubt() else { throw Refusal.clockUnconfirmed }
        for _ in 0..<Self.attemptsMax {
            var bill = try await bill(of: org)
            switch await writer.perform(.bill(try await decide(&bill), key)) {
            case .billed(let applied, _): return applied
            case .overtaken: continue
            case .refused(let refusal): throw refusal
            default: throw Refusal(.unknownOutcome, "the writer gave an answer of another kind")
            }
        }
        throw Refusal(.conflict, "org '\(org)' changes too fast; try again")
    }

    /// Only an operator of the same org, or the gateway's news of it, can come between; never so often.
    private static let attemptsMax = 8

    /// What a key's request made before; nil where it is new.
    func recall(_ key: IdempotencyKey, _ org: String) async throws -> BillingApplied? {
        switch await writer.perform(.recall(org: org, key)) {
        case .billed(let applied, _): return applied
        case .unheard: return nil
        case .refused(let refusal): throw refusal
        default: throw Refusal(.unknownOutcome, "the writer gave an answer of another kind")
        }
    }
}
