import Synchronization
import SystemdSupport
import Testing

/// What is believed of clocks that jump: against the clock that nobody sets, and against the time of the newest commit.
struct ClockWatchTests {
    private static let day: Int64 = 86_400_000
    private static let noon: Int64 = 1_790_000_000_000

    /// Clocks that a test sets.
    private final class Clocks: Sendable {
        let reading: Mutex<ClockWatch.Reading>

        init(wall: Int64, isSynchronised: Bool?) {
            reading = Mutex(ClockWatch.Reading(wall: wall, boot: 5_000, isSynchronised: isSynchronised))
        }

        /// Lets time pass, and the wall's clock jump beside it.
        func pass(_ milliseconds: Int64, jumping jump: Int64 = 0) {
            reading.withLock {
                $0.boot += milliseconds
                $0.wall += milliseconds + jump
            }
        }

        func synchronise(_ isSynchronised: Bool?) { reading.withLock { $0.isSynchronised = isSynchronised } }

        func watch() -> ClockWatch { ClockWatch { self.reading.withLock { $0 } } }
    }

    @Test(arguments: [4 * 365 * day, -56 * 365 * day])
    func aClockThatIsFarFromTheNewestCommitIsDoubtedUntilItIsPutRight(jump: Int64) {
        let clocks = Clocks(wall: Self.noon + jump, isSynchronised: false)
        let watch = clocks.watch()
        watch.begin(after: [Self.noon])
        #expect(watch.doubt?.jump == jump)
        // Four seconds later somebody puts it right, within a day of the commit.
        clocks.pass(4_000, jumping: -jump)
        watch.look()
        #expect(watch.doubt == nil)
        // It is believed from there on.
        clocks.pass(40 * Self.day)
        watch.look()
        #expect(watch.doubt == nil)
    }

    @Test func aJumpUnderARunningDaemonIsDoubtedToo() {
        let clocks = Clocks(wall: Self.noon, isSynchronised: nil)
        let watch = clocks.watch()
        watch.begin(after: [Self.noon - 3_600_000])
        #expect(watch.doubt == nil)
        // Less than a day is none, however often.
        for _ in 0..<5 {
            clocks.pass(1_000, jumping: Self.day - 1)
            watch.look()
            #expect(watch.doubt == nil)
        }
        clocks.pass(1_000, jumping: -2 * Self.day)
        watch.look()
        #expect(watch.doubt?.jump == -2 * Self.day)
        // It stays doubted however long that lasts.
        clocks.pass(10 * Self.day)
        watch.look()
        #expect(watch.doubt?.jump == -2 * Self.day)
        watch.confirm()
        #expect(watch.doubt == nil)
        clocks.pass(1_000)
        watch.look()
        #expect(watch.doubt == nil)
    }

    @Test func aClockThatSomethingKeepsRightIsBelieved() {
        let clocks = Clocks(wall: Self.noon + 30 * Self.day, isSynchronised: true)
        let watch = clocks.watch()
        watch.begin(after: [Self.noon])
        #expect(watch.doubt == nil)
        // Not synchronised any more: that alone is no jump.
        clocks.synchronise(false)
        clocks.pass(1_000)
        watch.look()
        #expect(watch.doubt == nil)
        clocks.pass(1_000, jumping: 3 * Self.day)
        watch.look()
        #expect(watch.doubt != nil)
        clocks.synchronise(true)
        watch.look()
        #expect(watch.doubt == nil)
    }

    @Test func ofSeveralTimesTheNearestCounts() {
        // A commit of a time that was wrong, and somebody's word of a later one.
        let clocks = Clocks(wall: Self.noon, isSynchronised: false)
        let watch = clocks.watch()
        watch.begin(after: [Self.noon + 1000 * Self.day, Self.noon - 3_600_000])
        #expect(watch.doubt == nil)
        let other = Clocks(wall: Self.noon, isSynchronised: false).watch()
        // Nothing is known of the time before a ledger.
        other.begin(after: [])
        #expect(other.doubt == nil)
    }
}
