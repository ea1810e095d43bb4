import Foundation
import GRDB
import Ledger
import Metering
import TestSupport
import Testing

/// Usage added up by day, member, model and tag.
@Suite struct SummaryTests {
    private let since = CalendarDay(daysSinceEpoch: 0)
    private let until = CalendarDay(daysSinceEpoch: 100_000)

    private func summary(
        _ ledger: LedgerFixture, by dimensions: [UsageDimension], _ time: UsageDay = .ended, org: String = "acme"
    ) async throws -> [UsageSummaryItem] {
        let reader = try LedgerReader(path: ledger.path)
        defer { try? reader.close() }
        return try await reader.summary(of: org, by: dimensions, since: since, until: until, in: time)
    }

    /// Has the store do its own work until there is none.
    private func rollUp(_ ledger: LedgerFixture) throws {
        for _ in 0..<20 { _ = try ledger.store.commit(lots: []) }
    }

    private func verify(_ ledger: LedgerFixture) async throws {
        #expect(try Verification.run(databaseFile: ledger.path).problems == [])
    }

    /// Two hundred records of three members, two models and two tags, over four days.
    private func filled() throws -> LedgerFixture {
        let ledger = try LedgerFixture()
        try ledger.recordRates(
            """
            format: meterd/1
            effective: 2026-01-02T00:00:00Z
            rates:
              - {model: m, provider: p, price: {input: 1000, output: 2000}}
              - {model: n, provider: p, price: {input: 500, output: 700}}
            """)
        try ledger.createOrg("acme", credits: "1000")
        try ledger.createOrg("globex", credits: "1000")
        for number in 0..<200 {
            let at = ledger.clock.now.advanced(bySeconds: -Int64(number % 4) * 86_400)
            let tags = number % 3 == 0 ? nil : #"{"project":"\#(number % 2 == 0 ? "a" : "b")","n":"\#(number % 7)"}"#
            _ = try ledger.reply(
                try ledger.record(
                    "r\(number)", org: number % 5 == 0 ? "globex" : "acme",
                    model: number % 11 == 0 ? "unknown" : number % 2 == 0 ? "m" : "n", input: number, output: 1,
                    user: number % 4 == 0 ? nil : "user\(number % 3)", at: at, tags: tags))
        }
        return ledger
    }

    private static let dimensions: [[UsageDimension]] = [
        [], [.user], [.model], [.day], [.user, .model], [.day, .user, .model], [.tag("project")], [.tag("n")],
        [.tag("none")], [.provider], [.week], [.month], [.week, .provider, .user],
    ]

    @Test func itIsTheSameWhetherTheWriterCameToItOrNot() async throws {
        let ledger = try filled()
        var before: [[UsageSummaryItem]] = []
        for dimensions in Self.dimensions { before.append(try await summary(ledger, by: dimensions)) }
        #expect(before[0].first?.records == 160)
        #expect(before[2].map(\.key) == [["m"], ["n"], ["unknown"]])
        #expect(before[2].last?.unpriced == before[2].last?.records)
        #expect(before[6].map(\.key).sorted { $0[0] < $1[0] } == [["a"], ["b"]])
        #expect(before[8].isEmpty)
        try rollUp(ledger)
        for (dimensions, earlier) in zip(Self.dimensions, before) {
            #expect(try await summary(ledger, by: dimensions) == earlier, "\(dimensions)")
        }
        try await verify(ledger)
        // And after a crash, and when more has come.
        try ledger.reopen()
        _ = try ledger.reply(try ledger.record("more", model: "m", input: 1, user: "user1"))
        #expect(try await summary(ledger, by: []).first?.records == 161)
        try await verify(ledger)
    }

    @Test func namesAreCountedOnceAndPartsAddUpToTheWhole() async throws {
        let ledger = try filled()
        for isRolled in [false, true] {
            if isRolled { try rollUp(ledger) }
            // One more than the writer has come to, by somebody who is known and by somebody who is new.
            for user in ["user1", "new\(isRolled)"] {
                _ = try ledger.reply(
                    try ledger.record("\(isRolled)\(user)", model: "m", input: 1, user: user))
            }
            let total = try #require(try await summary(ledger, by: []).first)
            let names = try await summary(ledger, by: [.user]).filter { $0.key != [""] }
            #expect(total.users == Int64(names.count) && names.allSatisfy { $0.users == nil })
            for dimensions in [[UsageDimension.day], [.week], [.month], [.provider, .model]] {
                let parts = try await summary(ledger, by: dimensions)
                let costs = try parts.map { try #require(Money(decimal: $0.cost)).nanos }
                #expect(Money(nanos: costs.reduce(0, +)).description == total.cost)
                #expect(parts.reduce(0) { $0 + $1.records } == total.records)
                #expect(parts.allSatisfy { ($0.users ?? -1) <= names.count })
            }
            let byBoth = try await summary(ledger, by: [.day, .user]).filter { $0.key[1] != "" }
            for day in try await summary(ledger, by: [.day]) {
                #expect(day.users == Int64(byBoth.count { $0.key[0] == day.key[0] }), "\(day.key)")
            }
        }
        try await verify(ledger)
    }

    @Test func daysThatBeginOrEndWithinAMonthCountWhatTheyHaveAndNoMore() async throws {
        let ledger = try filled()
        let today = CalendarDay(ledger.clock.now)
        // Two months on some days of which nothing was used.
        for number in 0..<60 where number % 10 < 6 {
            let at = ledger.clock.now.advanced(bySeconds: -Int64(number % 40) * 86_400)
            _ = try ledger.reply(try ledger.record("s\(number)", model: "m", input: number + 1, output: 1, at: at))
        }
        try rollUp(ledger)
        let reader = try LedgerReader(path: ledger.path)
        defer { try? reader.close() }
        var isSeen = (whole: false, part: false)
        for since in stride(from: Int64(-45), through: 0, by: 3) {
            for length in [Int64(1), 4, 17, 31, 60] {
                let (first, end) = (today.advanced(byDays: since), today.advanced(byDays: since + length))
                func cost(by dimensions: [UsageDimension]) async throws -> Int64 {
                    let items = try await reader.summary(
                        of: "acme", by: dimensions, since: first, until: end, in: .ended)
                    return items.reduce(0) { $0 + (Money(decimal: $1.cost)?.nanos ?? 0) }
                }
                // By day, sums by month are never used.
                let exact = try await cost(by: [.day])
                #expect(try await cost(by: [.month]) == exact, "\(first) to \(end)")
                #expect(try await cost(by: [.model, .user]) == exact, "\(first) to \(end)")
                if end > today { isSeen.whole = true } else if exact > 0 { isSeen.part = true }
            }
        }
        #expect(isSeen.whole && isSeen.part)
    }

    @Test func aQueryOfSomeNamesModelsOrProvidersIsWhatTheWholeHasOfThem() async throws {
        let ledger = try filled()
        for isRolled in [false, true] {
            if isRolled { try rollUp(ledger) }
            let reader = try LedgerReader(path: ledger.path)
            defer { try? reader.close() }
            var query = UsageQuery(org: "acme", by: [.model], since: since, until: until, users: ["user0", "user2"])
            let some = try await reader.usage(query)
            let all = try await summary(ledger, by: [.user, .model])
            for item in some.items {
                let parts = all.filter { ["user0", "user2"].contains($0.key[0]) && $0.key[1] == item.key[0] }
                #expect(parts.reduce(0) { $0 + $1.records } == item.records)
                #expect(parts.reduce(0) { $0 + ($1.inputTokens ?? 0) } == item.inputTokens)
            }
            #expect(some.total.records == some.items.reduce(0) { $0 + $1.records } && some.total.users == 2)
            query.users = []
            let none = try await reader.usage(query)
            #expect(none.items.isEmpty && none.total.records == 0 && none.total.cost == "0.000000000")
            (query.users, query.models, query.providers) = (nil, ["m"], ["nobody"])
            #expect(try await reader.usage(query).items.isEmpty)
            query.providers = nil
            #expect(try await reader.usage(query).items.map(\.key) == [["m"]])
        }
    }

    @Test func kindsOfTokensAreKeptAndTheAverageIsRoundedOnce() async throws {
        let ledger = try LedgerFixture()
        try ledger.recordRates(
            """
            format: meterd/1
            effective: 2026-01-02T00:00:00Z
            rates:
              - model: claude-sonnet-4-5
                provider: anthropic
                price: {input: 3, cache_read: 0.3, cache_write_5m: 3.75, output: 15.1}
            """)
        try ledger.createOrg("acme", credits: "10")
        let usage =
            #"{"input_tokens":100,"cache_read_input_tokens":50,"cache_creation_input_tokens":30,"output_tokens":20}"#
        for id in ["a", "b", "c"] {
            let record = UsageRecord(
                id: id, org: "acme", model: "claude-sonnet-4-5", provider: "anthropic", usage: usage,
                reading: try UsageReading(json: usage, provider: "anthropic", model: "claude-sonnet-4-5"))
            _ = try ledger.reply(record)
        }
        for _ in 0..<2 {
            let item = try #require(try await summary(ledger, by: [.provider]).first)
            #expect(item.key == ["anthropic"] && item.records == 3)
            #expect(item.inputTokens == 540 && item.cacheReadTokens == 150 && item.cacheWriteTokens == 90)
            #expect(item.outputTokens == 60 && item.reasoningTokens == 0)
            let cost = try #require(Money(decimal: item.cost)).nanos
            let average = try #require(item.averageCost.flatMap { Money(decimal: $0) }).nanos
            #expect(abs(average * 3 - cost) <= 1)
            try rollUp(ledger)
        }
    }

    @Test func theSumIsWhatTheOrgWasCharged() async throws {
        let ledger = try filled()
        try rollUp(ledger)
        let total = try #require(try await summary(ledger, by: []).first)
        guard case .balance(let balance) = try ledger.one(.balance(org: "acme")) else {
            Issue.record("no balance")
            return
        }
        let spent = try #require(Money(decimal: "1000")?.subtracting(balance.balance))
        #expect(total.cost == spent.description)
    }

    @Test func correctionsLateChargesAndErasureChangeTheSums() async throws {
        let ledger = try filled()
        try rollUp(ledger)
        let before = try #require(try await summary(ledger, by: []).first)
        _ = try ledger.one(
            .correct(
                NewCorrection(org: "acme", id: "r1", reason: "r", actor: "a", usage: nil),
                IdempotencyKey(route: "correct", key: "k", body: "")))
        let after = try #require(try await summary(ledger, by: []).first)
        #expect(after.records == before.records)
        #expect(after.cost != before.cost)
        try await verify(ledger)
        // The rate of what had none comes: the sweep charges it.
        try ledger.recordRates(
            """
            format: meterd/1
            effective: 2026-01-03T00:00:00Z
            rates:
              - {model: m, provider: p, price: {input: 1000, output: 2000}}
              - {model: n, provider: p, price: {input: 500, output: 700}}
              - {model: unknown, provider: p, price: {input: 1, output: 1}}
            """)
        try rollUp(ledger)
        #expect(try await summary(ledger, by: [.model]).allSatisfy { $0.unpriced == 0 })
        try await verify(ledger)
        // What a retention erases has no member and no tag any more; its money stays.
        let charged = try #require(try await summary(ledger, by: []).first)
        guard case .erased(nil) = try ledger.one(.eraseDetail(org: "acme", from: nil, through: 100, limit: 1000)) else {
            Issue.record("not erased")
            return
        }
        let erased = try #require(try await summary(ledger, by: []).first)
        #expect((erased.records, erased.cost) == (charged.records, charged.cost))
        let nobody = try await summary(ledger, by: [.user]).first { $0.key == [""] }
        #expect((nobody?.records ?? 0) >= 80)
        try await verify(ledger)
        try ledger.reopen()
        try await verify(ledger)
    }

    @Test func aDayThatHasTooManyTagsKeepsTheFirstApart() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1000")
        for number in 0..<1100 {
            _ = try ledger.reply(try ledger.record("r\(number)", tags: #"{"request":"\#(number)"}"#))
        }
        for number in 0..<10 {
            _ = try ledger.reply(try ledger.record("again\(number)", tags: #"{"request":"\#(number)"}"#))
        }
        try rollUp(ledger)
        let items = try await summary(ledger, by: [.tag("request")])
        #expect(items.count == 1000)
        #expect(items.filter { $0.records == 2 }.count == 10)
        #expect(try await summary(ledger, by: []).first?.records == 1110)
        try await verify(ledger)
    }

    @Test func statementsGoByTheDayOfTheCharge() async throws {
        let ledger = try filled()
        let today = CalendarDay(ledger.clock.now).description
        for _ in 0..<2 {
            #expect(try await summary(ledger, by: [.day], .charged).map(\.key) == [[today]])
            #expect(try await summary(ledger, by: [.day]).count == 4)
            try rollUp(ledger)
        }
    }

    @Test func sumsThatWereChangedAreNamed() async throws {
        let ledger = try filled()
        try rollUp(ledger)
        for (sql, words) in [
            (
                "UPDATE usage_day SET cost = cost + 1 WHERE org = 1 AND model = 'm'",
                "its sum is not that of its records"
            ),
            ("DELETE FROM usage_day WHERE model = 'n'", "is not added up"),
            ("UPDATE usage_month SET cost = cost + 1 WHERE org = 1 AND model = 'm'", "in the month of"),
            ("DELETE FROM usage_month WHERE model = 'n'", "in the month of"),
            ("UPDATE usage_tag_day SET records = records + 1 WHERE name = 'project'", "tag project"),
            ("UPDATE usage_rollup SET through = through - 1", "its sum is not that of its records"),
        ] {
            let path = try ledger.copy()
            try await DatabaseQueue(path: path).write { try $0.execute(sql: sql) }
            let problems = try Verification.run(databaseFile: path).problems
            #expect(problems.contains { $0.contains(words) }, "\(sql): \(problems)")
            try FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
        }
    }
}
