import Ledger
import Metering

/// Something that happened to an org's money or seats, as it is shown: one member beside `kind` and `at` says what.
public struct HistoryItem: Codable, Sendable, Hashable {
    /// `payment`, `refund`, `grant` or `seats`.
    public let kind: String
    /// When it began.
    public let at: String
    /// A purchase of credits or seats, or what paid an invoice.
    public var payment: PaymentView?
    /// Money that goes back.
    public var refund: RefundView?
    /// Credits that were given and not bought: promotions and corrections.
    public var grant: GrantView?
    /// A change of seats, a cancellation, or its withdrawal.
    public var seats: SubscriptionChangeView?
}

// What happened to an org's money and seats, in one list.
extension BillingService {
    /// How far each list was read that the history is made of.
    private struct Position {
        var payment, refund, grant, step: Int64?

        init() {}

        /// The position that a cursor says; nil if it says none.
        init?(cursor: String) {
            for part in cursor.split(separator: "-") {
                guard let number = Int64(part.dropFirst()), number > 0 else { return nil }
                switch part.first {
                case "p": payment = number
                case "r": refund = number
                case "g": grant = number
                case "s": step = number
                default: return nil
                }
            }
        }

        var cursor: String {
            [("p", payment), ("r", refund), ("g", grant), ("s", step)].compactMap { name, number in
                number.map { name + "\($0)" }
            }.joined(separator: "-")
        }
    }

    /// An org's purchases, refunds, given credits and changes of seats, newest first.
    ///
    /// - Parameter cursor: where the page before ended; nil for the newest.
    public func history(of org: String, after cursor: String?, limit: Int) async throws -> Page<HistoryItem> {
        var position = Position()
        if let cursor {
            guard let known = Position(cursor: cursor) else {
                throw Refusal(.malformed, "cursor must be the next_cursor of the page before")
            }
            position = known
        }
        // Each list has at most as many as the page; the newest of all of them are the page.
        let most = limit + 1
        var candidates: [(at: String, number: Int64, item: HistoryItem)] = []
        for payment in try await payments(of: org, before: position.payment, limit: most).items {
            let item = HistoryItem(kind: "payment", at: payment.created, payment: payment)
            candidates.append((payment.created, payment.payment, item))
        }
        for refund in try await refunds(of: org, before: position.refund, limit: most).items {
            let item = HistoryItem(kind: "refund", at: refund.created, refund: refund)
            candidates.append((refund.created, refund.refund, item))
        }
        for grant in try await givenGrants(of: org, before: position.grant, limit: most) {
            candidates.append((grant.created, grant.grant, HistoryItem(kind: "grant", at: grant.created, grant: grant)))
        }
        for step in try await seatChanges(of: org, before: position.step, limit: most) {
            candidates.append((step.at, step.change, HistoryItem(kind: "seats", at: step.at, seats: step)))
        }
        // Times are texts of one form, which sort as times do. Of one moment the kinds keep their order, and each list its own.
        candidates.sort { one, other in
            if one.at != other.at { return one.at > other.at }
            if one.item.kind != other.item.kind { return one.item.kind < other.item.kind }
            return one.number > other.number
        }
        let page = candidates.prefix(limit)
        for entry in page {
            switch entry.item.kind {
            case "payment": position.payment = entry.number
            case "refund": position.refund = entry.number
            case "grant": position.grant = entry.number
            default: position.step = entry.number
            }
        }
        return Page(items: page.map(\.item), nextCursor: candidates.count > limit ? position.cursor : nil)
    }

    /// Grants that no payment brought.
    private func givenGrants(of org: String, before cursor: Int64?, limit: Int) async throws -> [GrantView] {
        var (found, next): ([GrantView], Int64?) = ([], cursor)
        while true {
            let page = try await reader.grants(of: org, before: next, limit: LedgerReader.pageMax)
            found += page.items.filter { $0.source != GrantSource.purchase.name || !$0.key.hasPrefix("payment-") }
            guard found.count < limit, let cursor = page.nextCursor.flatMap({ Int64($0) }) else {
                return Array(found.prefix(limit))
            }
            next = cursor
        }
    }

    /// What changed how many seats there are or will be.
    private func seatChanges(
        of org: String, before cursor: Int64?, limit: Int
    ) async throws -> [SubscriptionChangeView] {
        var (found, next): ([SubscriptionChangeView], Int64?) = ([], cursor)
        while true {
            let page = try await subscriptionChanges(of: org, before: next, limit: 200)
            found += page.items.filter(\.isOfSeats)
            guard found.count < limit, let cursor = page.nextCursor.flatMap({ Int64($0) }) else {
                return Array(found.prefix(limit))
            }
            next = cursor
        }
    }
}
