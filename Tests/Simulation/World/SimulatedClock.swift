import Metering
import Synchronization

/// The time of a simulated world: it stands still until it is moved.
final class SimulatedClock: Sendable {
    private let milliseconds: Mutex<Int64>
    private let origin = ContinuousClock.now
    private let begin: Int64

    init(at start: Timestamp) {
        begin = start.milliseconds
        milliseconds = Mutex(begin)
    }

    var now: Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }

    /// The same time, as a clock that nobody sets.
    var stopwatch: ContinuousClock.Instant { origin + .milliseconds(now.milliseconds - begin) }

    func advance(seconds: Int64) { milliseconds.withLock { $0 += seconds * 1000 } }
}
