import Metering
import Testing

@testable import Ledger

/// Holds that expire unsettled, and an org whose policy has what they had reserved charged.
@Suite struct EstimateTests {
    private func fixture(charging: Bool = true, credits: String = "10") throws -> LedgerFixture {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: credits)
        if charging { try ledger.policy { $0.chargesExpiredHolds = true } }
        return ledger
    }

    private func expire(_ ledger: LedgerFixture) throws {
        ledger.clock.advance(seconds: 600)
        _ = try ledger.store.commit([])
    }

    @Test func aHoldThatExpiresUnsettledIsToldOfAndListed() async throws {
        let ledger = try fixture(charging: false)
        _ = try ledger.held(try ledger.request("h", input: 200, cap: "0.15", user: "ana"))
        _ = try ledger.held("plain", "0.3")
        try expire(ledger)
        let events = try await ledger.events(.holdExpired)
        #expect(events.count == 2)
        #expect(
            events.first?.data == ["hold": "h", "user": "ana", "model": "m", "amount": "0.150000000"])
        #expect(events.last?.data == ["hold": "plain", "amount": "0.300000000"])
        let expired = try await ledger.expired()
        #expect(expired.map(\.id) == ["plain", "h"])
        #expect(expired.last?.worst == "0.200000000" && expired.last?.estimate == nil)
        #expect(try ledger.balance().description == "10.000000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func thePolicyChargesWhatWasReservedAsAnEstimate() async throws {
        let ledger = try fixture()
        _ = try ledger.held(try ledger.request("h", input: 200, provider: "p", cap: "0.15", user: "ana"))
        _ = try ledger.held("plain", "0.3")
        try expire(ledger)
        #expect(try ledger.balance().description == "9.550000000")
        #expect(try ledger.available() == ledger.balance())
        let record = try await ledger.usage("\u{2248}hold:h")
        #expect(record.status == "estimated" && record.cost == "0.150000000" && record.user == "ana")
        #expect(record.model == "m" && record.provider == "p" && record.hold == "h")
        #expect(record.lines.map(\.unit) == ["request"])
        #expect(try await ledger.usage("\u{2248}hold:plain").model == "unspecified")
        #expect(try await ledger.expired().map(\.estimate) == ["\u{2248}hold:plain", "\u{2248}hold:h"])
        #expect(
            try await ledger.events(.holdExpired).map { $0.data["record"] } == ["\u{2248}hold:h", "\u{2248}hold:plain"])
        try ledger.reopen()
        _ = try ledger.store.commit([])
        #expect(try ledger.balance().description == "9.550000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func laterUsageReplacesTheEstimateOnceAlsoWhenResent() async throws {
        let ledger = try fixture()
        _ = try ledger.held(try ledger.request("h", input: 200))
        try expire(ledger)
        #expect(try ledger.balance().description == "9.800000000")
        for isDuplicate in [false, true, true] {
            let reply = try ledger.reply(try ledger.record("real", input: 120, hold: "h"))
            #expect(reply.isDuplicate == isDuplicate && reply.holdState == .expired)
            #expect(reply.cost.description == "0.120000000" && reply.balance.description == "9.880000000")
            try ledger.reopen()
        }
        // Another record of the same hold is another request.
        #expect(try ledger.reply(try ledger.record("more", input: 10, hold: "h")).balance.description == "9.870000000")
        let estimate = try await ledger.usage("\u{2248}hold:h")
        #expect(estimate.status == "replaced" && estimate.cost == "0.000000000")
        #expect(try await ledger.grantsLeft() == ["1: 9.870000000 open"])
        // What the hold had been released for afterwards is real.
        _ = try ledger.release("h")
        #expect(try ledger.balance().description == "9.870000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aReleaseVoidsTheEstimateOnce() async throws {
        let ledger = try fixture()
        _ = try ledger.held(try ledger.request("h", input: 200))
        try expire(ledger)
        for _ in 0..<2 {
            guard case .hold(let reply) = try ledger.release("h") else {
                Issue.record("no reply")
                return
            }
            #expect(reply.status == .closed(.expired) && reply.available.description == "10.000000000")
        }
        #expect(try await ledger.usage("\u{2248}hold:h").status == "voided")
        // Usage that comes after all is charged.
        #expect(try ledger.reply(try ledger.record("real", input: 120, hold: "h")).balance.description == "9.880000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func usageInTheBatchOfTheExpiryCostsOnce() async throws {
        let ledger = try fixture()
        for id in ["swept", "found", "released"] { _ = try ledger.held(try ledger.request(id, input: 200)) }
        ledger.clock.advance(seconds: 600)
        let now = ledger.clock.now
        let outcomes = try ledger.store.commit([
            .usage(try ledger.record("a", input: 120, hold: "swept"), received: now),
            .usage(try ledger.record("a", input: 120, hold: "swept"), received: now),
            .usage(try ledger.record("b", input: 300, hold: "found"), received: now),
            .release(org: "acme", id: "released"),
            .authorize(try ledger.request("swept", input: 200)),
        ])
        #expect(outcomes.count == 5)
        guard case .hold(let again) = outcomes[4] else {
            Issue.record("\(outcomes[4])")
            return
        }
        #expect(again.isDuplicate && again.state == .expired)
        #expect(try ledger.balance().description == "9.580000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func unpricedUsageReplacesAnEstimateToo() async throws {
        let ledger = try fixture()
        _ = try ledger.held(try ledger.request("h", input: 200))
        try expire(ledger)
        let reply = try ledger.reply(try ledger.record("real", model: "unheard-of", hold: "h"))
        #expect(reply.status == .unpriced && reply.balance.description == "10.000000000")
        // What is refused replaces nothing.
        _ = try ledger.held(try ledger.request("h2", input: 200))
        try expire(ledger)
        let old = try ledger.record("old", at: ledger.clock.now.advanced(bySeconds: -50 * 86_400), hold: "h2")
        #expect(try ledger.refusal(try ledger.charge(old)).code == .timeOutOfRange)
        #expect(try ledger.balance().description == "9.800000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func whatAnOperatorCorrectedIsReplacedAllTheSame() async throws {
        let ledger = try fixture()
        _ = try ledger.held(try ledger.request("h", input: 200))
        try expire(ledger)
        let correction = NewCorrection(
            org: "acme", id: "\u{2248}hold:h", reason: "seen in the proxy's log", actor: "me",
            usage: #"{"prompt_tokens":50,"completion_tokens":0}"#)
        _ = try ledger.one(.correct(correction, ledger.key("by hand")))
        #expect(try ledger.balance().description == "9.950000000")
        #expect(try await ledger.usage("\u{2248}hold:h").status == "charged")
        _ = try ledger.reply(try ledger.record("real", input: 120, hold: "h"))
        #expect(try ledger.balance().description == "9.880000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func repricingLeavesEstimatesAsTheyAre() async throws {
        let ledger = try fixture()
        for id in ["h", "replaced"] { _ = try ledger.held(try ledger.request(id, input: 200)) }
        try expire(ledger)
        _ = try ledger.reply(try ledger.record("real", input: 120, hold: "replaced"))
        try ledger.recordRates(LedgerFixture.rates.replacing("input: 1000", with: "input: 3000"))
        let page = try await ledger.reading { [book = ledger.store.book] in
            try await $0.repricing(
                with: book, since: Timestamp(milliseconds: 0), org: nil, after: 0, limit: 100)
        }
        #expect(page.differences.map(\.id) == ["real"])
        _ = try ledger.one(
            .reprice(Repricing(records: [1, 2, 3, 4], reason: nil, actor: "me"), ledger.key("reprice")))
        #expect(try ledger.balance().description == "9.440000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func membersLimitsCountEstimatesAndWhatReplacesThem() async throws {
        let ledger = try fixture()
        _ = try ledger.one(
            .addMember(
                org: "acme", user: "ana",
                EarlierSpend(day: .zero, month: .zero, throughSequence: 0, moment: ledger.clock.now),
                ledger.key("ana")))
        func spent() async throws -> [String] {
            let now = ledger.clock.now
            let members = try await ledger.reading {
                try await $0.members(of: "acme", after: nil, limit: 1, at: now).items
            }
            return members.flatMap { [$0.spentToday, $0.spentThisMonth, $0.held] }
        }
        _ = try ledger.held(try ledger.request("h", input: 200, user: "ana"))
        try expire(ledger)
        #expect(try await spent() == ["0.200000000", "0.200000000", "0.000000000"])
        // A day later: what is given back lowers the month, not the new day.
        ledger.clock.advance(seconds: 86_400)
        _ = try ledger.reply(try ledger.record("real", input: 120, user: "ana", hold: "h"))
        #expect(try await spent() == ["0.120000000", "0.120000000", "0.000000000"])
        #expect(try ledger.verify().problems == [])
    }

    @Test func aClosedOrgAndOneWithoutCreditsAreCharged() async throws {
        let ledger = try fixture(credits: "0.5")
        _ = try ledger.held(try ledger.request("h", input: 400))
        _ = try ledger.one(.closeOrg("acme", ledger.key("close")))
        _ = try ledger.reply(try ledger.record("big", input: 300))
        try expire(ledger)
        #expect(try ledger.balance().description == "-0.200000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func manyExpireAfterARestartSomeAtATime() async throws {
        let ledger = try LedgerFixture { $0.expiriesMax = 7 }
        try ledger.createOrg("acme", credits: "10")
        try ledger.policy { $0.chargesExpiredHolds = true }
        for number in 0..<50 { _ = try ledger.held("h\(number)", "0.1") }
        ledger.clock.advance(seconds: 50 * 86_400)
        try ledger.reopen()
        _ = try ledger.reply(try ledger.record("real", input: 10, hold: "h49"))
        while ledger.store.timeToOwnWork == .zero { _ = try ledger.store.commit([]) }
        #expect(try ledger.balance().description == "5.090000000")
        // A record is never dated further back than a sender may date one.
        let now = ledger.clock.now
        let oldest = try await ledger.usage("\u{2248}hold:h0")
        #expect(oldest.at == now.advanced(bySeconds: -45 * 86_400).description)
        #expect(try ledger.verify().problems == [])
    }

    @Test func aFullDiskUndoesExpiryAndEstimate() async throws {
        let ledger = try fixture()
        _ = try ledger.held(try ledger.request("h", input: 200, cap: "0.1"))
        ledger.clock.advance(seconds: 600)
        try ledger.reopen(pagesMax: 1)
        let record = try ledger.record("real", hold: "h", usage: AuthorizeTests.large)
        #expect(try ledger.refusal(try ledger.charge(record)).code == .storageUnavailable)
        try ledger.store.connection.execute("PRAGMA max_page_count = 1073741823")
        _ = try ledger.store.commit(lots: [])
        #expect(try ledger.balance().description == "9.900000000")
        #expect(try ledger.reply(record).balance.description == "9.997000000")
        #expect(try await ledger.events(.holdExpired).count == 1)
        #expect(try ledger.verify().problems == [])
    }

    @Test func theSummarySaysWhatIsEstimatedAndCountsRequestsOnce() async throws {
        let ledger = try fixture()
        for id in ["open", "replaced", "released"] { _ = try ledger.held(try ledger.request(id, input: 200)) }
        try expire(ledger)
        func roll() throws {
            while ledger.store.timeToOwnWork == .zero { _ = try ledger.store.commit([]) }
        }
        let day = CalendarDay(ledger.clock.now)
        func summary() async throws -> (UsageSummaryItem?, UsageSummaryItem?) {
            let report = try await ledger.reading {
                try await $0.usage(
                    UsageQuery(org: "acme", by: [], since: day, until: day.advanced(byDays: 1)))
            }
            return (report.total, report.estimated)
        }
        try roll()
        var (total, estimated) = try await summary()
        #expect(total?.records == 3 && total?.cost == "0.600000000")
        #expect(estimated?.records == 3 && estimated?.cost == "0.600000000")
        _ = try ledger.reply(try ledger.record("real", input: 120, hold: "replaced"))
        _ = try ledger.release("released")
        for _ in 0..<2 {
            (total, estimated) = try await summary()
            #expect(total?.records == 2 && total?.cost == "0.320000000")
            #expect(estimated?.records == 1 && estimated?.cost == "0.200000000")
            try roll()
            #expect(try ledger.verify().problems == [])
        }
    }

    @Test func anExplanationNamesTheEstimate() async throws {
        let ledger = try fixture()
        _ = try ledger.held(try ledger.request("h", input: 200))
        try expire(ledger)
        _ = try ledger.reply(try ledger.record("real", input: 120, hold: "h"))
        let (estimate, real) = try await ledger.reading {
            (try await $0.explanation(sequence: 1), try await $0.explanation(sequence: 2))
        }
        #expect(estimate?.record.status == "estimated" && estimate?.status == "replaced")
        #expect(estimate?.corrections.map(\.kind) == ["replaced"])
        #expect(estimate?.corrections.first?.reason == "usage record 'real' names its hold")
        #expect(real?.hold?.estimate == estimate?.record.id && real?.holdState == "expired")
    }
}
