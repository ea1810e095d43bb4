import Access
import Ingest
import Ledger
import Logging
import Synchronization
import SystemdSupport

/// Writes events for operators, each under its `MESSAGE_ID`. Of one that comes too often the rest of a period is withheld and
/// counted, and the count is told.
final class Journal: Sendable {
    /// Entries of one event in a period.
    private static let burst = 20
    private static let period = Duration.seconds(10)

    private struct Burst {
        var began: ContinuousClock.Instant
        var count = 0
        var withheld = 0
    }

    /// For what is no event of its own.
    let logger: Logger
    private let logsRecords: Atomic<Bool>
    private let bursts = Mutex<[JournalEvent: Burst]>([:])

    init(_ logger: Logger, logsRecords: Bool) {
        self.logger = logger
        self.logsRecords = Atomic(logsRecords)
    }

    /// Writes an event; `fields` become `METERD_*`.
    func write(_ event: JournalEvent, _ message: String, _ fields: [String: String?] = [:]) {
        guard !event.isLimited || isWithinBurst(event) else { return }
        log(event, message, fields)
    }

    /// Tells whether the system's clock is doubted, if that is news; true if it is believed again.
    @discardableResult
    func tell(of doubt: ClockWatch.Doubt?, before: ClockWatch.Doubt?) -> Bool {
        switch (before, doubt) {
        case (nil, let doubt?):
            let days = abs(doubt.jump) / ClockWatch.toleranceMilliseconds
            write(
                .clockDoubtful,
                "the clock is \(days) days \(doubt.jump > 0 ? "ahead of" : "behind") the time that was expected, and nothing keeps it right: nothing is billed, expires or is erased until that is confirmed (meterctl clock confirm)",
                ["jump_seconds": "\(doubt.jump / 1000)"])
            return false
        case (_?, nil):
            write(.clockConfirmed, "the clock is believed again: what waited for it is done now")
            return true
        case (nil, nil), (_?, _?): return false
        }
    }

    /// Tells how many were withheld of the events whose period is over. To be called now and then.
    func tellWithheld() {
        let now = ContinuousClock.now
        let over = bursts.withLock { bursts in
            let over = bursts.filter { now - $1.began >= Self.period }
            for event in over.keys { bursts[event] = nil }
            return over.filter { $1.withheld > 0 }
        }
        for (event, burst) in over {
            log(
                event, "\(burst.withheld) more entries of this kind were withheld", ["withheld": "\(burst.withheld)"])
        }
    }

    private func log(_ event: JournalEvent, _ message: String, _ fields: [String: String?]) {
        var metadata: Logger.Metadata = ["message_id": "\(event.rawValue)"]
        for case (let name, let value?) in fields { metadata[name] = "\(value)" }
        logger.log(level: event.level, "\(message)", metadata: metadata)
    }

    private func isWithinBurst(_ event: JournalEvent) -> Bool {
        let now = ContinuousClock.now
        return bursts.withLock { bursts in
            var burst = bursts[event] ?? Burst(began: now)
            // What was withheld before is told by `tellWithheld`, which also ends the period.
            if now - burst.began >= Self.period, burst.withheld == 0 { burst = Burst(began: now) }
            burst.count += 1
            let isWithin = burst.count <= Self.burst
            if !isWithin { burst.withheld += 1 }
            bursts[event] = burst
            return isWithin
        }
    }
}

extension Journal: IngestObserver {
    var wantsAnswers: Bool {
        get { logsRecords.load(ordering: .relaxed) }
        set { logsRecords.store(newValue, ordering: .relaxed) }
    }

    func didRefuse(_ refusal: Refusal, id: String?, org: String, to peer: PeerCredentials?) {
        didRefuse(refusal, record: id, org: org, peer)
    }

    func didAnswer(_ outcome: Outcome, id: String?, org: String, from peer: PeerCredentials?) {
        let fields = Self.fields(peer).merging(["org": org, "record": id]) { $1 }
        switch outcome {
        case .usage(let reply):
            let words = reply.isDuplicate ? "was taken before" : reply.status.name
            write(
                .record, "record \(id ?? "?") of org \(org): \(words), USD \(reply.cost)",
                fields.merging(["status": reply.status.name, "cost": "\(reply.cost)"]) { $1 })
        case .refused(let refusal):
            write(
                .record, "record \(id ?? "?") of org \(org) was refused: \(refusal.message)",
                fields.merging(["error_code": refusal.code.rawValue]) { $1 })
        default: break
        }
    }

    func didLeaveUnread(_ peer: PeerCredentials?) {
        let who = peer.map { "process \($0.pid) of uid \($0.uid)" } ?? "a client"
        write(
            .repliesUnread,
            "\(who) doesn't read its replies on the ingest socket: nothing more is read from it until it does",
            Self.fields(peer))
    }

    /// A request on either socket that its peer may not make.
    func didRefuse(_ refusal: Refusal, record: String?, org: String?, _ peer: PeerCredentials?) {
        write(
            .accessRefused, refusal.message,
            Self.fields(peer).merging(["org": org, "record": record, "error_code": refusal.code.rawValue]) { $1 })
    }

    private static func fields(_ peer: PeerCredentials?) -> [String: String?] {
        ["peer_uid": peer.map { "\($0.uid)" }, "peer_pid": peer.map { "\($0.pid)" }]
    }
}
