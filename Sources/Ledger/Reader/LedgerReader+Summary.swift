import GRDB
import Metering

// Usage added up: from the sums that the writer keeps, and the records that it hasn't come to.
extension LedgerReader {
    /// What an org used, added up, with its total, as it was at one moment. Nothing of an org that isn't there.
    public func usage(_ query: UsageQuery) async throws -> UsageReport {
        let reports = try await usage(query, by: [query.dimensions])
        guard let report = reports.first else { throw SQLiteError.damaged("a report is missing") }
        return report
    }

    /// The same usage, added up in several ways, all of it as it was at one moment and read once.
    ///
    /// - Parameters:
    ///   - query: whose usage of which days; its own dimensions aren't looked at.
    ///   - ways: what by; a tag stands alone.
    public func usage(_ query: UsageQuery, by ways: [[UsageDimension]]) async throws -> [UsageReport] {
        try await pool.read { database in
            let summing = try UsageSumming(query, by: ways + [[]], database)
            let total = summing.items(ways.count).first
            let estimated =
                query.isNarrowed
                ? nil : try Self.estimates(database, query.org, query.since, query.until, query.time)
            return ways.indices.map { index in
                UsageReport(
                    items: summing.items(index),
                    total: total ?? UsageSummaryItem(key: [], UsageSums(), users: 0, hasTokens: true),
                    estimated: estimated, through: summing.newest)
            }
        }
    }

    /// The names of tags that an org's records of some days have, as far as they are added up; the first two hundred by name.
    public func tagNames(of org: String, since: CalendarDay, until: CalendarDay) async throws -> [String] {
        try await pool.read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT DISTINCT usage_tag_day.name FROM usage_tag_day JOIN org ON org.id = usage_tag_day.org
                    WHERE org.name = ? AND day >= ? AND day < ? AND usage_tag_day.name <> ''
                    ORDER BY usage_tag_day.name LIMIT 200
                    """, arguments: [org, since.daysSinceEpoch, until.daysSinceEpoch])
        }
    }

    /// What an org used in some days, added up; the most expensive first, days in order.
    ///
    /// - Parameters:
    ///   - dimensions: what by; a tag stands alone.
    ///   - until: the first day that isn't counted.
    public func summary(
        of org: String, by dimensions: [UsageDimension], since: CalendarDay, until: CalendarDay,
        in time: UsageDay = .ended
    ) async throws -> [UsageSummaryItem] {
        try await pool.read { database in
            let query = UsageQuery(org: org, by: dimensions, since: since, until: until, time: time)
            return try UsageSumming(query, by: [dimensions], database).items(0)
        }
    }
}
