import Foundation
import Testing

@testable import Metering

/// How a record's model finds its rate.
@Suite struct ModelNameTests {
    private static func card(_ rates: String) throws -> RateCard {
        try RateDocument.parse("format: meterd/1\nrates:\n" + rates)
    }

    private static let names = Result {
        try card(
            [
                ("claude-sonnet-4-5", "anthropic"), ("anthropic.claude-sonnet-4-5-20250929", "bedrock"),
                ("us.anthropic.claude-opus-4-20250514-v1:0", "bedrock"), ("anthropic.claude-opus-4", "bedrock"),
                ("gemini-2.5-pro", "gemini"), ("gemini-2.0-flash", "gemini"), ("gpt-4o", "openai"),
                ("gpt-4o-2024-05-13", "openai"), ("ft:gpt-4o-2024-08-06", "openai"), ("ft:gpt-4.1", "openai"),
                ("claude-sonnet-4-5", "vertex_ai"), ("meta-llama/Llama-3.1-70B", "together_ai"),
                ("anthropic/claude-sonnet-4.5", "openrouter"), ("gpt-4", "openai"),
                ("openai/gpt-4", "novita"), ("anthropic/claude-2", "novita"), ("anthropic.claude-3-haiku", "bedrock"),
                ("us.anthropic.claude-opus-4-1", "bedrock"), ("anthropic.claude-opus-4-1", "bedrock"),
            ].enumerated().map { "  - {model: \"\($1.0)\", provider: \($1.1), price: {input: \($0 + 1)}}" }
                .joined(separator: "\n"))
    }

    @Test(
        arguments: [
            ("claude-sonnet-4-5-20250929", "anthropic", "anthropic claude-sonnet-4-5"),
            ("claude-sonnet-4-5@20250929", "vertex_ai", "vertex_ai claude-sonnet-4-5"),
            ("anthropic/claude-sonnet-4-5-20250929", nil, "anthropic claude-sonnet-4-5"),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", nil, "bedrock anthropic.claude-sonnet-4-5-20250929"),
            (
                "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", nil,
                "bedrock anthropic.claude-sonnet-4-5-20250929"
            ),
            (
                "bedrock/converse/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock",
                "bedrock anthropic.claude-sonnet-4-5-20250929"
            ),
            // Its own place's price before the price without a place, its own date before none.
            ("us.anthropic.claude-opus-4-20250514-v1:0", nil, "bedrock us.anthropic.claude-opus-4-20250514-v1:0"),
            ("us-gov.anthropic.claude-3-haiku-20240307-v1:0", nil, "bedrock anthropic.claude-3-haiku"),
            (
                "arn:aws:bedrock:us-east-1:1234:inference-profile/us.anthropic.claude-opus-4-20250514-v1:0", "bedrock",
                "bedrock us.anthropic.claude-opus-4-20250514-v1:0"
            ),
            ("models/gemini-2.5-pro", "gemini", "gemini gemini-2.5-pro"),
            ("models/gemini-2.0-flash-001", nil, "gemini gemini-2.0-flash"),
            ("gpt-4o-2024-05-13", nil, "openai gpt-4o-2024-05-13"), ("gpt-4o-2024-08-06", nil, "openai gpt-4o"),
            ("ft:gpt-4o-2024-08-06:acme:support:9xyz", nil, "openai ft:gpt-4o-2024-08-06"),
            ("ft:gpt-4.1-2025-04-14:acme::9xyz", nil, "openai ft:gpt-4.1"),
            ("together/meta-llama/Llama-3.1-70B", nil, "together_ai meta-llama/Llama-3.1-70B"),
            ("anthropic/claude-sonnet-4.5", "openrouter", "openrouter anthropic/claude-sonnet-4.5"),
            // Whose name is in front, though another sells a model of the whole name.
            ("openai/gpt-4", nil, "openai gpt-4"), ("openai/gpt-4", "novita", "novita openai/gpt-4"),
            ("anthropic/claude-2", nil, "novita anthropic/claude-2"),
        ] as [(String, String?, String)])
    func aNameFindsItsRate(model: String, provider: String?, found: String) throws {
        guard case .rate(let rate, _) = try Self.names.get().resolve(model, provider: provider) else {
            Issue.record("\(model) was not found")
            return
        }
        #expect("\(rate.provider) \(rate.model)" == found)
    }

    @Test(
        arguments: [
            // another family, another version, another seller, what a tuned model was made of
            ("claude-sonnet-4", nil), ("claude-sonnet-4-5-preview", nil), ("gpt-4.5-2025-02-27", nil),
            ("gpt-4o-mini", nil),
            ("gpt-4o-audio-preview", nil), ("gpt-5-2025-08-07", nil), ("gemini-2.5-pro-preview-05-06", nil),
            ("gemini-2.5", nil),
            ("ft:gpt-4o-mini:acme::1", nil), ("ft:gpt-4:acme::1", nil), ("claude-sonnet-4-5-20250929", "bedrock"),
            ("us.claude-sonnet-4-5", "anthropic"), ("openai/claude-sonnet-4-5", nil), ("openai/gpt-4o", "azure"),
            // A place that has no price, where another place has one of its own.
            ("eu.anthropic.claude-opus-4-1", nil), ("us-gov.anthropic.claude-opus-4-1-20250805-v1:0", "bedrock"),
            ("gpt-4o-20251399999", nil), ("-20250929", nil), ("", nil), ("models/", nil), ("/", nil), ("ft:", nil),
        ] as [(String, String?)])
    func aNameIsNeverTakenForAnother(model: String, provider: String?) throws {
        guard case .unknown = try Self.names.get().resolve(model, provider: provider) else {
            Issue.record("\(model) was taken for another")
            return
        }
    }

    @Test func severalSellersNeedAProviderADefaultOrOnePrice() throws {
        let two = """
              - {model: m, provider: a, price: {input: 1}}
              - {model: m, provider: b, price: {input: 2}}
            """
        guard case .severalSellers(["a", "b"]) = try Self.card(two).resolve("m", provider: nil) else {
            Issue.record("one of two was taken")
            return
        }
        #expect(try Self.card(two).rate(model: "m", provider: "b")?.provider == "b")
        #expect(
            try Self.card(two.replacingOccurrences(of: "provider: b", with: "provider: b, default_seller: true")).rate(
                model: "m", provider: nil)?.provider == "b")
        #expect(
            try Self.card(two.replacingOccurrences(of: "input: 2", with: "input: 1")).rate(model: "m", provider: nil)
                != nil)
        let named = two.replacingOccurrences(
            of: "provider: b", with: "provider: b, aliases: [n], default_seller: [n]")
        guard case .severalSellers = try Self.card(named).resolve("m", provider: nil) else {
            Issue.record("a default of one name counted for another")
            return
        }
    }

    @Test func everyNameOfTheShippedTableIsFoundByItself() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../config/rates.yaml").standardized
        let card = try RateDocument.parse(try String(contentsOf: path, encoding: .utf8))
        for rate in card.rates {
            for name in rate.names {
                #expect(card.rate(model: name, provider: rate.provider) == rate)
                #expect(card.rate(model: name, provider: nil) != nil, "\(name) is nobody's without a provider")
            }
        }
    }
}
