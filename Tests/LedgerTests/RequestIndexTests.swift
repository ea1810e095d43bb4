import Metering
import Testing

@testable import Ledger

@Suite struct RequestIndexTests {
    @Test(arguments: [4, 64, 5000])
    func everyIdIsFoundInTailAndSegmentsAndAfterReopening(sealAt: Int) throws {
        let ledger = try LedgerFixture { $0.sealIdsAt = sealAt }
        try ledger.createOrg("acme", credits: "100")
        for batch in 0..<20 {
            let records = try (0..<60).map { try ledger.record("id-\(batch)-\($0)") }
            _ = try ledger.store.commit(records.map { .usage($0, received: ledger.clock.now) })
        }
        for _ in 0..<2 {
            let before = try ledger.balance()
            for batch in 0..<20 {
                let records = try (0..<60).map { try ledger.record("id-\(batch)-\($0)") }
                for outcome in try ledger.store.commit(records.map { .usage($0, received: ledger.clock.now) }) {
                    guard case .usage(let reply) = outcome, reply.isDuplicate else {
                        Issue.record("a record was taken twice")
                        return
                    }
                }
            }
            #expect(try ledger.balance() == before)
            #expect(try ledger.refusal(try ledger.one(.find(org: "acme", id: "id-20-1"))).code == .notFound)
            guard case .found(let sequence) = try ledger.one(.find(org: "acme", id: "id-3-7")) else {
                Issue.record("an id was not found")
                return
            }
            #expect(sequence == 3 * 60 + 8)
            try ledger.reopen()
        }
        #expect(try ledger.verify().records == 1200)
    }

    /// A segment is written over many commits: at each of them every id is known, also after a crash or a full disk in between.
    @Test(arguments: [false, true]) func everyIdIsKnownWhileASegmentIsWritten(isCrashing: Bool) throws {
        let ledger = try LedgerFixture { $0.sealIdsAt = 1000 }
        try ledger.createOrg("acme", credits: "100")
        var taken = 0
        func commit(_ count: Int) throws {
            let records = try (taken..<taken + count).map { try ledger.record("id-\($0)") }
            let outcomes = try ledger.store.commit(records.map { .usage($0, received: ledger.clock.now) })
            guard !outcomes.contains(where: \.isStorageUnavailable) else { return }
            taken += count
        }
        while taken < 990 { try commit(66) }
        var wasFull = 0
        for step in 0..<150 {
            if isCrashing, step % 20 == 7 { try ledger.reopen() }
            if isCrashing, step % 30 == 11 {
                try ledger.reopen(pagesMax: 20)
                let before = taken
                try commit(15)
                if taken == before { wasFull += 1 }
                try ledger.reopen(pagesMax: nil)
            }
            try commit(15)
            for number in [0, 300 + step, taken - 1, taken] {
                let outcome = try ledger.one(.find(org: "acme", id: "id-\(number)"))
                if number < taken {
                    guard case .found(let sequence) = outcome, sequence == number + 1 else {
                        Issue.record("id-\(number) of \(taken) is not found in step \(step)")
                        return
                    }
                } else {
                    #expect(try ledger.refusal(outcome).code == .notFound)
                }
            }
        }
        #expect((wasFull > 0) == isCrashing)
        let report = try ledger.verify()
        #expect(report.problems == [] && report.records == Int64(taken))
    }

    @Test func aFilterKnowsWhatWasPutInAndFewStrangers() throws {
        let hasher = SipHash(key: Array(0..<16))
        var filter = SplitBlockFilter(capacity: 20_000)
        for number in 0..<20_000 { filter.insert(hasher.hash(1, "member-\(number)")) }
        let copy = try #require(SplitBlockFilter(bytes: filter.bytes))
        for number in 0..<20_000 { #expect(copy.mayContain(hasher.hash(1, "member-\(number)"))) }
        let strangers = (0..<100_000).count { copy.mayContain(hasher.hash(1, "stranger-\($0)")) }
        // About one in a thousand is what the layout gives; five would mean that it isn't filled evenly.
        #expect(strangers < 500)
    }

    @Test func sipHashGivesThePublishedValues() {
        // SipHash-1-3 of "" to 15 bytes under the key 00…0f, from the reference implementation's vectors, with the
        // first eight bytes given as the number.
        let hasher = SipHash(key: Array(0..<16))
        let first = Int64(bitPattern: 0x0706_0504_0302_0100)
        #expect(hasher.hash(first, "") == 0x369095118d299a8e)
        #expect(hasher.hash(first, "\u{8}") == 0x25a48eb36c063de4)
    }

    @Test func aTailForgetsInReverseWhatABatchPutIn() throws {
        var tail = IdTail(capacity: 4)
        // All under one hash, so that they lie in one run of the table.
        for sequence in 1...40 { tail.insert(7, Int64(sequence)) }
        tail.truncate(to: 10)
        var seen: [Int64] = []
        _ = try tail.first(7) { sequence throws(SQLiteError) in
            seen.append(sequence)
            return false
        }
        #expect(seen.sorted() == Array(1...10))
    }
}
