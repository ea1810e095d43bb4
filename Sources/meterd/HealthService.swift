import Foundation
import Ingest
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

    /// How often it is noted how far the ledger has come.
    private static let noteEvery = Duration.seconds(10)
    /// How often memory that a burst left is given back.
    private static let giveBackEvery = Duration.seconds(60)

    private func look(every tick: Duration, hasWatchdog: Bool) async {
        let probe = Probe(writer: daemon.writer)
        var commits: UInt64 = 0
        var status = ""
        var wasFull = false
        // What was told of the clock.
        var doubt: ClockWatch.Doubt?
        var (noted, gaveBack) = (ContinuousClock.now, ContinuousClock.now)
        while !Task.isCancelled {
            try? await Task.sleep(for: tick)
            let statistics = daemon.writer.statistics
            let seen = await daemon.ingest.statistics()
            daemon.pulse.look(statistics, seen.latency)
            if let watch = daemon.clockWatch {
                watch.look()
                let now = watch.doubt
                if daemon.journal.tell(of: now, before: doubt) { daemon.billingBell.ring() }
                doubt = now
            }
            if hasWatchdog, statistics.commits != commits || probe.cameBack() {
                daemon.manager.feedWatchdog()
                daemon.pulse.fedWatchdog()
            }
            commits = statistics.commits
            if statistics.isDiskFull != wasFull {
                wasFull = statistics.isDiskFull
                if wasFull {
                    daemon.journal.write(
                        .diskFull, "the disk is full: records are refused until there is room; make some")
                } else {
                    daemon.journal.write(.diskHasRoom, "there is room on the disk again: records are taken")
                }
            }
            daemon.journal.tellWithheld()
            if ContinuousClock.now - noted >= Self.noteEvery {
                noted = .now
                await daemon.history.note()
            }
            if ContinuousClock.now - gaveBack >= Self.giveBackEvery {
                gaveBack = .now
                Allocator.giveBack()
            }
            let line = Self.line(daemon, statistics, seen)
            if line != status, !Task.isCancelled {
                status = line
                daemon.manager.status(line)
            }
        }
    }

    private static func line(_ daemon: Daemon, _ statistics: WriterStatistics, _ seen: IngestStatistics) -> String {
        let isInDoubt = daemon.clockWatch?.doubt != nil
        let state =
            statistics.isDiskFull
            ? "degraded: the disk is full, records are refused"
            : isInDoubt ? "ready, but the clock may be wrong: nothing is billed until it is confirmed" : "ready"
        var parts = ["\(Int(daemon.pulse.recordsPerSecond.rounded())) records/s"]
        if let latency = daemon.pulse.latency99 {
            parts.append("p99 \((latency * 10_000).rounded() / 10) ms")
        }
        parts.append("queue \(daemon.writer.queued)/\(daemon.writer.capacity)")
        if let last = statistics.lastCommit {
            parts.append("last commit \(Int((ContinuousClock.now - last) / .seconds(1))) s ago")
        }
        parts.append("\(seen.connections) connections, \(statistics.records) records since start")
        return state + "; " + parts.joined(separator: ", ")
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
