import Testing

@testable import Ingest

@Suite struct CommitPacingTests {
    private static let interval: UInt64 = 1_000_000
    private var pacing = CommitPacing(interval: interval, enough: 16)
    private var marks = [UInt64](repeating: 0, count: 100)

    /// So many connections ask for something each, and it is committed.
    private mutating func ask(_ connections: Int, at now: UInt64) {
        for connection in 0..<connections { pacing.note(&marks[connection], at: now) }
    }

    @Test mutating func afterAPauseNothingWaits() {
        ask(8, at: 1_000_000_000)
        pacing.begin(at: 1_000_000_000)
        ask(1, at: 1_000_000_000 + Self.interval)
        #expect(pacing.delay(of: 1, from: 1, at: 1_000_000_000 + Self.interval) == 0)
    }

    @Test mutating func whatComesSoonAfterACommitWaitsForTheRestOfTheInterval() {
        let start: UInt64 = 1_000_000_000
        ask(8, at: start)
        pacing.begin(at: start)
        ask(1, at: start + 300_000)
        #expect(pacing.delay(of: 1, from: 1, at: start + 300_000) == 700_000)
        #expect(pacing.delay(of: 7, from: 7, at: start + 999_999) == 1)
        #expect(pacing.delay(of: 7, from: 7, at: start + 1_000_000) == 0)
    }

    @Test mutating func aConnectionAloneNeverWaits() {
        var now: UInt64 = 1_000_000_000
        for _ in 0..<1000 {
            ask(1, at: now)
            #expect(pacing.delay(of: 1, from: 1, at: now) == 0)
            pacing.begin(at: now)
            now += 100_000
        }
    }

    @Test mutating func whenEveryConnectionThatTakesPartHasAskedNothingWaits() {
        let start: UInt64 = 1_000_000_000
        ask(8, at: start)
        pacing.begin(at: start)
        ask(8, at: start + 200_000)
        #expect(pacing.delay(of: 7, from: 7, at: start + 200_000) > 0)
        #expect(pacing.delay(of: 8, from: 8, at: start + 200_000) == 0)
    }

    @Test mutating func manyRequestsGoAtOnceWhoeverAsksThem() {
        let start: UInt64 = 1_000_000_000
        ask(32, at: start)
        pacing.begin(at: start)
        #expect(pacing.delay(of: 15, from: 2, at: start + 1) > 0)
        #expect(pacing.delay(of: 16, from: 2, at: start + 1) == 0)
    }

    @Test mutating func whoHasGoneIsNotWaitedForAfterTwoPeriods() {
        let period: UInt64 = 20_000_000
        let start: UInt64 = 1_000_000_000
        ask(8, at: start)
        ask(1, at: start + period)
        pacing.begin(at: start + period)
        // In the period after the eight were there they are still expected.
        #expect(pacing.delay(of: 1, from: 1, at: start + period + 1) > 0)
        ask(1, at: start + 2 * period)
        pacing.begin(at: start + 2 * period)
        #expect(pacing.delay(of: 1, from: 1, at: start + 2 * period + 1) == 0)
    }
}
