import Foundation
import Ledger
import Metering
import Testing

@Suite struct ChargeTests {
    @Test func aRecordIsPricedAndDebited() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let reply = try ledger.reply(try ledger.record("a", input: 3, output: 1))
        #expect(reply.status == .charged)
        #expect(reply.cost.description == "0.005000000")
        #expect(reply.balance.description == "0.995000000")
        #expect(try ledger.balance().description == "0.995000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aResendGetsTheFirstReplyWhateverHappenedSince() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let first = try ledger.reply(try ledger.record("a", input: 3))
        _ = try ledger.reply(try ledger.record("b", input: 100))
        // A new card, and a time at which the record would be refused as too old.
        try ledger.recordRates(LedgerFixture.rates.replacingOccurrences(of: "1000", with: "5"))
        ledger.clock.advance(seconds: 45 * 86_400 + 1)
        for _ in 0..<2 {
            let again = try ledger.reply(try ledger.record("a", input: 3))
            #expect(again.isDuplicate)
            #expect(again.cost == first.cost)
            #expect(again.balance == first.balance)
            try ledger.reopen()
        }
        #expect(try ledger.balance().description == "0.897000000")
    }

    @Test func aRecordTwiceInOneBatchIsOneRecord() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let record = try ledger.record("a", input: 3)
        let outcomes = try ledger.store.commit([
            .usage(record, received: ledger.clock.now), .usage(record, received: ledger.clock.now),
        ])
        let duplicates = outcomes.map { outcome -> Bool? in
            guard case .usage(let reply) = outcome else { return nil }
            return reply.isDuplicate
        }
        #expect(duplicates == [false, true])
        #expect(try ledger.balance().description == "0.997000000")
    }

    @Test func otherContentUnderAnIdIsAConflictThatNamesTheMember() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let at = ledger.clock.now
        _ = try ledger.reply(
            try ledger.record("a", input: 3, user: "ana", provider: "p", at: at, hold: "h", tags: #"{"a":"1","b":"2"}"#)
        )
        func conflict(
            model: String = "m", user: String? = "ana", provider: String? = "p", at: Timestamp?,
            tier: ServiceTier = .standard,
            hold: String? = "h", usage: String? = nil, tags: String? = #"{"b":"2","a":"1"}"#
        ) throws -> String? {
            let outcome = try ledger.charge(
                try ledger.record(
                    "a", model: model, input: 3, user: user, provider: provider, at: at, tier: tier, hold: hold,
                    usage: usage, tags: tags))
            guard case .refused(let refusal) = outcome else { return nil }
            #expect(refusal.code == .idConflict)
            return refusal.message.components(separatedBy: ": ").last
        }
        #expect(try conflict(at: at) == nil)
        #expect(try conflict(at: at, usage: #"{ "completion_tokens": 0.0, "prompt_tokens": 3 }"#) == nil)
        #expect(try conflict(model: "n", at: at) == "model differs")
        #expect(try conflict(user: nil, at: at) == "user differs")
        #expect(try conflict(provider: nil, at: at) == "provider differs")
        #expect(try conflict(at: nil) == "at differs")
        #expect(try conflict(at: at, tier: .batch) == "tier differs")
        #expect(try conflict(at: at, hold: nil) == "hold differs")
        #expect(try conflict(at: at, usage: #"{"prompt_tokens":4}"#) == "usage differs")
        #expect(try conflict(at: at, tags: nil) == "tags differs")
        #expect(try ledger.balance().description == "0.997000000")
    }

    @Test func idsAreUniqueWithinAnOrgOnly() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        try ledger.createOrg("other", credits: "1")
        #expect(try !ledger.reply(try ledger.record("a", org: "acme")).isDuplicate)
        #expect(try !ledger.reply(try ledger.record("a", org: "other")).isDuplicate)
    }

    @Test func aModelWithoutARateIsUnpricedAndNeverFree() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let reply = try ledger.reply(try ledger.record("a", model: "unheard-of"))
        #expect(reply.status == .unpriced)
        #expect(reply.cost == .zero)
        #expect(reply.balance.description == "1.000000000")
        #expect(try ledger.reply(try ledger.record("b", provider: "someone-else")).status == .unpriced)
        #expect(
            try ledger.reply(
                try ledger.record("c", usage: #"{"input_tokens":0,"server_tool_use":{"web_search_requests":1}}"#)
            ).status == .unpriced)
        #expect(try ledger.verify().problems == [])
    }

    @Test func spentMoneyIsChargedBelowZeroAndSaidSo() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "0.001")
        #expect(try ledger.reply(try ledger.record("a", input: 1)).status == .charged)
        let second = try ledger.reply(try ledger.record("b", input: 1))
        #expect(second.status == .overdrawn)
        #expect(second.balance.description == "-0.001000000")
        #expect(try ledger.reply(try ledger.record("a", input: 1)).status == .charged)
    }

    @Test func theTimeWindowIsFifteenMinutesAheadAndFortyFiveDaysBack() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let now = ledger.clock.now
        func code(_ id: String, seconds: Int64) throws -> Refusal.Code? {
            guard
                case .refused(let refusal) = try ledger.charge(
                    try ledger.record(id, at: now.advanced(bySeconds: seconds)))
            else { return nil }
            return refusal.code
        }
        #expect(try code("a", seconds: 15 * 60) == nil)
        #expect(try code("b", seconds: 15 * 60 + 1) == .timeOutOfRange)
        #expect(try code("c", seconds: -45 * 86_400) == nil)
        #expect(try code("d", seconds: -45 * 86_400 - 1) == .timeOutOfRange)
        // What was refused may be sent again under its id.
        #expect(try code("b", seconds: 0) == nil)
    }

    @Test func aRecordsTimePicksItsCard() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let change = ledger.clock.now.advanced(bySeconds: -3600)
        try ledger.recordRates(
            LedgerFixture.rates.replacingOccurrences(of: "2026-01-01T00:00:00Z", with: change.description)
                .replacingOccurrences(of: "1000", with: "7000"))
        #expect(
            try ledger.reply(try ledger.record("old", at: change.advanced(bySeconds: -1))).cost.description
                == "0.001000000")
        #expect(try ledger.reply(try ledger.record("new", at: change)).cost.description == "0.007000000")
    }

    @Test func anOrgThatIsNotThereIsRefused() throws {
        let ledger = try LedgerFixture()
        #expect(try ledger.refusal(try ledger.charge(try ledger.record("a", org: "nobody"))).code == .unknownOrg)
        #expect(try ledger.refusal(try ledger.one(.balance(org: "nobody"))).code == .unknownOrg)
    }

    @Test func aClosedOrgIsStillCharged() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.one(.closeOrg("acme", IdempotencyKey(route: "closeOrg", key: "k", body: "acme")))
        #expect(try ledger.reply(try ledger.record("a")).status == .charged)
        #expect(try ledger.refusal(try ledger.grant("acme", "1", key: "later")).code == .orgClosed)
        try ledger.reopen()
        #expect(try ledger.refusal(try ledger.grant("acme", "1", key: "later")).code == .orgClosed)
    }

    @Test func anAccountThatWouldOverflowRefusesAndNothingMoves() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "9223372036.854775807")
        #expect(try ledger.refusal(try ledger.grant("acme", "0.000000001", key: "more")).code == .malformed)
        #expect(try ledger.balance().description == "9223372036.854775807")
        #expect(try ledger.verify().problems == [])
    }
}
