import Ledger
import Metering

// What operators ask for.
extension BillingService {
    /// An org's subscription.
    public func subscription(of org: String) async throws -> SubscriptionView {
        SubscriptionView(try await bill(of: org))
    }

    /// What more seats would cost now.
    public func previewSeats(_ quantity: Int64, for org: String) async throws -> SeatPreview {
        let bill = try await bill(of: org)
        return SeatPreview(try bill.seatOrder(quantity), bill)
    }

    /// Adds seats, until the period ends and from then on. Seats that were about to be removed stay, for nothing; the others are
    /// bought.
    ///
    /// - Parameters:
    ///   - page: the page that the customer comes to after confirming the payment, if they have to; nil for the page of the
    ///     configuration.
    ///   - total: what the customer was shown that it costs, tax included; nil if nobody was shown anything. If it costs otherwise,
    ///     nothing is charged (`price_changed`).
    public func addSeats(
        _ quantity: Int64, to org: String, expecting total: Money? = nil, returningTo page: ReturnURL? = nil,
        under key: IdempotencyKey, by actor: String
    ) async throws -> SeatsAdded {
        let payment = try await ordering(org, key) { bill in
            try bill.addingSeats(
                quantity, expecting: total, key: Self.paymentKey(key), returnURL: (page ?? returnURL)?.template,
                by: actor)
        }
        guard let payment else { return .kept(try await subscription(of: org)) }
        return .bought(try await self.payment(payment, of: org))
    }

    /// What it would come to if seats were given up.
    public func previewRemoval(_ quantity: Int64, of org: String) async throws -> SeatRemovalPreview {
        var bill = try await bill(of: org)
        let before = SubscriptionView(bill)
        _ = try bill.removeSeats(quantity, by: "")
        return SeatRemovalPreview(quantity, before: before, try bill.nextSeatsLine(), bill)
    }

    /// Ends the subscription with its present period.
    public func cancelSubscription(
        of org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> SubscriptionView {
        try await set(org, key) { try $0.cancel(by: actor) }
        return try await subscription(of: org)
    }

    /// Has a subscription that was cancelled go on.
    public func resumeSubscription(
        of org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> SubscriptionView {
        try await set(org, key) { try $0.resume(by: actor) }
        return try await subscription(of: org)
    }

    /// The changes of an org's seats and periods, newest first.
    public func subscriptionChanges(
        of org: String, before cursor: Int64?, limit: Int
    ) async throws -> Page<SubscriptionChangeView> {
        let page = try await reader.subscriptionSteps(of: org, before: cursor, limit: limit)
        return Page(items: try page.items.map(SubscriptionChangeView.init), nextCursor: page.nextCursor)
    }

    /// Gives up seats from the next period on.
    public func removeSeats(
        _ quantity: Int64, from org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> SubscriptionView {
        try await set(org, key) { try $0.removeSeats(quantity, by: actor) }
        return try await subscription(of: org)
    }

    /// Keeps the seats that were given up.
    public func keepSeats(of org: String, under key: IdempotencyKey, by actor: String) async throws -> SubscriptionView
    {
        try await set(org, key) { try $0.keepSeats(by: actor) }
        return try await subscription(of: org)
    }

    /// What credits would cost now.
    public func previewCredits(_ amount: Money, for org: String) async throws -> PurchasePreview {
        let bill = try await bill(of: org)
        guard !bill.isClosed else { throw bill.closed }
        return PurchasePreview(amount, try bill.creditOrder(1, of: amount), bill)
    }

    /// Buys credits.
    ///
    /// - Parameters:
    ///   - page: the page that the customer comes to after confirming the payment, if they have to; nil for the page of the
    ///     configuration.
    ///   - total: what the customer was shown that it costs, tax included; nil if nobody was shown anything. If it costs otherwise,
    ///     nothing is charged (`price_changed`).
    public func buyCredits(
        _ amount: Money, for org: String, expecting total: Money? = nil, returningTo page: ReturnURL? = nil,
        under key: IdempotencyKey, by actor: String
    ) async throws -> PaymentView {
        try await order(org, key) { bill in
            try bill.buyingCredits(
                amount, expecting: total, key: Self.paymentKey(key), returnURL: (page ?? returnURL)?.template, by: actor
            )
        }
    }

    /// What is bought by itself; nil for nothing.
    public func topUp(of org: String) async throws -> TopUpView {
        TopUpView(try await bill(of: org))
    }

    /// Sets what is bought by itself; nil for nothing.
    public func setTopUp(
        _ topUp: TopUp?, for org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> TopUpView {
        try await set(org, key) { try $0.setTopUp(topUp, by: actor) }
        return try await self.topUp(of: org)
    }

    /// What an org pays with.
    public func method(of org: String) async throws -> PaymentMethodView {
        PaymentMethodView(try await bill(of: org))
    }

    /// Has an org pay with a method that was saved at the gateway. What is owed is tried with it at once, unless the same card was
    /// tried within the hour, or refused for good. Payments that wait for the customer to confirm them with another method are given
    /// up.
    ///
    /// - Parameter page: the page that the customer comes to after confirming the payment of what is owed, if they have to; nil for the
    ///   page of the configuration.
    public func setMethod(
        _ method: String, for org: String, returningTo page: ReturnURL? = nil, under key: IdempotencyKey,
        by actor: String
    ) async throws -> PaymentMethodView {
        let newest = try await reader.payments(of: org, before: nil, limit: 1).items.first?.payment ?? 0
        try await locks.with(org) {
            guard try await recall(key, org) == nil else { return }
            let customer = try await bill(of: org).state.customer
            let saved: SavedMethod
            do throws(GatewayProblem) {
                saved = try await gateway.save(method, for: org, customer: customer)
            } catch {
                throw Refusal(error.isRetryable ? .gatewayUnavailable : .malformed, error.words)
            }
            let returnURL = (page ?? returnURL)?.template
            _ = try await apply(to: org, under: key) { try $0.setMethod(saved, returnURL: returnURL, by: actor) }
            let bill = try await bill(of: org)
            for payment in bill.record.openPayments where payment.state == .pending {
                guard bill.confirmation(of: payment, try bill.body(of: payment))?.isOpen == false else { continue }
                try await drive(payment.payment, of: org, isRepeat: true)
            }
        }
        await advanceAfterwards(org)
        let tried = try await payments(of: org, before: nil, limit: 10).items.last {
            $0.payment > newest && $0.purpose == "invoice"
        }
        return PaymentMethodView(try await bill(of: org), tried: tried)
    }

    /// Gives a page of the gateway's on which the org's customer enters a card.
    ///
    /// - Parameter page: where their browser goes afterwards; `{org}` in it is filled in.
    public func beginEntry(
        for org: String, returningTo page: ReturnURL, under key: IdempotencyKey
    ) async throws -> MethodEntry {
        // The writer looks whether the asker may: nothing of it is on record otherwise.
        _ = try await recall(key, org)
        let bill = try await bill(of: org)
        guard !bill.isClosed else { throw bill.closed }
        do throws(GatewayProblem) {
            return try await gateway.beginEntry(
                for: org, customer: bill.state.customer,
                returningTo: ReturnURL.fill(page.template, org: org, payment: 0),
                key: "meterd-\(ledgerID)-entry-\(org)-\(key.key)")
        } catch {
            throw Refusal(error.isRetryable ? .gatewayUnavailable : .conflict, error.words)
        }
    }

    /// Has an org pay with the card that was entered on a page of ``beginEntry(for:returningTo:under:)``. The gateway is asked which it is:
    /// what a browser says of it counts for nothing.
    public func finishEntry(
        _ session: String, for org: String, returningTo page: ReturnURL? = nil, under key: IdempotencyKey,
        by actor: String
    ) async throws -> PaymentMethodView {
        _ = try await recall(key, org)
        let outcome: MethodEntry.Outcome
        do throws(GatewayProblem) {
            outcome = try await gateway.entry(session, of: org)
        } catch {
            throw Refusal(error.isRetryable ? .gatewayUnavailable : .conflict, error.words)
        }
        switch outcome {
        case .entered(let method):
            return try await setMethod(method, for: org, returningTo: page, under: key, by: actor)
        case .open: throw Refusal(.conflict, "no card was entered on that page yet")
        case .expired: throw Refusal(.conflict, "no card was entered on that page in time; begin again")
        case .unknown: throw Refusal(.notFound, "org '\(org)' has no page of that name to enter a card on")
        }
    }

    /// Who buys, as invoices say it.
    public func billTo(of org: String) async throws -> BillToView {
        BillToView(try await bill(of: org))
    }

    /// Sets who buys, as invoices say it.
    ///
    /// - Parameter isSelfService: whether the customer says it, who doesn't lower their own tax.
    public func setBillTo(
        _ billTo: BillTo, isSelfService: Bool = false, for org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> BillToView {
        try await set(org, key) { try $0.setBillTo(billTo, isSelfService: isSelfService, by: actor) }
        return try await self.billTo(of: org)
    }

    /// Takes note of what somebody found about an org's VAT number.
    public func verifyVAT(
        isValid: Bool, reference: String?, of org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> BillToView {
        try await set(org, key) { try $0.verifyVAT(isValid: isValid, reference: reference, by: actor) }
        return try await billTo(of: org)
    }

    // MARK: What they share

    /// Makes a change that needs no payment.
    private func set(
        _ org: String, _ key: IdempotencyKey, _ decide: @Sendable (inout Bill) throws -> BillingChange
    ) async throws {
        try await locks.with(org) {
            guard try await recall(key, org) == nil else { return }
            _ = try await apply(to: org, under: key, decide)
        }
    }

    /// Opens a payment, asks for it, and says what came of it. The same order again finds the same payment.
    private func order(
        _ org: String, _ key: IdempotencyKey, _ decide: @Sendable (inout Bill) throws -> BillingChange
    ) async throws -> PaymentView {
        guard let payment = try await ordering(org, key, decide) else { throw Self.noPayment }
        return try await self.payment(payment, of: org)
    }

    /// Makes a change and asks for the payment that it opened; nil if it opened none.
    private func ordering(
        _ org: String, _ key: IdempotencyKey, _ decide: @Sendable (inout Bill) throws -> BillingChange
    ) async throws -> Int64? {
        try await locks.with(org) {
            if let known = try await recall(key, org) {
                guard let payment = known.payments.first else { return nil }
                try await drive(payment, of: org, isRepeat: true)
                return payment
            }
            guard let payment = try await apply(to: org, under: key, decide).payments.first else { return nil }
            try await drive(payment, of: org, isRepeat: false)
            return payment
        }
    }

    static let noPayment = Refusal(.unknownOutcome, "the ledger opened no payment")

    /// A payment's key in its org: the client's, with the route's name, so that one key may serve several routes.
    private static func paymentKey(_ key: IdempotencyKey) -> String { "\(key.route)-\(key.key)" }
}
