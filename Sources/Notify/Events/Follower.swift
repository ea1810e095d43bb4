import Ledger
import Metering

/// Reads the event log after the number that it has come to, and makes deliveries of the events.
struct Follower: Sendable {
    let daemon: DaemonClient
    let store: NotifyStore
    let planner: Planner
    let log: NotifyLog
    let clock: @Sendable () -> Timestamp
    /// Rung when there are new deliveries.
    let bell: Bell

    /// Goes on until the task is cancelled.
    func run() async {
        var failures = 0
        var cursor: Int64?
        while !Task.isCancelled {
            do throws(DaemonError) {
                if let known = cursor {
                    cursor = try await readOn(after: known)
                } else {
                    cursor = try await start()
                }
                failures = 0
            } catch {
                if failures == 0 { log.note(.daemonAway, "meterd gives no answer: \(error)", level: .warning) }
                failures += 1
                // What is kept says where to go on.
                cursor = nil
                try? await Task.sleep(for: .milliseconds(min(30_000, 250 << min(failures, 7))))
            }
        }
    }

    /// Makes deliveries of the next events, or waits for some.
    ///
    /// - Returns: the number to go on after; nil if that has to be looked up.
    private func readOn(after cursor: Int64) async throws(DaemonError) -> Int64? {
        let events = try await daemon.events(after: cursor)
        guard let first = events.first, let last = events.last else {
            try await daemon.wait(after: cursor)
            // A ledger that was put back from a backup numbers its events anew.
            return try await daemon.newestEvent() < cursor ? nil : cursor
        }
        if first.number > cursor + 1 {
            log.note(
                .eventsMissed,
                "events \(cursor + 1) to \(first.number - 1) are not kept any more; nobody was told of them",
                level: .error)
        }
        let memory = Planner.Memory()
        var deliveries: [NewDelivery] = []
        for event in events { deliveries += try await planner.deliveries(of: event, in: events, memory) }
        try keep(deliveries, through: last.number)
        return last.number
    }

    /// Where to go on. The first time that is the newest event: nobody is told of what was before.
    private func start() async throws(DaemonError) -> Int64 {
        let newest = try await daemon.newestEvent()
        let kept: Int64?
        do throws(StoreError) {
            kept = try store.progress()
        } catch {
            throw .away(broken(error))
        }
        guard let kept, kept <= newest else {
            if let kept {
                log.note(
                    .eventsMissed,
                    "the newest event is \(newest), and \(kept) was read before: the ledger is another one",
                    level: .error)
            }
            try keep([], through: newest)
            return newest
        }
        return kept
    }

    private func keep(_ deliveries: [NewDelivery], through event: Int64) throws(DaemonError) {
        do throws(StoreError) {
            try store.add(deliveries, through: event, at: clock())
        } catch {
            throw .away(broken(error))
        }
        if !deliveries.isEmpty { bell.ring() }
    }

    private func broken(_ error: StoreError) -> String {
        log.note(.storeBroken, "\(error)", level: .error)
        return "\(error)"
    }
}
