import Metering
import Testing

@testable import Ledger

/// Records of which a part has no price yet, and records of several models.
@Suite struct PartialPriceTests {
    private static let searched = #"{"input_tokens":3,"output_tokens":1,"server_tool_use":{"web_search_requests":2}}"#
    private static let advised =
        #"{"input_tokens":3,"output_tokens":1,"iterations":[{"type":"advisor_message","model":"wise","input_tokens":5,"output_tokens":2}]}"#

    @Test func whatHasARateIsChargedAtOnceAndTheRestWhenItsRateComes() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        let record = try ledger.record("a", provider: "p", usage: Self.searched)
        let reply = try ledger.reply(record)
        #expect(reply.status == .charged && reply.cost.description == "0.005000000")
        #expect(reply.unpricedUnits == ["web_search"])
        var again = try ledger.reply(record)
        #expect(again.isDuplicate && again.unpricedUnits == ["web_search"] && again.cost == reply.cost)

        // A card of today prices input otherwise too: what was charged keeps its price.
        ledger.clock.advance(seconds: 60)
        let card = LedgerFixture.rates.replacingOccurrences(of: "input: 1000", with: "input: 9000, web_search: 10")
            .replacingOccurrences(of: "2026-01-01T00:00:00Z", with: ledger.clock.now.description)
        try ledger.recordRates(card)
        _ = try ledger.store.commit([])
        #expect(try ledger.balance().description == "9.975000000")
        let view = try await ledger.reading { try await $0.usage(sequence: 1) }
        #expect(view?.unpricedUnits == nil && view?.cost == "0.025000000")
        #expect(view?.lines.map(\.amount) == ["0.003", "0.002", "0.02"])
        // The first reply stays the first reply.
        again = try ledger.reply(record)
        #expect(again.isDuplicate && again.unpricedUnits == ["web_search"] && again.cost == reply.cost)
        #expect(try ledger.verify().problems == [])
    }

    @Test func aPartThatStaysWithoutAPriceIsLookedAtAgainWithEachCardAndNeverChargedTwice() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        let usage =
            #"{"prompt_tokens":1,"num_search_queries":1,"server_side_tool_usage_details":{"x_search_calls":4}}"#
        #expect(try ledger.reply(try ledger.record("a", usage: usage)).unpricedUnits == ["web_search", "x_search"])
        for unit in ["web_search: 10", "x_search: 5"] {
            ledger.clock.advance(seconds: 60)
            let card = LedgerFixture.rates.replacingOccurrences(of: "output: 2000", with: "output: 2000, \(unit)")
                .replacingOccurrences(of: "2026-01-01T00:00:00Z", with: ledger.clock.now.description)
            try ledger.recordRates(card)
            try ledger.reopen()
            _ = try ledger.store.commit([])
            _ = try ledger.store.commit([])
        }
        let life = try await ledger.reading { try await $0.explanation(sequence: 1) }
        #expect(life?.corrections.map(\.kind) == ["late_charge", "late_charge"])
        #expect(life?.cost == "0.031000000")
        #expect(try ledger.balance().description == "9.969000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func anAdvisersTokensCostWhatItsOwnModelCosts() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        let unknown = try ledger.reply(try ledger.record("a", provider: "p", usage: Self.advised))
        #expect(unknown.cost.description == "0.005000000")
        #expect(unknown.unpricedUnits == ["wise:input", "wise:output"])
        try ledger.recordRates(
            LedgerFixture.rates + "\n  - {model: wise, provider: p, price: {input: 10000, output: 20000}}\n")
        let known = try ledger.reply(try ledger.record("b", provider: "p", usage: Self.advised))
        #expect(known.cost.description == "0.095000000" && known.unpricedUnits.isEmpty)
        let view = try await ledger.reading { try await $0.usage(sequence: 2) }
        #expect(view?.lines.map(\.model) == [nil, nil, "wise", "wise"])
        // The first is charged the rest by itself.
        _ = try ledger.store.commit([])
        #expect(try await ledger.reading { try await $0.usage(sequence: 1)?.cost } == "0.095000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aTierThatNobodyPublishesAPriceOfLeavesTheRecordUnpriced() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        for (id, tier, status) in [
            ("a", "scale", ChargeStatus.unpriced), ("b", "default", .charged), ("c", "auto", .charged),
            ("d", "express", .unpriced),
        ] {
            let usage = #"{"prompt_tokens":1,"service_tier":"\#(tier)"}"#
            #expect(try ledger.reply(try ledger.record(id, usage: usage)).status == status, "\(tier)")
        }
    }

    @Test func erasedDetailIsNotLookedAtAgain() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        _ = try ledger.reply(try ledger.record("a", provider: "p", usage: Self.searched))
        _ = try ledger.one(.eraseDetail(org: "acme", from: nil, through: 1, limit: 10))
        try ledger.recordRates(
            LedgerFixture.rates.replacingOccurrences(of: "output: 2000", with: "output: 2000, web_search: 10"))
        _ = try ledger.store.commit([])
        #expect(try ledger.balance().description == "9.995000000")
        #expect(try ledger.verify().problems == [])
    }
}
