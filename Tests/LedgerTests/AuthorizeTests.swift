import Metering
import Testing

@testable import Ledger

@Suite struct AuthorizeTests {
    private static let rates = """
        format: meterd/1
        effective: 2026-01-01T00:00:00Z
        rates:
          - {model: m, provider: p, price: {input: 1000, output: 2000}}
          - {model: dear, provider: p, price: {input: 5000, output: 9000}}
          - {model: dear, provider: q, price: {input: 7000, output: 9000}}
          - {model: embed, provider: p, price: {input: 10}}

        """

    private func fixture(credits: String = "100") throws -> LedgerFixture {
        let ledger = try LedgerFixture()
        try ledger.recordRates(Self.rates)
        try ledger.createOrg("acme", credits: credits)
        return ledger
    }

    // MARK: Several models

    @Test func theDearestOfSeveralModelsCountsAndIsNamed() async throws {
        let ledger = try fixture()
        let models = [
            HoldRequest.Candidate(model: "m"), .init(model: "dear", provider: "q"), .init(model: "dear", provider: "p"),
        ]
        let reply = try ledger.held(try ledger.request("h", input: 10, models: models))
        #expect(reply.held.description == "0.070000000")
        let hold = try await ledger.reading { try await $0.openHolds(of: "acme", before: nil, limit: 1).items.first }
        #expect(hold?.model == "dear" && hold?.worst == nil)
        // The same again is known, in another order it is another request.
        #expect(try ledger.held(try ledger.request("h", input: 10, models: models)).isDuplicate)
        let other = try ledger.refusal(try ledger.request("h", input: 10, models: models.reversed()))
        #expect(other.code == .idConflict && other.message.hasSuffix("models differs"))
        #expect(try ledger.verify().problems == [])
    }

    @Test func aCandidateWithoutARateNeedsAnAmountOfItsOwnOrTheRequests() throws {
        let ledger = try fixture()
        func models(_ amount: String?) -> [HoldRequest.Candidate] {
            [.init(model: "m"), .init(model: "unheard-of", amount: amount.flatMap { Money(decimal: $0) })]
        }
        let refusal = try ledger.refusal(try ledger.request("h", models: models(nil)))
        #expect(refusal.code == .unknownModel && refusal.message.contains("'unheard-of'"))
        #expect(try ledger.held(try ledger.request("own", models: models("0.5"))).held.description == "0.500000000")
        let shared = try ledger.held(try ledger.request("shared", amount: "0.7", models: models(nil)))
        #expect(shared.held.description == "0.700000000")
        // An amount doesn't beat a rate.
        let priced = try ledger.held(try ledger.request("priced", input: 100, amount: "9"))
        #expect(priced.held.description == "0.100000000")
        let unpriced = try ledger.held(try ledger.request("unpriced", model: "unheard-of", amount: "9"))
        #expect(unpriced.held.description == "9.000000000")
        #expect(
            try ledger.refusal(try ledger.request("unpriced", model: "unheard-of", amount: "8")).code == .idConflict)
        try ledger.reopen()
        #expect(try ledger.held(try ledger.request("unpriced", model: "unheard-of", amount: "9")).isDuplicate)
        #expect(try ledger.verify().problems == [])
    }

    @Test func candidatesMayHaveNothingButAmounts() throws {
        let ledger = try fixture()
        let request = HoldRequest(
            id: "h", org: "acme", worst: .candidates,
            candidates: [
                .init(model: "a", amount: Money(nanos: 5)), .init(model: "b", amount: Money(nanos: 7)),
            ])
        #expect(try ledger.held(request).held.nanos == 7)
    }

    // MARK: Caps

    @Test func aCapHoldsTheSmallerOfBothAndTheOpenDifferenceIsBounded() async throws {
        let ledger = try fixture()
        try ledger.policy { $0.cappedExposureMax = .set(Money(nanos: 250_000_000)) }
        #expect(try ledger.held(try ledger.request("above", cap: "0.2")).held.description == "0.100000000")
        let capped = try ledger.held(try ledger.request("below", cap: "0.01"))
        #expect(capped.held.description == "0.010000000")
        #expect(try ledger.held(try ledger.request("second", cap: "0.01")).held.description == "0.010000000")
        let refusal = try ledger.refusal(try ledger.request("third", cap: "0.02"))
        #expect(refusal.code == .limitExceeded && refusal.missing?.description == "0.010000000", "\(refusal)")
        // A conflict names the cap; what is in memory is there again after a restart.
        #expect(try ledger.refusal(try ledger.request("below", cap: "0.02")).message.hasSuffix("cap differs"))
        try ledger.reopen()
        #expect(try ledger.held(try ledger.request("below", cap: "0.01")).isDuplicate)
        #expect(try ledger.refusal(try ledger.request("third", cap: "0.02")).missing?.description == "0.010000000")
        let shown = try await ledger.reading { try await $0.policy(of: "acme") }
        #expect(shown?.cappedExposure == "0.180000000" && shown?.cappedExposureMax == "0.250000000")
        let hold = try await ledger.reading { try await $0.openHolds(of: "acme", before: nil, limit: 1).items.first }
        #expect(hold?.id == "second" && hold?.worst == "0.100000000")
        // Whatever closes a hold gives its difference back.
        _ = try ledger.release("second")
        #expect(try ledger.held(try ledger.request("third", cap: "0.02")).held.description == "0.020000000")
        let used = try ledger.reply(try ledger.record("r", input: 100, hold: "below"))
        #expect(used.overrun?.description == "0.090000000")
        ledger.clock.advance(seconds: 600)
        #expect(try ledger.available() == ledger.balance())
        #expect(try await ledger.reading { try await $0.policy(of: "acme") }?.cappedExposure == "0.000000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aThousandCapsAtOnceLeaveNoMoreUnreservedThanAllowed() throws {
        let ledger = try fixture()
        // 0.09 each are left unreserved: 111 of them are 9.99 of the 10 that are allowed.
        let requests = try (0..<1000).map { try ledger.request("h\($0)", cap: "0.01") }
        let outcomes = try ledger.store.commit(requests.map { .authorize($0) })
        #expect(outcomes.count { if case .hold = $0 { true } else { false } } == 111)
        #expect(try ledger.available().description == "98.890000000")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aFullDiskUndoesWhatCapsLeftUnreserved() async throws {
        let ledger = try fixture()
        try ledger.policy { $0.cappedExposureMax = .set(Money(nanos: 180_000_000)) }
        _ = try ledger.held(try ledger.request("first", cap: "0.01"))
        try ledger.reopen(pagesMax: 1)
        let batch: [Mutation] = [
            .authorize(try ledger.request("second", cap: "0.01")),
            .release(org: "acme", id: "first"),
            .usage(try ledger.record("big", model: "unheard-of", usage: Self.large), received: ledger.clock.now),
            .setPolicy(org: "acme", Self.noCaps, ledger.key("no caps")),
        ]
        let outcomes = try ledger.store.commit(batch)
        for outcome in outcomes { #expect(try ledger.refusal(outcome).code == .storageUnavailable) }
        try ledger.store.connection.execute("PRAGMA max_page_count = 1073741823")
        _ = try ledger.store.commit(lots: [])
        // As it was: one is open, one more fits, and no third.
        #expect(try ledger.held(try ledger.request("second", cap: "0.01")).held.description == "0.010000000")
        #expect(try ledger.refusal(try ledger.request("third", cap: "0.09")).code == .limitExceeded)
        let shown = try await ledger.reading { try await $0.policy(of: "acme") }
        #expect(shown?.cappedExposure == "0.180000000" && shown?.unpricedRecords == 0)
        #expect(try ledger.verify().problems == [])
    }

    /// More than a page.
    static let large = #"{"prompt_tokens":1,"completion_tokens":1,"x":"\#(String(repeating: "x", count: 60_000))"}"#
    private static let noCaps: OrgPolicyChange = {
        var change = OrgPolicyChange()
        change.cappedExposureMax = .set(.zero)
        return change
    }()

    // MARK: Requests without an output limit

    @Test func anOrgsDefaultStandsForAMissingOutputLimit() throws {
        let ledger = try fixture()
        #expect(try ledger.held(try ledger.request("before", output: nil)).held.description == "0.100000000")
        try ledger.policy { $0.defaultOutputTokens = .set(50) }
        #expect(try ledger.held(try ledger.request("missing", output: nil)).held.description == "0.200000000")
        #expect(try ledger.held(try ledger.request("zero", output: 0)).held.description == "0.100000000")
        #expect(try ledger.held(try ledger.request("given", output: 1)).held.description == "0.102000000")
        // A model that has no output has no price for it.
        let embedding = try ledger.held(try ledger.request("embed", input: 1000, output: nil, model: "embed"))
        #expect(embedding.held.description == "0.010000000")
        // The default may change: a request sent again is the same one.
        try ledger.policy { $0.defaultOutputTokens = .set(nil) }
        #expect(try ledger.held(try ledger.request("missing", output: nil)).isDuplicate)
    }

    // MARK: What a refusal says

    @Test func aRefusalSaysHowMuchIsMissingAndWhenTheWindowEnds() throws {
        let ledger = try fixture(credits: "1")
        let credits = try ledger.refusal(try ledger.request("h", input: 2250))
        #expect(credits.code == .insufficientCredits && credits.missing?.description == "1.250000000")
        #expect(credits.retryAt == nil)
        // The clock stands at 2026-11-24 in UTC.
        _ = try ledger.one(.setBudget(org: "acme", Money(nanos: 200_000_000), ledger.key("budget")))
        let budget = try ledger.refusal(try ledger.request("h", input: 300))
        #expect(budget.code == .orgBudget && budget.missing?.description == "0.100000000")
        #expect(budget.retryAt?.description == "2026-12-01T00:00:00.000Z")
        _ = try ledger.one(
            .addMember(
                org: "acme", user: "ana",
                EarlierSpend(day: .zero, month: .zero, throughSequence: 0, moment: ledger.clock.now),
                ledger.key("ana")))
        func limit(_ daily: Int64?, _ monthly: Int64?, _ name: String) throws {
            _ = try ledger.one(
                .limitMember(
                    org: "acme", user: "ana", daily: daily.map(Money.init(nanos:)),
                    monthly: monthly.map(Money.init(nanos:)), ledger.key(name)))
        }
        try limit(50_000_000, nil, "daily")
        let daily = try ledger.refusal(try ledger.request("h", user: "ana"))
        #expect(daily.code == .memberLimit && daily.missing?.description == "0.050000000")
        #expect(daily.retryAt?.description == "2026-11-25T00:00:00.000Z")
        // Tomorrow the month's limit would still refuse it.
        try limit(50_000_000, 10_000_000, "both")
        let both = try ledger.refusal(try ledger.request("h", user: "ana"))
        #expect(both.missing?.description == "0.090000000")
        #expect(both.retryAt?.description == "2026-12-01T00:00:00.000Z")
    }

    // MARK: Models that may be asked for

    @Test func onlyAllowedModelsMayBeAskedForByEveryCandidate() throws {
        let ledger = try fixture()
        try ledger.policy { $0.allowedModels = .set(try ledger.patterns("p/dear", "Q/*", "embed")) }
        func code(_ id: String, _ model: String?, _ provider: String? = nil) throws -> Refusal.Code? {
            let outcome = try ledger.authorize(try ledger.request(id, model: model, provider: provider, amount: "0.1"))
            if case .refused(let refusal) = outcome { return refusal.code }
            return nil
        }
        #expect(try code("a", "dear", "p") == nil)
        #expect(try code("b", "p/dear") == nil)
        #expect(try code("c", "anything", "q") == nil)
        #expect(try code("d", "embed") == nil)
        #expect(try code("e", "m") == .modelNotAllowed)
        // Whose it is isn't known: its name alone is not allowed.
        #expect(try code("f", "dear") == .modelNotAllowed)
        #expect(try code("g", "dear", "r") == .modelNotAllowed)
        // A reseller's model of that name is not the provider's.
        #expect(try code("h", "p/dear", "r") == .modelNotAllowed)
        #expect(try ledger.refused("i", "0.1") == .modelNotAllowed)
        let models = [HoldRequest.Candidate(model: "dear", provider: "p"), .init(model: "m")]
        let refusal = try ledger.refusal(try ledger.request("j", models: models))
        #expect(refusal.code == .modelNotAllowed && refusal.message.contains("'p/m'"))
        try ledger.reopen()
        #expect(try code("e", "m") == .modelNotAllowed)
        try ledger.policy { $0.allowedModels = .set(nil) }
        #expect(try code("e", "m") == nil)
    }

    @Test func usageOfAForbiddenModelIsChargedAndToldOfOnceAnHour() async throws {
        let ledger = try fixture()
        try ledger.policy { $0.allowedModels = .set(try ledger.patterns("q/*")) }
        for number in 0..<3 {
            #expect(try ledger.reply(try ledger.record("m\(number)", input: 10)).status == .charged)
            if number == 1 { try ledger.reopen() }
        }
        _ = try ledger.reply(try ledger.record("fine", model: "dear", input: 10, provider: "q"))
        _ = try ledger.reply(try ledger.record("other", model: "dear", input: 10, user: "ana", provider: "p"))
        var told = try await ledger.events(.forbiddenModelUsed)
        #expect(told.map { $0.data["model"] } == ["p/m", "p/dear"])
        #expect(told.last?.data["record"] == "other" && told.last?.data["user"] == "ana")
        ledger.clock.advance(seconds: 3600)
        _ = try ledger.reply(try ledger.record("later", input: 10))
        told = try await ledger.events(.forbiddenModelUsed)
        #expect(told.map { $0.data["model"] } == ["p/m", "p/dear", "p/m"])
        // However many models are made up, an hour's are counted.
        for number in 0..<300 { _ = try ledger.reply(try ledger.record("x\(number)", model: "made-up-\(number)")) }
        told = try await ledger.events(.forbiddenModelUsed)
        #expect(told.count == 2 + 101 && told.last?.data["model"] == "other")
        #expect(try ledger.verify().problems == [])
    }

    @Test func aPolicyIsChangedInPartOnceAndStaysAfterARestart() async throws {
        let ledger = try fixture()
        var change = OrgPolicyChange()
        change.defaultOutputTokens = .set(4096)
        change.chargesExpiredHolds = true
        for isReplay in [false, true] {
            guard case .policy(let view, isReplay) = try ledger.one(.setPolicy(org: "acme", change, ledger.key("one")))
            else {
                Issue.record("no policy")
                return
            }
            #expect(view.defaultOutputTokens == 4096 && view.chargeExpiredHolds && view.allowedModels == nil)
        }
        try ledger.policy { $0.unpricedRecordsMax = .set(7) }
        try ledger.reopen()
        let view = try ledger.policy { $0.cappedExposureMax = .set(Money(nanos: 5)) }
        #expect(view.defaultOutputTokens == 4096 && view.chargeExpiredHolds && view.unpricedRecordsMax == 7)
        let shown = try await ledger.reading { try await $0.policy(of: "acme") }
        #expect(shown == view)
        #expect(try ledger.verify().problems == [])
    }
}
