import GRDB
import Metering
import Testing

@testable import Ledger

/// Members of usage objects that nobody knows, and charges that an older reader made.
@Suite struct FindingsTests {
    @Test func aNewNameIsToldOfOnceAndCountedWithASample() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        for number in 1...3 {
            let usage = #"{"prompt_tokens":1,"holo":{"tokens":\#(number)},"label":"x","none":0}"#
            _ = try ledger.reply(try ledger.record("r\(number)", provider: "p", usage: usage))
            try ledger.reopen()
        }
        let unread = try await ledger.reading { try await $0.unreadMembers(provider: nil, limit: 10) }
        #expect(unread.map(\.member) == ["holo.tokens"] && unread.map(\.provider) == ["p"])
        #expect(unread.first?.records == 3 && unread.first?.total == 6 && unread.first?.id == "r3")
        let events = try await ledger.reading { try await $0.events(after: 0, limit: 10).items }
        #expect(events.map(\.kind) == ["unread_member"] && events.first?.data["member"] == "holo.tokens")
        #expect(try ledger.verify().problems == [])
    }

    @Test func namesAreBoundedPerProviderAndPrintable() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        var records: [Mutation] = []
        for number in 0..<(Findings.namesPerProviderMax + 5) {
            let usage = "{\"prompt_tokens\":1,\"n\(number)\\u001b[31m\":1}"
            records.append(
                .usage(try ledger.record("r\(number)", provider: "p", usage: usage), received: ledger.clock.now))
        }
        _ = try ledger.store.commit(lots: [records])
        let unread = try await ledger.reading { try await $0.unreadMembers(provider: "p", limit: 2_000) }
        #expect(unread.count == Findings.namesPerProviderMax + 1)
        #expect(unread.first?.member == "(other)" && unread.first?.records == 5)
        #expect(unread.allSatisfy { $0.member.unicodeScalars.allSatisfy { $0.value > 31 } })
        #expect(try ledger.verify().problems == [])
    }

    @Test func whatAFullDiskTookBackIsNotKnown() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let record = try ledger.record("a", usage: #"{"prompt_tokens":1,"holo":4}"#)
        let pages = try DatabaseQueue(path: ledger.path).read { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
        try ledger.reopen(pagesMax: pages)
        let big = try ledger.record(
            "b", usage: "{\"prompt_tokens\":1,\"x\":\"\(String(repeating: "y", count: 60_000))\"}")
        #expect(
            try ledger.refusal(
                try ledger.store.commit([
                    .usage(record, received: ledger.clock.now), .usage(big, received: ledger.clock.now),
                ])[0]
            ).code == .storageUnavailable)
        try ledger.reopen(pagesMax: nil)
        _ = try ledger.reply(record)
        #expect(ledger.store.findings.isEmpty)
        #expect(try ledger.verify().problems == [])
    }

    @Test func whatAnOlderReaderReadIsReadAgainByTheCardThatChargedIt() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        // An older version read no output.
        ledger.store.preparer.readerVersion = 1
        for id in ["a", "b"] {
            let whole = try ledger.record(id, input: 2, output: 1)
            let read = try ledger.record(id, input: 2)
            let old = UsageRecord(id: id, org: "acme", model: "m", usage: whole.usage, reading: read.reading)
            #expect(try ledger.reply(old).cost.description == "0.002000000")
        }
        _ = try ledger.one(.eraseDetail(org: "acme", from: nil, through: 1, limit: 10))
        ledger.store.preparer.readerVersion = UsageReading.version
        _ = try ledger.reply(try ledger.record("c", input: 2, output: 1))
        // Another price came since; what is read again has the price that it was charged.
        try ledger.recordRates(
            LedgerFixture.rates.replacingOccurrences(of: "2026-01-01", with: "2026-01-02")
                .replacingOccurrences(of: "1000", with: "7000"))
        let page = try await ledger.reading { reader in
            try await reader.repricing(
                with: ledger.store.book, since: Timestamp(milliseconds: 0), org: nil, isReread: true, after: 0,
                limit: 10)
        }
        #expect(page.differences.map(\.id) == ["b"] && page.examined == 3 && page.erased == 1)
        #expect(page.differences.first?.newCost == "0.004000000")
        let step = Repricing(
            records: page.differences.map(\.sequence), isReread: true, examined: 3, erased: 1, reason: nil,
            actor: "me")
        for (key, changed) in [("one", 1), ("two", 0)] {
            guard case .repriced(let view, _) = try ledger.one(.reprice(step, ledger.key(key))) else {
                throw LedgerFixture.Missing()
            }
            #expect(view.changed == changed && view.erased == 1)
        }
        #expect(try await ledger.reading { try await $0.usage(sequence: 2)?.cost } == "0.004000000")
        #expect(try ledger.verify().problems == [])
    }
}
