import Foundation
import Testing

@testable import Metering

/// The shipped table and the rules of pricing.
@Suite struct PricingTests {
    private static let shipped: Result<RateCard, any Error> = Result {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../config/rates.yaml").standardized
        return try RateDocument.parse(try String(contentsOf: path, encoding: .utf8))
    }

    private func price(
        _ model: String, _ usage: String, provider: String? = nil, tier: ServiceTier = .standard,
        card: RateCard? = nil
    ) throws -> Price {
        let rate = try #require(try (card ?? Self.shipped.get()).rate(model: model, provider: provider))
        let reading = try UsageReading(json: usage, provider: rate.provider, model: rate.model)
        let pricing = rate.price(
            reading.buckets, conditions: reading.conditions, tier: reading.servedTier ?? tier, at: Self.noon)
        guard case .priced(let price) = pricing else { throw Unpriced() }
        return price
    }

    private struct Unpriced: Error {}
    private static let noon = Timestamp(milliseconds: 12 * 3_600_000)

    @Test(arguments: [
        (
            "gpt-5", #"{"prompt_tokens":2006,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1920}}"#,
            "0.003347500"
        ),
        (
            "claude-sonnet-4-5",
            """
            {"input_tokens":100,"cache_creation_input_tokens":3000,"cache_read_input_tokens":50000,"output_tokens":500,
             "cache_creation":{"ephemeral_5m_input_tokens":1000,"ephemeral_1h_input_tokens":2000}}
            """, "0.038550000"
        ),
        (
            "gemini-2.5-pro",
            #"{"promptTokenCount":200001,"candidatesTokenCount":50,"thoughtsTokenCount":200,"totalTokenCount":200251}"#,
            "0.503752500"
        ),
        (
            "gemini-2.5-pro",
            #"{"promptTokenCount":200000,"candidatesTokenCount":50,"thoughtsTokenCount":200,"totalTokenCount":200250}"#,
            "0.252500000"
        ),
        (
            "claude-sonnet-4-5", #"{"input_tokens":1200,"cache_read_input_tokens":800,"output_tokens":350}"#,
            "0.009090000"
        ),
        ("anthropic/claude-sonnet-4-5", #"{"input_tokens":1000,"output_tokens":0}"#, "0.003000000"),
        ("models/gemini-2.5-pro", #"{"promptTokenCount":1000,"candidatesTokenCount":0}"#, "0.001250000"),
    ])
    func theShippedTableGivesTheProvidersPrice(model: String, usage: String, cost: String) throws {
        #expect(try price(model, usage).cost.description == cost)
    }

    @Test func everyProviderOfTheShippedTableIsThere() throws {
        let providers = Set(try Self.shipped.get().rates.map(\.provider))
        #expect(providers.isSuperset(of: ["anthropic", "openai", "gemini", "deepseek", "mistral", "xai", "bedrock"]))
    }

    private static func card(_ price: String, _ more: String = "") throws -> RateCard {
        try RateDocument.parse(
            "format: meterd/1\nrates:\n  - model: m\n    provider: p\n    price: {\(price)}\n\(more)")
    }

    @Test(arguments: [
        // price per million that makes one token cost n.5 nano-dollars: half goes to the even neighbour
        ("0.0005", "0.000000000", "0.0000000005"), ("0.0015", "0.000000002", "0.0000000015"),
        ("0.0025", "0.000000002", "0.0000000025"), ("0.00051", "0.000000001", "0.00000000051"),
    ])
    func aPriceIsRoundedOnceHalfToEven(perMillion: String, cost: String, amount: String) throws {
        let price = try price(
            "m", #"{"prompt_tokens":1}"#, card: try Self.card("input: \(perMillion), output: 1"))
        #expect(price.cost.description == cost)
        #expect(price.lines.map(\.amount) == [amount])
    }

    @Test func linesPlusRoundingAreTheCost() throws {
        let card = try Self.card("input: 0.0003, cache_read: 0.0001, output: 0.0007")
        let price = try price(
            "m", #"{"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":2}}"#, card: card)
        let sum = price.lines.reduce(Int128(0)) { $0 + $1.rate.amount(quantity: $1.quantity) }
        let rounding = try #require(price.rounding.flatMap { ExactDecimal.parse($0, scale: 18) })
        #expect(sum + rounding == Int128(price.cost.nanos) * 1_000_000_000)
    }

    @Test func aMissingRateFallsBackAndAnExplicitZeroIsAPrice() throws {
        let usage = """
            {"prompt_tokens":10,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":5},
             "completion_tokens_details":{"reasoning_tokens":4}}
            """
        #expect(try price("m", usage, card: try Self.card("input: 1, output: 2")).cost.description == "0.000030000")
        #expect(
            try price("m", usage, card: try Self.card("input: 1, cache_read: 0, output: 2, reasoning: 0")).cost
                .description
                == "0.000017000")
    }

    @Test func aUnitWithoutAnyRateIsNeverFree() throws {
        let rate = try #require(try Self.card("input: 1, output: 2").rate(model: "m", provider: nil))
        var buckets = UsageBuckets()
        buckets[.webSearch] = 1
        #expect(rate.price(buckets, tier: .standard, at: Self.noon) == .noRate(.unit(.webSearch)))
    }

    @Test func aThresholdMovesTheWholeRequestAndItsEdgeIsTheProviders() throws {
        let step = "    context:\n      - {%@: 100, price: {input: 10, cache_read: 5, output: 20}}\n"
        func cost(_ word: String, _ prompt: Int) throws -> String {
            let card = try Self.card("input: 1, output: 2", step.replacingOccurrences(of: "%@", with: word))
            let usage =
                #"{"prompt_tokens":\#(prompt),"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":50}}"#
            return try price("m", usage, card: card).cost.description
        }
        #expect(try cost("over", 100) == "0.000102000")
        #expect(try cost("over", 101) == "0.000780000")
        #expect(try cost("at_least", 99) == "0.000101000")
        #expect(try cost("at_least", 100) == "0.000770000")
    }

    @Test func aTierIsPricedByItsOwnSheetAndSaysWhereItFellBack() throws {
        let card = try Self.card(
            "input: 1, cache_read: 0.5, output: 2", "    tiers:\n      batch: {price: {input: 0.4, output: 0.8}}\n")
        let plain = try price("m", #"{"prompt_tokens":10,"completion_tokens":10}"#, tier: .batch, card: card)
        #expect(plain.cost.description == "0.000012000")
        #expect(!plain.tierFellBack)
        let cached = try price(
            "m", #"{"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":10}}"#, tier: .batch, card: card)
        #expect(cached.cost.description == "0.000005000")
        #expect(cached.tierFellBack)
        #expect(try price("m", #"{"prompt_tokens":1}"#, tier: .flex, card: card).tierFellBack)
        // The tier that was served, named by the object, beats the record's.
        #expect(
            try price("m", #"{"prompt_tokens":10,"service_tier":"default"}"#, tier: .batch, card: card).cost.description
                == "0.000010000")
    }

    @Test func surchargesMultiplyExactlyAndNeverToNothing() throws {
        func rate(_ first: String, _ second: String) throws -> String {
            let card = try Self.card(
                "input: 1000000, output: 1", "    surcharges: {geo.us: \(first), speed.fast: \(second)}\n")
            let usage = #"{"prompt_tokens":1,"inference_geo":"US","speed":"fast"}"#
            return try price("m", usage, card: card).lines[0].rate.description
        }
        #expect(try rate("1.105", "1.105") == "1.221025")
        #expect(try rate("0.05", "0.015") == "0.00075")
        #expect(throws: RateDocumentError.self) { try Self.card("input: 1", "    surcharges: {geo.US: 1.1}\n") }
    }

    @Test func aTiersPriceHoldsAtAllHoursUnlessItHasHoursOfItsOwn() throws {
        let window = "windows: [{hours_utc: [\"00:00-24:00\"], price: {input: 0.8, output: 0.8}}]"
        let card = try Self.card(
            "input: 1, output: 1",
            "    \(window)\n    tiers:\n      batch: {price: {input: 0.5}}\n      priority: {price: {input: 2, output: 2}, \(window)}\n"
        )
        func rates(_ tier: ServiceTier) throws -> [String] {
            try price("m", #"{"prompt_tokens":1,"completion_tokens":1}"#, tier: tier, card: card).lines.map {
                $0.rate.text(perUnits: 1_000_000)
            }
        }
        #expect(try rates(.standard) == ["0.80", "0.80"])
        #expect(try rates(.batch) == ["0.50", "0.80"])
        #expect(try rates(.priority) == ["0.80", "0.80"])
        #expect(try rates(.flex) == ["0.80", "0.80"])
    }

    @Test func theProviderPicksAmongSellersOfOneModel() throws {
        let card = try RateDocument.parse(
            """
            format: meterd/1
            rates:
              - {model: m, provider: a, price: {input: 1, output: 1}}
              - {model: m, provider: b, price: {input: 2, output: 2}}
            """)
        #expect(card.rate(model: "m", provider: "b")?.provider == "b")
        #expect(card.rate(model: "b/m", provider: nil)?.provider == "b")
        #expect(card.rate(model: "m", provider: "c") == nil)
        #expect(card.rate(model: "b/m", provider: "a") == nil)
    }

    @Test func theCardInForceIsTheLatestEffectiveThenTheLatestRecorded() throws {
        let card = try Self.card("input: 1, output: 1")
        func entry(_ id: Int64, effective: Int64, recorded: Int64) -> RateBook.Entry {
            RateBook.Entry(
                id: id, hash: card.hash, effective: Timestamp(milliseconds: effective),
                recorded: Timestamp(milliseconds: recorded), source: "test")
        }
        let book = RateBook(
            [
                entry(3, effective: 200, recorded: 5), entry(1, effective: 100, recorded: 1),
                entry(2, effective: 100, recorded: 2),
            ], cards: RateCards { _ in card })
        #expect(book.entry(at: Timestamp(milliseconds: 99)) == nil)
        #expect(book.entry(at: Timestamp(milliseconds: 100))?.id == 2)
        #expect(book.entry(at: Timestamp(milliseconds: 199))?.id == 2)
        #expect(book.entry(at: Timestamp(milliseconds: 200))?.id == 3)
    }

    @Test func aSumThatDoesNotFitIsAnErrorAndNotAWrap() throws {
        let rate = try #require(
            try Self.card("input: 1000000000000, output: 1").rate(model: "m", provider: nil))
        var buckets = UsageBuckets()
        buckets[.input] = 1 << 40
        #expect(rate.price(buckets, tier: .standard, at: Self.noon) == .overflow)
    }

    @Test(arguments: [
        ("format: meterd/2\nrates: []", "line 1, column 9: format must be meterd/1"),
        ("format: meterd/1\nrates: []\nextra: 1", "line 3, column 1: the document has no member 'extra'"),
        ("format: meterd/1\nrates:\n  - {model: m, provider: p}", "price is missing"),
        (
            "format: meterd/1\nrates:\n  - {model: m, provider: p, price: {input: abc}}",
            "line 3, column 44: price.input must"
        ),
        ("format: meterd/1\nrates:\n  - {model: m, provider: p, price: {input: -1}}", "price.input must"),
        ("format: meterd/1\nrates:\n  - {model: m, provider: google, price: {input: 1}}", "'gemini'"),
        (
            "format: meterd/1\nrates:\n  - {model: m, provider: p, price: {input: 1}}\n  - {model: m, provider: p, price: {input: 2}}",
            "p sells 'm' twice"
        ),
        ("format: meterd/1\neffective: soon\nrates: []", "effective must be a time"),
        ("a: [", "not valid YAML"),
        ("format: meterd/1\nrates: " + String(repeating: "[", count: 50_000), "not valid YAML"),
        ("{\"format\": \"meterd/1\", \"rates\": " + String(repeating: "[", count: 50_000), "nested more than 64 deep"),
        (
            (1..<12).reduce("l0: &l0 [1,2,3,4,5,6,7,8,9]") { text, level in
                let nine = Array(repeating: "*l\(level - 1)", count: 9).joined(separator: ",")
                return text + "\nl\(level): &l\(level) [\(nine)]"
            }, "aliases make the document too large"
        ),
        ("", "the document is empty"),
    ])
    func aBadDocumentIsRefusedWholeWithItsPlace(document: String, words: String) {
        #expect {
            _ = try RateDocument.parse(document)
        } throws: { error in
            "\(error)".contains(words)
        }
    }
}

/// The prompt's tokens, which pick a long-context price.
@Suite struct PromptTokensTests {
    @Test func everyUnitOfThePromptCountsAndNoOther() {
        for unit in UsageUnit.allCases {
            var buckets = UsageBuckets()
            buckets[unit] = 7
            #expect(buckets.promptTokens == (unit.isPrompt ? 7 : 0), "\(unit.name)")
        }
    }
}
