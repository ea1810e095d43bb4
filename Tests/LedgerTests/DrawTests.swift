import Foundation
import Ledger
import Metering
import Testing

// Which credits are spent first, and what becomes of those that aren't.
@Suite struct DrawTests {
    @Test func debitsDrawByPriorityThenExpiryThenPromotionsThenAge() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.grant("acme", "0.01", key: "1 paid, old")
        _ = try ledger.credit("0.01", source: .promotion, key: "2 promotion, never expires")
        _ = try ledger.credit("0.01", expiresIn: 7200, key: "3 expires later")
        _ = try ledger.credit("0.01", source: .promotion, expiresIn: 3600, key: "4 promotion, expires sooner")
        _ = try ledger.credit("0.01", expiresIn: 3600, key: "5 paid, expires as soon")
        _ = try ledger.credit("0.01", priority: 10, key: "6 first by priority")
        _ = try ledger.grant("acme", "0.01", key: "7 paid, new")
        let order: [Int64] = [6, 4, 5, 3, 2, 1, 7]
        for grant in order {
            // Each record spends one grant whole, the next one's first half with it, and its second half alone.
            _ = try ledger.reply(try ledger.record("whole \(grant)", input: 10))
            let transfers = try await ledger.reading { try await $0.transfers(of: "acme", before: nil, limit: 1).items }
            #expect(transfers.first?.grants.map(\.grant) == [grant])
            try ledger.reopen()
        }
        #expect(try ledger.balance() == .zero)
        #expect(try ledger.verify().problems == [])
    }

    @Test func aDebitMaySpanGrantsAndSaysWhich() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.grant("acme", "0.01", key: "1")
        _ = try ledger.grant("acme", "0.02", key: "2")
        _ = try ledger.reply(try ledger.record("a", input: 42))
        let transfer = try await ledger.reading { reader in
            try await reader.transfers(of: "acme", before: nil, limit: 1).items.first
        }
        #expect(transfer?.grants.map(\.grant) == [1, 2])
        #expect(transfer?.grants.map(\.amount) == ["0.010000000", "0.020000000"])
        // What no grant paid is owed; the next grant pays it first.
        #expect(try ledger.balance().description == "-0.012000000")
        #expect(try ledger.credit("0.1", key: "3").remaining == "0.088000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func unspentCreditsExpireAtTheirTimeWhateverIsAskedFirst() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.credit("0.5", expiresIn: 60, key: "soon")
        _ = try ledger.grant("acme", "0.25", key: "never")
        _ = try ledger.reply(try ledger.record("before", input: 100))
        _ = try ledger.held("h", "0.6")
        ledger.clock.advance(seconds: 60)
        // No sweep has run: the record itself finds the credits gone.
        let reply = try ledger.reply(try ledger.record("after", input: 10))
        #expect(reply.balance.description == "0.240000000")
        // Holds don't keep what expires; nothing more is reserved then.
        #expect(reply.available.description == "-0.360000000")
        #expect(try ledger.refused("h2", "0.001") == .insufficientCredits)
        let transfers = try await ledger.reading { try await $0.transfers(of: "acme", before: nil, limit: 9).items }
        let expiry = transfers.first { $0.code == "credits_expired" }
        #expect(expiry?.amount == "0.400000000" && expiry?.credit == "breakage")
        #expect(expiry?.at == ledger.clock.now.description)
        #expect(try await ledger.grantsLeft() == ["1: 0.000000000 expired", "2: 0.240000000 open"])
        #expect(try ledger.verify().problems == [])
    }

    @Test func voidTakesBackWhatIsUnspentOnce() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.grant("acme", "1", key: "bad cheque")
        _ = try ledger.reply(try ledger.record("a", input: 100))
        for (round, key) in ["void", "void", "another key"].enumerated() {
            guard
                case .grant(let view, let isReplay) = try ledger.one(
                    .voidGrant(org: "acme", grant: 1, reason: "no money", ledger.key(key)))
            else {
                Issue.record("no answer")
                return
            }
            #expect(view.voided == (round < 2 ? "0.900000000" : "0.000000000"))
            #expect(isReplay == (round == 1) && view.state == "voided")
        }
        #expect(try ledger.balance() == .zero)
        #expect(
            try ledger.refusal(try ledger.one(.voidGrant(org: "acme", grant: 9, reason: nil, ledger.key("no"))))
                .code == .notFound)
        #expect(try ledger.verify().problems == [])
    }

    @Test func aGrantThatHasExpiredAlreadyIsRefused() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        let late = NewGrant(
            org: "acme", amount: Money(nanos: 1), expires: ledger.clock.now, reason: nil)
        #expect(try ledger.refusal(try ledger.one(.grant(late, ledger.key("late")))).code == .malformed)
    }

    @Test func theNumberOfGrantsWithSomethingLeftIsLimited() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        let outcomes = try ledger.store.commit(
            (0...LedgerLimits.grantsPerOrgMax).map {
                .grant(NewGrant(org: "acme", amount: Money(nanos: 1), reason: nil), ledger.key("g\($0)"))
            })
        #expect(outcomes.count { if case .grant = $0 { true } else { false } } == LedgerLimits.grantsPerOrgMax)
        #expect(try ledger.refusal(outcomes[outcomes.count - 1]).code == .limitExceeded)
    }

    @Test func theDaemonsOwnAccountsOutgrowSixtyFourBits() throws {
        let ledger = try LedgerFixture()
        for number in 0..<3 {
            try ledger.createOrg("org-\(number)", credits: "9000000000")
        }
        try ledger.reopen()
        #expect(try ledger.balance("org-2").description == "9000000000.000000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aRecordMayCostAMillionAtMost() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        #expect(try ledger.reply(try ledger.record("a", input: 1_000_000_000)).status == .overdrawn)
        #expect(
            try ledger.refusal(try ledger.charge(try ledger.record("b", input: 1_000_000_001))).code == .malformed)
    }
}
