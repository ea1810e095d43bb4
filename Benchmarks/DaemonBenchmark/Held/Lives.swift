import Foundation
import LoadGenerator
import Synchronization

/// A daemon that is stopped and killed meanwhile, for all the threads that have to do with it: its lives, one after the other.
final class Lives: Sendable {
    /// A stop and the start after it.
    struct Outage: Sendable {
        let isKill: Bool
        /// Records acknowledged until then.
        let records: Int
        let ordered: Double
        let ended: Double
        let started: Double
        var healthy: Double?
        /// When a record was first answered again.
        var answered: Double?

        /// Seconds during which nobody answered.
        var seconds: Double { (answered ?? started) - ordered }
    }

    /// What was seen of all lives.
    struct Book: Sendable {
        var outages: [Outage] = []
        var peakKibibytes = 0
        var walBytes = 0
        var processorSeconds = 0.0
        var reloads = 0
        var findings: [String] = []
    }

    let ingestSocket: String
    let controlSocket: String
    private let database: String
    private let log: String
    private let daemon: Mutex<DaemonProcess>
    private let seen = Mutex(Book())
    private let acknowledged = Atomic(0)
    /// Even while it is up.
    private let turns = Atomic(0)
    private let isOut = Atomic(false)
    private let isFailed = Atomic(false)

    init(_ daemon: sending DaemonProcess, log: String) {
        (ingestSocket, controlSocket, database) = (daemon.ingestSocket, daemon.controlSocket, daemon.database)
        self.log = log
        self.daemon = Mutex(daemon)
    }

    var book: Book { seen.withLock { $0 } }
    /// Records that the load has its answers for.
    var records: Int { acknowledged.load(ordering: .relaxed) }

    // MARK: The load's

    /// Notes answers of a connection; true where they come between a stop and the next life's first answer.
    func heard(on connectedAt: Double, at now: Double, records: Int) -> Bool {
        acknowledged.store(records, ordering: .relaxed)
        guard isOut.load(ordering: .acquiring) else { return false }
        seen.withLock { book in
            // Answers of the life before may still lie in its sockets.
            guard let last = book.outages.indices.last, book.outages[last].answered == nil,
                connectedAt >= book.outages[last].started
            else { return }
            book.outages[last].answered = now
            isOut.store(false, ordering: .releasing)
        }
        return true
    }

    /// Throws where something was found that must not be.
    func check() throws {
        guard isBroken else { return }
        throw BenchmarkError(book.findings.joined(separator: "\n"))
    }

    // MARK: Whoever disturbs

    /// A mark of the present life; nil while there is none.
    var mark: Int? {
        let turn = turns.load(ordering: .acquiring)
        return turn % 2 == 0 ? turn : nil
    }

    /// Notes what must not be, once.
    func found(_ words: String) {
        seen.withLock { if !$0.findings.contains(words) { $0.findings.append(words) } }
        isFailed.store(true, ordering: .relaxed)
    }

    /// Whether something was found.
    var isBroken: Bool { isFailed.load(ordering: .relaxed) }

    /// Ends it as told, or as a crash does, and starts it again.
    func interrupt(isKill: Bool) throws {
        try daemon.withLock { daemon in
            look(daemon)
            turns.add(1, ordering: .acquiringAndReleasing)
            isOut.store(true, ordering: .releasing)
            let (records, ordered) = (records, Load.now())
            let used = daemon.processorSeconds
            if isKill { daemon.kill() } else { daemon.stop() }
            let ended = Load.now()
            if !isKill, daemon.ending != "exit 0" { found("a stop ended with \(daemon.ending)") }
            seen.withLock {
                $0.processorSeconds += used
                $0.outages.append(
                    Outage(isKill: isKill, records: records, ordered: ordered, ended: ended, started: Load.now()))
            }
            try daemon.start()
            let healthy = Load.now()
            seen.withLock { $0.outages[$0.outages.count - 1].healthy = healthy }
            turns.add(1, ordering: .acquiringAndReleasing)
        }
    }

    /// Has it reload, while it is up.
    func reload() {
        daemon.withLock { $0.reload() }
        seen.withLock { $0.reloads += 1 }
    }

    /// Looks at its memory and its log, where it isn't just ending or starting.
    func look() {
        _ = daemon.withLockIfAvailable { look($0) }
    }

    private func look(_ daemon: borrowing DaemonProcess) {
        guard daemon.isRunning else { return found("the daemon ended by itself: \(daemon.ending)\n\(logTail)") }
        let peak = ProcessFigures(of: daemon.identifier).peakResidentKibibytes
        let wal = ProcessFigures.bytes(of: database + "-wal")
        seen.withLock {
            $0.peakKibibytes = max($0.peakKibibytes, peak)
            $0.walBytes = max($0.walBytes, wal)
        }
    }

    // MARK: The end

    /// Asks it something.
    func ask(_ path: String) throws -> String {
        try daemon.withLock { try $0.request("GET", path, nil) }
    }

    /// Processor time of the present life.
    var processorSeconds: Double { daemon.withLock { $0.isRunning ? $0.processorSeconds : 0 } }

    /// A number of its status.
    func status(_ member: String) throws -> Int {
        try daemon.withLock { try $0.status(member) }
    }

    /// Stops it; it must end with 0.
    func stop() {
        daemon.withLock { daemon in
            guard daemon.isRunning else { return }
            look(daemon)
            let used = daemon.processorSeconds
            daemon.stop()
            seen.withLock { $0.processorSeconds += used }
            if daemon.ending != "exit 0" { found("the last stop ended with \(daemon.ending)\n\(logTail)") }
        }
    }

    /// Starts it again after ``stop()``.
    func start() throws {
        try daemon.withLock { try $0.start() }
    }

    /// Lines of its log with such words.
    func logLines(_ words: String) -> Int {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").count { $0.contains(words) }
    }

    private var logTail: String {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(5).joined(separator: "\n")
    }
}
