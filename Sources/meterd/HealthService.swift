import Foundation
import Ledger
import ServiceLifecycle
import SystemdSupport

/// Tells systemd how the daemon does, and feeds its watchdog for as long as the writer proves that it moves.
///
/// The proof is a probe that goes through the writer's queue like any record, or commits since the last look. A slow
/// disk passes; a writer that is stuck doesn't, and systemd kills and restarts it.
struct HealthService: Service {
    let daemon: Daemon

    func run() async throws {
        let watchdog = daemon.manager.watchdogInterval
        let tick = min(.seconds(1), (watchdog ?? .seconds(2)) / 3)
        await cancelWhenGracefulShutdown { await look(every: tick, hasWatchdog: watchdog != nil) }
    }

    private func look(every tick: Duration, hasWatchdog: Bool) async {
        let probe = Probe(writer: daemon.writer)
        var last = (commits: UInt64(0), records: UInt64(0), instant: ContinuousClock.now)
        var status = ""
        var wasFull = false
        while !Task.isCancelled {
            try? await Task.sleep(for: tick)
            let statistics = daemon.writer.statistics
            let now = ContinuousClock.now
            let seconds = (now - last.instant) / .seconds(1)
            let pace = Double(statistics.records - last.records) / max(seconds, 0.001)
            // Half of each new second: a few seconds' average that still follows.
            let rate = (daemon.pulse.recordsPerSecond + pace) / 2
            daemon.pulse.recordsPerSecond = rate < 0.05 ? 0 : rate
            if hasWatchdog, statistics.commits != last.commits || probe.cameBack() {
                daemon.manager.feedWatchdog()
            }
            if statistics.isDiskFull != wasFull {
                wasFull = statistics.isDiskFull
                if wasFull {
                    daemon.logger.error("the disk is full: records are refused until there is room; make some")
                } else {
                    daemon.logger.notice("there is room on the disk again: records are taken")
                }
            }
            last = (statistics.commits, statistics.records, now)
            let line = await Self.line(daemon, statistics)
            if line != status, !Task.isCancelled {
                status = line
                daemon.manager.status(line)
            }
        }
    }

    private static func line(_ daemon: Daemon, _ statistics: WriterStatistics) async -> String {
        let seen = await daemon.ingest.statistics()
        let state = statistics.isDiskFull ? "degraded: the disk is full, records are refused" : "ready"
        let rate = Int(daemon.pulse.recordsPerSecond.rounded())
        return "\(state); \(rate) records/s, queue \(daemon.writer.queued)/\(daemon.writer.capacity), "
            + "\(seen.connections) connections, \(statistics.records) records since start"
    }
}

/// One probe at a time through the writer's queue.
private final class Probe: Sendable {
    private let writer: LedgerWriter
    private let isOut = Flag()
    private let isBack = Flag()

    init(writer: LedgerWriter) {
        self.writer = writer
    }

    /// Whether a probe came back since the last call; sends the next one where none is on its way.
    func cameBack() -> Bool {
        if !isOut.exchange(true) {
            Task {
                if case .alive = await writer.perform(.probe) { _ = isBack.exchange(true) }
                _ = isOut.exchange(false)
            }
        }
        return isBack.exchange(false)
    }
}
