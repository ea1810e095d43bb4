import Ledger
import Metering
import TestSupport
import Testing

/// Usage records as a list, newest first.
@Suite struct UsageListTests {
    /// Thirty records, every tenth of them bo's.
    private func filled() throws -> LedgerFixture {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1000")
        for number in 1...30 {
            _ = try ledger.reply(
                try ledger.record(
                    "r\(number)", org: "acme", model: "m", input: 1, output: 1,
                    user: number.isMultiple(of: 10) ? "bo" : "ana"))
        }
        return ledger
    }

    private func pages(
        _ ledger: LedgerFixture, _ filter: LedgerReader.UsageFilter, limit: Int, walking most: Int
    ) async throws -> [[String]] {
        let reader = try LedgerReader(path: ledger.path)
        defer { try? reader.close() }
        var pages: [[String]] = []
        var cursor: Int64?
        repeat {
            let page = try await reader.usage(of: "acme", filter, before: cursor, limit: limit, walking: most)
            pages.append(page.items.map(\.id))
            cursor = page.nextCursor.flatMap { Int64($0) }
        } while cursor != nil && pages.count < 50
        return pages
    }

    @Test func aNarrowedPageEndsAfterSoManyRecordsAndGoesOn() async throws {
        let ledger = try filled()
        let bo = LedgerReader.UsageFilter(user: "bo")
        #expect(try await pages(ledger, bo, limit: 10, walking: 7) == [["r30"], ["r20"], ["r10"], [], []])
        #expect(try await pages(ledger, bo, limit: 10, walking: 11) == [["r30", "r20"], ["r10"], []])
        #expect(try await pages(ledger, bo, limit: 10, walking: 1000) == [["r30", "r20", "r10"]])
        #expect(try await pages(ledger, bo, limit: 1, walking: 1000) == [["r30"], ["r20"], ["r10"]])
    }

    @Test func nothingIsLeftOutOrShownTwiceWhereverThePageEnds() async throws {
        let ledger = try filled()
        let all = (1...30).reversed().map { "r\($0)" }
        for most in 1...31 {
            for limit in [1, 3, 30] {
                let shown = try await pages(ledger, .init(), limit: limit, walking: most).joined()
                #expect(Array(shown) == all, "walking \(most), \(limit) per page")
            }
        }
    }
}
