import Metering

// Usage by day, member, model, provider and tag, added up beside the records, so that a month is answered without looking at them. It is made
// when the writer has nothing else to do, some records at a time; what it hasn't come to yet a reader adds up itself.
extension SQLiteStore {
    /// Records that are added up in one commit while nothing comes in, and while something does.
    static let (rolledWhenIdle, rolledAtOnce): (Int64, Int64) = (1024, 256)
    /// Records that may wait; behind them each commit adds up as many as it brings.
    static let rollBacklogMax: Int64 = 400_000
    /// How long records wait while there are few of them.
    static let rollPause = Duration.milliseconds(500)
    /// While records come, so many times as long as it took is left to them.
    static let rollShare = 40

    /// Records that are not added up yet.
    var rollBacklog: Int64 { next.usage - 1 - rolledTo }

    /// How long until some are added up; nil where there are none. Where nothing comes in, at once.
    var timeToRollUp: Duration? {
        guard rollBacklog > 0 else { return nil }
        if isIdle { return .zero }
        let pause = rollBacklog < Self.rolledAtOnce ? Self.rollPause : lastRollUp.took * Self.rollShare
        return max(.zero, pause - (options.stopwatch() - lastRollUp.at))
    }

    /// Whether nothing came in since some were added up.
    private var isIdle: Bool { lastRollUp.newest == next.usage }

    /// Adds some up, beside a batch of so many mutations: where there is none, this is what the commit is for.
    mutating func rollUp(beside count: Int) throws(SQLiteError) {
        if count == 0 {
            try rollUp(limit: isIdle ? Self.rolledWhenIdle : Self.rolledAtOnce)
        } else if rollBacklog > Self.rollBacklogMax {
            try rollUp(limit: Int64(max(count, 64)))
        }
    }

    /// What one record adds to the sums of its day.
    struct Contribution: Equatable {
        struct Key: Hashable {
            var org, day, receivedDay: Int64
            var user, model, provider: String

            /// The same for its month.
            var month: MonthKey {
                MonthKey(
                    org: org, month: CalendarDay(daysSinceEpoch: day).firstOfMonth.daysSinceEpoch, user: user,
                    model: model, provider: provider)
            }
        }

        /// What sums by month are kept by.
        struct MonthKey: Hashable {
            var org, month: Int64
            var user, model, provider: String
        }

        var key: Key
        var sums = UsageSums()
        var tags: String?
    }

    /// Adds up the next records.
    private mutating func rollUp(limit: Int64) throws(SQLiteError) {
        guard rollBacklog > 0 else { return }
        let start = options.stopwatch()
        let rows = try kept.statement(
            Self.contributionSQL + " WHERE usage.sequence > ? ORDER BY usage.sequence LIMIT ?")
        rows.bind(1, rolledTo)
        rows.bind(2, limit)
        var sums: [Contribution.Key: UsageSums] = [:]
        var tagged: [Contribution] = []
        while try rows.step() {
            let contribution = Self.contribution(rows)
            sums[contribution.key, default: UsageSums()].add(contribution.sums)
            if contribution.tags != nil { tagged.append(contribution) }
            rolledTo = rows.int(0)
        }
        rows.reset()
        var months: [Contribution.MonthKey: UsageSums] = [:]
        for (key, sums) in sums {
            try add(sums, to: key)
            months[key.month, default: UsageSums()].add(sums)
        }
        for (key, sums) in months { try add(sums, to: key) }
        for contribution in tagged { try addTags(of: contribution) }
        try moveRollMark()
        let end = options.stopwatch()
        lastRollUp = (end, end - start, next.usage)
    }

    /// Writes the mark anew as it is. An update to the same value would write nothing.
    func writeSomething() throws(SQLiteError) {
        try connection.execute("DELETE FROM usage_rollup")
        let mark = try kept.statement("INSERT INTO usage_rollup VALUES(?)")
        mark.bind(1, rolledTo)
        try mark.run()
    }

    private func moveRollMark() throws(SQLiteError) {
        let mark = try kept.statement("UPDATE usage_rollup SET through = ?")
        mark.bind(1, rolledTo)
        try mark.run()
    }

    /// Changes a record, and the sums with it where they have it already.
    mutating func keepingSums<Value>(
        of sequence: Int64, _ change: () throws(SQLiteError) -> Value
    ) throws(SQLiteError) -> Value {
        guard sequence <= rolledTo else { return try change() }
        let before = try contribution(of: sequence)
        let value = try change()
        let after = try contribution(of: sequence)
        guard before != after else { return value }
        try add(before.sums.negated, to: before.key)
        try add(before.sums.negated, to: before.key.month)
        try add(after.sums, to: after.key)
        try add(after.sums, to: after.key.month)
        var taken = before
        taken.sums = before.sums.negated
        try addTags(of: taken)
        try addTags(of: after)
        return value
    }

    static let contributionSQL = """
        SELECT usage.sequence, usage.org, usage.at, usage.received, usage.user, usage.model, usage.tags, usage.status,
            usage.correction, usage.cost, correction.cost, usage.lines, correction.lines, correction.kind, usage.provider
        FROM usage LEFT JOIN correction ON correction.number = usage.correction
        """

    static func contribution(_ row: SQLiteStatement) -> Contribution {
        let isCorrected = row.int(8) > 0
        var contribution = Contribution(
            key: Contribution.Key(
                org: row.int(1), day: Timestamp(milliseconds: row.int(2)).day,
                receivedDay: Timestamp(milliseconds: row.int(3)).day, user: row.text(4) ?? "", model: row.text(5) ?? "",
                provider: row.text(14) ?? ""),
            tags: row.text(6))
        // An estimate that usage replaced, or that a release voided, was no request.
        if isCorrected, row.int(7) == ChargeStatus.estimated.rawValue,
            CorrectionKind(rawValue: row.int(13))?.isVoid == true
        {
            return contribution
        }
        contribution.sums.records = 1
        contribution.sums.cost = isCorrected ? row.int(10) : row.int(9)
        contribution.sums.unpriced = !isCorrected && row.int(7) == ChargeStatus.unpriced.rawValue ? 1 : 0
        // Bytes that are no price add nothing: to name such a record is verification's business.
        _ = row.withBlob(isCorrected ? 12 : 11) { bytes in
            PriceCodec.forEachQuantity(bytes) { unit, quantity in
                contribution.sums.add(quantity, of: unit)
            }
        }
        return contribution
    }

    private func contribution(of sequence: Int64) throws(SQLiteError) -> Contribution {
        let row = try kept.statement(Self.contributionSQL + " WHERE usage.sequence = ?")
        row.bind(1, sequence)
        defer { row.reset() }
        guard try row.step() else { throw SQLiteError.damaged("usage record \(sequence) is missing") }
        return Self.contribution(row)
    }

    private func add(_ sums: UsageSums, to key: Contribution.Key) throws(SQLiteError) {
        guard sums != UsageSums() else { return }
        let upsert = statements.addUsageDay
        for (position, value) in [key.org, key.day, key.receivedDay].enumerated() {
            upsert.bind(Int32(position) + 1, value)
        }
        upsert.bind(4, key.user)
        upsert.bind(5, key.model)
        upsert.bind(6, key.provider)
        bind(sums, to: upsert, from: 7)
        try upsert.run()
        guard sums.records < 0 else { return }
        let delete = try kept.statement(
            """
            DELETE FROM usage_day
            WHERE org = ? AND day = ? AND received_day = ? AND user = ? AND model = ? AND provider = ? AND records = 0
            """)
        for (position, value) in [key.org, key.day, key.receivedDay].enumerated() {
            delete.bind(Int32(position) + 1, value)
        }
        delete.bind(4, key.user)
        delete.bind(5, key.model)
        delete.bind(6, key.provider)
        try delete.run()
    }

    private func add(_ sums: UsageSums, to key: Contribution.MonthKey) throws(SQLiteError) {
        guard sums != UsageSums() else { return }
        let upsert = statements.addUsageMonth
        upsert.bind(1, key.org)
        upsert.bind(2, key.month)
        upsert.bind(3, key.user)
        upsert.bind(4, key.model)
        upsert.bind(5, key.provider)
        bind(sums, to: upsert, from: 6)
        try upsert.run()
        guard sums.records < 0 else { return }
        let delete = try kept.statement(
            """
            DELETE FROM usage_month
            WHERE org = ? AND month = ? AND user = ? AND model = ? AND provider = ? AND records = 0
            """)
        delete.bind(1, key.org)
        delete.bind(2, key.month)
        delete.bind(3, key.user)
        delete.bind(4, key.model)
        delete.bind(5, key.provider)
        try delete.run()
    }

    private func bind(_ sums: UsageSums, to statement: SQLiteStatement, from first: Int32) {
        let values = [
            sums.records, sums.unpriced, sums.cost, sums.input, sums.cacheRead, sums.cacheWrite, sums.output,
            sums.reasoning,
        ]
        for (position, value) in values.enumerated() { statement.bind(first + Int32(position), value) }
    }

    // MARK: Tags

    /// Pairs of an org's day that are added up apart; all others of the day are one.
    static let tagsADayMax: Int64 = 1000

    private func addTags(of contribution: Contribution) throws(SQLiteError) {
        guard contribution.sums != UsageSums() else { return }
        for (name, value) in UsageSums.tags(contribution.tags) {
            let isKnown = try hasTag(contribution.key, name, value)
            if isKnown {
                try add(contribution.sums, contribution.key, name, value)
            } else if contribution.sums.records > 0, try tagCount(contribution.key) < Self.tagsADayMax {
                try add(contribution.sums, contribution.key, name, value)
            } else {
                try add(contribution.sums, contribution.key, "", "")
            }
        }
    }

    private func hasTag(_ key: Contribution.Key, _ name: String, _ value: String) throws(SQLiteError) -> Bool {
        let row = statements.findTagDay
        row.bind(1, key.org)
        row.bind(2, key.day)
        row.bind(3, name)
        row.bind(4, value)
        defer { row.reset() }
        return try row.step()
    }

    private func tagCount(_ key: Contribution.Key) throws(SQLiteError) -> Int64 {
        let row = statements.countTagDays
        row.bind(1, key.org)
        row.bind(2, key.day)
        defer { row.reset() }
        return try row.step() ? row.int(0) : 0
    }

    private func add(
        _ sums: UsageSums, _ key: Contribution.Key, _ name: String, _ value: String
    ) throws(SQLiteError) {
        let upsert = statements.addTagDay
        upsert.bind(1, key.org)
        upsert.bind(2, key.day)
        upsert.bind(3, name)
        upsert.bind(4, value)
        upsert.bind(5, sums.records)
        upsert.bind(6, sums.cost)
        try upsert.run()
        guard sums.records < 0 else { return }
        let delete = try kept.statement(
            "DELETE FROM usage_tag_day WHERE org = ? AND day = ? AND name = ? AND value = ? AND records = 0")
        delete.bind(1, key.org)
        delete.bind(2, key.day)
        delete.bind(3, name)
        delete.bind(4, value)
        try delete.run()
    }
}
