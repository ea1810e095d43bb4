import Foundation
import GRDB
import Metering

// From rows to what is shown.
extension LedgerReader {
    static let orgSQL = """
        SELECT org.*, account.credits - account.debits AS balance, account.pending, account.last_usage
        FROM org JOIN account ON account.org = org.id AND account.kind = 1
        """

    static let grantSQL = """
        SELECT credit_grant.*, org.name AS org_name,
            CASE WHEN account.front_grant = credit_grant.id THEN account.front_remaining ELSE remaining END AS left
        FROM credit_grant JOIN org ON org.id = credit_grant.org
        JOIN account ON account.org = org.id AND account.kind = 1
        """

    static let usageColumns = """
        SELECT usage.*, org.name AS org_name, rate_card.hash AS card_hash, correction.kind AS correction_kind,
            correction.cost AS corrected_cost, correction.lines AS corrected_lines,
            correction.billed_tier AS corrected_tier, correction.tier_fell_back AS corrected_fell_back,
            first_card.hash AS first_card_hash, peer.uid AS peer_uid, peer.pid AS peer_pid, peer.sender
        """
    static let usageJoins = """
        JOIN org ON org.id = usage.org LEFT JOIN correction ON correction.number = usage.correction
        LEFT JOIN rate_card ON rate_card.id = CASE WHEN usage.correction > 0 THEN correction.card ELSE usage.card END
        LEFT JOIN rate_card AS first_card ON first_card.id = usage.card
        LEFT JOIN peer ON peer.id = usage.peer
        """

    static let transferSQL = """
        SELECT transfer.*, debited.kind AS debit_kind, debit_org.name AS debit_org,
            credited.kind AS credit_kind, credit_org.name AS credit_org
        """
    static let transferJoins = """
        JOIN account AS debited ON debited.id = transfer.debit_account
        LEFT JOIN org AS debit_org ON debit_org.id = debited.org
        JOIN account AS credited ON credited.id = transfer.credit_account
        LEFT JOIN org AS credit_org ON credit_org.id = credited.org
        """

    /// Where an org's chain of rows begins: at its newest one, or behind the cursor, which must be one of its rows.
    ///
    /// Takes the cursor twice, then the org's name.
    static func chainStart(_ table: String, _ key: String) -> String {
        let isOwn =
            table == "usage"
            ? "row.org = org.id"
            : """
            EXISTS(
                SELECT 1 FROM account AS own WHERE own.org = org.id AND own.id IN (row.debit_account, row.credit_account))
            """
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

    static func org(_ row: Row) throws -> OrgView {
        OrgView(
            org: row["name"], displayName: row["display_name"], country: row["country"], region: row["region"],
            state: try OrgState(stored: row["state"], of: "org '\(row["name"] as String)'").name,
            created: time(row["created"]),
            closed: (row["closed"] as Int64?).map(time), balance: money(row["balance"]),
            available: money(row["balance"] as Int64 - row["pending"]),
            monthlyBudget: (row["monthly_budget"] as Int64?).map(money))
    }

    static func grant(_ row: Row) throws -> GrantView {
        let number: Int64 = row["id"]
        return GrantView(
            grant: number, org: row["org_name"], amount: money(row["amount"]), remaining: money(row["left"]),
            state: try GrantState(stored: row["state"], of: "grant \(number)").name,
            source: try GrantSource(stored: row["source"], of: "grant \(number)").name, priority: row["priority"],
            expires: (row["expires"] as Int64?).map(time), reason: row["reason"], created: time(row["created"]),
            key: row["key"], balanceAfter: money(row["balance_after"]))
    }

    /// A record as it is charged at present, or as it was charged first.
    static func usage(_ row: Row, asFirstCharged: Bool = false) throws -> UsageView {
        let words = "usage record \(row["sequence"] as Int64)"
        let correction: Int64 = row["correction"]
        let isCorrected = correction > 0 && !asFirstCharged
        let tier = try ServiceTier(stored: row[isCorrected ? "corrected_tier" : "billed_tier"] as Int64, of: words)
        let fellBack: Bool = row[isCorrected ? "corrected_fell_back" : "tier_fell_back"]
        let kept = try PriceCodec.decode(
            [UInt8](row[isCorrected ? "corrected_lines" : "lines"] as Data), of: words)
        let price = kept.price(tier: tier, tierFellBack: fellBack)
        let first = isCorrected ? try PriceCodec.decode([UInt8](row["lines"] as Data), of: words) : kept
        var status = try ChargeStatus(stored: row["status"], of: words).name
        if isCorrected {
            switch try CorrectionKind(stored: row["correction_kind"] as Int64, of: "correction \(correction)") {
            case .voided: status = CorrectionKind.voided.name
            case .replaced: status = CorrectionKind.replaced.name
            case .lateCharge, .corrected, .repriced:
                if [ChargeStatus.unpriced.name, ChargeStatus.estimated.name].contains(status) {
                    status = ChargeStatus.charged.name
                }
            }
        }
        return UsageView(
            sequence: row["sequence"], id: row["id"], org: row["org_name"], user: row["user"], model: row["model"],
            provider: row["provider"], at: time(row["at"]), received: time(row["received"]), tier: tier.name,
            tierFellBack: fellBack, status: status, cost: money(row[isCorrected ? "corrected_cost" : "cost"]),
            correction: correction > 0 ? correction : nil, digest: hexadecimal(row["digest"]),
            balanceAfter: money(row["balance"]), hold: row["hold"],
            rateCard: row[asFirstCharged ? "first_card_hash" : "card_hash"],
            lines: price.map(LineView.lines) ?? [],
            unpricedUnits: kept.unpriced.isEmpty ? nil : kept.unpriced.map(\.name),
            reportedCost: first.reported?.amount.description, reportedBy: first.reported?.source.name,
            readerVersion: kept.readerVersion, usage: row["usage"], tags: row["tags"],
            peerUid: row["peer_uid"], peerPid: row["peer_pid"], sender: row["sender"])
    }

    static func hold(_ row: Row) throws -> HoldView {
        HoldView(
            hold: row["number"], id: row["id"], org: row["org_name"], user: row["user"], model: row["model"],
            amount: money(row["amount"]),
            state: try HoldState(stored: row["state"], of: "hold \(row["number"] as Int64)").name,
            created: time(row["created"]), expires: time(row["expires"]), closed: (row["closed"] as Int64?).map(time),
            settledBy: row["settled_by"], worst: (row["worst"] as Int64?).map(money),
            estimate: (row["estimated_by"] as Int64?).map { _ in Estimate.id(ofHold: row["id"]) })
    }

    static func hexadecimal(_ bytes: Data) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func transfer(_ row: Row) throws -> TransferView {
        let number: Int64 = row["id"]
        func account(_ kind: Int64, _ org: String?) throws -> String {
            let name = try AccountKind(stored: kind, of: "an account of transfer \(number)").name
            return org.map { "\(name):\($0)" } ?? name
        }
        return TransferView(
            transfer: number, at: time(row["at"]),
            code: try TransferCode(stored: row["code"], of: "transfer \(number)").name,
            debit: try account(row["debit_kind"], row["debit_org"]),
            credit: try account(row["credit_kind"], row["credit_org"]), amount: money(row["amount"]),
            reference: row["reference"], closes: row["pending"] as Int64 > 0 ? row["pending"] : nil,
            grants: try draws(row).map { DrawView(grant: $0.grant, amount: money($0.amount)) })
    }

    static func draws(_ row: Row) throws -> [Draw] {
        guard let draws = DrawCodec.decode((row["draws"] as Data?).map { [UInt8]($0) }, of: row["amount"]) else {
            throw SQLiteError.damaged("transfer \(row["id"] as Int64) is damaged: its grants can't be read")
        }
        return draws
    }
}
