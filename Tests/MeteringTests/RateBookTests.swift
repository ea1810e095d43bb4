import Foundation
import Synchronization
import Testing

@testable import Metering

/// Cards by their time, and what is kept of them in memory.
@Suite struct RateBookTests {
    private static func card(_ prices: [String: String]) throws -> RateCard {
        let rates = prices.map { "  - {model: \"\($0)\", provider: p, price: {input: \($1), output: \($1)}}" }
        return try RateDocument.parse("format: meterd/1\nrates:\n" + rates.joined(separator: "\n"))
    }

    private static func book(
        _ cards: [(effective: Int64, recorded: Int64, card: RateCard)], aliases: [ModelAlias] = []
    ) -> RateBook {
        let entries = cards.enumerated().map { index, item in
            RateBook.Entry(
                id: Int64(index + 1), hash: "hash\(index + 1)", effective: Timestamp(milliseconds: item.effective),
                recorded: Timestamp(milliseconds: item.recorded), source: "test")
        }
        let all = cards.map(\.card)
        return RateBook(entries, aliases: aliases, cards: RateCards { id in all[Int(id) - 1] })
    }

    private static func cost(_ book: RateBook, _ model: String, at: Int64) throws -> String? {
        let reading = try UsageReading(json: #"{"prompt_tokens":1000000}"#, provider: nil, model: "m")
        let priced = try book.price(
            model: model, provider: nil, reading, tier: .standard, at: Timestamp(milliseconds: at))
        guard case .priced(let price)? = priced?.pricing else { return nil }
        return "\(price.cost) by \(priced?.entry?.id ?? 0)"
    }

    @Test func aMomentHasTheCardThatWasEffectiveLastAndOfThoseTheLastRecorded() throws {
        let book = Self.book([
            (100, 1, try Self.card(["m": "1"])), (200, 2, try Self.card(["m": "2"])),
            // Recorded later, effective in the past: for 100 to 199 it is the one in force.
            (100, 3, try Self.card(["m": "3"])),
        ])
        #expect(try Self.cost(book, "m", at: 150) == "3.000000000 by 3")
        #expect(try Self.cost(book, "m", at: 200) == "2.000000000 by 2")
        // Before any card the earliest that knows the model.
        #expect(try Self.cost(book, "m", at: 50) == "1.000000000 by 1")
    }

    @Test func whatTheCardInForceDoesNotKnowTheEarliestLaterOneThatKnowsItPrices() throws {
        let book = Self.book([
            (100, 1, try Self.card(["m": "1"])), (200, 2, try Self.card(["m": "1", "new": "2"])),
            (300, 3, try Self.card(["new": "3"])),
        ])
        #expect(try Self.cost(book, "new", at: 150) == "2.000000000 by 2")
        #expect(try Self.cost(book, "m", at: 350) == nil)
        #expect(try Self.cost(book, "never", at: 150) == nil)
    }

    @Test func anAliasComesAfterTheExactNameAndBeforeShorterForms() throws {
        let card = try Self.card(["m": "1", "other": "5"])
        func book(_ aliases: ModelAlias...) -> RateBook { Self.book([(0, 0, card)], aliases: aliases) }
        let alias = ModelAlias(alias: "m-20250101", model: "other", provider: nil)
        #expect(try Self.cost(book(), "m-20250101", at: 1) == "1.000000000 by 1")
        #expect(try Self.cost(book(alias), "m-20250101", at: 1) == "5.000000000 by 1")
        #expect(
            try Self.cost(book(ModelAlias(alias: "m", model: "other", provider: nil)), "m", at: 1) == "1.000000000 by 1"
        )
        // Taken back: the last of one name counts.
        #expect(
            try Self.cost(book(alias, ModelAlias(alias: "m-20250101", model: nil, provider: nil)), "m-20250101", at: 1)
                == "1.000000000 by 1")
        #expect(try Self.cost(book(ModelAlias(alias: "x", model: "other", provider: "q")), "x", at: 1) == nil)
    }

    @Test func anAliasDecidesANameThatSeveralSell() throws {
        let card = try RateDocument.parse(
            """
            format: meterd/1
            rates:
              - {model: m, provider: a, price: {input: 1}}
              - {model: m, provider: b, price: {input: 2}}
            """)
        #expect(try Self.cost(Self.book([(0, 0, card)]), "m", at: 1) == nil)
        let book = Self.book([(0, 0, card)], aliases: [ModelAlias(alias: "m", model: "m", provider: "b")])
        #expect(try Self.cost(book, "m", at: 1) == "2.000000000 by 1")
    }

    @Test func aCardIsLoadedWhenItIsAskedForAndOnlySomeStay() throws {
        let loads = Mutex<[Int64]>([])
        let card = try Self.card(["m": "1"])
        let cards = RateCards(capacity: 2) { id in
            loads.withLock { $0.append(id) }
            return card
        }
        for id: Int64 in [1, 1, 2, 1, 3, 1, 2] { _ = try cards.card(id) }
        #expect(loads.withLock { $0 } == [1, 2, 3, 2])
        // Whoever looks through old ones doesn't push out those in use.
        for id: Int64 in [7, 8, 9] { _ = try cards.glance(id) }
        _ = try cards.card(1)
        _ = try cards.card(2)
        #expect(loads.withLock { $0 } == [1, 2, 3, 2, 7, 8, 9])
    }

    @Test func changesNamePricesOldAndNew() throws {
        let before = try RateDocument.parse(
            """
            format: meterd/1
            rates:
              - {model: a, provider: p, aliases: [x], price: {input: 1, output: 2}}
              - {model: gone, provider: p, price: {input: 1}}
            """)
        let after = try RateDocument.parse(
            """
            format: meterd/1
            rates:
              - {model: a, provider: p, aliases: [y], price: {input: 1, output: 3}, tiers: {batch: {price: {input: 0.5}}}}
              - {model: come, provider: p, price: {input: 1}}
            """)
        let changes = before.changes(to: after)
        #expect(changes.map(\.kind) == [.changed, .added, .removed])
        #expect(changes[0].prices.map(\.price) == ["output", "batch · input"])
        #expect(changes[0].prices[0].before == "2.00" && changes[0].prices[0].after == "3.00")
        #expect(changes[0].aliasesAdded == ["y"] && changes[0].aliasesRemoved == ["x"])
        #expect(before.changes(to: before).isEmpty)
    }

    @Test(arguments: [
        ("default_seller: true", "default_seller: false", "default seller of m"),
        (
            "windows: [{hours_utc: [\"00:00-24:00\"], days: [sat], price: {input: 1}}]",
            "windows: [{hours_utc: [\"00:00-24:00\"], days: [sat], days_utc_offset: \"+08:00\", price: {input: 1}}]",
            "sat by the calendar +08:00 00:00-24:00 UTC · input"
        ),
        ("surcharges: {geo.us: 1.1}", "surcharges: {geo.us: 1.2}", "geo.us"),
    ])
    func aChangeThatMovesMoneyIsAChange(before: String, after: String, named: String) throws {
        func card(_ member: String) throws -> RateCard {
            try RateDocument.parse(
                "format: meterd/1\nrates:\n  - {model: m, provider: p, price: {input: 1}, \(member)}")
        }
        let changes = try card(before).changes(to: try card(after))
        #expect(changes.flatMap(\.prices).contains { $0.price == named }, "\(changes)")
    }
}

/// Prices that change by the hour.
@Suite struct WeeklyHoursTests {
    private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    @Test(arguments: [
        ("2026-11-24T16:29:59.999Z", false), ("2026-11-24T16:30:00Z", true), ("2026-11-24T23:59:59.999Z", true),
        ("2026-11-25T00:00:00Z", true), ("2026-11-25T00:29:59.999Z", true), ("2026-11-25T00:30:00Z", false),
    ])
    func aSpanMayRunOverMidnightAndEndsBeforeItsEnd(at: String, isIn: Bool) throws {
        let hours = WeeklyHours(spans: [try #require(WeeklyHours.Span("16:30-00:30"))])
        #expect(hours.contains(try moment(at)) == isIn)
    }

    @Test(arguments: [
        // 2026-11-27 is a Friday. In Shanghai Saturday begins on Friday at 16:00 UTC.
        ("2026-11-27T15:59:59Z", 0, false), ("2026-11-27T23:59:59Z", 0, false), ("2026-11-28T00:00:00Z", 0, true),
        ("2026-11-29T23:59:59Z", 0, true), ("2026-11-30T00:00:00Z", 0, false),
        ("2026-11-27T15:59:59Z", 480, false), ("2026-11-27T16:00:00Z", 480, true), ("2026-11-29T15:59:59Z", 480, true),
        ("2026-11-29T16:00:00Z", 480, false), ("1970-01-03T00:00:00Z", 0, true), ("1970-01-01T00:00:00Z", 0, false),
    ])
    func daysAreThoseOfTheSellersCalendar(at: String, minutes: Int, isIn: Bool) throws {
        let hours = WeeklyHours(
            spans: [try #require(WeeklyHours.Span("00:00-24:00"))], days: 0b110_0000, calendarMinutes: minutes)
        #expect(hours.contains(try moment(at)) == isIn)
    }

    @Test(arguments: [
        "24:00-01:00", "1:00-2:00", "01:60-02:00", "25:00-26:00", "01:00", "01:00-02:00-03:00", "aa:bb-cc:dd", "",
        "10:00-10:00",
    ])
    func whatIsNoSpanIsRefused(text: String) {
        #expect(WeeklyHours.Span(text) == nil)
    }

    @Test(arguments: [
        ("{hours_utc: [\"10:00-11:00\"], days: [noday], price: {input: 1}}", "days takes mon, tue"),
        ("{hours_utc: 10, price: {input: 1}}", "hours_utc must be a list"),
        ("{hours_utc: [\"10-11\"], price: {input: 1}}", "hours_utc takes hours such as"),
        ("{hours_utc: [\"10:00-11:00\"]}", "price is missing"),
        ("{hours_utc: [\"10:00-11:00\"], days_utc_offset: \"8\", price: {input: 1}}", "days_utc_offset must be"),
        ("{days: [mon], price: {input: 1}}", "hours_utc must be a list"),
    ])
    func aBadWindowIsRefusedWithItsPlace(window: String, words: String) {
        let document = "format: meterd/1\nrates:\n  - {model: m, provider: p, price: {input: 1}, windows: [\(window)]}"
        #expect {
            _ = try RateDocument.parse(document)
        } throws: { error in
            "\(error)".contains(words) && "\(error)".hasPrefix("line 3, column ")
        }
    }
}
