import GRDB
import Metering

// Money that goes back, as billing works from it and as it is shown.
extension LedgerReader {
    static func customerBalance(_ database: Database, _ org: Int64) throws -> Money {
        let row = try Row.fetchOne(
            database, kept: "SELECT credits - debits AS balance FROM account WHERE org = ? AND kind = 9", [org])
        return Money(nanos: row?["balance"] ?? 0)
    }

    /// An org's refunds, newest first.
    public func refunds(
        of org: String, before cursor: Int64?, limit: Int
    ) async throws -> (items: [RefundRecord], nextCursor: String?) {
        let refunds = try await pool.read { database in
            try Self.refunds(
                database, "org.name = ? AND refund.id < ?", [org, cursor ?? Int64.max],
                "ORDER BY refund.id DESC LIMIT \(limit + 1)")
        }
        let shown = Array(refunds.prefix(limit))
        return (shown, refunds.count > limit ? shown.last.map { "\($0.refund)" } : nil)
    }

    /// An org's refund of that number.
    public func refund(_ number: Int64, of org: String) async throws -> RefundRecord? {
        try await pool.read { try Self.refunds($0, "org.name = ? AND refund.id = ?", [org, number]).first }
    }

    /// The refunds of a payment, the oldest first.
    public func refunds(ofPayment payment: Int64) async throws -> [RefundRecord] {
        try await pool.read { try Self.refunds($0, "refund.payment = ?", [payment]) }
    }

    /// Refunds of all orgs that a gateway is to be asked about, without the ones of a gateway.
    public func openRefunds(notOf gateway: String, limit: Int) async throws -> [(refund: Int64, org: String)] {
        try await pool.read { database in
            try Row.fetchAll(
                database,
                kept: """
                    SELECT refund.id, org.name FROM refund JOIN org ON org.id = refund.org
                    WHERE refund.state IN (1, 2) AND refund.state <> 4 AND refund.gateway <> ?
                    ORDER BY refund.id LIMIT \(limit)
                    """, [gateway]
            ).map { ($0["id"], $0["name"]) }
        }
    }

    /// A gateway's payment by the gateway's name of it.
    public func payment(reference: String, gateway: String) async throws -> PaymentRecord? {
        try await pool.read {
            try Self.payments($0, "payment.reference = ? AND payment.gateway = ?", [reference, gateway]).first
        }
    }

    /// Whether a refund of a payment has that name at its gateway.
    public func isRefund(_ reference: String, of payment: Int64) async throws -> Bool {
        try await pool.read {
            try !Self.refunds($0, "refund.payment = ? AND refund.reference = ?", [payment, reference]).isEmpty
        }
    }

    /// Chargebacks of all orgs that are not decided yet.
    public func openChargebacks() async throws -> Int64 {
        try await pool.read {
            try Int64.fetchOne($0, sql: "SELECT coalesce(sum(chargebacks), 0) FROM billing WHERE chargebacks > 0") ?? 0
        }
    }

    /// What went back of an org's payment otherwise, the oldest first.
    public func returns(ofPayment payment: Int64) async throws -> [ReturnRecord] {
        try await pool.read { try Self.returns($0, "payment_return.payment = ?", [payment]) }
    }

    /// Payments of an org that succeeded and were not given back whole, newest first.
    public func refundable(of org: String) async throws -> [PaymentRecord] {
        try await pool.read { database in
            try Self.payments(
                database,
                """
                org.name = ? AND payment.state = 2
                AND payment.amount - payment.from_balance - payment.refunded - payment.returned > 0
                """, [org], "ORDER BY payment.id DESC LIMIT 1000")
        }
    }

    /// What is left of the grant that a payment bought.
    public func unspent(ofPayment payment: Int64, of org: String) async throws -> Money {
        try await pool.read { database in
            let row = try Row.fetchOne(
                database,
                kept: """
                    SELECT CASE WHEN account.front_grant = credit_grant.id THEN account.front_remaining
                        ELSE credit_grant.remaining END AS remaining
                    FROM credit_grant JOIN org ON org.id = credit_grant.org
                    JOIN account ON account.org = org.id AND account.kind = 1
                    WHERE org.name = ? AND credit_grant.key = ? AND credit_grant.state = 1
                    """, [org, "payment-\(payment)"])
            return Money(nanos: row?["remaining"] ?? 0)
        }
    }

    static func refunds(
        _ database: Database, _ condition: String, _ arguments: StatementArguments,
        _ order: String = "ORDER BY refund.id"
    ) throws -> [RefundRecord] {
        try Row.fetchAll(
            database,
            kept: """
                SELECT refund.*, org.name AS org_name FROM refund JOIN org ON org.id = refund.org
                WHERE \(condition) \(order)
                """, arguments
        ).map { row in
            let words = "refund \(row["id"] as Int64)"
            return RefundRecord(
                refund: row["id"], org: row["org_name"], payment: row["payment"],
                cause: try RefundCause(stored: row["cause"] as Int64, of: words), net: Money(nanos: row["net"]),
                tax: Money(nanos: row["tax"]), creditNote: row["note"], gateway: row["gateway"], reason: row["reason"],
                created: Timestamp(milliseconds: row["created"]),
                state: try RefundState(stored: row["state"] as Int64, of: words), reference: row["reference"],
                words: row["words"], settled: (row["settled"] as Int64?).map(Timestamp.init(milliseconds:)))
        }
    }

    static func returns(
        _ database: Database, _ condition: String, _ arguments: StatementArguments
    ) throws -> [ReturnRecord] {
        try Row.fetchAll(
            database,
            kept: """
                SELECT payment_return.*, org.name AS org_name FROM payment_return
                JOIN org ON org.id = payment_return.org WHERE \(condition) ORDER BY payment_return.id
                """, arguments
        ).map { row in
            let entry = NewReturn(
                payment: row["payment"],
                kind: try ReturnKind(stored: row["kind"] as Int64, of: "return \(row["id"] as Int64)"),
                isReinstated: row["reinstated"], amount: Money(nanos: row["amount"]),
                credits: Money(nanos: row["credits"]), tax: Money(nanos: row["tax"]),
                carried: Money(nanos: row["carried"]), fee: Money(nanos: row["fee"]),
                excess: Money(nanos: row["excess"]),
                reference: row["reference"], reason: row["reason"])
            return ReturnRecord(
                number: row["id"], org: row["org_name"], entry: entry,
                created: Timestamp(milliseconds: row["created"]))
        }
    }
}
