import Ledger
import Metering
import Synchronization
import Testing

/// What is not done at a time that can't be believed.
@Suite struct ClockDoubtTests {
    private final class Doubt: Sendable {
        private let state = Mutex(false)
        var value: Bool {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    @Test func nothingExpiresAndNoKeyIsForgotten() throws {
        let doubt = Doubt()
        let ledger = try LedgerFixture { $0.isTimeInDoubt = { doubt.value } }
        try ledger.createOrg("acme")
        let grant = try ledger.credit("5", expiresIn: 3600, key: "k")
        _ = try ledger.held("h", "1")
        doubt.value = true
        let years: Int64 = 4 * 365 * 86_400
        ledger.clock.advance(seconds: years)
        #expect(try ledger.balance().description == "5.000000000")
        guard
            case .grant(let replayed, let isReplay) = try ledger.one(
                .grant(
                    NewGrant(
                        org: "acme", amount: try #require(Money(decimal: "5")), source: .purchase, priority: 50,
                        expires: nil, reason: nil), IdempotencyKey(route: "grant", key: "k", body: "5")))
        else {
            Issue.record("no grant")
            return
        }
        #expect(isReplay && replayed.grant == grant.grant)
        // The same at the time that was right.
        ledger.clock.advance(seconds: -years)
        doubt.value = false
        #expect(try ledger.balance().description == "5.000000000")
        ledger.clock.advance(seconds: 3601)
        #expect(try ledger.balance().description == "0.000000000")
    }

    @Test func usageOfARightClockIsToBeSentAgain() throws {
        let doubt = Doubt()
        let ledger = try LedgerFixture { $0.isTimeInDoubt = { doubt.value } }
        try ledger.createOrg("acme", credits: "5")
        let right = ledger.clock.now
        for years: Int64 in [4, -4] {
            let seconds = years * 365 * 86_400
            ledger.clock.advance(seconds: seconds)
            let late = try ledger.refusal(try ledger.charge(try ledger.record("r", at: right)))
            #expect(late.code == .timeOutOfRange && !late.isRetryable)
            doubt.value = true
            let again = try ledger.refusal(try ledger.charge(try ledger.record("r", at: right)))
            #expect(again.code == .clockUnconfirmed && again.isRetryable)
            doubt.value = false
            ledger.clock.advance(seconds: -seconds)
        }
    }
}
