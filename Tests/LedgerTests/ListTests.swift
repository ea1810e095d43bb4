import Ledger
import Metering
import Testing

@Suite struct ListTests {
    @Test func anOrgsRowsAreListedNewestFirstAndPageByPageAmongMany() async throws {
        let ledger = try LedgerFixture()
        for org in ["a", "b", "c"] { try ledger.createOrg(org, credits: "1") }
        for number in 0..<90 {
            let org = ["a", "b", "c"][number % 3]
            _ = try ledger.reply(
                try ledger.record(
                    "\(number)", org: org, model: number % 2 == 0 ? "m" : "unheard-of", user: "u\(number % 5)"))
        }
        // The chain goes on over a restart.
        try ledger.reopen()
        _ = try ledger.reply(try ledger.record("90", org: "a"))
        let reader = try LedgerReader(path: ledger.path)

        let all = try await reader.usage(of: "a", .init(), before: nil, limit: 1000)
        #expect(all.items.map(\.id) == stride(from: 90, through: 0, by: -3).map { "\($0)" })
        #expect(all.nextCursor == nil)
        var paged: [String] = []
        var cursor: Int64?
        repeat {
            let page = try await reader.usage(of: "a", .init(), before: cursor, limit: 7)
            paged += page.items.map(\.id)
            cursor = page.nextCursor.flatMap { Int64($0) }
        } while cursor != nil
        #expect(paged == all.items.map(\.id))

        let filtered = try await reader.usage(of: "b", .init(user: "u1", model: "m"), before: nil, limit: 10)
        #expect(filtered.items.map(\.id) == ["76", "46", "16"])
        #expect(try await reader.usage(of: "nobody", .init(), before: nil, limit: 10).items.isEmpty)
        // A cursor of another org's row gives nothing of either.
        #expect(try await reader.usage(of: "a", .init(), before: 2, limit: 10).items.isEmpty)

        let transfers = try await reader.transfers(of: "a", before: nil, limit: 1000).items
        #expect(transfers.map(\.code) == Array(repeating: "charge", count: 16) + ["grant"])
        #expect(transfers.allSatisfy { $0.debit == "org_credits:a" || $0.credit == "org_credits:a" })
        let first = try await reader.transfers(of: "a", before: nil, limit: 5)
        let rest = try await reader.transfers(of: "a", before: Int64(try #require(first.nextCursor)), limit: 1000)
        #expect((first.items + rest.items).map(\.transfer) == transfers.map(\.transfer))
        #expect(try ledger.verify().problems == [])
    }

    @Test func timesNarrowAListByWhenRequestsEnded() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("a")
        let now = ledger.clock.now
        for minutes in 0..<10 {
            _ = try ledger.reply(
                try ledger.record("\(minutes)", org: "a", at: now.advanced(bySeconds: Int64(-60 * minutes))))
        }
        let reader = try LedgerReader(path: ledger.path)
        let page = try await reader.usage(
            of: "a", .init(since: now.advanced(bySeconds: -300), until: now.advanced(bySeconds: -60)), before: nil,
            limit: 10)
        #expect(page.items.map(\.id) == ["5", "4", "3", "2"])
    }
}
