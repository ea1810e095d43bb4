import Billing
import Foundation
import Ledger
import Metering

// Disputes, as Stripe calls chargebacks, and refunds that somebody made at Stripe.
extension StripeGateway {
    /// What went back; see ``PaymentGateway/returns(since:)``. See <https://docs.stripe.com/api/disputes> and
    /// <https://docs.stripe.com/api/refunds>.
    public func returns(since: Timestamp) async -> GatewayReturns {
        guard let disputes = await all(StripeDispute.self, "/v1/disputes", since),
            let refunds = await all(StripeRefund.self, "/v1/refunds", since)
        else { return .unknown("Stripe can't say what went back") }
        return .known(disputes.compactMap(Self.entry) + refunds.compactMap(Self.entry))
    }

    private func all<Item: StripeItem>(_ type: Item.Type, _ path: String, _ since: Timestamp) async -> [Item]? {
        var query = [("created[gte]", "\(since.milliseconds / 1000)"), ("limit", "100")]
        var items: [Item] = []
        while true {
            guard case .answered(200, let body) = await client.get(path, query),
                let page = Self.decode(StripeList<Item>.self, body)
            else { return nil }
            items += page.data
            guard page.has_more == true, let last = page.data.last else { return items }
            query = query.filter { $0.0 != "starting_after" } + [("starting_after", last.id)]
        }
    }

    private static func money(_ cents: Int64) -> Money { Money(nanos: cents * Proration.nanosPerCent) }

    private static func entry(_ dispute: StripeDispute) -> GatewayReturn? {
        guard let payment = dispute.payment_intent else { return nil }
        let movements = dispute.balance_transactions ?? []
        let state: GatewayReturn.State? =
            switch dispute.status {
            case "warning_needs_response", "warning_under_review": .inquiry
            case "needs_response", "under_review": .open
            case "won", "warning_closed", "prevented": .won
            case "lost": .lost
            default: nil
            }
        // A status that nobody knows is looked at again the next day.
        guard let state else { return nil }
        return GatewayReturn(
            reference: dispute.id, payment: payment, kind: .chargeback, state: state, amount: money(dispute.amount),
            withdrawn: money(movements.reduce(0) { $0 + max(0, -$1.amount) }),
            reinstated: money(movements.reduce(0) { $0 + max(0, $1.amount) }),
            fee: money(movements.reduce(0) { $0 + ($1.fee ?? 0) }), reason: dispute.reason ?? "general",
            evidenceDue: dispute.evidence_details?.due_by.map { Timestamp(milliseconds: $0 * 1000) })
    }

    /// A refund without the mark of ours: somebody made it at Stripe.
    private static func entry(_ refund: StripeRefund) -> GatewayReturn? {
        guard let payment = refund.payment_intent, let cents = refund.amount,
            refund.metadata?[refundMark] == nil
        else { return nil }
        let (isGone, isBack) =
            switch refund.status {
            case "succeeded": (true, false)
            // The money comes back to the seller's account; if it had been booked, it comes again.
            case "failed", "canceled": (false, true)
            default: (false, false)
            }
        guard isGone || isBack else { return nil }
        return GatewayReturn(
            reference: refund.id, payment: payment, kind: .gatewayRefund, state: isGone ? .lost : .won,
            amount: money(cents), withdrawn: isGone ? money(cents) : .zero, reinstated: isBack ? money(cents) : .zero,
            fee: .zero, reason: refund.reason ?? "refunded at Stripe", evidenceDue: nil)
    }
}
