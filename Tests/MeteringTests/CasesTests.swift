import Foundation
import Testing

@testable import Metering

/// Usage objects of public reports with what their requests cost, by the shipped table or by LiteLLM's.
@Suite struct CasesTests {
    private struct Case: Decodable {
        struct Line: Decodable {
            let model: String
            let provider: String?
        }
        struct Expectation: Decodable {
            let status: String
            let cost: String?
        }

        let id, table: String
        let line: Line
        let expect: Expectation
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    private static let shipped = Result {
        let path = folder.appending(path: "../../config/rates.yaml").standardized
        return try RateTable(try String(contentsOf: path, encoding: .utf8)).card
    }

    private static func book(_ card: RateCard) -> RateBook {
        let entry = RateBook.Entry(
            id: 1, hash: card.hash, effective: Timestamp(milliseconds: 0), recorded: Timestamp(milliseconds: 0),
            source: "test")
        return RateBook.empty.adding(entry, card)
    }

    @Test func everyReportedCaseCostsWhatItsProviderCharges() throws {
        let text = try String(contentsOf: Self.folder.appending(path: "Corpus/cases.jsonl"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 26)
        let books = [
            "shipped": Self.book(try Self.shipped.get()), "litellm": Self.book(try LiteLLMTests.table.get().card),
        ]
        for line in lines {
            let entry = try JSONDecoder().decode(Case.self, from: Data(line.utf8))
            let book = try #require(books[entry.table])
            let provider = entry.line.provider.map(RateCard.canonicalProvider)
            let usage = try #require(try Self.usage(of: String(line)))
            let reading = try UsageReading(json: usage, provider: provider, model: entry.line.model)
            let priced = try book.price(
                model: entry.line.model, provider: provider, reading, tier: reading.servedTier ?? .standard,
                at: try #require(Timestamp(rfc3339: "2026-11-24T12:00:00Z")))
            guard case .priced(let price)? = priced?.pricing else {
                Issue.record("\(entry.id) has no price")
                continue
            }
            // c17 had no rate for its audio; the shipped table has one since, by the millisecond: 0.000062 + 90 s × 0.004 / 60.
            let cost = entry.id == "c17" ? "0.006062000" : entry.expect.cost
            #expect(price.cost.description == cost, "\(entry.id)")
            #expect(price.unpriced.isEmpty, "\(entry.id)")
        }
    }

    /// The usage object as it stands in a line.
    private static func usage(of line: String) throws -> String? {
        var copy = line
        return try copy.withUTF8 { bytes in
            var cursor = JSONCursor(bytes)
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                guard cursor.matches(key, "line") else {
                    try cursor.skipValue()
                    continue
                }
                try cursor.beginObject()
                while let key = try cursor.nextMember() {
                    let range = try cursor.skipValue()
                    if cursor.matches(key, "usage") { return String(decoding: bytes[range], as: UTF8.self) }
                }
            }
            return nil
        }
    }
}
