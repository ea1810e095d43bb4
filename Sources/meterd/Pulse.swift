import Ingest
import Ledger
import Synchronization

/// How the daemon does over the last seconds, and whether it is on its way out.
final class Pulse: Sendable {
    private struct State {
        var recordsPerSecond = 0.0
        var latency99: Double?
        var isStopping = false
        var watchdogFed: ContinuousClock.Instant?
        var lastRecords: UInt64 = 0
        var lastLook = ContinuousClock.now
        var earlier: [MetricHistogram] = []
    }

    private let state = Mutex(State())

    /// Seconds whose latencies the 99th percentile is of.
    private static let window = 10

    /// Records a second.
    var recordsPerSecond: Double { state.withLock { $0.recordsPerSecond } }

    /// Seconds that 99 of 100 requests of late didn't take; nil where there were none.
    var latency99: Double? { state.withLock { $0.latency99 } }

    /// When the watchdog was fed last; nil where there is none.
    var watchdogFed: ContinuousClock.Instant? { state.withLock { $0.watchdogFed } }

    /// Whether the daemon is on its way out.
    var isStopping: Bool { state.withLock { $0.isStopping } }

    func stop() { state.withLock { $0.isStopping = true } }

    func fedWatchdog() { state.withLock { $0.watchdogFed = .now } }

    /// Takes a look, about once a second.
    func look(_ statistics: WriterStatistics, _ latency: MetricHistogram) {
        state.withLock { state in
            let now = ContinuousClock.now
            let seconds = max((now - state.lastLook) / .seconds(1), 0.001)
            // Half of each new second: a few seconds' average that still follows.
            let rate = (state.recordsPerSecond + Double(statistics.records - state.lastRecords) / seconds) / 2
            state.recordsPerSecond = rate < 0.05 ? 0 : rate
            state.lastRecords = statistics.records
            state.lastLook = now
            state.latency99 = state.earlier.first.flatMap { latency.since($0).quantile(0.99) }
            state.earlier.append(latency)
            if state.earlier.count > Self.window { state.earlier.removeFirst() }
        }
    }
}
