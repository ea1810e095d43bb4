import GRDB
import Metering

// Usage added up: from the sums that the writer keeps, and the records that it hasn't come to.
extension LedgerReader {
    /// What an org used, added up, with its total, as it was at one moment. Nothing of an org that isn't there.
    public func usage(_ query: UsageQuery) async throws -> UsageReport {
        try await pool.read { try Self.usage(query, $0) }
    }

    /// The same usage, added up in several ways, all of it as it was at one moment.
    public func usage(_ queries: [UsageQuery]) async throws -> [UsageReport] {
        try await pool.read { database in try queries.map { try Self.usage($0, database) } }
    }

    private static func usage(_ query: UsageQuery, _ database: Database) throws -> UsageReport {
        let parts = try Summing(query, database)
        var whole = query
        whole.dimensions = []
        let total = try Summing(whole, database).items.first
        return UsageReport(
            items: parts.items,
            total: total
                ?? UsageSummaryItem(key: [], UsageSums(), users: 0, hasTokens: true),
            estimated: query.isNarrowed
                ? nil
                : try Self.estimates(database, query.org, query.since, query.until, query.time),
            through: parts.newest)
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
        try await pool.read {
            try Summing(UsageQuery(org: org, by: dimensions, since: since, until: until, time: time), $0).items
        }
    }
}

/// One query, added up.
private struct Summing {
    private let query: UsageQuery
    private let database: Database
    private var sums: [[String]: UsageSums] = [:]
    /// How many names made the requests of each part.
    private var users: [[String]: Int64] = [:]
    private var org: Int64 = 0
    /// The org's newest record.
    private(set) var newest: Int64 = 0

    init(_ query: UsageQuery, _ database: Database) throws {
        self.query = query
        self.database = database
        guard
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT org.id, account.last_usage, (SELECT through FROM usage_rollup) AS through
                    FROM org JOIN account ON account.org = org.id AND kind = 1 WHERE org.name = ?
                    """, arguments: [query.org])
        else { return }
        org = row["id"]
        newest = row["last_usage"]
        if case .tag(let name)? = query.dimensions.first {
            try addTags(name)
        } else {
            try addRolled()
        }
        try addTail(through: row["through"])
    }

    private var isByTag: Bool { query.dimensions.contains(where: \.isTag) }
    private var countsUsers: Bool { !isByTag && !query.dimensions.contains(.user) }

    /// The parts in order.
    var items: [UsageSummaryItem] {
        let isByTime = query.dimensions.first?.isTime == true
        return sums.filter { $0.value.records != 0 }.sorted { left, right in
            isByTime ? left.key.lexicographicallyPrecedes(right.key) : Self.comes(left, before: right)
        }.map { key, sums in
            UsageSummaryItem(key: key, sums, users: countsUsers ? users[key] ?? 0 : nil, hasTokens: !isByTag)
        }
    }

    private static func comes(
        _ left: (key: [String], value: UsageSums), before right: (key: [String], value: UsageSums)
    ) -> Bool {
        if left.value.cost != right.value.cost { return left.value.cost > right.value.cost }
        if left.value.records != right.value.records { return left.value.records > right.value.records }
        return left.key.lexicographicallyPrecedes(right.key)
    }

    // MARK: What the writer added up

    private mutating func addTags(_ name: String) throws {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT value, sum(records) AS records, sum(cost) AS cost FROM usage_tag_day
                WHERE org = ? AND day >= ? AND day < ? AND name = ? GROUP BY value
                """, arguments: [org, query.since.daysSinceEpoch, query.until.daysSinceEpoch, name])
        while let row = try rows.next() {
            sums[[row["value"]]] = UsageSums(records: row["records"], cost: row["cost"])
        }
    }

    /// The column that a record's day stands in.
    private var dayColumn: String { query.time == .charged ? "received_day" : "day" }

    /// A dimension in SQL; times as texts that sort.
    private func column(_ dimension: UsageDimension) -> String {
        switch dimension {
        case .user: "user"
        case .model: "model"
        case .provider: "provider"
        case .day: "date(\(dayColumn) * 86400, 'unixepoch')"
        // Day 0 was a Thursday.
        case .week: "date((\(dayColumn) - (\(dayColumn) + 3) % 7) * 86400, 'unixepoch')"
        case .month: "strftime('%Y-%m', \(dayColumn) * 86400, 'unixepoch')"
        case .tag: "''"
        }
    }

    /// Which rows count, with what stands for its question marks.
    private var condition: (sql: String, arguments: StatementArguments) {
        // A record is at most 45 days older than its receipt, and a quarter of an hour younger.
        let margin: Int64 = query.time == .charged ? 46 : 0
        let (since, until) = (query.since.daysSinceEpoch, query.until.daysSinceEpoch)
        var sql = "org = ? AND day >= ? AND day < ?"
        var arguments: StatementArguments = [org, since - margin, until + (margin > 0 ? 1 : 0)]
        if query.time == .charged {
            sql += " AND received_day >= ? AND received_day < ?"
            arguments += [since, until]
        }
        for (column, values) in [("user", query.users), ("model", query.models), ("provider", query.providers)] {
            guard let values else { continue }
            sql += " AND \(column) IN (\(databaseQuestionMarks(count: values.count)))"
            arguments += StatementArguments(values)
        }
        return (sql, arguments)
    }

    private mutating func addRolled() throws {
        let columns = query.dimensions.map(column)
        let tokens = ["input", "cache_read", "cache_write", "output", "reasoning"]
        // In two halves: 64 bits may not hold the sum of what is capped near their end.
        let halves = tokens.map { "sum(\($0) >> 31), sum(\($0) & 2147483647)" }.joined(separator: ", ")
        let names = countsUsers ? "count(DISTINCT CASE WHEN user <> '' THEN user END)" : "0"
        let grouped = columns.isEmpty ? "" : " GROUP BY \(columns.joined(separator: ", "))"
        let (condition, arguments) = condition
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT \((columns + ["sum(records)", "sum(unpriced)", "sum(cost)", names, halves]).joined(separator: ", "))
                FROM usage_day WHERE \(condition)\(grouped)
                """, arguments: arguments)
        while let row = try rows.next() {
            let first = columns.count
            guard let records = row[first] as Int64? else { continue }
            let key = (0..<first).map { row[$0] as String }
            func tokens(_ index: Int) -> Int64 {
                let (high, low): (Int64, Int64) = (row[first + 4 + 2 * index], row[first + 5 + 2 * index])
                return Int64(min(Int128(high) << 31 + Int128(low), Int128(UsageSums.tokensMax)))
            }
            sums[key] = UsageSums(
                records: records, unpriced: row[first + 1], cost: row[first + 2], input: tokens(0),
                cacheRead: tokens(1), cacheWrite: tokens(2), output: tokens(3), reasoning: tokens(4))
            users[key] = row[first + 3]
        }
    }

    // MARK: What it hasn't come to

    /// Adds the org's records behind those that are added up.
    private mutating func addTail(through: Int64) throws {
        guard newest > through else { return }
        let statement = try SQLiteConnection(borrowing: database.sqliteConnection).prepare(
            """
            WITH RECURSIVE own(number) AS (
                SELECT ?1
                UNION ALL
                SELECT usage.previous FROM own JOIN usage ON usage.sequence = own.number WHERE usage.previous > ?2
            )
            \(SQLiteStore.contributionSQL.replacing("FROM usage", with: "FROM own CROSS JOIN usage ON usage.sequence = own.number"))
            """)
        statement.bind(1, newest)
        statement.bind(2, through)
        defer { statement.reset() }
        var named: [[String]: Set<String>] = [:]
        while try statement.step() {
            let contribution = SQLiteStore.contribution(statement)
            let day = query.time == .charged ? contribution.key.receivedDay : contribution.key.day
            guard isAsked(contribution.key, day) else { continue }
            var own = contribution.sums
            // Not kept by tag.
            if isByTag { own.unpriced = 0 }
            for key in keys(of: contribution, day) {
                sums[key, default: UsageSums()].add(own)
                if own.records > 0, !contribution.key.user.isEmpty {
                    named[key, default: []].insert(contribution.key.user)
                }
            }
        }
        guard countsUsers else { return }
        for (key, names) in named {
            for name in names where try !isCounted(name, key) { users[key, default: 0] += 1 }
        }
    }

    private func isAsked(_ key: SQLiteStore.Contribution.Key, _ day: Int64) -> Bool {
        day >= query.since.daysSinceEpoch && day < query.until.daysSinceEpoch
            && query.users?.contains(key.user) ?? true && query.models?.contains(key.model) ?? true
            && query.providers?.contains(key.provider) ?? true
    }

    private func keys(of contribution: SQLiteStore.Contribution, _ day: Int64) -> [[String]] {
        var keys: [[String]] = [[]]
        for dimension in query.dimensions {
            switch dimension {
            case .user: keys = keys.map { $0 + [contribution.key.user] }
            case .model: keys = keys.map { $0 + [contribution.key.model] }
            case .provider: keys = keys.map { $0 + [contribution.key.provider] }
            case .day: keys = keys.map { $0 + [CalendarDay(daysSinceEpoch: day).description] }
            case .week: keys = keys.map { $0 + [CalendarDay(daysSinceEpoch: day - (day + 3) % 7).description] }
            case .month: keys = keys.map { $0 + [String(CalendarDay(daysSinceEpoch: day).description.prefix(7))] }
            case .tag(let name):
                keys = UsageSums.tags(contribution.tags).filter { $0.name == name }.map { [$0.value] }
            }
        }
        return keys
    }

    /// Whether a name is among those that were counted for a part already.
    private func isCounted(_ name: String, _ key: [String]) throws -> Bool {
        var (sql, arguments) = condition
        sql += " AND user = ?"
        arguments += [name]
        for (dimension, value) in zip(query.dimensions, key) {
            sql += " AND \(column(dimension)) = ?"
            arguments += [value]
        }
        return try Row.fetchOne(
            database, sql: "SELECT 1 FROM usage_day WHERE \(sql) LIMIT 1", arguments: arguments) != nil
    }
}
