import Billing
import Ledger
import Metering

/// What an operator asks for, under one key until it is answered.
struct Request: Sendable {
    enum Kind: Sendable {
        case addSeats(Int64)
        case removeSeats(Int64)
        case keepSeats
        case buy(Money)
        case setTopUp(TopUp?)
        case setMethod
        case retry
        case note(NoteKind, invoice: String)
        case credit(Money, CreditDestination?, invoice: String)
        case refundCredits(Money?, payment: Int64)
        case retryRefund(Int64)
        case cancel(Int64)
    }

    let kind: Kind
    let org: String
    let key: IdempotencyKey

    /// What the model is told that somebody wants.
    var intent: Surroundings.Intent? {
        switch kind {
        case .addSeats(let count): .addSeats(count)
        case .removeSeats(let count): .removeSeats(count)
        case .buy(let amount): .buy(amount.nanos)
        case .setTopUp(let topUp): .topUp(threshold: topUp?.threshold.nanos)
        case .credit(let amount, let destination, _): .credit(amount.nanos, destination)
        case .refundCredits(_, let payment): .refundCredits(payment: payment)
        case .keepSeats, .setMethod, .retry, .note, .retryRefund, .cancel: nil
        }
    }

    func ask(_ billing: BillingService) async throws {
        let actor = "operator"
        switch kind {
        case .addSeats(let count): _ = try await billing.addSeats(count, to: org, under: key, by: actor)
        case .removeSeats(let count): _ = try await billing.removeSeats(count, from: org, under: key, by: actor)
        case .keepSeats: _ = try await billing.keepSeats(of: org, under: key, by: actor)
        case .buy(let amount): _ = try await billing.buyCredits(amount, for: org, under: key, by: actor)
        case .setTopUp(let topUp): _ = try await billing.setTopUp(topUp, for: org, under: key, by: actor)
        case .setMethod: _ = try await billing.setMethod("card-\(key.key)", for: org, under: key, by: actor)
        case .retry: _ = try await billing.retry(org, under: key, by: actor)
        case .note(let kind, let invoice):
            _ = try await billing.note(kind, "because", on: invoice, of: org, under: key, by: actor)
        case .credit(let amount, let destination, let invoice):
            _ = try await billing.credit(
                amount, to: destination, reason: "because", on: invoice, of: org, under: key, by: actor)
        case .refundCredits(let credits, let payment):
            _ = try await billing.refundCredits(
                credits, ofPayment: payment, of: org, reason: "because", under: key, by: actor)
        case .cancel(let payment): _ = try await billing.cancel(payment, of: org, under: key, by: actor)
        case .retryRefund(let refund): _ = try await billing.retryRefund(refund, of: org, under: key, by: actor)
        }
    }

    var words: String { "\(org) \(kind) \(key.key)" }
}
