import Metering
import Testing

@testable import Ledger

/// What senders say their requests cost.
@Suite struct ReportedCostTests {
    private func record(
        _ ledger: LedgerFixture, _ id: String, model: String = "m", cost: String? = nil, usage: String? = nil,
        provider: String? = nil
    ) throws -> UsageRecord {
        let plain = try ledger.record(id, model: model, input: 2, provider: provider, usage: usage)
        return UsageRecord(
            id: id, org: "acme", model: model, provider: provider, usage: plain.usage,
            cost: cost.flatMap { Money(roundingDecimal: $0) }.flatMap { ReportedCost($0, source: .record) },
            reading: plain.reading)
    }

    @Test func aReportedCostIsComparedUnlessAPolicyBelievesIt() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        #expect(try ledger.reply(try record(ledger, "same", cost: "0.002")).cost.description == "0.002000000")
        #expect(try ledger.reply(try record(ledger, "more", cost: "0.5")).cost.description == "0.002000000")
        #expect(try ledger.reply(try record(ledger, "unknown", model: "own", cost: "0.25")).status == .unpriced)
        let drift = try await ledger.reading { try await $0.costDrift(limit: 10) }
        #expect(drift.map(\.records) == [2] && drift.map(\.differing) == [1])
        #expect(drift.first?.charged == "0.002000000" && drift.first?.reported == "0.500000000")
        #expect(drift.first?.id == "more")
        #expect(try ledger.verify().problems == [])
    }

    @Test func fallbackChargesItIfThereIsNoRateAlsoLater() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        #expect(try ledger.reply(try record(ledger, "before", model: "own", cost: "0.25")).status == .unpriced)
        _ = try ledger.one(.setCostPolicies(CostPolicies(standard: .fallback)))
        let reply = try ledger.reply(try record(ledger, "own", model: "own", cost: "1.2e-1"))
        #expect(reply.status == .charged && reply.cost.description == "0.120000000")
        #expect(try ledger.reply(try record(ledger, "priced", cost: "0.5")).cost.description == "0.002000000")
        for worthless in ["0", "-1", "0.0"] {
            let status = try ledger.reply(try record(ledger, "w\(worthless)", model: "own", cost: worthless)).status
            #expect(status == .unpriced, "\(worthless)")
        }
        _ = try ledger.store.commit([])
        let first = try await ledger.reading { try await $0.usage(sequence: 1) }
        #expect(first?.cost == "0.250000000" && first?.lines.map(\.unit) == ["reported_cost"])
        #expect(first?.lines.first?.source == "cost" && first?.rateCard == nil)
        #expect(try ledger.verify().problems == [])
    }

    @Test func anObjectThatSaysNothingIsTakenIfTheSenderSaysWhatItCost() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        func record(_ id: String, _ cost: String) throws -> UsageRecord {
            UsageRecord(
                id: id, org: "acme", model: "m", usage: "{}",
                cost: Money(roundingDecimal: cost).flatMap { ReportedCost($0, source: .record) },
                reading: try UsageReading(json: "{}", provider: nil, model: "m", hasCost: true))
        }
        #expect(throws: UsageError.self) { try UsageReading(json: "{}", provider: nil, model: "m") }
        // Whatever the rate of the model: nobody knows what was used.
        #expect(try ledger.reply(try record("a", "0.002")).status == .unpriced)
        _ = try ledger.one(.setCostPolicies(CostPolicies(standard: .fallback)))
        #expect(try ledger.reply(try record("b", "0.002")).cost.description == "0.002000000")
        _ = try ledger.store.commit([])
        #expect(try ledger.balance().description == "9.996000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func trustChargesWhatTheProviderSaysAndNamesTheSource() async throws {
        let ledger = try LedgerFixture { $0.costPolicies = CostPolicies(providers: ["openrouter": .trust]) }
        try ledger.createOrg("acme", credits: "10")
        let plain = #"{"prompt_tokens":2,"completion_tokens":1,"cost":0.0042}"#
        let own =
            #"{"prompt_tokens":2,"completion_tokens":1,"cost":0.0001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.004}}"#
        let euros = #"{"prompt_tokens":2,"cost":{"total_cost":0.5,"currency":"EUR"}}"#
        func cost(_ id: String, _ usage: String) throws -> String {
            try ledger.reply(try record(ledger, id, usage: usage, provider: "openrouter")).cost.description
        }
        #expect(try cost("a", plain) == "0.004200000")
        #expect(try cost("b", own) == "0.004100000")
        #expect(try ledger.reply(try record(ledger, "c", usage: euros, provider: "openrouter")).status == .unpriced)
        // Ticks of 10⁻¹⁰ dollars; half a nano-dollar is rounded to even.
        #expect(try cost("d", #"{"prompt_tokens":2,"cost_in_usd_ticks":403742005}"#) == "0.040374200")
        let view = try await ledger.reading { try await $0.usage(sequence: 1) }
        #expect(view?.lines.first?.source == "usage.cost" && view?.reportedCost == "0.004200000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func theSenderIsBelievedBeforeTheProvider() throws {
        let policies = CostPolicies(providers: ["p": .trust], senders: ["cautious": .compare])
        let ledger = try LedgerFixture { $0.costPolicies = policies }
        try ledger.createOrg("acme", credits: "10")
        for (id, sender, cost) in [("a", nil, "0.500000000"), ("b", "cautious", "0.002000000")] {
            let outcome = try ledger.one(
                .usage(
                    try record(ledger, id, cost: "0.5", provider: "p"), received: ledger.clock.now,
                    peer: Peer(uid: 1, pid: 2, sender: sender)))
            guard case .usage(let reply) = outcome else { throw LedgerFixture.Missing() }
            #expect(reply.cost.description == cost)
        }
    }

    @Test func anotherCostUnderTheSameIdIsAConflict() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        let first = try ledger.reply(try record(ledger, "a", cost: "0.002"))
        #expect(try ledger.reply(try record(ledger, "a", cost: "0.0020")).cost == first.cost)
        let refusal = try ledger.refusal(try ledger.charge(try record(ledger, "a", cost: "0.003")))
        #expect(refusal.code == .idConflict && refusal.message.hasSuffix("cost differs"))
    }
}
