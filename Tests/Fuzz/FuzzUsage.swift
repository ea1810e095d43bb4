import Foundation
import Metering

private let providers = [nil, "openai", "anthropic", "gemini", "bedrock", "deepseek", "vertex_ai", "azure", "nobody"]

private let card: RateCard = {
    let document = """
        format: meterd/1
        effective: 2020-01-01T00:00:00Z
        rates:
          - model: m
            provider: p
            price: {input: 1.1, output: 2.3, cache_read: 0.11, cache_write_5m: 1.3, cache_write_1h: 2.1, web_search: 10}
            context: [{over: 200000, price: {input: 2.2, output: 3.45}}]
            tiers: {batch: {price: {input: 0.55, output: 1.15}}}
            surcharges: {speed.fast: 2.5, geo.us: 1.1}
        """
    do {
        return try RateDocument.parse(document)
    } catch {
        fatalError("the fuzzer's own rates can't be read: \(error)")
    }
}()

/// A usage object is read into buckets that don't overlap, or refused; a price is the sum of its lines, and never less than nothing.
func fuzzUsage(_ bytes: UnsafeBufferPointer<UInt8>) -> CInt {
    guard let first = bytes.first else { return 0 }
    let json = UnsafeBufferPointer(rebasing: bytes.dropFirst())
    guard let reading = try? UsageReading(json: json, provider: providers[Int(first) % providers.count], model: "m")
    else {
        return 0
    }
    guard case .rate(let rate, _) = card.resolve("m", provider: "p") else { fatalError("the fuzzer's rate is gone") }
    for tier in ServiceTier.allCases {
        let moment = Timestamp(milliseconds: 1_795_514_304_000)
        guard
            case .priced(let price) = rate.price(
                reading.buckets, conditions: reading.conditions, tier: tier, at: moment)
        else { continue }
        hold(price.cost >= .zero, "a price below nothing: \(price.cost)")
        hold(
            Price(lines: price.lines, tier: .standard, tierFellBack: false)?.cost == price.cost,
            "its lines are another price")
    }
    return 0
}
