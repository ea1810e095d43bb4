import GRDB
import Metering

/// Usage of one org in some days, added up in several ways in one pass.
///
/// It reads the sums that the writer keeps, by month if all ways allow that and by day else, and the records that the writer hasn't come
/// to. Names are numbers while it adds: a row adds to five ways in about a microsecond.
struct UsageSumming {
    private let query: UsageQuery
    private let database: Database
    private var ways: [UsageWay]
    private var names = UsageNames()
    private var org: Int64 = 0
    /// The org's newest record.
    private(set) var newest: Int64 = 0

    /// - Parameter ways: what by; a tag stands alone.
    init(_ query: UsageQuery, by ways: [[UsageDimension]], _ database: Database) throws {
        self.query = query
        self.database = database
        self.ways = ways.map(UsageWay.init)
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
        for index in self.ways.indices { try addTags(to: index) }
        if !self.ways.allSatisfy(\.isByTag) { try addRolled() }
        try addTail(through: row["through"])
    }

    /// A way's parts in order: the most expensive first, times in order.
    func items(_ way: Int) -> [UsageSummaryItem] { ways[way].items(names) }

    // MARK: What the writer added up

    private mutating func addTags(to index: Int) throws {
        guard case .tag(let name)? = ways[index].dimensions.first else { return }
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT value, sum(records) AS records, sum(cost) AS cost FROM usage_tag_day
                WHERE org = ? AND day >= ? AND day < ? AND name = ? GROUP BY value
                """, arguments: [org, query.since.daysSinceEpoch, query.until.daysSinceEpoch, name])
        while let row = try rows.next() {
            let value = names.number(of: row["value"] as String)
            ways[index].add(UsageSums(records: row["records"], cost: row["cost"]), tag: value)
        }
    }

    private mutating func addRolled() throws {
        let months = try fullMonths()
        guard !months.isEmpty else {
            return try addDays(query.since.daysSinceEpoch..<query.until.daysSinceEpoch)
        }
        // Those may begin before the days that are asked for, and end after them.
        let (since, until) = (query.since.daysSinceEpoch, query.until.daysSinceEpoch)
        if since < months.lowerBound { try addDays(since..<months.lowerBound) }
        try addRows(
            of: "usage_month", time: "month", "month >= ? AND month < ?", [months.lowerBound, months.upperBound])
        if months.upperBound < until { try addDays(months.upperBound..<until) }
    }

    /// The calendar months all of whose records are asked for, as days; empty if sums by month won't do.
    private func fullMonths() throws -> Range<Int64> {
        let none = query.since.daysSinceEpoch..<query.since.daysSinceEpoch
        guard query.time == .ended,
            !ways.contains(where: { $0.dimensions.contains(.day) || $0.dimensions.contains(.week) })
        else { return none }
        // A month that is asked for in part counts as whole if nothing was used on its other days: the present one, nearly always.
        var first = query.since.firstOfMonth
        if try hasSums(on: first..<query.since) { first = first.advanced(byMonths: 1) }
        var end = query.until.firstOfMonth
        if end < query.until {
            let next = end.advanced(byMonths: 1)
            if try !hasSums(on: query.until..<next) { end = next }
        }
        return first < end ? first.daysSinceEpoch..<end.daysSinceEpoch : none
    }

    /// Whether anything of the org's is kept of some days.
    private func hasSums(on days: Range<CalendarDay>) throws -> Bool {
        guard !days.isEmpty else { return false }
        return try Bool.fetchOne(
            database, sql: "SELECT EXISTS(SELECT 1 FROM usage_day WHERE org = ? AND day >= ? AND day < ?)",
            arguments: [org, days.lowerBound.daysSinceEpoch, days.upperBound.daysSinceEpoch]) ?? true
    }

    private mutating func addDays(_ days: Range<Int64>) throws {
        guard !days.isEmpty else { return }
        switch query.time {
        case .ended:
            try addRows(of: "usage_day", time: "day", "day >= ? AND day < ?", [days.lowerBound, days.upperBound])
        case .charged:
            // A record is at most 45 days older than its receipt, and a quarter of an hour younger.
            try addRows(
                of: "usage_day", time: "received_day",
                "day >= ? AND day < ? AND received_day >= ? AND received_day < ?",
                [days.lowerBound - 46, days.upperBound + 1, days.lowerBound, days.upperBound])
        }
    }

    private mutating func addRows(of table: String, time: String, _ condition: String, _ bounds: [Int64]) throws {
        // Names that no way is by aren't read: a third of the work.
        let named = ways.filter { !$0.isByTag }.reduce(into: Set<UsageDimension>()) { $0.formUnion($1.dimensions) }
        let (model, provider) = (named.contains(.model), named.contains(.provider))
        var sql = """
            SELECT \(time), user, \(model ? "model" : "NULL"), \(provider ? "provider" : "NULL"),
                records, unpriced, cost, input, cache_read, cache_write, output, reasoning
            FROM \(table) WHERE org = ? AND \(condition)
            """
        var texts: [String] = []
        for (column, values) in [("user", query.users), ("model", query.models), ("provider", query.providers)] {
            guard let values else { continue }
            sql += " AND \(column) IN (\(databaseQuestionMarks(count: values.count)))"
            texts += values
        }
        let rows = try SQLiteConnection(borrowing: database.sqliteConnection).prepare(sql)
        defer { rows.reset() }
        for (position, value) in ([org] + bounds).enumerated() { rows.bind(Int32(position) + 1, value) }
        for (position, text) in texts.enumerated() { rows.bind(Int32(position + bounds.count) + 2, text) }
        while try rows.step() {
            let sums = UsageSums(
                records: rows.int(4), unpriced: rows.int(5), cost: rows.int(6), input: rows.int(7),
                cacheRead: rows.int(8), cacheWrite: rows.int(9), output: rows.int(10), reasoning: rows.int(11))
            let point = names.point(rows, day: rows.int(0), from: 1, model: model, provider: provider)
            for index in ways.indices where !ways[index].isByTag { ways[index].add(sums, at: point) }
        }
    }

    // MARK: What it hasn't come to

    /// Adds the org's newest records, which the writer hasn't added up.
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
        while try statement.step() {
            let contribution = SQLiteStore.contribution(statement)
            let key = contribution.key
            let day = query.time == .charged ? key.receivedDay : key.day
            guard isAsked(key, day) else { continue }
            let point = names.point(key, day: day)
            for index in ways.indices {
                guard case .tag(let name)? = ways[index].dimensions.first else {
                    ways[index].add(contribution.sums, at: point)
                    continue
                }
                for tag in UsageSums.tags(contribution.tags) where tag.name == name {
                    // Not kept by tag.
                    let sums = UsageSums(records: contribution.sums.records, cost: contribution.sums.cost)
                    ways[index].add(sums, tag: names.number(of: tag.value))
                }
            }
        }
    }

    private func isAsked(_ key: SQLiteStore.Contribution.Key, _ day: Int64) -> Bool {
        day >= query.since.daysSinceEpoch && day < query.until.daysSinceEpoch
            && query.users?.contains(key.user) ?? true && query.models?.contains(key.model) ?? true
            && query.providers?.contains(key.provider) ?? true
    }
}
