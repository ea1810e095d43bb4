import Ledger
import Metering
import Testing

@Suite struct GrantTests {
    @Test func theSameKeyIsOneGrantAndOtherContentAConflict() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        for round in 0..<3 {
            guard case .grant(let view, let isReplay) = try ledger.grant("acme", "50", key: "order-1") else {
                Issue.record("no grant")
                return
            }
            #expect(isReplay == (round > 0))
            #expect(view.balanceAfter == "50.000000000")
            try ledger.reopen()
        }
        #expect(try ledger.refusal(try ledger.grant("acme", "51", key: "order-1")).code == .idConflict)
        #expect(try ledger.balance().description == "50.000000000")
    }

    @Test func keysAreOfARouteAndAnOrg() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        try ledger.createOrg("other")
        _ = try ledger.grant("acme", "1", key: "k")
        _ = try ledger.grant("other", "2", key: "k")
        #expect(try ledger.balance("other").description == "2.000000000")
        guard case .org = try ledger.one(.closeOrg("acme", IdempotencyKey(route: "closeOrg", key: "k", body: "acme")))
        else {
            Issue.record("the key of another route was in the way")
            return
        }
    }

    @Test func aGrantsKeyIsKeptForAsLongAsTheGrant() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.grant("acme", "1", key: "k")
        // The answers to keys go after 46 days.
        ledger.clock.advance(seconds: 46 * 86_400 + 1)
        _ = try ledger.grant("acme", "1", key: "other")
        guard case .grant(let view, let isReplay) = try ledger.grant("acme", "1", key: "k") else {
            Issue.record("no grant")
            return
        }
        #expect(isReplay && view.grant == 1)
        #expect(try ledger.refusal(try ledger.grant("acme", "2", key: "k")).code == .idConflict)
        #expect(try ledger.balance().description == "2.000000000")
    }

    @Test func anOrgIsFoundedOnce() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "3")
        try ledger.createOrg("acme", credits: "3")
        #expect(try ledger.balance().description == "3.000000000")
        let other = NewOrg(name: "acme", displayName: "Another", country: nil, region: nil)
        let outcome = try ledger.one(
            .createOrg(other, IdempotencyKey(route: "createOrg", key: "another key", body: "another body")))
        #expect(try ledger.refusal(outcome).code == .idConflict)
    }

    @Test func theSameRateDocumentIsOneCard() throws {
        let ledger = try LedgerFixture()
        try ledger.recordRates(LedgerFixture.rates)
        #expect(ledger.store.book.entries.count == 1)
        try ledger.recordRates(LedgerFixture.rates + "# changed\n")
        #expect(ledger.store.book.entries.count == 2)
        try ledger.reopen()
        #expect(ledger.store.book.entries.count == 2)
    }
}
