import Control
import Foundation
import GRDBSQLite
import Ingest
import Ledger
import Logging
import Metering
import ServiceLifecycle
import Synchronization
import SystemdSupport

/// The daemon, wired: the ledger with its one writer, the two servers, and the order in which they stop.
struct Daemon: Service {
    let settings: Settings
    let manager: ServiceManager
    let logger: Logger
    let writer: LedgerWriter
    let ingest: IngestServer
    let rates = RatesInForce()
    let pulse = Pulse()

    private let control: ControlServer
    private let bell = EventBell()
    private let reader: LedgerReader
    private let sockets: Sockets
    private let pump: LogPump
    // Held for the lock on the state directory.
    private let database: LedgerDatabase

    /// Milliseconds since the epoch by the system's clock: the only place that reads it.
    static let clock: @Sendable () -> Timestamp = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    /// Opens the ledger (recovery and migration included) and makes everything ready to run.
    init(
        settings: Settings, rates file: RatesFile?, sockets: Sockets, manager: ServiceManager, logger: Logger,
        pump: LogPump
    ) async throws {
        self.settings = settings
        self.sockets = sockets
        self.manager = manager
        self.logger = logger
        self.pump = pump
        database = try LedgerDatabase(in: settings.stateDirectory) { steps in
            manager.extendTimeout(seconds: 600)
            logger.notice("migrating the ledger", metadata: ["steps": "\(steps)"])
        }
        var options = StoreOptions(clock: Self.clock)
        options.cacheKiB = settings.cacheMebibytes * 1024
        options.checkpointPages = settings.checkpointPages
        let bell = bell
        options.onEvents = { events in
            for event in events { EventJournal.write(event, to: logger) }
            bell.ring()
        }
        let rates = rates
        options.onBook = { rates.current = $0 }
        manager.extendTimeout(seconds: 600)
        let store = try SQLiteStore(path: database.path, options: options)
        rates.current = store.book
        // Room for everything that ingest may have open, and for operators beside it.
        writer = LedgerWriter(store: store, capacity: settings.openMax + LedgerWriter.performingMax) { failure in
            Self.end(failure, manager: manager, logger: logger, pump: pump)
        }
        reader = try LedgerReader(path: database.path)
        ingest = try await IngestServer(
            limits: settings.ingestLimits, version: Version.current, writer: writer, logger: logger, clock: Self.clock,
            book: { rates.current })
        let status = StatusReport(
            writer: writer, reader: reader, ingest: ingest, rates: rates, pulse: pulse, databasePath: database.path)
        control = try ControlServer(
            ControlService(
                writer: writer, reader: reader, version: Version.current, clock: Self.clock,
                rates: { rates.current }, bell: bell
            ) { try await status.view() },
            logger: logger)
        if let file { try await record(file) }
    }

    /// Serves until the process is told to stop, then answers what was read and closes the ledger.
    func run() async throws {
        try await ingest.start(listening: sockets.ingest.descriptor)
        try await control.start(listening: sockets.control.descriptor)
        logger.notice(
            "ready",
            metadata: ["ingest": "\(settings.ingestSocket)", "control": "\(settings.controlSocket)"])
        manager.ready(status: "ready")
        try? await gracefulShutdown()

        pulse.stop()
        manager.stopping(status: "answering what was read")
        logger.notice("stopping")
        try await ingest.stop()
        bell.close()
        try await control.stop()
        try reader.close()
        await writer.close()
        logger.notice("stopped", metadata: ["records": "\(writer.statistics.records)"])
    }

    /// Puts a rate table in force, where it isn't yet.
    func record(_ file: RatesFile) async throws {
        let new = NewCard(document: file.table.document, card: file.table.card, source: settings.ratesFile)
        let (card, isNew) = try await recorded(new)
        var metadata: Logger.Metadata = [
            "card": "\(card.hash)", "effective": "\(card.effective)", "rates": "\(file.table.card.rates.count)",
        ]
        if let report = file.table.report, !report.unreadable.isEmpty {
            metadata["left_out"] = "\(report.unreadable.count)"
        }
        logger.notice(isNew ? "a new rate card was recorded" : "the rate card is unchanged", metadata: metadata)
        let now = Self.clock()
        guard let entry = rates.current.entries.first(where: { $0.id == card.card }) else { return }
        guard entry.effective <= now else {
            return logger.notice(
                "the rates file is not in force yet: its rates hold from its 'effective' time on",
                metadata: ["card": "\(entry.hash)", "effective": "\(entry.effective)"])
        }
        guard let inForce = rates.current.entry(at: now), inForce.id != entry.id else { return }
        logger.warning(
            "the rates file is not what is charged by: another card has the latest effective time; set 'effective' in the file",
            metadata: ["card": "\(inForce.hash)", "effective": "\(inForce.effective)"])
    }

    private func recorded(_ new: NewCard) async throws(Refusal) -> (card: RateCardView, isNew: Bool) {
        switch await writer.perform(.recordCard(new, nil)) {
        case .card(let card, let isNew): return (card, isNew)
        case .refused(let refusal): throw refusal
        default: throw Refusal(.unknownOutcome, "the writer gave an answer of another kind")
        }
    }

    /// The store failed: nobody can know what is on disk until it is opened again. Say so and end at once; systemd
    /// starts the next one.
    private static func end(_ failure: StorageFailure, manager: ServiceManager, logger: Logger, pump: LogPump) {
        logger.critical(
            "the ledger's store failed; ending without answers so that a restart recovers",
            metadata: ["error": "\(failure)"])
        manager.failed(status: "store failed: \(failure)", errno: EIO)
        manager.flush()
        pump.close()
        _exit(ExitStatus.storage.rawValue)
    }
}

/// The rate of records over the last seconds, and whether the daemon is on its way out.
final class Pulse: Sendable {
    private struct State {
        var recordsPerSecond = 0.0
        var isStopping = false
    }

    private let state = Mutex(State())

    var recordsPerSecond: Double {
        get { state.withLock { $0.recordsPerSecond } }
        set { state.withLock { $0.recordsPerSecond = newValue } }
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    func stop() {
        state.withLock { $0.isStopping = true }
    }
}

/// Puts together what `/v1/status` says.
struct StatusReport: Sendable {
    let writer: LedgerWriter
    let reader: LedgerReader
    let ingest: IngestServer
    let rates: RatesInForce
    let pulse: Pulse
    let databasePath: String
    private let started = Daemon.clock()

    init(
        writer: LedgerWriter, reader: LedgerReader, ingest: IngestServer, rates: RatesInForce, pulse: Pulse,
        databasePath: String
    ) {
        self.writer = writer
        self.reader = reader
        self.ingest = ingest
        self.rates = rates
        self.pulse = pulse
        self.databasePath = databasePath
    }

    func view() async throws -> StatusView {
        let now = Daemon.clock()
        let statistics = writer.statistics
        let seen = await ingest.statistics()
        let counts = try await reader.counts()
        let book = rates.current
        let card = try book.entry(at: now).map { try book.card($0) }
        let isFull = statistics.isDiskFull
        return StatusView(
            version: Version.current, started: started.description,
            uptimeSeconds: Int((now.milliseconds - started.milliseconds) / 1000),
            state: pulse.isStopping ? "stopping" : isFull ? "degraded" : "ready",
            degradedReason: isFull ? "the disk is full: records are refused until there is room" : nil,
            orgs: counts.orgs, records: counts.records, transfers: counts.transfers,
            refused: seen.refusals.values.reduce(0, +),
            recordsPerSecond: (pulse.recordsPerSecond * 10).rounded() / 10, connections: seen.connections,
            queued: writer.queued, queueCapacity: writer.capacity, rateCard: card?.hash,
            rates: card?.rates.count ?? 0, sqlite: String(cString: sqlite3_libversion()),
            databaseBytes: Self.size(databasePath), walBytes: Self.size(databasePath + "-wal"))
    }

    private static func size(_ path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
