import GRDB
import Metering

/// Usage of a part of a summary, added up, as it is shown.
public struct UsageSummaryItem: Codable, Sendable, Hashable {
    /// What it is of: members, models, days or values of a tag, in the order in which they were asked for; "" is nobody, or no tag.
    public let key: [String]
    /// Requests.
    public let records: Int64
    /// Of them, those that have no rate yet, and so cost nothing.
    public let unpriced: Int64
    /// What they cost, in US dollars.
    public let cost: String
    /// Tokens of prompts, those of caches included; nil by tag.
    public let inputTokens: Int64?
    /// Tokens of answers; nil by tag.
    public let outputTokens: Int64?

    /// Sums of those members.
    public init(
        key: [String], records: Int64, unpriced: Int64, cost: String, inputTokens: Int64?, outputTokens: Int64?
    ) {
        self.key = key
        self.records = records
        self.unpriced = unpriced
        self.cost = cost
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }
}

/// What usage is added up by.
public enum UsageDimension: Sendable, Hashable {
    /// The member who spent.
    case user
    /// The model, as it was reported.
    case model
    /// The UTC day.
    case day
    /// The value of a tag.
    case tag(String)

    /// Whether it is the value of a tag.
    public var isTag: Bool {
        if case .tag = self { true } else { false }
    }

    /// The one of that name: `user`, `model`, `day` or `tag:NAME`.
    public init?(name: String) {
        switch name {
        case "user": self = .user
        case "model": self = .model
        case "day": self = .day
        default:
            guard name.hasPrefix("tag:"), name.utf8.count > 4 else { return nil }
            self = .tag(String(name.dropFirst(4)))
        }
    }
}

/// Which of a record's two times its day is of.
public enum UsageDay: Sendable, Hashable {
    /// When the request ended: for analytics.
    case ended
    /// When it was received and charged: for statements and periods.
    case charged
}

// Usage added up: from the sums that the writer keeps, and the records that it hasn't come to.
extension LedgerReader {
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
            guard
                let row = try Row.fetchOne(
                    database,
                    sql: """
                        SELECT org.id, account.last_usage, (SELECT through FROM usage_rollup) AS through
                        FROM org JOIN account ON account.org = org.id AND kind = 1 WHERE org.name = ?
                        """, arguments: [org])
            else { return [] }
            var sums = try Self.rolledSums(database, row["id"], dimensions, since, until, time)
            try Self.addTail(
                database, &sums, dimensions, since, until, time, newest: row["last_usage"], through: row["through"])
            let isByTag = dimensions.contains(where: \.isTag)
            let isByDay = dimensions.first == .day
            return sums.filter { $0.value.records != 0 }.sorted { left, right in
                isByDay ? left.key.lexicographicallyPrecedes(right.key) : Self.comes(left, before: right)
            }.map { key, sums in
                UsageSummaryItem(
                    key: key, records: sums.records, unpriced: sums.unpriced, cost: Self.money(sums.cost),
                    inputTokens: isByTag ? nil : sums.input, outputTokens: isByTag ? nil : sums.output)
            }
        }
    }

    private static func comes(
        _ left: (key: [String], value: UsageSums), before right: (key: [String], value: UsageSums)
    ) -> Bool {
        if left.value.cost != right.value.cost { return left.value.cost > right.value.cost }
        if left.value.records != right.value.records { return left.value.records > right.value.records }
        return left.key.lexicographicallyPrecedes(right.key)
    }

    private static func rolledSums(
        _ database: Database, _ org: Int64, _ dimensions: [UsageDimension], _ since: CalendarDay, _ until: CalendarDay,
        _ time: UsageDay
    ) throws -> [[String]: UsageSums] {
        var sums: [[String]: UsageSums] = [:]
        if case .tag(let name)? = dimensions.first {
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT value, sum(records) AS records, sum(cost) AS cost FROM usage_tag_day
                    WHERE org = ? AND day >= ? AND day < ? AND name = ? GROUP BY value
                    """, arguments: [org, since.daysSinceEpoch, until.daysSinceEpoch, name])
            while let row = try rows.next() {
                sums[[row["value"]]] = UsageSums(records: row["records"], cost: row["cost"])
            }
            return sums
        }
        // A record is at most 45 days older than its receipt, and a quarter of an hour younger.
        let margin: Int64 = time == .charged ? 46 : 0
        let columns = dimensions.map { dimension in
            switch dimension {
            case .user: "user"
            case .model: "model"
            case .day: time == .charged ? "received_day" : "day"
            case .tag: "''"
            }
        }
        let grouped = columns.isEmpty ? "''" : columns.joined(separator: ", ")
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT \(grouped), sum(records), sum(unpriced), sum(cost), total(input), total(output) FROM usage_day
                WHERE org = ? AND day >= ? AND day < ?
                    AND CASE WHEN ? THEN received_day >= ? AND received_day < ? ELSE true END
                GROUP BY \(grouped)
                """,
            arguments: [
                org, since.daysSinceEpoch - margin, until.daysSinceEpoch + (margin > 0 ? 1 : 0), time == .charged,
                since.daysSinceEpoch, until.daysSinceEpoch,
            ])
        while let row = try rows.next() {
            var key: [String] = []
            for (index, dimension) in dimensions.enumerated() {
                key.append(
                    dimension == .day ? CalendarDay(daysSinceEpoch: row[index]).description : row[index] as String)
            }
            let first = max(1, dimensions.count)
            // Of so many tokens that 64 bits don't hold them the last digits don't matter.
            let (input, output): (Double, Double) = (row[first + 3], row[first + 4])
            sums[key] = UsageSums(
                records: row[first], unpriced: row[first + 1], cost: row[first + 2],
                input: Int64(min(input, Double(UsageSums.tokensMax))),
                output: Int64(min(output, Double(UsageSums.tokensMax))))
        }
        return sums
    }

    /// Adds the org's records that the writer hasn't added up yet.
    private static func addTail(
        _ database: Database, _ sums: inout [[String]: UsageSums], _ dimensions: [UsageDimension], _ since: CalendarDay,
        _ until: CalendarDay, _ time: UsageDay, newest: Int64, through: Int64
    ) throws {
        guard newest > through else { return }
        let isByTag = dimensions.contains(where: \.isTag)
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
            let day = time == .charged ? contribution.key.receivedDay : contribution.key.day
            guard day >= since.daysSinceEpoch, day < until.daysSinceEpoch else { continue }
            var keys: [[String]] = [[]]
            for dimension in dimensions {
                switch dimension {
                case .user: keys = keys.map { $0 + [contribution.key.user] }
                case .model: keys = keys.map { $0 + [contribution.key.model] }
                case .day: keys = keys.map { $0 + [CalendarDay(daysSinceEpoch: day).description] }
                case .tag(let name):
                    keys = UsageSums.tags(contribution.tags).filter { $0.name == name }.map { [$0.value] }
                }
            }
            var own = contribution.sums
            // Not kept by tag.
            if isByTag { own.unpriced = 0 }
            for key in keys { sums[key, default: UsageSums()].add(own) }
        }
    }
}
