import Billing
import Metering
import Testing

@Suite struct TopUpTests {
    private let now: Timestamp
    private let terms = TopUpTerms()
    private let topUp: TopUp

    init() throws {
        now = try #require(Timestamp(rfc3339: "2026-11-25T10:00:00Z"))
        topUp = TopUp(
            threshold: try #require(Money(decimal: "20")), amount: try #require(Money(decimal: "100")), perDayMax: 3)
    }

    private func decision(_ balance: String, _ history: TopUpHistory = TopUpHistory()) throws -> TopUpDecision {
        topUp.decision(balance: try #require(Money(decimal: balance)), history, terms, at: now)
    }

    @Test func belowTheThresholdAPackIsBought() throws {
        #expect(try decision("20") == .enough)
        #expect(try decision("19.999999999") == .buy(packs: 1))
        #expect(try decision("-79.999999999") == .buy(packs: 1))
    }

    /// Several equal purchases within a second look like fraud to a bank.
    @Test func packsThatAreMissingAtOnceAreOnePurchase() throws {
        #expect(try decision("-80") == .buy(packs: 1))
        #expect(try decision("-80.000000001") == .buy(packs: 2))
        #expect(try decision("-180.000000001") == .buy(packs: 3))
        // No more than a day may have.
        #expect(try decision("-5000") == .buy(packs: 3))
        var history = TopUpHistory()
        history.purchases = [now, now]
        #expect(try decision("-5000", history) == .buy(packs: 1))
    }

    @Test func whatIsBeingPaidForCounts() throws {
        var history = TopUpHistory()
        history.pending = try #require(Money(decimal: "100"))
        #expect(try decision("-80", history) == .enough)
        #expect(try decision("-80.01", history) == .buy(packs: 1))
        history.pending = Money(nanos: .max)
        #expect(try decision("1", history) == .enough)
    }

    @Test func aDaysNumberIsNotPassed() throws {
        var history = TopUpHistory()
        history.purchases = [-86_400, -7200, -3600, -60].map { now.advanced(bySeconds: $0) }
        #expect(try decision("1", history) == .limited(until: now.advanced(bySeconds: 86_400 - 7200)))
        history.purchases.removeLast()
        #expect(try decision("1", history) == .buy(packs: 1))
    }

    @Test func aDeclineIsWaitedForLongerEachTime() throws {
        var history = TopUpHistory()
        for (declines, hours) in [(1, Int64(1)), (2, 6), (3, 24), (9, 24)] {
            history.declines = declines
            history.lastDecline = now.advanced(bySeconds: -hours * 3600 + 1)
            #expect(try decision("1", history) == .backingOff(until: now.advanced(bySeconds: 1)))
            history.lastDecline = now.advanced(bySeconds: -hours * 3600)
            #expect(try decision("1", history) == .buy(packs: 1))
        }
    }

    @Test func whereNoneMayBeBoughtNoneIs() throws {
        let none = TopUp(threshold: topUp.threshold, amount: topUp.amount, perDayMax: 0)
        #expect(
            none.decision(balance: .zero, TopUpHistory(), terms, at: now)
                == .limited(until: now.advanced(bySeconds: 86_400)))
    }
}
