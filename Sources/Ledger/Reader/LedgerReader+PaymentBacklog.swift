import GRDB
import Metering

/// Payments and refunds of all orgs that are not settled.
public struct PaymentBacklog: Sendable, Hashable {
    /// Payments that a gateway, or an operator, has still to settle.
    public let pending: Int64
    /// The oldest payment that a gateway has still to settle; those that an operator records are not counted.
    public let oldestPending: Timestamp?
    /// Refunds that are due or on their way.
    public let refundsDue: Int64
    /// Refunds that failed: an operator has to do something.
    public let refundsFailed: Int64
    /// Chargebacks that are not decided.
    public let chargebacks: Int64
}

extension LedgerReader {
    /// What of payments is not settled, over all orgs.
    ///
    /// - Parameter manual: the gateway whose payments an operator records.
    public func paymentBacklog(manual: String) async throws -> PaymentBacklog {
        try await pool.read { database in
            let row = try Row.fetchOne(
                database,
                kept: """
                    SELECT (SELECT count(*) FROM payment WHERE state IN (1, 5)) AS pending,
                        (SELECT min(created) FROM payment WHERE state IN (1, 5) AND gateway <> ?) AS oldest,
                        (SELECT count(*) FROM refund WHERE state IN (1, 2) AND state <> 4) AS due,
                        (SELECT count(*) FROM refund WHERE state = 3 AND state <> 4) AS failed,
                        (SELECT coalesce(sum(chargebacks), 0) FROM billing WHERE chargebacks > 0) AS chargebacks
                    """, [manual])
            return PaymentBacklog(
                pending: row?["pending"] ?? 0,
                oldestPending: (row?["oldest"] as Int64?).map(Timestamp.init(milliseconds:)),
                refundsDue: row?["due"] ?? 0, refundsFailed: row?["failed"] ?? 0, chargebacks: row?["chargebacks"] ?? 0)
        }
    }
}
