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
        SeatPreview(try await bill(of: org).seatOrder(quantity))
    }

    /// Buys more seats, until the period ends and from then on.
    public func addSeats(
        _ quantity: Int64, to org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> PaymentView {
        try await order(org, key) { bill in
            try bill.addingSeats(quantity, key: Self.paymentKey(key), by: actor)
        }
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

    /// Buys credits.
    public func buyCredits(
        _ amount: Money, for org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> PaymentView {
        try await order(org, key) { bill in
            try bill.buyingCredits(amount, key: Self.paymentKey(key), by: actor)
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

    /// Has an org pay with a method that was saved at the gateway. What is owed is tried at once.
    public func setMethod(
        _ method: String, for org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> PaymentMethodView {
        try await locks.with(org) {
            guard try await recall(key, org) == nil else { return }
            let customer = try await bill(of: org).state.customer
            let saved: SavedMethod
            do throws(GatewayProblem) {
                saved = try await gateway.save(method, for: org, customer: customer)
            } catch {
                throw Refusal(error.isRetryable ? .gatewayUnavailable : .malformed, error.words)
            }
            _ = try await apply(to: org, under: key) { try $0.setMethod(saved, by: actor) }
        }
        return try await self.method(of: org)
    }

    /// Who buys, as invoices say it.
    public func billTo(of org: String) async throws -> BillToView {
        BillToView(try await bill(of: org))
    }

    /// Sets who buys, as invoices say it.
    public func setBillTo(
        _ billTo: BillTo, for org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> BillToView {
        try await set(org, key) { try $0.setBillTo(billTo, by: actor) }
        return try await self.billTo(of: org)
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
        let payment = try await locks.with(org) {
            if let known = try await recall(key, org)?.payments.first {
                try await drive(known, of: org, isRepeat: true)
                return known
            }
            let applied = try await apply(to: org, under: key, decide)
            guard let payment = applied.payments.first else { throw Self.noPayment }
            try await drive(payment, of: org, isRepeat: false)
            return payment
        }
        return try await self.payment(payment, of: org)
    }

    static let noPayment = Refusal(.unknownOutcome, "the ledger opened no payment")

    /// A payment's key in its org: the client's, with the route's name, so that one key may serve several routes.
    private static func paymentKey(_ key: IdempotencyKey) -> String { "\(key.route)-\(key.key)" }
}
