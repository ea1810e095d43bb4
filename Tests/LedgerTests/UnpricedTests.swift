import Metering
import Testing

@testable import Ledger

/// `authorize` is refused for an org with too many usage records that have no price.
@Suite struct UnpricedTests {
    private func use(_ ledger: LedgerFixture, _ ids: Range<Int>, model: String = "unheard-of") throws {
        for id in ids { _ = try ledger.reply(try ledger.record("u\(id)", model: model)) }
    }

    private func code(_ ledger: LedgerFixture, _ id: String) throws -> Refusal.Code? {
        let outcome = try ledger.authorize(id, "0.001")
        if case .refused(let refusal) = outcome { return refusal.code }
        _ = try ledger.release(id)
        return nil
    }

    @Test func beyondTheLimitNothingIsReservedUntilARateComesOrRecordsAreVoided() async throws {
        let ledger = try LedgerFixture { $0.unpricedRecordsMax = 3 }
        try ledger.createOrg("acme", credits: "1")
        try use(ledger, 0..<3)
        #expect(try code(ledger, "three") == nil)
        try use(ledger, 3..<4)
        // What is sent again counts once.
        _ = try ledger.reply(try ledger.record("u3", model: "unheard-of"))
        #expect(try code(ledger, "four") == .tooManyUnpriced)
        try ledger.reopen()
        #expect(try code(ledger, "four") == .tooManyUnpriced)
        let void = NewCorrection(org: "acme", id: "u0", reason: "a test", actor: "me", usage: nil)
        for name in ["once", "twice"] { _ = try ledger.one(.correct(void, ledger.key(name))) }
        #expect(try code(ledger, "voided") == nil)
        try use(ledger, 4..<6)
        #expect(try code(ledger, "five") == .tooManyUnpriced)
        try ledger.recordRates(
            """
            format: meterd/1
            effective: 2026-01-01T00:00:00Z
            rates:
              - {model: unheard-of, provider: p, price: {input: 1}}

            """)
        while ledger.store.timeToOwnWork == .zero { _ = try ledger.store.commit([]) }
        #expect(try code(ledger, "priced") == nil)
        #expect(try await ledger.reading { try await $0.policy(of: "acme") }?.unpricedRecords == 0)
        #expect(try ledger.verify().problems == [])
    }

    @Test func anOrgsPolicyBeatsTheDaemonsDefault() throws {
        let ledger = try LedgerFixture { $0.unpricedRecordsMax = 3 }
        try ledger.createOrg("acme", credits: "1")
        try use(ledger, 0..<5)
        #expect(try code(ledger, "a") == .tooManyUnpriced)
        try ledger.policy { $0.unpricedRecordsMax = .set(0) }
        #expect(try code(ledger, "b") == nil)
        try ledger.policy { $0.unpricedRecordsMax = .set(4) }
        #expect(try code(ledger, "c") == .tooManyUnpriced)
        try ledger.policy { $0.unpricedRecordsMax = .set(5) }
        #expect(try code(ledger, "d") == nil)
    }

    @Test func whatWasErasedWaitsForNoRate() throws {
        let ledger = try LedgerFixture { $0.unpricedRecordsMax = 1 }
        try ledger.createOrg("acme", credits: "1")
        try use(ledger, 0..<3)
        #expect(try code(ledger, "a") == .tooManyUnpriced)
        for _ in 0..<2 { _ = try ledger.one(.eraseDetail(org: "acme", from: nil, through: 2, limit: 10)) }
        #expect(try code(ledger, "b") == nil)
        let void = NewCorrection(org: "acme", id: "u0", reason: "a test", actor: "me", usage: nil)
        _ = try ledger.one(.correct(void, ledger.key("erased")))
        try use(ledger, 3..<4)
        #expect(try code(ledger, "c") == .tooManyUnpriced)
        try ledger.reopen()
        #expect(try code(ledger, "c") == .tooManyUnpriced)
    }

    @Test func aFullDiskUndoesTheCount() async throws {
        let ledger = try LedgerFixture { $0.unpricedRecordsMax = 1 }
        try ledger.createOrg("acme", credits: "1")
        try use(ledger, 0..<1)
        try ledger.reopen(pagesMax: 1)
        let record = try ledger.record("big", model: "unheard-of", usage: AuthorizeTests.large)
        #expect(try ledger.refusal(try ledger.charge(record)).code == .storageUnavailable)
        try ledger.store.connection.execute("PRAGMA max_page_count = 1073741823")
        _ = try ledger.store.commit(lots: [])
        #expect(try code(ledger, "a") == nil)
    }
}
