import Metering

extension Verifier {
    /// Adds up anew what is kept of usage by day, and compares.
    mutating func compareSums() throws(SQLiteError) {
        let mark = try connection.prepare(
            "SELECT max(through), count(*), (SELECT coalesce(max(sequence), 0) FROM usage) FROM usage_rollup")
        guard try mark.step(), mark.int(1) == 1, mark.int(0) <= mark.int(2) else {
            return report.add("it is not known up to which record usage is added up by day")
        }
        let through = mark.int(0)
        mark.reset()
        var sums: [SQLiteStore.Contribution.Key: UsageSums] = [:]
        var tags: [TagKey: UsageSums] = [:]
        let rows = try connection.prepare(
            SQLiteStore.contributionSQL + " WHERE usage.sequence <= ? ORDER BY usage.sequence")
        rows.bind(1, through)
        while try rows.step() {
            let contribution = SQLiteStore.contribution(rows)
            guard contribution.sums != UsageSums() else { continue }
            sums[contribution.key, default: UsageSums()].add(contribution.sums)
            for (name, value) in UsageSums.tags(contribution.tags) {
                let key = TagKey(org: contribution.key.org, day: contribution.key.day, name: name, value: value)
                tags[key, default: UsageSums()].add(contribution.sums)
            }
        }
        try compareMonths(sums)
        let kept = try connection.prepare(
            """
            SELECT org, day, received_day, user, model, records, unpriced, cost, input, output, provider, cache_read,
                cache_write, reasoning FROM usage_day
            """)
        while try kept.step() {
            let key = SQLiteStore.Contribution.Key(
                org: kept.int(0), day: kept.int(1), receivedDay: kept.int(2), user: kept.text(3) ?? "",
                model: kept.text(4) ?? "", provider: kept.text(10) ?? "")
            let stored = UsageSums(
                records: kept.int(5), unpriced: kept.int(6), cost: kept.int(7), input: kept.int(8),
                cacheRead: kept.int(11), cacheWrite: kept.int(12), output: kept.int(9), reasoning: kept.int(13))
            report.sums += 1
            if stored != sums.removeValue(forKey: key) {
                report.add(
                    "usage of org \(key.org) on \(CalendarDay(daysSinceEpoch: key.day)), \(key.model): its sum is not that of its records"
                )
            }
        }
        if let key = sums.keys.first {
            report.add("usage of org \(key.org) on \(CalendarDay(daysSinceEpoch: key.day)) is not added up")
        }
        try compareTags(tags)
    }

    private mutating func compareMonths(
        _ days: [SQLiteStore.Contribution.Key: UsageSums]
    ) throws(SQLiteError) {
        var sums: [SQLiteStore.Contribution.MonthKey: UsageSums] = [:]
        for (key, value) in days { sums[key.month, default: UsageSums()].add(value) }
        let kept = try connection.prepare(
            """
            SELECT org, month, user, model, provider, records, unpriced, cost, input, cache_read, cache_write, output,
                reasoning FROM usage_month
            """)
        while try kept.step() {
            let key = SQLiteStore.Contribution.MonthKey(
                org: kept.int(0), month: kept.int(1), user: kept.text(2) ?? "", model: kept.text(3) ?? "",
                provider: kept.text(4) ?? "")
            let stored = UsageSums(
                records: kept.int(5), unpriced: kept.int(6), cost: kept.int(7), input: kept.int(8),
                cacheRead: kept.int(9), cacheWrite: kept.int(10), output: kept.int(11), reasoning: kept.int(12))
            report.sums += 1
            if stored != sums.removeValue(forKey: key) {
                report.add(
                    "usage of org \(key.org) in the month of \(CalendarDay(daysSinceEpoch: key.month)), \(key.model): its sum is not that of its records"
                )
            }
        }
        if let key = sums.keys.first {
            report.add(
                "usage of org \(key.org) in the month of \(CalendarDay(daysSinceEpoch: key.month)) is not added up")
        }
    }

    private struct TagKey: Hashable {
        var org, day: Int64
        var name, value: String
    }

    /// Tags of days on which some are not kept apart can't be told apart any more: those days are passed by.
    private mutating func compareTags(_ tags: [TagKey: UsageSums]) throws(SQLiteError) {
        struct Day: Hashable { var org, day: Int64 }
        var crowded: Set<Day> = []
        let overflow = try connection.prepare("SELECT org, day FROM usage_tag_day WHERE name = ''")
        while try overflow.step() { crowded.insert(Day(org: overflow.int(0), day: overflow.int(1))) }
        var rest = tags.filter { !crowded.contains(Day(org: $0.key.org, day: $0.key.day)) }
        let kept = try connection.prepare("SELECT org, day, name, value, records, cost FROM usage_tag_day")
        while try kept.step() {
            let key = TagKey(org: kept.int(0), day: kept.int(1), name: kept.text(2) ?? "", value: kept.text(3) ?? "")
            guard !crowded.contains(Day(org: key.org, day: key.day)) else { continue }
            let sum = rest.removeValue(forKey: key)
            if sum?.records != kept.int(4) || sum?.cost != kept.int(5) {
                report.add(
                    "usage of org \(key.org) on \(CalendarDay(daysSinceEpoch: key.day)), tag \(key.name): its sum is not that of its records"
                )
            }
        }
        if let key = rest.keys.first {
            report.add("tags of org \(key.org) on \(CalendarDay(daysSinceEpoch: key.day)) are not added up")
        }
    }
}
