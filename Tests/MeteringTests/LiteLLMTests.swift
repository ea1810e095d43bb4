import Foundation
import Testing

@testable import Metering

/// LiteLLM's real table, whole, and a sample of what its own cost functions make of it (`Tests/oracle`).
@Suite struct LiteLLMTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../oracle").standardized

    static let file: Result<String, any Error> = Result {
        let gzip = Process()
        let output = Pipe()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", folder.appendingPathComponent("prices.json.gz").path]
        gzip.standardOutput = output
        try gzip.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        gzip.waitUntilExit()
        return text
    }

    static let table = Result { try RateTable(try file.get(), format: .litellm) }

    @Test func everyEntryAndMemberOfTheRealFileIsAccountedFor() throws {
        let table = try Self.table.get()
        let report = try #require(table.report)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(try Self.file.get().utf8)) as? [String: [String: Any]])
        #expect(report.entries + report.notModels.count == json.count)
        #expect(report.entries > 4_500)
        #expect(report.unreadable.isEmpty)
        let entries = json.filter { !report.notModels.contains($0.key) }
        #expect(
            report.entries == report.rates + report.aliases + report.repeated + report.withoutPrice.count,
            "an entry is a rate, another name of one, said again, or without a price")
        #expect(report.rates == table.card.rates.count)

        #expect(report.members == entries.values.reduce(0) { $0 + $1.count })
        let pointers = entries.values.reduce(0) {
            $0 + ($1["litellm_provider"] == nil ? 0 : 1) + ($1["alias_of"] == nil ? 0 : 1)
        }
        let inner = report.descriptive.filter { $0.key.contains(".") }.values.reduce(0, +)
        #expect(
            report.members == report.priceMembers + report.unused.values.reduce(0, +)
                + report.descriptive.values.reduce(0, +) - inner + pointers,
            "a member is a price, kept unused, a description, or names the seller")
        #expect(!report.descriptive.keys.contains { $0.contains("cost") || $0.contains("multiplier") })
    }

    @Test func floatingPointNoiseIsCleanedAndListed() throws {
        let cleaned = try #require(try Self.table.get().report).cleaned
        #expect(cleaned.contains { $0.written == "9.499999999999999e-07" && $0.taken == "9.5e-07" })
        #expect(cleaned.contains { $0.written == "1.1428571428571428e-06" && $0.taken == "0.000001142857142857" })
        for number in cleaned {
            let (written, taken) = (try #require(Double(number.written)), try #require(Double(number.taken)))
            // A price per second is kept per thousandth of one, to 18 places.
            let finest = number.member.contains("second") ? 1e-15 : 1e-18
            #expect(abs(written - taken) <= max(finest, abs(written) * 1e-15), "\(number)")
        }
    }

    @Test(arguments: [
        ("9.499999999999999e-07", "9.5e-07"), ("1.0000000000000001e-07", "1e-07"),
        ("1.5000020000000002e-05", "1.500002e-05"),
        ("0.30000000000000004", "0.3"), ("99.99999999999999e-8", "100e-8"), ("2.9999900000000002e-06", "2.99999e-06"),
    ])
    func aNumberWithNoiseIsTheShortOneBesideIt(written: String, taken: String) {
        #expect(FloatNoise.cleaned(written) == taken)
    }

    @Test(arguments: [
        "9.5e-07", "2.384185791015625e-08", "3.3333333333333335e-05", "0.0002833333333333333", "8.33333333333e-05", "0",
        "1e-06",
    ])
    func aNumberThatIsMeantStaysAsItIs(written: String) {
        #expect(FloatNoise.cleaned(written) == nil)
    }

    @Test func aCardOfTheRealFileSurvivesBothFormsOfOurDocument() throws {
        let rates = try Self.table.get().card.rates
        #expect(try RateDocument.parse(try Self.table.get().document).rates == rates)
        let yaml = RateDocument.yaml(rates, comment: ["a comment"])
        let again = try RateDocument.parse(yaml)
        #expect(again.rates == rates)
        #expect(RateDocument.yaml(again.rates, comment: ["a comment"]) == yaml)
    }

    private struct Vector: Decodable {
        let model, tier, at, litellm: String
        let provider: String?
    }

    @Test func aSampleOfTheOracleHasTheSamePrices() throws {
        let card = try Self.table.get().card
        let text = try String(contentsOf: Self.folder.appendingPathComponent("vectors.ndjson"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count >= 1_000)
        for line in lines {
            let vector = try JSONDecoder().decode(Vector.self, from: Data(line.utf8))
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let usage = String(
                decoding: try JSONSerialization.data(withJSONObject: try #require(object["usage"])), as: UTF8.self)
            let rate = try #require(card.rate(model: vector.model, provider: vector.provider), "\(vector.model)")
            let reading = try UsageReading(json: usage, provider: rate.provider, model: rate.model)
            let pricing = rate.price(
                reading.buckets, conditions: reading.conditions, tier: try #require(ServiceTier(name: vector.tier)),
                at: try #require(Timestamp(rfc3339: vector.at)))
            guard case .priced(let price) = pricing else {
                Issue.record("\(line): \(pricing)")
                continue
            }
            let theirs = try #require(Double(vector.litellm))
            let ours = try #require(Double(price.exact))
            #expect(abs(ours - theirs) <= 1e-12 * max(ours, theirs), "\(line)")
        }
    }

    @Test(arguments: [
        ("whisper-1", "openai", #"{"type":"duration","seconds":9.5}"#, "0.000950000"),
        ("mistral-ocr-latest", "mistral", #"{"pages_processed":3,"pages_processed_annotation":1}"#, "0.017000000"),
        (
            "sonar-pro", "perplexity", #"{"prompt_tokens":1,"completion_tokens":1,"search_context_size":"high"}"#,
            "0.014018000"
        ),
        ("rerank-v3.5", "cohere", #"{"billed_units":{"search_units":2}}"#, "0.004000000"),
        ("gpt-image-1", "openai", #"{"input_tokens":1,"output_tokens":10,"total_tokens":11}"#, "0.000405000"),
        // The count of images beside their tokens, and of searches beside the fee that has them in, is no further unit.
        (
            "gpt-image-1", "openai",
            #"{"prompt_tokens":12,"completion_tokens":4160,"total_tokens":4172,"output_image_count":1}"#, "0.166460000"
        ),
        (
            "sonar-pro", "perplexity",
            #"{"prompt_tokens":37,"completion_tokens":60,"search_context_size":"low","num_search_queries":1}"#,
            "0.007011000"
        ),
        (
            "qwen3.7-max", "dashscope",
            #"{"prompt_tokens":10,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":10,"cache_type":"ephemeral"}}"#,
            "0.000002500"
        ),
        (
            "grok-4.3", "xai",
            #"{"input_tokens":0,"output_tokens":0,"server_side_tool_usage_details":{"x_search_calls":1,"document_search_calls":1}}"#,
            "0.015000000"
        ),
    ])
    func whatIsSoldBesideTokensHasAPriceOfTheTable(
        model: String, provider: String, usage: String, cost: String
    ) throws {
        let rate = try #require(try Self.table.get().card.rate(model: model, provider: provider))
        let reading = try UsageReading(json: usage, provider: provider, model: model)
        let pricing = rate.price(
            reading.buckets, conditions: reading.conditions, tier: .standard, at: Timestamp(milliseconds: 0))
        guard case .priced(let price) = pricing else {
            Issue.record("\(model): \(pricing)")
            return
        }
        #expect(price.cost.description == cost && price.unpriced.isEmpty, "\(price)")
    }

    @Test(arguments: [
        ("[]", "line 1, column 1: the table must be an object of models"),
        ("{\n  \"gpt\": {\"litellm_provider\": \"openai\",}\n}", "line 2, column 40: not valid JSON"),
        ("{\"a\": 1}", "'a' must be an object"),
        ("{\"a\": {}, \"a\": {}}", "'a' is there twice"),
        ("{}", "no model with a price"),
        (
            "{\"a\": {\"litellm_provider\": \"openai\", \"input_cost_per_token\": 1e-6}",
            "line 1, column 67: not valid JSON"
        ),
    ])
    func aFileThatIsNoTableIsRefusedWholeWithItsPlace(text: String, words: String) {
        #expect {
            _ = try RateTable(text, format: .litellm)
        } throws: { error in
            "\(error)".contains(words)
        }
    }

    private func read(_ members: String) throws -> (rates: [Rate], report: LiteLLMReport) {
        let other = #""other": {"litellm_provider": "x", "input_cost_per_token": 1e-6}"#
        return try LiteLLMTable.read(#"{"m": {"litellm_provider": "openai", \#(members)}, \#(other)}"#)
    }

    @Test(arguments: [
        (#""input_cost_per_token": -1e-6"#, "input_cost_per_token"),
        (#""input_cost_per_token": "cheap""#, "input_cost_per_token"),
        (#""input_cost_per_token": 2000000"#, "input_cost_per_token"),
        (#""input_cost_per_token": {}"#, "input_cost_per_token"),
        (#""tiered_pricing": [{"range": [5, 9], "input_cost_per_token": 1}]"#, "tiered_pricing.range"),
        (#""tiered_pricing": [{"range": [0, 9]}]"#, "tiered_pricing"),
        (#""off_peak_pricing": {"hours_utc": "25:00-26:00"}"#, "off_peak_pricing.hours_utc"),
        (#""off_peak_pricing": {"weekday_timezone": "Europe/Berlin"}"#, "off_peak_pricing.weekday_timezone"),
        (#""off_peak_pricing": {"discount": 0.5}"#, "off_peak_pricing.discount"),
        (#""off_peak_pricing": {"hours_utc": "10:00-10:00"}"#, "off_peak_pricing.hours_utc"),
    ])
    func aPriceThatCantBeReadLeavesItsRateOutAndIsNamed(members: String, member: String) throws {
        let (rates, report) = try read(members)
        #expect(rates.map(\.model) == ["other"])
        #expect(report.unreadable.map(\.member) == [member])
        #expect(report.unreadable.first?.model == "m")
    }

    @Test func whatCouldNotBeReadAgainIsNotTakenIn() throws {
        let long = String(repeating: "x", count: 300)
        let price = #""input_cost_per_token": 1e-6"#
        let table = try RateTable(
            """
            {"\(long)": {"litellm_provider": "openai", \(price)}, "": {"litellm_provider": "openai", \(price)},
             "openai/": {"litellm_provider": "openai", \(price)}, "a": {"litellm_provider": "", \(price)},
             "\u{FFFE}\u{2028}\\u2029 odd ": {"litellm_provider": "openai", \(price)}, "\(long)y": {"alias_of": "m"},
             "m": {"litellm_provider": "openai", \(price)}}
            """, format: .litellm)
        #expect(table.report?.unreadable.count == 5)
        #expect(table.card.rates.map(\.model) == ["\u{FFFE}\u{2028}\u{2029} odd ", "m"])
        #expect(try RateDocument.parse(table.document).rates == table.card.rates)
        #expect(
            try RateDocument.parse(RateDocument.yaml(table.card.rates, comment: ["a\u{2028}b\nc"])).rates
                == table.card.rates)
    }

    @Test func aSurchargeIsReadLikeAPriceOrItsRateIsLeftOut() throws {
        func read(_ entry: String) throws -> (Rate?, LiteLLMReport) {
            let (rates, report) = try LiteLLMTable.read(
                """
                {"m": {"litellm_provider": "anthropic", "input_cost_per_token": 1e-6, "provider_specific_entry": \(entry)},
                 "n": {"litellm_provider": "anthropic", "input_cost_per_token": 1e-6}}
                """)
            return (rates.first { $0.model == "m" }, report)
        }
        #expect(
            try read(#"{"us": 1.1000000000000001, "fast": 2.0}"#).0?.surcharges.mapValues(\.text) == [
                "geo.us": "1.1", "speed.fast": "2",
            ])
        for wrong in [#"{"us": -1.1}"#, #"{"us": "1.1x"}"#, #"{"fast": null}"#] {
            let (rate, report) = try read(wrong)
            #expect(rate == nil && report.unreadable.count == 1, "\(wrong)")
        }
        #expect(try read(#"{"bedrock_invocation_schema": "titan_v2"}"#).0 != nil)
    }

    @Test func ourJSONIsToldFromLiteLLMsWhereverItsFormatStands() throws {
        let ours = #"{"rates": [{"model": "m", "provider": "p", "price": {"input": "1"}}], "format": "meterd/1"}"#
        #expect(try RateTable(ours).report == nil)
        #expect(throws: RateDocumentError.self) { try RateTable("format: meterd/1\nrates: []") }
    }

    @Test func anUnknownPriceIsKeptAndCounted() throws {
        let (rates, report) = try read(
            #""input_cost_per_token": 1e-6, "output_cost_per_hologram": 0.25, "mode": "chat", "x": null"#)
        #expect(rates.first?.unused == ["output_cost_per_hologram": "0.25"])
        #expect(report.unused == ["output_cost_per_hologram": 1])
        #expect(report.descriptive == ["mode": 1, "x": 1])
    }

    @Test func oneModelSaidTwiceIsCompletedOrDecidedAndNamed() throws {
        func read(_ bare: String, _ prefixed: String) throws -> (Rate, LiteLLMReport) {
            let (rates, report) = try LiteLLMTable.read(
                #"{"m": {"litellm_provider": "p", \#(bare)}, "p/m": {"litellm_provider": "p", \#(prefixed)}}"#)
            #expect(rates.count == 1)
            return (try #require(rates.first), report)
        }
        let (both, quiet) = try read(
            #""input_cost_per_token": 1e-6, "input_cost_per_token_flex": 5e-7"#,
            #""input_cost_per_token": 1e-6, "input_cost_per_token_batches": 4e-7"#)
        #expect(Set(both.schedules.keys) == [.standard, .flex, .batch])
        #expect(quiet.disagreements.isEmpty)
        #expect(quiet.repeated == 1)
        let (decided, loud) = try read(#""input_cost_per_token": 1e-6"#, #""input_cost_per_token": 2e-6"#)
        #expect(decided.priceList.map(\.1) == ["2.00"])
        #expect(loud.disagreements.map(\.model) == ["m"])
        #expect(decided.defaultNames == ["m"])
    }
}
