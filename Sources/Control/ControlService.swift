import Foundation
import Ledger
import Metering

/// What the daemon says of itself.
public struct StatusView: Codable, Sendable, Hashable {
    /// The daemon's version.
    public var version: String
    /// When it started.
    public var started: String
    /// Seconds since.
    public var uptimeSeconds: Int
    /// `ready`, `degraded` or `stopping`.
    public var state: String
    /// Why it is degraded.
    public var degradedReason: String?
    /// Orgs there are.
    public var orgs: Int
    /// Usage records taken, ever.
    public var records: Int64
    /// Transfers made, ever.
    public var transfers: Int64
    /// Requests on the ingest socket that were refused since the start.
    public var refused: UInt64
    /// Usage records a second, over the last few seconds.
    public var recordsPerSecond: Double
    /// Ingest connections that are open.
    public var connections: Int
    /// Requests that wait for the writer.
    public var queued: Int
    /// Requests that may wait.
    public var queueCapacity: Int
    /// SHA-256 of the rate card in force; nil where there is none.
    public var rateCard: String?
    /// Rates on it.
    public var rates: Int
    /// The version of SQLite.
    public var sqlite: String
    /// Bytes of the database file.
    public var databaseBytes: Int64
    /// Bytes of its write-ahead log.
    public var walBytes: Int64

    /// A status of those members.
    public init(
        version: String, started: String, uptimeSeconds: Int, state: String, degradedReason: String?, orgs: Int,
        records: Int64, transfers: Int64, refused: UInt64, recordsPerSecond: Double, connections: Int, queued: Int,
        queueCapacity: Int,
        rateCard: String?, rates: Int, sqlite: String, databaseBytes: Int64, walBytes: Int64
    ) {
        self.version = version
        self.started = started
        self.uptimeSeconds = uptimeSeconds
        self.state = state
        self.degradedReason = degradedReason
        self.orgs = orgs
        self.records = records
        self.transfers = transfers
        self.refused = refused
        self.recordsPerSecond = recordsPerSecond
        self.connections = connections
        self.queued = queued
        self.queueCapacity = queueCapacity
        self.rateCard = rateCard
        self.rates = rates
        self.sqlite = sqlite
        self.databaseBytes = databaseBytes
        self.walBytes = walBytes
    }
}

/// What the control socket serves from: the writer for what changes, the reader for what is shown.
public struct ControlService: Sendable {
    let writer: LedgerWriter
    let reader: LedgerReader
    let version: String
    let clock: @Sendable () -> Timestamp
    let rates: @Sendable () -> RateBook
    let bell: EventBell
    let status: @Sendable () async throws -> StatusView

    /// A service over a ledger.
    ///
    /// - Parameters:
    ///   - rates: every rate card.
    ///   - bell: rung where the outbox has something new.
    public init(
        writer: LedgerWriter, reader: LedgerReader, version: String, clock: @escaping @Sendable () -> Timestamp,
        rates: @escaping @Sendable () -> RateBook, bell: EventBell,
        status: @escaping @Sendable () async throws -> StatusView
    ) {
        self.writer = writer
        self.reader = reader
        self.version = version
        self.clock = clock
        self.rates = rates
        self.bell = bell
        self.status = status
    }

    /// Everything that the control socket can do, its own description left out.
    var endpoints: [Endpoint] {
        daemonEndpoints + orgEndpoints + memberEndpoints + creditEndpoints + holdEndpoints + usageEndpoints
            + correctionEndpoints + rateEndpoints + eventEndpoints + ledgerEndpoints
    }
}
