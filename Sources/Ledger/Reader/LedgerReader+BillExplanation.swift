import GRDB
import Metering

/// What was drawn from a grant by the requests of one model that were priced by one card.
public struct GrantSpend: Codable, Sendable, Hashable {
    /// The model, as it was reported.
    public let model: String
    /// The SHA-256 of the rate card.
    public let rateCard: String?
    /// Requests that drew from it.
    public var records: Int64
    /// What they drew, in US dollars.
    public var amount: String
    /// The ids of the newest of them.
    public var newest: [String]
}

/// What became of a grant, down to the records.
public struct GrantSpending: Sendable {
    /// The grant.
    public let grant: GrantView
    /// What was drawn from it, by model and card, the most first.
    public let spends: [GrantSpend]
    /// What else took from it or gave back to it: corrections, expiry.
    public let others: [TransferView]
    /// Whether older transfers were not looked at.
    public let isPartial: Bool
}

// From an invoice down to the records behind it.
extension LedgerReader {
    /// The transfers that a payment's settlement, or an invoice's issue, made.
    public func transfers(ofPayment payment: Int64) async throws -> [TransferView] {
        try await transfers("payment", payment)
    }

    /// The transfers that an invoice's issue made.
    public func transfers(ofInvoice invoice: Int64) async throws -> [TransferView] {
        try await transfers("invoice", invoice)
    }

    private func transfers(_ table: String, _ id: Int64) async throws -> [TransferView] {
        try await pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    \(Self.transferSQL) FROM \(table) AS owner
                    JOIN transfer ON transfer.id BETWEEN owner.first_transfer AND owner.last_transfer
                    \(Self.transferJoins) WHERE owner.id = ? ORDER BY transfer.id
                    """, arguments: [id]
            ).map(Self.transfer)
        }
    }

    /// Steps of an org's bill up to a moment, the newest first: what was done, by whom, when.
    public func billingChanges(of org: String, until: Timestamp, limit: Int) async throws -> [BillingStepView] {
        try await pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    WITH RECURSIVE own(number) AS (
                        SELECT change FROM billing JOIN org ON org.id = billing.org WHERE org.name = ?
                        UNION ALL
                        SELECT previous FROM own JOIN billing_change ON billing_change.number = own.number
                        WHERE previous > 0
                    )
                    SELECT billing_change.* FROM own CROSS JOIN billing_change ON billing_change.number = own.number
                    WHERE at <= ? LIMIT ?
                    """, arguments: [org, until.milliseconds, limit]
            ).map {
                BillingStepView(change: $0["number"], at: Self.time($0["at"]), kind: $0["kind"], actor: $0["actor"])
            }
        }
    }

    /// Where the credits went that a payment or a credit note brought: walks the org's transfers from the newest to the grant's.
    ///
    /// - Parameter key: the grant's key, such as `payment-7`.
    public func spending(ofGrant key: String, of org: String) async throws -> GrantSpending? {
        try await pool.read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: Self.grantSQL + " WHERE org.name = ? AND credit_grant.key = ?",
                    arguments: [org, key])
            else { return nil }
            let grant: Int64 = row["id"]
            let first: Int64 = row["transfer"]
            // A transfer that draws from a grant names it: all others are passed by.
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    WITH RECURSIVE own(number, steps) AS (
                        SELECT last_transfer, 1 FROM account JOIN org ON org.id = account.org
                        WHERE org.name = ? AND kind = 1 AND last_transfer > ?
                        UNION ALL
                        SELECT transfer.previous, steps + 1 FROM own JOIN transfer ON transfer.id = own.number
                        WHERE transfer.previous > ? AND steps < ?
                    )
                    \(Self.transferSQL), usage.model AS usage_model, usage.id AS usage_id, rate_card.hash AS card_hash,
                        own.steps
                    FROM own CROSS JOIN transfer ON transfer.id = own.number \(Self.transferJoins)
                    LEFT JOIN usage ON transfer.code = 1 AND usage.sequence = transfer.reference
                    LEFT JOIN rate_card ON rate_card.id = usage.card
                    """, arguments: [org, first, first, Self.walkedMax])
            var spends: [[String?]: (GrantSpend, Int64)] = [:]
            var others: [TransferView] = []
            var steps: Int64 = 0
            while let row = try rows.next() {
                steps = row["steps"]
                guard let draw = try Self.draws(row).first(where: { $0.grant == grant }) else { continue }
                guard let model: String = row["usage_model"] else {
                    if others.count < 100 { others.append(try Self.transfer(row)) }
                    continue
                }
                let card: String? = row["card_hash"]
                let empty = GrantSpend(model: model, rateCard: card, records: 0, amount: "", newest: [])
                var (spend, nanos) = spends[[model, card]] ?? (empty, 0)
                spend.records += 1
                if spend.newest.count < 10 { spend.newest.append(row["usage_id"]) }
                nanos += draw.amount
                spends[[model, card]] = (spend, nanos)
            }
            let sorted = spends.values.sorted { ($0.1, $1.0.model) > ($1.1, $0.0.model) }.map { spend, nanos in
                var spend = spend
                spend.amount = Self.money(nanos)
                return spend
            }
            return GrantSpending(
                grant: try Self.grant(row), spends: sorted, others: others, isPartial: steps >= Self.walkedMax)
        }
    }

    /// Transfers that are looked at for one explanation.
    private static let walkedMax: Int64 = 1_000_000
}

/// A step of an org's bill, as it is shown.
public struct BillingStepView: Codable, Sendable, Hashable {
    /// Its number.
    public let change: Int64
    /// When.
    public let at: String
    /// What was done, in a word.
    public let kind: String
    /// By whom.
    public let actor: String
}
