import Metering
import Testing

@testable import Ledger

/// What is kept of a price, byte by byte.
@Suite struct PriceCodecTests {
    private static func random() throws -> KeptPrice {
        var generator = SystemRandomNumberGenerator()
        var kept = KeptPrice(readerVersion: Int.random(in: 1...300))
        let models = [nil, "claude-opus-4-8", "gpt-5"]
        for model in models.shuffled() {
            for unit in UsageUnit.allCases where Bool.random() {
                let attos = Int128(generator.next(upperBound: UInt64(1) << UInt64.random(in: 1...63)))
                kept.lines.append(
                    LineItem(
                        unit: unit, quantity: Int64.random(in: 0...(1 << 40)),
                        rate: try #require(UnitPrice(attos: Bool.random() ? attos : attos * 100_000)), model: model,
                        source: unit == .reportedCost ? .ticks : nil))
            }
        }
        for unit in UsageUnit.allCases where Bool.random() {
            kept.unpriced.append(
                UnpricedUnit(unit: unit, quantity: Int64.random(in: 1...9), model: models.randomElement() ?? nil))
        }
        if Bool.random() {
            kept.reported = ReportedCost(Money(nanos: Int64.random(in: 1...(1 << 40))), source: .usageCost)
        }
        return kept
    }

    @Test func whatIsKeptIsReadBackExactly() throws {
        for _ in 0..<500 {
            let kept = try Self.random()
            #expect(PriceCodec.decode(PriceCodec.encode(kept)) == kept)
        }
    }

    @Test func linesFromBeforeMarksWereKeptAreReadAsTheyWere() throws {
        // input 3 × 0.000003, as versions up to 0.1 wrote it
        let kept = try #require(PriceCodec.decode([0, 3, 12, 3]))
        #expect(kept.lines.map(\.unit) == [.input] && kept.readerVersion == 1 && kept.cost == Money(nanos: 9_000))
    }

    @Test func bytesThatNobodyWroteAreRefused() {
        for bytes: [UInt8] in [
            [0], [99, 1, 0, 1], [0, 0x80], [0xF0], [0xF0, 5, 65], [0xF1, 200, 1], [0xF2, 1], [0xF3, 9], [0xF3, 2],
            [0xF4, 2, 0], [0xFF],
        ] {
            #expect(PriceCodec.decode(bytes) == nil, "\(bytes)")
        }
    }
}
