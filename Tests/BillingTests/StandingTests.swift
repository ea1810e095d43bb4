import Billing
import Metering
import Testing

@Suite struct StandingTests {
    private let terms = DunningTerms()
    private let start: Timestamp

    init() throws { start = try #require(Timestamp(rfc3339: "2026-11-25T10:00:00Z")) }

    private func after(days: Int64, seconds: Int64 = 0) -> Timestamp {
        start.advanced(bySeconds: days * 86_400 + seconds)
    }

    /// Carries out what is due at each of some moments, and says what it was.
    private func run(
        _ standing: Standing, at moments: [Timestamp], _ terms: DunningTerms
    ) -> (standing: Standing, steps: [(step: DunningStep, at: Timestamp)]) {
        var (standing, steps) = (standing, [(step: DunningStep, at: Timestamp)]())
        for now in moments {
            while let next = standing.next(terms), next.due <= now, steps.count < 100 {
                standing = standing.taking(next.step, at: now, terms)
                steps.append((next.step, now))
            }
        }
        return (standing, steps)
    }

    @Test func aDaemonThatAlwaysRunsTakesEachStepAtItsTime() throws {
        let grace = Standing.current.declined(at: start)
        let (end, steps) = run(grace, at: (0...(40 * 24)).map { after(days: 0, seconds: $0 * 3600) }, terms)
        #expect(
            steps.map(\.step) == [
                .retry, .retry, .retry, .suspend, .retry, .retry, .retry, .retry, .announceErasure(days: 7), .retry,
                .announceErasure(days: 1), .erase,
            ])
        let days = [1, 2, 3, 3, 5, 7, 14, 21, 26, 28, 32, 33].map { after(days: $0) }
        #expect(steps.map(\.at) == days)
        guard case .erased(let arrears, after(days: 33)) = end else {
            Issue.record("\(end)")
            return
        }
        #expect(arrears.declined == start)
        #expect(end.next(terms) == nil)
    }

    @Test func downtimeOfAnyLengthLeavesNoStepOutAndDoublesNone() throws {
        let grace = Standing.current.declined(at: start)
        for hours in Int64(0)...(45 * 24) {
            // Down for so long after the decline, and then up, looking every hour.
            let moments = (0...(20 * 24)).map { after(days: 0, seconds: (hours + Int64($0)) * 3600) }
            let (_, steps) = run(grace, at: moments, terms)
            let withoutRetries = steps.filter { $0.step != .retry }
            guard
                withoutRetries.map(\.step)
                    == Array(
                        [.suspend, .announceErasure(days: 7), .announceErasure(days: 1), .erase].prefix(
                            withoutRetries.count))
            else {
                Issue.record("\(hours) h: \(steps)")
                return
            }
            // At most one retry at a moment, and none after the schedule's number.
            let retries = steps.filter { $0.step == .retry }.map(\.at)
            #expect(Set(retries.map(\.milliseconds)).count == retries.count)
            #expect(retries.count <= terms.retryDays.count)
            // Suspended no sooner than promised, erased no sooner than each announcement said.
            for (step, at) in withoutRetries where step == .suspend { #expect(at >= after(days: 3)) }
            if let erased = withoutRetries.first(where: { $0.step == .erase })?.at {
                #expect(erased >= after(days: 33))
                for (step, at) in withoutRetries {
                    if case .announceErasure(let days) = step {
                        #expect(erased >= at.advanced(bySeconds: days * 86_400))
                    }
                }
            }
        }
    }

    @Test func aSuspensionBeganWhenItWasDue() {
        let grace = Standing.current.declined(at: start)
        let late = grace.taking(.suspend, at: after(days: 20), terms)
        guard case .suspended(_, let suspension) = late else {
            Issue.record("\(late)")
            return
        }
        #expect(suspension.since == after(days: 3))
        #expect(suspension.erases == after(days: 50))
    }

    @Test func paymentRestoresFromEveryStanding() {
        let grace = Standing.current.declined(at: start)
        let suspended = grace.taking(.suspend, at: after(days: 3), terms)
        let erased = suspended.taking(.erase, at: after(days: 33), terms)
        for standing in [grace, suspended, erased] {
            #expect(standing.paid == .current)
        }
        #expect([Standing.current, grace, suspended, erased].map(\.isServed) == [true, true, false, false])
    }

    @Test func ofSeveralDeclinesTheFirstCounts() {
        let grace = Standing.current.declined(at: start)
        #expect(grace.declined(at: after(days: 1)) == grace)
        #expect(grace.declined(at: after(days: 1)) == grace)
    }

    @Test func aStepThatIsNotOfAStandingChangesNothing() {
        let grace = Standing.current.declined(at: start)
        let suspended = grace.taking(.suspend, at: after(days: 3), terms)
        #expect(Standing.current.taking(.suspend, at: start, terms) == .current)
        #expect(grace.taking(.erase, at: start, terms) == grace)
        #expect(suspended.taking(.suspend, at: after(days: 9), terms) == suspended)
    }

    @Test func withoutGraceOrRetriesASuspensionComesAtOnce() {
        var terms = DunningTerms()
        (terms.graceDays, terms.retryDays, terms.announceDays) = (0, [], [])
        let grace = Standing.current.declined(at: start)
        #expect(grace.next(terms)?.step == .suspend)
        #expect(grace.next(terms)?.due == start)
        let suspended = grace.taking(.suspend, at: start, terms)
        #expect(suspended.next(terms)?.step == .erase)
        #expect(suspended.next(terms)?.due == after(days: 30))
    }
}
