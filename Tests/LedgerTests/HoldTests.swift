import Ledger
import Metering
import Testing

@Suite struct HoldTests {
    @Test func aHoldReservesAndUsageFreesTheRest() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let held = try ledger.held("h", "0.6")
        #expect(held.status == .held && held.state == nil)
        #expect(held.balance.description == "1.000000000")
        #expect(held.available.description == "0.400000000")
        #expect(try ledger.refused("h2", "0.400000001") == .insufficientCredits)
        let reply = try ledger.reply(try ledger.record("a", input: 100, hold: "h"))
        #expect(reply.holdState == nil && reply.overrun == nil)
        #expect(reply.balance.description == "0.900000000")
        #expect(reply.available.description == "0.900000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aCostAboveTheHoldIsChargedInFullAndShownAlsoWhenResent() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.held("h", "0.05")
        for isDuplicate in [false, true] {
            let reply = try ledger.reply(try ledger.record("a", input: 80, hold: "h"))
            #expect(reply.isDuplicate == isDuplicate)
            #expect(reply.cost.description == "0.080000000")
            #expect(reply.overrun?.description == "0.030000000")
            #expect(reply.available.description == "0.920000000")
            try ledger.reopen()
        }
    }

    @Test func usageOfAHoldThatIsNotOpenIsChargedAndSaysItsState() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.held("settled", "0.1")
        _ = try ledger.held("released", "0.1")
        _ = try ledger.held("expired", "0.1", ttl: 1)
        _ = try ledger.reply(try ledger.record("a", hold: "settled"))
        _ = try ledger.release("released")
        ledger.clock.advance(seconds: 1)
        for (id, state) in [
            ("settled", HoldState.settled), ("released", .released), ("expired", .expired), ("nobody's", .unknown),
        ] {
            for isDuplicate in [false, true] {
                let reply = try ledger.reply(try ledger.record("use of \(id)", hold: id))
                #expect(reply.holdState == state)
                #expect(reply.status == .charged && reply.isDuplicate == isDuplicate)
            }
        }
        #expect(try ledger.balance().description == "0.995000000")
        #expect(try ledger.available() == ledger.balance())
        #expect(try ledger.verify().problems == [])
    }

    @Test func unpricedUsageFreesItsHold() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.held("h", "0.6")
        let reply = try ledger.reply(try ledger.record("a", model: "unheard-of", hold: "h"))
        #expect(reply.status == .unpriced && reply.available.description == "1.000000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aResentAuthorizeGetsTheFirstReplyAndTheStateOfNow() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let first = try ledger.held("h", "0.6")
        _ = try ledger.reply(try ledger.record("other", input: 100))
        let open = try ledger.held("h", "0.6")
        #expect(open.isDuplicate && open.state == .open)
        #expect(open.available == first.available && open.balance == first.balance)
        try ledger.reopen()
        ledger.clock.advance(seconds: 600)
        #expect(try ledger.held("h", "0.6").state == .expired)
        // An id is used up for good: what differs is a conflict, and the same doesn't reserve again.
        #expect(try ledger.refused("h", "0.5") == .idConflict)
        #expect(try ledger.refused("h", "0.6", user: "ana") == .idConflict)
        #expect(try ledger.available() == ledger.balance())
    }

    @Test func aRefusalIsNotRemembered() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        #expect(try ledger.refused("h", "2") == .insufficientCredits)
        _ = try ledger.grant("acme", "5", key: "more")
        let reply = try ledger.held("h", "2")
        #expect(!reply.isDuplicate && reply.available.description == "4.000000000")
    }

    @Test func releaseFreesOnceAndOtherwiseSaysTheState() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.held("h", "0.6")
        for state in [nil, HoldState.released] {
            guard case .hold(let reply) = try ledger.release("h") else {
                Issue.record("no reply")
                return
            }
            #expect(reply.status == .closed(.released) && reply.state == state)
            #expect(reply.available.description == "1.000000000")
        }
        #expect(try ledger.refusal(try ledger.release("nobody's")).code == .unknownHold)
        #expect(try ledger.refusal(try ledger.release("h", org: "nobody")).code == .unknownOrg)
    }

    @Test func aWorstCaseIsPricedAndOneWithoutARateIsRefused() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        func worst(_ id: String, model: String) throws -> Outcome {
            let json = #"{"prompt_tokens":20,"completion_tokens":100}"#
            return try ledger.one(
                .authorize(
                    HoldRequest(
                        id: id, org: "acme", model: model,
                        worst: .usage(json: json, reading: try UsageReading(json: json, provider: nil, model: "m")))))
        }
        guard case .hold(let reply) = try worst("h", model: "m") else {
            Issue.record("no reply")
            return
        }
        #expect(reply.held.description == "0.220000000")
        #expect(try ledger.refusal(try worst("h2", model: "unheard-of")).code == .unknownModel)
    }

    @Test func aThousandForTheLastDollarInOneBatchGetExactlyWhatFits() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let outcomes = try ledger.store.commit(
            (0..<1000).map {
                .authorize(HoldRequest(id: "h\($0)", org: "acme", worst: .amount(Money(nanos: 3_000_000))))
            })
        #expect(outcomes.count { if case .hold = $0 { true } else { false } } == 333)
        #expect(try ledger.available().description == "0.001000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func anOrgsOpenHoldsAreLimited() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        func ask(_ range: Range<Int>) throws -> [Outcome] {
            try ledger.store.commit(
                range.map { .authorize(HoldRequest(id: "h\($0)", org: "acme", worst: .amount(Money(nanos: 1)))) })
        }
        let granted = try ask(0..<LedgerLimits.holdsPerOrgMax).count { if case .hold = $0 { true } else { false } }
        #expect(granted == LedgerLimits.holdsPerOrgMax)
        #expect(try ledger.refused("one more", "0.1") == .limitExceeded)
        _ = try ledger.release("h0")
        #expect(try ledger.held("one more", "0.1").status == .held)
        // Dead entries of the heap of expiries go, and the living stay.
        _ = try ledger.store.commit((1..<LedgerLimits.holdsPerOrgMax - 1).map { .release(org: "acme", id: "h\($0)") })
        ledger.clock.advance(seconds: 600)
        #expect(try ledger.available().description == "1.000000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func holdsAreWhatTheyWereAfterACrash() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.held("a", "0.25", ttl: 5)
        _ = try ledger.held("b", "0.5")
        try ledger.reopen()
        #expect(try ledger.available().description == "0.250000000")
        ledger.clock.advance(seconds: 5)
        #expect(ledger.store.timeToOwnWork == .zero)
        _ = try ledger.store.commit([])
        let open = try await ledger.reading { try await $0.openHolds(of: "acme", before: nil, limit: 10).items }
        #expect(open.map(\.id) == ["b"])
        try ledger.reopen()
        #expect(try ledger.available().description == "0.500000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aClosedOrgGetsNoHoldAndItsUsageIsChargedStill() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.held("before", "0.5")
        _ = try ledger.one(.closeOrg("acme", ledger.key("close")))
        #expect(try ledger.refused("after", "0.1") == .orgSuspended)
        #expect(try ledger.reply(try ledger.record("a", hold: "before")).status == .charged)
    }
}
