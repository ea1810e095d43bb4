import Foundation
import GRDB
import Metering

// One record's life.
extension LedgerReader {
    /// Everything that is known of a record and of the money it moved.
    public func explanation(sequence: Int64) async throws -> ExplanationView? {
        try await pool.read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "\(Self.usageColumns) FROM usage \(Self.usageJoins) WHERE usage.sequence = ?",
                    arguments: [sequence])
            else { return nil }
            let corrections = try Self.corrections(of: row, database)
            let hold = try Self.hold(of: row, database)
            let transfers = try Self.transfers(of: row, corrections.map(\.view.transfer), hold?.transfer, database)
            let words = "usage record \(sequence)"
            let record = try Self.usage(row, asFirstCharged: true)
            let kept = try PriceCodec.decode([UInt8](row["lines"] as Data), of: words)
            let price = kept.price(tier: .standard, tierFellBack: false)
            let reading = try? UsageReading(json: record.usage, provider: record.provider, model: record.model)
            return ExplanationView(
                record: record, buckets: Self.buckets(reading), conditions: reading?.conditions ?? [],
                exactCost: price?.exact ?? "", status: try Self.usage(row).status,
                cost: try Self.usage(row).cost, transfers: transfers,
                hold: hold?.view, holdState: try HoldState(stored: row["hold_state"] as Int64?, of: words)?.name,
                corrections: corrections.map(\.view), grants: try Self.grants(drawnBy: transfers, database))
        }
    }

    /// A record's corrections, oldest first.
    private static func corrections(
        of usage: Row, _ database: Database
    ) throws -> [(view: CorrectionView, number: Int64)] {
        var number: Int64 = usage["correction"]
        var rows: [Row] = []
        while number > 0 {
            guard
                let row = try Row.fetchOne(
                    database,
                    sql: """
                        SELECT correction.*, rate_card.hash AS card_hash FROM correction
                        LEFT JOIN rate_card ON rate_card.id = correction.card WHERE number = ?
                        """, arguments: [number])
            else { throw SQLiteError.damaged("correction \(number) is missing") }
            rows.append(row)
            number = row["previous"]
        }
        var before: Int64 = usage["cost"]
        return try rows.reversed().map { row in
            defer { before = row["cost"] }
            let words = "correction \(row["number"] as Int64)"
            let tier = try ServiceTier(stored: row["billed_tier"] as Int64, of: words)
            let price = try PriceCodec.decode([UInt8](row["lines"] as Data), of: words)
                .price(tier: tier, tierFellBack: row["tier_fell_back"])
            let view = CorrectionView(
                correction: row["number"], org: usage["org_name"], id: usage["id"],
                kind: try CorrectionKind(stored: row["kind"], of: words).name, at: time(row["at"]),
                reason: row["reason"], actor: row["actor"], costBefore: money(before), cost: money(row["cost"]),
                usage: row["raw"], rateCard: row["card_hash"], lines: price.map(LineView.lines) ?? [],
                transfer: row["transfer"])
            return (view, row["number"])
        }
    }

    private static func hold(
        of usage: Row, _ database: Database
    ) throws -> (view: HoldView, transfer: Int64?)? {
        try Row.fetchOne(
            database,
            sql: "SELECT hold.*, org.name AS org_name FROM hold JOIN org ON org.id = hold.org WHERE number = ?",
            arguments: [usage["hold_number"] as Int64?]
        ).map { (try hold($0), $0["transfer"]) }
    }

    private static func transfers(
        of usage: Row, _ corrections: [Int64?], _ hold: Int64?, _ database: Database
    ) throws -> [TransferView] {
        // A hold that was closed before is not of this record's doing.
        let own = usage["hold_state"] as Int64? == nil ? hold : nil
        let numbers = [own, usage["transfer"]] + corrections
        return try numbers.compactMap { $0 }.sorted().compactMap { number in
            try Row.fetchOne(
                database, sql: "\(transferSQL) FROM transfer \(transferJoins) WHERE transfer.id = ?",
                arguments: [number]
            ).map(transfer)
        }
    }

    private static func grants(drawnBy transfers: [TransferView], _ database: Database) throws -> [GrantView] {
        let numbers = Set(transfers.flatMap { $0.grants.map(\.grant) }).sorted()
        return try numbers.compactMap { number in
            try Row.fetchOne(database, sql: grantSQL + " WHERE credit_grant.id = ?", arguments: [number]).map(grant)
        }
    }

    private static func buckets(_ reading: UsageReading?) -> [BucketView] {
        guard let reading else { return [] }
        return reading.buckets.used.map { BucketView(unit: $0.unit.name, quantity: $0.quantity) }
            + reading.parts.flatMap { part in
                part.buckets.used.map { BucketView(unit: "\(part.model):\($0.unit.name)", quantity: $0.quantity) }
            }
    }
}
