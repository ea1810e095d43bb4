import Foundation
import Ledger
import Metering

/// An org's bill at a moment, and what can become of it. Pure: each decision is a ``BillingChange`` that the ledger makes whole, or
/// not at all where another came first.
struct Bill {
    let record: BillingRecord
    var state: BillingState
    let terms: BillingTerms
    let now: Timestamp

    /// The bill of a record; throws where the record can't be read.
    init(_ record: BillingRecord, _ terms: BillingTerms, now: Timestamp) throws {
        self.record = record
        self.terms = terms
        self.now = now
        state = try record.state.map { try BillingCoding.decode(BillingState.self, $0) } ?? BillingState()
    }

    var org: String { record.org.org }
    var today: CalendarDay { CalendarDay(now) }
    /// Whether it buys nothing more. What it owes it owes still.
    var isClosed: Bool { record.org.state == OrgState.closed.name }

    // MARK: Who buys

    var buyer: Buyer {
        let place = place
        return Buyer(
            name: state.billTo.name ?? record.org.displayName ?? org, address: state.billTo.address,
            country: place?.country, region: place?.region, vatID: state.billTo.vatID, taxIDs: state.billTo.taxIDs,
            email: state.billTo.email)
    }

    private var place: TaxPlace? {
        if let country = state.billTo.country {
            let isSame = country == record.org.country
            return TaxPlace(country: country, region: state.billTo.region ?? (isSame ? record.org.region : nil))
        }
        return record.org.country.map { TaxPlace(country: $0, region: state.billTo.region ?? record.org.region) }
    }

    private var payer: TaxPayer {
        TaxPayer(
            place: place, vatID: hasVerifiedVAT ? state.billTo.vatID.flatMap { VATIdentifier($0) } : nil,
            exemption: state.billTo.exemption)
    }

    /// Whether the VAT number changes tax: nobody has said that it has to be verified first, or it was.
    private var hasVerifiedVAT: Bool { state.billTo.vatVerification?.isValid ?? true }

    /// Throws if nothing can be sold since nobody knows which tax is due.
    func requirePlace() throws(Refusal) {
        guard place == nil, !terms.taxes.isEmpty else { return }
        throw Refusal(
            .conflict,
            "org '\(org)' has no country, so that its tax is not known; meterctl bill-to set \(org) --country names it")
    }

    /// Whether it is known which tax is due.
    var hasPlace: Bool { place != nil || terms.taxes.isEmpty }

    /// A price with its tax today; a refusal where it is more than an amount can hold.
    func taxed(_ price: Money, for product: Product) throws(Refusal) -> TaxedAmount {
        guard let amount = terms.taxes.taxed(price, for: product, to: payer, on: today) else { throw Self.tooMuch }
        return amount
    }

    /// The tax on a product today, in millionths of a percent.
    func taxShare(of product: Product) -> Int64 {
        guard case .rate(let rate) = terms.taxes.rule(for: product, to: payer, on: today) else { return 0 }
        return rate.microPercent
    }

    static let tooMuch = Refusal(.limitExceeded, "that comes to more money than an amount can hold")

    // MARK: Changes

    /// The change that leaves the state as it is now, with what happens.
    func change(
        _ kind: String, by actor: String, _ steps: [BillingStep] = [], _ events: [BillingEvent] = []
    ) throws(Refusal) -> BillingChange {
        BillingChange(
            org: org, after: record.change, decided: now, kind: kind, actor: actor, state: BillingCoding.encode(state),
            membersMax: state.subscription?.membersMax, isSuspended: !state.standing.isServed,
            topUpBelow: state.topUp?.threshold, openChargebacks: Int64(state.chargebacks?.count ?? 0), steps: steps,
            events: events)
    }

    /// When time brings the next step; nil for never.
    var due: Timestamp? {
        if isClosed, !record.uninvoiced.isEmpty { return now }
        return [
            renewalDue, endDue, collectionDue, lapseDue, dunningDue, overdueDue, warningDue, topUpDue,
            state.erasing.map { _ in now },
        ]
        .compactMap { $0 }.min()
    }

    /// When a cancelled subscription ends; nil if it goes on.
    var endDue: Timestamp? {
        guard state.cancellation != nil, !isClosed else { return nil }
        return state.subscription?.period.end.start
    }

    /// When the next period is to be billed: not while another is owed.
    var renewalDue: Timestamp? {
        guard case .current = state.standing, state.asked == nil, !isClosed, let subscription = state.subscription
        else {
            return nil
        }
        return state.resumed.map(\.start) ?? subscription.period.end.start
    }

    /// When the next step of dunning is due; nil for none, and while an erasure waits for the payment that precedes it.
    var dunningDue: Timestamp? {
        guard !isDisputed, let next = state.standing.next(dunning) else { return nil }
        guard next.step == .erase, let invoice = record.openInvoices.first, terms.isManual == false else {
            return next.due
        }
        guard pendingPayment(of: invoice) == nil else { return nil }
        return state.collection?.notBefore.map { max(next.due, $0) } ?? next.due
    }

    /// When what is owed is asked for without anybody wishing it; nil for not.
    var collectionDue: Timestamp? {
        guard let invoice = record.openInvoices.first, !isDisputed, pendingPayment(of: invoice) == nil else {
            return nil
        }
        let collection = state.collection ?? CollectionState()
        if collection.isWanted, !terms.isManual, let method = state.method, !isRefused(method) {
            return collection.due(with: method.card, at: now)
        }
        guard case .current = state.standing, state.asked != nil else { return nil }
        return collection.notBefore ?? now
    }

    /// Whether a method's card was refused for good.
    func isRefused(_ method: PaymentMethod) -> Bool { state.refusedCard?.card == method.card }

    /// Whether the buyer doesn't agree with what is owed: nothing follows from its not being paid.
    var isDisputed: Bool { record.openInvoices.contains(where: \.isDisputed) }

    /// What follows an invoice that is not paid. Where an operator records payments there is nothing to try again.
    var dunning: DunningTerms {
        var dunning = terms.plan.dunning
        if terms.isManual { dunning.retryDays = [] }
        return dunning
    }

    /// When an invoice that nobody paid counts as declined.
    var overdueDue: Timestamp? {
        guard case .current = state.standing, let asked = state.asked, !isDisputed else { return nil }
        return terms.isManual ? asked.advanced(bySeconds: terms.plan.dueDays * 86_400) : nil
    }

    /// When the oldest order lapses that an operator waits for.
    var lapseDue: Timestamp? {
        let waiting = record.openPayments.filter { $0.state == .pending && $0.sale != nil }.map(\.created).min()
        return terms.isManual ? waiting?.advanced(bySeconds: terms.plan.orderDays * 86_400) : nil
    }

    /// An order that lapses now.
    var lapsedOrder: PaymentRecord? {
        guard let due = lapseDue, due <= now else { return nil }
        return record.openPayments.first {
            $0.state == .pending && $0.sale != nil
                && $0.created.advanced(bySeconds: terms.plan.orderDays * 86_400) <= now
        }
    }

    var warningDue: Timestamp? {
        guard !isClosed, let expires = state.method?.expires, state.warnings < Self.warningDays.count else {
            return nil
        }
        return expires.advanced(byDays: -Self.warningDays[state.warnings]).start
    }

    /// Days before a method's expiry on which that is told.
    static let warningDays: [Int64] = [30, 7]

    var topUpDue: Timestamp? {
        switch topUpDecision {
        case .enough, nil: nil
        case .buy: now
        case .limited(let until), .backingOff(let until): until
        }
    }

    /// Whether to buy without being asked; nil where nobody wants that, or it can't be.
    var topUpDecision: TopUpDecision? {
        guard !isClosed, hasPlace, let topUp = state.topUp, state.standing.isServed,
            terms.isManual || state.method.map({ !isRefused($0) }) == true
        else { return nil }
        return topUp.decision(balance: record.balance, state.topUps, terms.plan.topUp, at: now)
    }
}

/// Billing's own JSON: in order of names, so that equal states are equal texts.
enum BillingCoding {
    static func encode(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { preconditionFailure("billing's own types can be encoded") }
        return String(decoding: data, as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}
