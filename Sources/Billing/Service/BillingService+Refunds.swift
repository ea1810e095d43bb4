import Ledger
import Metering

// Money that goes back.
extension BillingService {
    /// An org's refunds, newest first.
    public func refunds(of org: String, before cursor: Int64?, limit: Int) async throws -> Page<RefundView> {
        let page = try await reader.refunds(of: org, before: cursor, limit: limit)
        return Page(items: page.items.map(RefundView.init), nextCursor: page.nextCursor)
    }

    /// An org's refund.
    public func refund(_ number: Int64, of org: String) async throws -> RefundView {
        RefundView(try await record(ofRefund: number, org))
    }

    private func record(ofRefund number: Int64, _ org: String) async throws -> RefundRecord {
        guard let refund = try await reader.refund(number, of: org) else {
            throw Refusal(.notFound, "org '\(org)' has no refund \(number); meterctl refunds list \(org) shows them")
        }
        return refund
    }

    /// Gives back unspent credits of a purchase, with their tax. The credits are taken before the gateway is asked.
    ///
    /// - Parameter credits: without tax; nil for all that are unspent.
    public func refundCredits(
        _ credits: Money?, ofPayment number: Int64, of org: String, reason: String, under key: IdempotencyKey,
        by actor: String
    ) async throws -> RefundView {
        let refund = try await locks.with(org) {
            if let known = try await recall(key, org)?.refunds?.first {
                try await drive(refund: known, of: org, isRepeat: true)
                return known
            }
            var payment = try await record(ofPayment: number, org)
            if payment.sale?.product == .credits, payment.state == .succeeded, payment.invoice == nil {
                _ = try await apply(to: org) { try $0.invoicingPurchases() }
                payment = try await record(ofPayment: number, org)
            }
            let invoice = try await payment.invoice.mapAsync { try await reader.invoice("\($0)", of: org) }
            guard let invoice = invoice ?? nil else {
                throw Refusal(.conflict, "payment \(number) is \(payment.state.name): there is nothing to give back")
            }
            let earlier = try await reader.refunds(ofPayment: number)
            let applied = try await apply(to: org, under: key) { [payment] bill in
                let unspent = try await reader.unspent(ofPayment: number, of: org)
                return try bill.refundingCredits(
                    credits, of: payment, unspent: unspent, after: earlier, on: invoice, reason: reason, by: actor)
            }
            guard let refund = applied.refunds?.first else { throw Self.noRefund }
            try await drive(refund: refund, of: org, isRepeat: false)
            return refund
        }
        return try await self.refund(refund, of: org)
    }

    /// Tries a refund again that failed.
    public func retryRefund(
        _ number: Int64, of org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> RefundView {
        try await locks.with(org) {
            guard try await recall(key, org) == nil else { return }
            let refund = try await record(ofRefund: number, org)
            if refund.state == .failed {
                _ = try await apply(to: org, under: key) { try $0.refundSettled(refund, .due, by: actor) }
            }
            try await drive(refund: number, of: org, isRepeat: true, isAnew: refund.state == .failed)
        }
        return try await refund(number, of: org)
    }

    /// Takes note that an operator gave the money back by other means.
    public func recordRefund(
        _ number: Int64, reference: String?, of org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> RefundView {
        try await locks.with(org) {
            guard try await recall(key, org) == nil else { return }
            let refund = try await record(ofRefund: number, org)
            guard refund.gateway == ManualGateway().name || refund.state == .failed else {
                throw Refusal(
                    .conflict,
                    "refund \(number) is \(refund.state.name) and made by \(refund.gateway); only one that failed is recorded"
                )
            }
            _ = try await apply(to: org, under: key) {
                try $0.refundSettled(refund, .succeeded(reference: reference), by: actor)
            }
        }
        return try await refund(number, of: org)
    }

    private static let noRefund = Refusal(.unknownOutcome, "the ledger opened no refund")

    /// Opens the refund of a payment in vain, if a version recorded it that kept no refunds.
    @discardableResult
    func openRefund(inVain payment: PaymentRecord) async throws -> BillingApplied? {
        let known = try await bill(of: payment.org).record.openRefunds
        guard !known.contains(where: { $0.payment == payment.payment }) else { return nil }
        return try await apply(to: payment.org) { try $0.refunding(inVain: payment) }
    }

    // MARK: The gateway

    /// Asks the gateway for the refunds that a change opened. The org's lock is held.
    func drive(refundsOf applied: BillingApplied?, of org: String) async throws {
        for refund in applied?.refunds ?? [] { try await drive(refund: refund, of: org, isRepeat: false) }
    }

    /// Asks about the refunds of all orgs that are under way.
    ///
    /// - Parameter atOnce: also about those whose time has not come: there is news.
    func driveRefunds(onProblem: @Sendable (String, any Error) -> Void, atOnce: Bool) async throws {
        let now = clock()
        for refund in try await reader.openRefunds(notOf: ManualGateway().name, limit: 1000) {
            do {
                try await locks.with(refund.org) {
                    let isDue = await polls.isDue(.refund(refund.refund), now: now)
                    guard atOnce || isDue else { return }
                    try await drive(refund: refund.refund, of: refund.org, isRepeat: true)
                }
            } catch {
                await polls.postpone(.refund(refund.refund), now: now)
                onProblem(refund.org, error)
            }
        }
    }

    /// Asks the gateway for a refund, and takes note of what it says. The org's lock is held.
    ///
    /// - Parameters:
    ///   - isRepeat: whether the gateway may have heard of it.
    ///   - isAnew: whether another attempt is to be made if the last one failed.
    func drive(refund number: Int64, of org: String, isRepeat: Bool, isAnew: Bool = false) async throws {
        let refund = try await record(ofRefund: number, org)
        guard refund.state == .due || refund.state == .pending, refund.gateway == gateway.name, !gateway.isManual else {
            return
        }
        let payment = try await record(ofPayment: refund.payment, org)
        let request = RefundRequest(
            org: org, payment: payment.payment, key: "meterd-\(ledgerID)-refund-\(number)", amount: refund.amount,
            reference: payment.reference, isAnew: isAnew)
        let settlement: RefundSettlement
        let result = await gateway.refund(request, isRepeat: isRepeat)
        if case .unknown(let words) = result {
            contact.answered(words, at: clock())
        } else {
            contact.answered(nil, at: clock())
        }
        switch result {
        case .succeeded(let reference): settlement = .succeeded(reference: reference)
        case .failed(let reference, let words):
            onTrouble(org, words)
            settlement = .failed(reference: reference, words: words)
        case .pending(let reference):
            await polls.postpone(.refund(number), now: clock())
            guard refund.state == .due else { return }
            settlement = .pending(reference: reference)
        case .unknown(let words):
            onTrouble(org, words)
            return await polls.postpone(.refund(number), now: clock())
        }
        _ = try await apply(to: org) { try $0.refundSettled(refund, settlement, by: Bill.daemon) }
        if settlement.isFinal { await polls.forget(.refund(number)) }
    }
}

extension RefundSettlement {
    fileprivate var isFinal: Bool {
        switch self {
        case .succeeded, .failed: true
        case .pending, .due: false
        }
    }
}

extension Optional {
    /// The same as `map`, for a body that waits.
    fileprivate func mapAsync<Value>(_ body: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await body(self)
    }
}
