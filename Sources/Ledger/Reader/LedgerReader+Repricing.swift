import Foundation
import GRDB
import Metering

// What the cards now in force say of what was charged.
extension LedgerReader {
    /// A part of the records that were looked at.
    public struct RepricingPage: Sendable {
        /// Those whose cost would change.
        public let differences: [RepricingView]
        /// How many were looked at.
        public let examined: Int
        /// How many of those had lost their detail.
        public let erased: Int
        /// The last one; where to go on. Nil at the end.
        public let next: Int64?
    }

    /// Looks at charged records in the order of commits, so many at most, and prices them anew.
    ///
    /// - Parameters:
    ///   - since: only requests that ended then or later.
    ///   - org: only this org's; nil for all.
    ///   - isReread: whether what an older reader read is read anew, and priced by the card that charged it.
    public func repricing(
        with book: RateBook, since: Timestamp, org: String?, isReread: Bool = false, after cursor: Int64, limit: Int
    ) async throws -> RepricingPage {
        try await pool.read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT sequence, usage.id, usage.at, user, model, provider, tier, usage.usage, status, usage.cost,
                        usage.correction, org.name AS org_name, correction.kind, correction.cost AS corrected_cost,
                        usage.card, usage.lines, correction.card AS corrected_card, correction.lines AS corrected_lines,
                        peer.sender
                    FROM usage JOIN org ON org.id = usage.org
                    LEFT JOIN correction ON correction.number = usage.correction
                    LEFT JOIN peer ON peer.id = usage.peer
                    WHERE sequence > ? ORDER BY sequence LIMIT ?
                    """, arguments: [cursor, limit])
            var differences: [RepricingView] = []
            var (examined, erased) = (0, 0)
            var last = cursor
            while let row = try rows.next() {
                examined += 1
                last = row["sequence"]
                guard row["at"] as Int64 >= since.milliseconds, org == nil || row["org_name"] == org else { continue }
                if (row["usage"] as String).isEmpty { erased += 1 }
                guard let difference = try Self.difference(row, book, isReread, database) else { continue }
                differences.append(difference)
            }
            return RepricingPage(
                differences: differences, examined: examined, erased: erased, next: examined == limit ? last : nil)
        }
    }

    private static func difference(
        _ row: Row, _ book: RateBook, _ isReread: Bool, _ database: Database
    ) throws -> RepricingView? {
        let correction: Int64 = row["correction"]
        let at = Timestamp(milliseconds: row["at"])
        let isUnpriced = correction == 0 && row["status"] == ChargeStatus.unpriced.rawValue
        let isEstimated = correction == 0 && row["status"] == ChargeStatus.estimated.rawValue
        let words = "usage record \(row["sequence"] as Int64)"
        let tier = try ServiceTier(stored: row["tier"] as Int64, of: words)
        let isVoid = try CorrectionKind(stored: row["kind"] as Int64?, of: "correction \(correction)")?.isVoid == true
        guard !isUnpriced, !isEstimated, !isVoid else { return nil }
        let first = try PriceCodec.decode([UInt8](row["lines"] as Data), of: words)
        let kept =
            correction > 0
            ? try PriceCodec.decode([UInt8](row["corrected_lines"] as Data), of: "correction \(correction)") : first
        let inForce = book.entry(at: at)
        let card: Int64? = correction > 0 ? row["corrected_card"] : row["card"]
        let charged = card.flatMap { id in book.entries.first { $0.id == id } }
        guard let entry = isReread ? charged : inForce, !isReread || kept.readerVersion < UsageReading.version else {
            return nil
        }
        let (model, provider): (String, String?) = (row["model"], row["provider"])
        let json =
            correction > 0 ? try usage(correctedBy: correction, database) ?? row["usage"] : row["usage"] as String
        var seller = provider
        if seller == nil, case .rate(let rate, _) = try book.resolve(model, provider: nil, on: entry) {
            seller = rate.provider
        }
        let own = first.reported.flatMap { $0.source == .record ? $0 : nil }
        guard let reading = try? UsageReading(json: json, provider: seller, model: model, hasCost: own != nil),
            let priced = try book.price(
                model: model, provider: provider, reading,
                tier: reading.servedTier ?? tier, at: at, on: entry,
                reported: own ?? reading.reportedCost,
                policy: book.costPolicies.policy(provider: provider, sender: row["sender"])),
            case .priced(let price) = priced.pricing
        else { return nil }
        let cost = correction > 0 ? row["corrected_cost"] : row["cost"] as Int64
        guard price.cost.nanos != cost else { return nil }
        return RepricingView(
            sequence: row["sequence"], org: row["org_name"], id: row["id"], model: model, at: at.description,
            cost: money(cost), newCost: price.cost.description)
    }

    /// The usage object of the newest correction that gave one.
    private static func usage(correctedBy number: Int64, _ database: Database) throws -> String? {
        try String.fetchOne(
            database,
            sql: """
                WITH RECURSIVE chain(number, previous, raw) AS (
                    SELECT number, previous, raw FROM correction WHERE number = ?
                    UNION ALL
                    SELECT correction.number, correction.previous, correction.raw
                    FROM chain JOIN correction ON correction.number = chain.previous
                )
                SELECT raw FROM chain WHERE raw IS NOT NULL LIMIT 1
                """, arguments: [number])
    }
}
