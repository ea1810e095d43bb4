import Access
import Billing
import Foundation
import Ledger
import Metering

/// What the daemon says of itself.
public struct StatusView: Codable, Sendable, Hashable {
    /// The daemon's version.
    public var version: String
    /// Which ledger it has; the same in every copy of it.
    public var ledger: String?
    /// How many seconds the system's clock is from the time that was expected, if nothing has confirmed it; above zero if it is ahead.
    /// Nothing is billed, expires or is erased meanwhile.
    public var clockJumpSeconds: Int64?
    /// The folder in which the ledger lies.
    public var stateDirectory: String?
    /// The folder in which its backups are looked for.
    public var backupFolder: String?
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
    /// Milliseconds from coming to durable that 99 of 100 requests of the last seconds didn't take; nil where there were none.
    public var latency99Ms: Double?
    /// Seconds since the latest commit; nil before the first.
    public var lastCommitSeconds: Double?
    /// SHA-256 of the rate card in force; nil where there is none.
    public var rateCard: String?
    /// Rates on it.
    public var rates: Int
    /// SHA-256 of the rate table that the installed package brings, if it is on no card yet: a proposal, which changes nothing by itself.
    public var rateProposal: String?
    /// Seconds since that card was recorded.
    public var rateCardAgeSeconds: Int?
    /// The version of SQLite.
    public var sqlite: String
    /// Bytes of the database file.
    public var databaseBytes: Int64
    /// Bytes of its write-ahead log.
    public var walBytes: Int64
    /// Bytes free on the ledger's file system.
    public var diskFreeBytes: Int64?
    /// The size of the ledger's file system.
    public var diskBytes: Int64?
    /// What the ledger had before it was put back to an older state; nil where that never was.
    public var gap: LedgerGap?
    /// Refused usage that waits for somebody to decide.
    public var quarantine: QuarantineSummary?
    /// How payments stand.
    public var payments: PaymentsStatus?

    /// A status of those members.
    public init(
        version: String, started: String, uptimeSeconds: Int, state: String, degradedReason: String?, orgs: Int,
        records: Int64, transfers: Int64, refused: UInt64, recordsPerSecond: Double, connections: Int, queued: Int,
        queueCapacity: Int, latency99Ms: Double?, lastCommitSeconds: Double?,
        rateCard: String?, rates: Int, rateCardAgeSeconds: Int?, sqlite: String, databaseBytes: Int64,
        walBytes: Int64, diskFreeBytes: Int64?, diskBytes: Int64?, gap: LedgerGap?
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
        self.latency99Ms = latency99Ms
        self.lastCommitSeconds = lastCommitSeconds
        self.rateCard = rateCard
        self.rates = rates
        self.rateCardAgeSeconds = rateCardAgeSeconds
        self.sqlite = sqlite
        self.databaseBytes = databaseBytes
        self.walBytes = walBytes
        self.diskFreeBytes = diskFreeBytes
        self.diskBytes = diskBytes
        self.gap = gap
    }
}

/// What the control socket serves from: the writer for what changes, the reader for what is shown.
public struct ControlService: Sendable {
    let writer: LedgerWriter
    let reader: LedgerReader
    let billing: BillingService
    /// The clock that a test moves; nil where it is the system's.
    let testClock: (any MovableClock)?
    let version: String
    let clock: @Sendable () -> Timestamp
    /// The time outside, also where a test moves ``clock``.
    let systemClock: @Sendable () -> Timestamp
    let rates: @Sendable () -> RateBook
    let bell: EventBell
    /// Who may do what.
    public var access: @Sendable () -> AccessPolicy
    let onForbidden: @Sendable (Refusal, _ org: String?, PeerCredentials?) -> Void
    let metrics: @Sendable () async throws -> PrometheusText
    let makeSnapshot: @Sendable () async throws -> LedgerSnapshot
    let verify: @Sendable () async throws -> VerificationReport
    let onBackup: @Sendable (Result<LedgerSnapshot, any Error>) -> Void
    let status: @Sendable () async throws -> StatusView
    /// Takes what the maker of a backup says of it.
    public var onBackupReport: @Sendable (BackupReport) -> Void = { _ in }
    /// Takes the configuration in again; a word for it when it is in force.
    public var reload: @Sendable () async throws -> String = {
        throw Refusal(.conflict, "this service has no configuration")
    }
    /// The rate table that the installed package brings: its file and its text. Throws a ``Refusal`` if there is none.
    public var packageRates: @Sendable () throws -> (path: String, document: String) = {
        throw Refusal(.conflict, "this service has no package's rates")
    }
    /// Believes the system's clock as it stands, and gives the time; nil where a test moves the clock.
    public var confirmClock: (@Sendable () async -> Timestamp)?
    /// What was configured about people.
    public var people: @Sendable () -> PeopleSettings = { PeopleSettings() }
    /// Makes the PDF of an invoice's JSON document.
    public var typeset: @Sendable (_ invoice: Data) async throws -> Data = { _ in
        throw Refusal(.conflict, "this service draws no PDFs")
    }
    /// Reads a quarantined line as lines are read now, with another `at` and id if there are any.
    public var readAgain: @Sendable (_ line: [UInt8], _ at: Timestamp?, _ id: String?) -> Result<UsageRecord, Refusal> =
        { _, _, _ in .failure(Refusal(.conflict, "this service reads no usage lines")) }

    /// A service over a ledger.
    ///
    /// - Parameters:
    ///   - testClock: the clock that a test moves; nil where it is the system's.
    ///   - rates: every rate card.
    ///   - bell: rung where the outbox has something new.
    ///   - access: who may do what.
    ///   - onForbidden: called for each request that was refused to its peer.
    ///   - makeSnapshot: copies the ledger.
    ///   - verify: proves its books.
    ///   - onBackup: called for each copy that was made or could not be made.
    public init(
        writer: LedgerWriter, reader: LedgerReader, billing: BillingService, testClock: (any MovableClock)?,
        version: String, clock: @escaping @Sendable () -> Timestamp,
        systemClock: @escaping @Sendable () -> Timestamp,
        rates: @escaping @Sendable () -> RateBook, bell: EventBell, access: @escaping @Sendable () -> AccessPolicy,
        onForbidden: @escaping @Sendable (Refusal, _ org: String?, PeerCredentials?) -> Void,
        metrics: @escaping @Sendable () async throws -> PrometheusText,
        makeSnapshot: @escaping @Sendable () async throws -> LedgerSnapshot,
        verify: @escaping @Sendable () async throws -> VerificationReport,
        onBackup: @escaping @Sendable (Result<LedgerSnapshot, any Error>) -> Void,
        status: @escaping @Sendable () async throws -> StatusView
    ) {
        self.writer = writer
        self.reader = reader
        self.billing = billing
        self.testClock = testClock
        self.version = version
        self.clock = clock
        self.systemClock = systemClock
        self.rates = rates
        self.bell = bell
        self.access = access
        self.onForbidden = onForbidden
        self.metrics = metrics
        self.makeSnapshot = makeSnapshot
        self.verify = verify
        self.onBackup = onBackup
        self.status = status
    }

    /// Everything that the control socket can do, its own description left out.
    var endpoints: [Endpoint] {
        daemonEndpoints + orgEndpoints + policyEndpoints + memberEndpoints + teamEndpoints + invitationEndpoints
            + auditEndpoints + creditEndpoints + holdEndpoints
            + usageEndpoints + correctionEndpoints + findingEndpoints + rateEndpoints + eventEndpoints
            + ledgerEndpoints + backupEndpoints
            + summaryEndpoints + reportEndpoints + subscriptionEndpoints + purchaseEndpoints + paymentEndpoints
            + refundEndpoints
            + invoiceEndpoints
            + webhookEndpoints + quarantineEndpoints + orgAliasEndpoints
            + clockEndpoints
    }
}
