import Billing
import Control
import Foundation
import GRDBSQLite
import Glibc
import Ingest
import Ledger
import Metering
import SystemdSupport

/// Puts together what `/v1/status` says.
struct StatusReport: Sendable {
    let writer: LedgerWriter
    let reader: LedgerReader
    let ingest: IngestServer
    let rates: RatesInForce
    let pulse: Pulse
    let history: HistoryKeeper
    let billing: BillingService
    let clockWatch: ClockWatch?
    let databasePath: String
    let ledgerID: String
    let backups: BackupFolder?
    let packageRates: PackageRates
    let clock: @Sendable () -> Timestamp
    private let started: Timestamp

    init(
        writer: LedgerWriter, reader: LedgerReader, ingest: IngestServer, rates: RatesInForce, pulse: Pulse,
        history: HistoryKeeper, billing: BillingService, clockWatch: ClockWatch?, databasePath: String,
        ledgerID: String, backups: BackupFolder?, packageRates: PackageRates, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.writer = writer
        self.reader = reader
        self.ingest = ingest
        self.rates = rates
        self.pulse = pulse
        self.history = history
        self.billing = billing
        self.clockWatch = clockWatch
        self.databasePath = databasePath
        self.ledgerID = ledgerID
        self.backups = backups
        self.packageRates = packageRates
        self.clock = clock
        started = clock()
    }

    func view() async throws -> StatusView {
        let now = clock()
        let statistics = writer.statistics
        let seen = await ingest.statistics()
        let counts = try await reader.counts()
        let book = rates.current
        let entry = book.entry(at: now)
        let card = try entry.map { try book.card($0) }
        let disk = DiskSpace(of: databasePath)
        let isFull = statistics.isDiskFull
        var view = StatusView(
            version: Version.current, started: started.description,
            uptimeSeconds: Int((now.milliseconds - started.milliseconds) / 1000),
            state: pulse.isStopping ? "stopping" : isFull ? "degraded" : "ready",
            degradedReason: isFull ? "the disk is full: records are refused until there is room" : nil,
            orgs: counts.orgs, records: counts.records, transfers: counts.transfers,
            refused: seen.refusals.values.reduce(0, +),
            recordsPerSecond: (pulse.recordsPerSecond * 10).rounded() / 10, connections: seen.connections,
            queued: writer.queued, queueCapacity: writer.capacity,
            latency99Ms: pulse.latency99.map { Self.rounded($0 * 1000) },
            lastCommitSeconds: statistics.lastCommit.map { Self.rounded((ContinuousClock.now - $0) / .seconds(1)) },
            rateCard: card?.hash,
            rates: card?.rates.count ?? 0,
            rateCardAgeSeconds: entry.map { Int((now.milliseconds - $0.recorded.milliseconds) / 1000) },
            sqlite: String(cString: sqlite3_libversion()),
            databaseBytes: Self.size(databasePath), walBytes: Self.size(databasePath + "-wal"),
            diskFreeBytes: disk?.free, diskBytes: disk?.size,
            gap: history.gap)
        view.ledger = ledgerID
        view.stateDirectory = (databasePath as NSString).deletingLastPathComponent
        view.backupFolder = backups?.path
        view.clockJumpSeconds = clockWatch?.doubt.map { $0.jump / 1000 }
        view.rateProposal = packageRates.proposal(beside: book)
        view.payments = try await billing.paymentsStatus()
        view.quarantine = try await reader.quarantineSummary()
        return view
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    static func size(_ path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
