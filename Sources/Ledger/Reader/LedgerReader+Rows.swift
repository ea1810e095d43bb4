import Foundation
import GRDB
import Metering

// From rows to what is shown.
extension LedgerReader {
    static let orgSQL = """
        SELECT org.*, account.credits - account.debits AS balance
        FROM org JOIN account ON account.org = org.id AND account.kind = 1
        """

    static let usageColumns = "SELECT usage.*, org.name AS org_name, rate_card.hash AS card_hash"
    static let usageJoins = "JOIN org ON org.id = usage.org LEFT JOIN rate_card ON rate_card.id = usage.card"

    /// Where an org's chain of rows begins: at its newest one, or behind the cursor, which must be one of its rows.
    ///
    /// Takes the cursor twice, then the org's name.
    static func chainStart(_ table: String, _ key: String) -> String {
        let isOwn = table == "usage" ? "row.org = org.id" : "account.id IN (row.debit_account, row.credit_account)"
        return """
            SELECT CASE WHEN ? IS NULL THEN account.last_\(table)
                ELSE (SELECT row.previous FROM \(table) AS row WHERE row.\(key) = ? AND \(isOwn)) END AS first
            FROM org JOIN account ON account.org = org.id AND account.kind = 1
            WHERE org.name = ? AND first > 0
            """
    }

    static func time(_ milliseconds: Int64) -> String {
        Timestamp(milliseconds: milliseconds).description
    }

    static func money(_ nanos: Int64) -> String {
        Money(nanos: nanos).description
    }

    static func org(_ row: Row) -> OrgView {
        OrgView(
            org: row["name"], displayName: row["display_name"], country: row["country"], region: row["region"],
            state: OrgState(rawValue: row["state"])?.name ?? "unknown", created: time(row["created"]),
            closed: (row["closed"] as Int64?).map(time), balance: money(row["balance"]),
            available: money(row["balance"]))
    }

    static func grant(_ row: Row) -> GrantView {
        GrantView(
            grant: row["id"], org: row["org_name"], amount: money(row["amount"]), reason: row["reason"],
            created: time(row["created"]), key: row["key"], balanceAfter: money(row["balance_after"]))
    }

    static func usage(_ row: Row) -> UsageView {
        let tier = ServiceTier(rawValue: row["billed_tier"]) ?? .standard
        let fellBack: Bool = row["tier_fell_back"]
        let lines = LineItemCodec.decode([UInt8](row["lines"] as Data)) ?? []
        let price = Price(lines: lines, tier: tier, tierFellBack: fellBack)
        return UsageView(
            sequence: row["sequence"], id: row["id"], org: row["org_name"], user: row["user"], model: row["model"],
            provider: row["provider"], at: time(row["at"]), received: time(row["received"]), tier: tier.name,
            tierFellBack: fellBack, status: ChargeStatus(rawValue: row["status"])?.name ?? "unknown",
            cost: money(row["cost"]), balanceAfter: money(row["balance"]), hold: row["hold"],
            rateCard: row["card_hash"], lines: price.map(LineView.lines) ?? [], usage: row["usage"],
            tags: row["tags"])
    }

    static func transfer(_ row: Row) -> TransferView {
        func account(_ kind: Int64, _ org: String?) -> String {
            let name = AccountKind(rawValue: kind)?.name ?? "unknown"
            return org.map { "\(name):\($0)" } ?? name
        }
        return TransferView(
            transfer: row["id"], at: time(row["at"]), code: TransferCode(rawValue: row["code"])?.name ?? "unknown",
            debit: account(row["debit_kind"], row["debit_org"]),
            credit: account(row["credit_kind"], row["credit_org"]), amount: money(row["amount"]),
            reference: row["reference"])
    }
}
