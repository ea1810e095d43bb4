import Foundation
import Ledger
import Metering
import Testing

@Suite struct CorrectionTests {
    private func correct(
        _ ledger: LedgerFixture, _ id: String, to tokens: Int?, key: String = "c"
    ) throws -> Outcome {
        try ledger.one(
            .correct(
                NewCorrection(
                    org: "acme", id: id, reason: "because", actor: "op",
                    usage: tokens.map { #"{"prompt_tokens":\#($0),"completion_tokens":0}"# }), ledger.key(key)))
    }

    @Test func whatIsGivenBackGoesToTheGrantsThatPaidLastFirst() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.credit("0.01", key: "1")
        _ = try ledger.credit("0.02", key: "2")
        _ = try ledger.credit("1", key: "3")
        _ = try ledger.reply(try ledger.record("a", input: 40))
        #expect(try await ledger.grantsLeft().last == "3: 0.990000000 open")
        guard case .correction(let view, _) = try correct(ledger, "a", to: 5) else {
            Issue.record("no correction")
            return
        }
        #expect(view.costBefore == "0.040000000" && view.cost == "0.005000000" && view.kind == "corrected")
        #expect(
            try await ledger.grantsLeft() == ["1: 0.005000000 open", "2: 0.020000000 open", "3: 1.000000000 open"])
        // The record's first reply stays what it was; its cost is the new one.
        #expect(try ledger.reply(try ledger.record("a", input: 40)).cost.description == "0.040000000")
        let shown = try await ledger.reading { try await $0.usage(sequence: 1) }
        #expect(shown?.cost == "0.005000000" && shown?.correction == 1)
        #expect(try ledger.verify().problems == [])
    }

    @Test func aCorrectionMayChargeMoreAndIsDoneOncePerKey() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.reply(try ledger.record("a", input: 40))
        for round in 0..<2 {
            guard case .correction(let view, let isReplay) = try correct(ledger, "a", to: 100) else {
                Issue.record("no correction")
                return
            }
            #expect(isReplay == (round == 1) && view.correction == 1)
            try ledger.reopen()
        }
        #expect(try ledger.balance().description == "0.900000000")
        #expect(try ledger.refusal(try correct(ledger, "nobody's", to: 1, key: "n")).code == .notFound)
        let wrong = NewCorrection(org: "acme", id: "a", reason: "r", actor: "op", usage: #"{"prompt_tokens":-1}"#)
        #expect(try ledger.refusal(try ledger.one(.correct(wrong, ledger.key("w")))).code == .malformed)
        #expect(try ledger.verify().problems == [])
    }

    @Test func whatNoGrantPaidLowersTheDebtOrBecomesAGrant() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.reply(try ledger.record("a", input: 40))
        _ = try correct(ledger, "a", to: 30)
        #expect(try ledger.balance().description == "-0.030000000")
        _ = try ledger.credit("0.1", key: "pays the debt")
        _ = try correct(ledger, "a", to: nil, key: "void")
        #expect(try await ledger.grantsLeft() == ["1: 0.070000000 open", "2: 0.030000000 open"])
        let grants = try await ledger.reading { try await $0.grants(of: "acme", before: nil, limit: 1).items }
        #expect(grants.first?.source == "adjustment" && grants.first?.reason == "correction 2")
        #expect(try ledger.verify().problems == [])
    }

    @Test func whatGoesBackToAnExpiredOrVoidedGrantGoesWithIt() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.credit("0.05", expiresIn: 60, key: "expires")
        _ = try ledger.credit("0.05", key: "is taken back")
        _ = try ledger.reply(try ledger.record("a", input: 30))
        _ = try ledger.reply(try ledger.record("b", input: 40))
        ledger.clock.advance(seconds: 60)
        _ = try ledger.one(.voidGrant(org: "acme", grant: 2, reason: nil, ledger.key("void")))
        _ = try correct(ledger, "a", to: nil, key: "a")
        _ = try correct(ledger, "b", to: nil, key: "b")
        #expect(try ledger.balance() == .zero)
        #expect(try await ledger.grantsLeft() == ["1: 0.000000000 expired", "2: 0.000000000 voided"])
        let events = try await ledger.reading { try await $0.events(after: 0, limit: 10).items }
        // Voided by hand; then what "a" gives back, and the two parts of what "b" does.
        let kinds = ["credits_voided", "credits_expired", "credits_voided", "credits_expired"]
        #expect(events.map(\.kind) == kinds)
    }

    @Test func unpricedRecordsAreChargedInBoundedBatchesWhenTheirRateComes() async throws {
        let ledger = try LedgerFixture { $0.sweepRecordsMax = 10 }
        try ledger.createOrg("acme", credits: "1")
        for number in 0..<25 { _ = try ledger.reply(try ledger.record("r\(number)", model: "new", input: 2)) }
        _ = try ledger.store.commit(lots: [])
        #expect(ledger.store.timeToOwnWork == nil)
        // The card holds from later on than the records; it is the earliest that knows the model.
        ledger.clock.advance(seconds: 60)
        let card = LedgerFixture.rates.replacingOccurrences(
            of: "2026-01-01T00:00:00Z", with: ledger.clock.now.description)
        try ledger.recordRates(card + "\n  - {model: new, provider: p, price: {input: 1000, output: 1}}\n")
        var balances = [try await ledger.reading { try await $0.org("acme")?.balance }]
        while ledger.store.timeToOwnWork == .zero {
            try ledger.reopen()
            _ = try ledger.store.commit([])
            balances.append(try await ledger.reading { try await $0.org("acme")?.balance })
        }
        #expect(balances == ["0.980000000", "0.960000000", "0.950000000"])
        let life = try await ledger.reading { try await $0.explanation(sequence: 25) }
        #expect(life?.corrections.map(\.kind) == ["late_charge"] && life?.cost == "0.002000000")
        #expect(life?.record.status == "unpriced" && life?.status == "charged")
        #expect(try await ledger.reading { try await $0.usage(sequence: 1)?.status } == "charged")
        #expect(try ledger.verify().problems == [])
    }

    @Test func repricingPostsTheDifferenceToTheCardNowInForce() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        for (number, id) in ["a", "b", "c", "d"].enumerated() {
            _ = try ledger.reply(try ledger.record(id, input: 10 * (number + 1)))
            ledger.clock.advance(seconds: 60)
        }
        _ = try correct(ledger, "b", to: nil, key: "void b")
        _ = try correct(ledger, "c", to: 100, key: "correct c")
        // The price was wrong from before the second record on.
        let from = ledger.clock.now.advanced(bySeconds: -200)
        try ledger.recordRates(
            LedgerFixture.rates.replacingOccurrences(of: "2026-01-01T00:00:00Z", with: from.description)
                .replacingOccurrences(of: "1000", with: "500"))
        let page = try await ledger.reading {
            try await $0.repricing(
                with: ledger.store.book, since: from.advanced(bySeconds: -3600), org: nil, after: 0, limit: 100)
        }
        #expect(page.differences.map(\.id) == ["c", "d"] && page.examined == 4 && page.next == nil)
        #expect(page.differences.map(\.newCost) == ["0.050000000", "0.020000000"])
        let step = Repricing(records: page.differences.map(\.sequence), reason: "price list", actor: "op")
        guard case .repriced(let view, _) = try ledger.one(.reprice(step, ledger.key("first"))) else {
            Issue.record("no answer")
            return
        }
        #expect(view.changed == 2 && view.givenBack == "0.070000000" && view.charged == "0.000000000")
        guard case .repriced(let again, _) = try ledger.one(.reprice(step, ledger.key("second"))) else {
            Issue.record("no answer")
            return
        }
        #expect(again.changed == 0)
        #expect(try ledger.balance().description == "0.920000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aRecordsLifeIsExplained() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.held("h", "0.2", user: "ana")
        _ = try ledger.reply(try ledger.record("a", input: 30, output: 1, user: "ana", hold: "h"))
        _ = try correct(ledger, "a", to: 20)
        let life = try await ledger.reading { try await $0.explanation(sequence: 1) }
        #expect(life?.buckets == [BucketView(unit: "input", quantity: 30), BucketView(unit: "output", quantity: 1)])
        #expect(life?.exactCost == "0.032" && life?.record.cost == "0.032000000" && life?.cost == "0.020000000")
        #expect(life?.transfers.map(\.code) == ["hold", "charge", "correction_credit"])
        #expect(life?.transfers.last?.grants.map(\.grant) == [1])
        #expect(life?.transfers[1].closes == life?.transfers[0].transfer)
        #expect(life?.hold?.state == "settled" && life?.holdState == nil)
        #expect(life?.corrections.map(\.cost) == ["0.020000000"] && life?.corrections.first?.actor == "op")
        #expect(life?.grants.map(\.remaining) == ["0.980000000"])
    }
}
