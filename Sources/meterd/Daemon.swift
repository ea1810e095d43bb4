import Access
import Billing
import Control
import Foundation
import Ingest
import Ledger
import Logging
import Metering
import ServiceLifecycle
import Stripe
import SystemdSupport

/// The daemon, wired: the ledger with its one writer, the two servers, and the order in which they stop.
struct Daemon: Service {
    let settings: Settings
    let manager: ServiceManager
    let journal: Journal
    let writer: LedgerWriter
    let ingest: IngestServer
    let rates = RatesInForce()
    let packageRates: PackageRates
    let pulse = Pulse()
    let access: AccessInForce
    let billing: BillingService
    let billingInForce: BillingInForce
    let peopleInForce: PeopleInForce
    /// Takes the configuration in again.
    let reloading = Reloading()
    /// Rung where a bill has something to do.
    let billingBell = EventBell()
    /// Whether the system's clock can be believed; nil if a test moves the clock.
    let clockWatch: ClockWatch?
    /// The time, in UTC: the system's, or a test's.
    let clock: @Sendable () -> Timestamp

    private let control: ControlServer
    /// Serves metrics over TCP, to whoever is on this machine.
    private let metrics: ControlServer?
    /// Answers health probes over TCP.
    private let health: ControlServer?
    private let bell = EventBell()
    /// Holds that expired unsettled since the start.
    private let expired = Tally()
    private let reader: LedgerReader
    private let sockets: Sockets
    private let copier: LedgerCopier
    let history: HistoryKeeper
    private let pump: LogPump
    // Held for the lock on the state directory.
    private let database: LedgerDatabase

    /// Milliseconds since the epoch by the system's clock: the only place that reads it.
    static let systemClock: @Sendable () -> Timestamp = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    /// Opens the ledger (recovery and migration included) and makes everything ready to run.
    init(
        settings: Settings, rates file: RatesFile?, billing files: BillingFiles, sockets: Sockets,
        manager: ServiceManager, journal: Journal,
        pump: LogPump
    ) async throws {
        self.settings = settings
        self.sockets = sockets
        self.manager = manager
        self.journal = journal
        self.pump = pump
        let packageRates = PackageRates(path: settings.packageRatesFile)
        self.packageRates = packageRates
        let openFilesMax = DescriptorBudget.raiseLimit()
        guard let budget = DescriptorBudget(limit: openFilesMax, ingestWanted: settings.connectionsMax) else {
            throw DescriptorsTooFew(limit: openFilesMax)
        }
        var limits = settings.ingestLimits
        limits.connectionsMax = budget.ingest
        if budget.ingest < settings.connectionsMax {
            journal.logger.warning(
                "\(openFilesMax) files may be open: \(budget.ingest) connections are taken at a time, not \(settings.connectionsMax); raise LimitNOFILE= (ulimit -n)"
            )
        }
        let wait = LedgerWait(settings: settings, manager: manager, journal: journal)
        database = try await wait.open()
        try await wait.slowDown()
        let testClock = try Self.testClock(settings, database, journal)
        let clock = Self.clock(testClock)
        self.clock = clock
        let clockWatch = testClock == nil ? ClockWatch(wall: { Self.systemClock().milliseconds }) : nil
        self.clockWatch = clockWatch
        let confirmed = LedgerHistory.kept(in: settings.stateDirectory)?.clockConfirmed
        clockWatch?.begin(after: [database.committed, confirmed].compactMap { $0?.milliseconds })
        var options = StoreOptions(clock: clock)
        options.isTimeInDoubt = { clockWatch?.look() ?? false }
        options.cacheKiB = settings.cacheMebibytes * 1024
        options.checkpointPages = settings.checkpointPages
        let copies = options.copies
        options.costPolicies = settings.costPolicies
        options.quarantine = settings.quarantine
        let orgNames = OrgNamesInForce()
        options.onOrgNames = { orgNames.current = $0 }
        options.unpricedRecordsMax = Int64(settings.unpricedRecordsMax)
        let bell = bell
        let expired = expired
        options.onEvents = { events in
            for event in events { journal.write(event) }
            expired.add(events.count { $0.kind == LedgerEvent.Kind.holdExpired.rawValue })
            bell.ring()
        }
        let billingBell = billingBell
        options.onBillingDue = { billingBell.ring() }
        let rates = rates
        options.onBook = { rates.current = $0 }
        manager.extendTimeout(seconds: 600)
        manager.status("recovering the ledger")
        let store = try SQLiteStore.open(path: database.path, options: options)
        rates.current = store.book
        orgNames.current = store.orgsByOtherName
        // Room for everything that ingest may have open, and for operators beside it.
        writer = LedgerWriter(store: store, capacity: settings.openMax + LedgerWriter.performingMax) { failure in
            Self.end(failure, manager: manager, journal: journal, pump: pump)
        }
        let reader = try LedgerReader(path: database.path, gate: options.gate)
        self.reader = reader
        LedgerSnapshot.removeLeftovers(in: settings.stateDirectory)
        if let aside = LedgerHistory.putUnreadableAside(in: settings.stateDirectory, now: clock()) {
            journal.logger.warning(
                "history.json can't be read and is kept as \(aside): whether an older or another ledger was put in place can't be told"
            )
        }
        let history = HistoryKeeper(reader: reader, directory: settings.stateDirectory)
        self.history = history
        if let gap = try await history.look(now: clock(), in: settings.stateDirectory) { journal.write(gap) }
        await history.note()
        let access = AccessInForce(settings.access)
        self.access = access
        ingest = try await IngestServer(
            limits: limits, version: Version.current, writer: writer, logger: journal.logger,
            access: access.current, observer: journal, clock: clock, book: { rates.current },
            orgNames: { orgNames.current })
        let billingInForce = BillingInForce(files)
        self.billingInForce = billingInForce
        let ledgerID = try await reader.ledgerID()
        billing = BillingService(
            writer: writer, reader: reader, gateway: try GatewayChoice.gateway(settings, ledgerID: ledgerID),
            plan: { (billingInForce.current.plan, billingInForce.current.taxes) }, clock: clock, ledgerID: ledgerID,
            returnURL: settings.returnURL, isTimeInDoubt: { clockWatch?.look() ?? false },
            onProblem: { journal.billingProblem(of: $0, $1) }
        ) { org, words in
            journal.write(
                .billingProblem, "what became of a payment of org \(org) is not known yet: \(words)",
                ["org": org, "error": words])
        }
        let status = StatusReport(
            writer: writer, reader: reader, ingest: ingest, rates: rates, pulse: pulse, history: history,
            billing: billing, clockWatch: clockWatch, databasePath: database.path, ledgerID: ledgerID,
            backups: settings.backupFolder, packageRates: packageRates, clock: clock)
        let backups = BackupLog(folder: settings.backupFolder)
        let report = MetricsReport(status: status, expired: expired, backups: backups)
        let copier = LedgerCopier(
            writer: writer, copies, databasePath: database.path, directory: settings.stateDirectory)
        self.copier = copier
        var service = ControlService(
            writer: writer, reader: reader, billing: billing, testClock: testClock, version: Version.current,
            clock: clock, systemClock: Self.systemClock, rates: { rates.current },
            bell: bell, access: { access.current },
            onForbidden: { journal.didRefuse($0, record: nil, org: $1, $2) }, metrics: { try await report.text() },
            makeSnapshot: { try await copier.copy() }, verify: { try await copier.verify() },
            onBackup: { result in
                journal.write(result)
                if case .failure = result { backups.didFail() }
            }
        ) { try await status.view() }
        service.onBackupReport = { report in
            backups.take(report)
            guard !report.ok else { return }
            let words = report.error ?? "it says no reason"
            let what = report.restoreTest == true ? "a test restore of a backup" : "a backup of the ledger"
            journal.write(.backupFailed, "\(what) failed: \(words)", ["error": words])
        }
        let peopleInForce = PeopleInForce(settings.people)
        self.peopleInForce = peopleInForce
        service.people = { peopleInForce.current }
        let printer = InvoicePrinter(socketPath: settings.pdfSocket)
        service.typeset = { try await printer.pdf(of: $0) }
        let reloading = reloading
        service.packageRates = {
            do throws(RatesFileError) {
                return try packageRates.document()
            } catch {
                throw Refusal(.conflict, error.description)
            }
        }
        service.reload = { try await reloading.reload().get() }
        if let clockWatch {
            service.confirmClock = {
                clockWatch.confirm()
                await history.confirmClock(at: clock())
                billingBell.ring()
                return clock()
            }
        }
        service.readAgain = { line, at, id in
            RequestDecoder.inForce(book: { rates.current }, clock: clock, orgNames: { orgNames.current })
                .usage(again: line, at: at, id: id)
        }
        control = try ControlServer(service, connectionsMax: budget.control, logger: journal.logger)
        service.access = { .open }
        let probes: Set<String> = ["/healthz", "/readyz"]
        metrics = try Self.server(service, sockets.metrics, probes.union(["/metrics"]), budget.metrics, journal)
        health = try Self.server(service, sockets.health, probes, budget.health, journal)
        try await takeRates(file)
        warnOfNobody(settings)
    }

    /// Serves until the process is told to stop, then answers what was read and closes the ledger.
    func run() async throws {
        for socket in sockets.ingest { try await ingest.start(listening: socket.descriptor) }
        for socket in sockets.control { try await control.start(listening: socket.descriptor) }
        for socket in sockets.ingest + sockets.control { ListeningSocket.letMoreWait(on: socket.descriptor) }
        for (key, socket, server) in [
            ("metrics.listen", sockets.metrics, metrics), ("health.listen", sockets.health, health),
        ] {
            switch socket {
            case .success(let descriptor?):
                try await server?.start(listening: descriptor)
                ListeningSocket.letMoreWait(on: descriptor)
            case .success(nil): break
            case .failure(let error):
                journal.write(.metricsNotServed, "\(key): \(error)", ["error": "\(error)"])
            }
        }
        journal.write(.ready, "ready", ["ingest": settings.ingestSocket, "control": settings.controlSocket])
        manager.ready(status: "ready")
        try? await gracefulShutdown()

        pulse.stop()
        copier.stop()
        manager.stopping(status: "answering what was read")
        journal.write(.stopping, "stopping")
        try await ingest.stop()
        bell.close()
        billingBell.close()
        try await metrics?.stop()
        try await health?.stop()
        try await control.stop()
        await history.note()
        try reader.close()
        await writer.close()
        CrashLoop(in: settings.stateDirectory).end()
        journal.write(.stopped, "stopped", ["records": "\(writer.statistics.records)"])
    }

    /// A server for some endpoints on a TCP socket, if there is one.
    private static func server(
        _ service: ControlService, _ socket: Result<Int32?, ListenError>, _ paths: Set<String>, _ connectionsMax: Int,
        _ journal: Journal
    ) throws -> ControlServer? {
        guard case .success(.some) = socket else { return nil }
        return try ControlServer(service, only: paths, connectionsMax: connectionsMax, logger: journal.logger)
    }

    /// Puts the operator's table in force, if there is one. A ledger without any card takes the package's; otherwise that one is only a
    /// proposal.
    func takeRates(_ file: RatesFile?) async throws {
        packageRates.look()
        var package: RatesFile?
        if let file {
            try await record(file)
        } else if rates.current.entries.isEmpty {
            do throws(RatesFileError) {
                package = try packageRates.table()
            } catch {
                // Usage is taken all the same, and is priced when there is a card.
                journal.logger.warning("the package's rates can't be used, every record is unpriced: \(error)")
            }
        }
        if let package { try await record(package) }
        guard let proposal = packageRates.proposal(beside: rates.current) else { return }
        journal.write(
            .rateProposal,
            "the package brings other rates than are on record; meterctl rates upgrade --dry-run shows the differences",
            ["file": packageRates.path ?? "", "hash": proposal])
    }

    /// Puts a rate table in force, if it isn't yet.
    private func record(_ file: RatesFile) async throws {
        let new = NewCard(document: file.table.document, card: file.table.card, source: file.path)
        let (card, isNew) = try await recorded(new)
        var fields: [String: String?] = [
            "card": card.hash, "effective": card.effective, "rates": "\(file.table.card.rates.count)",
        ]
        if let report = file.table.report, !report.unreadable.isEmpty {
            fields["left_out"] = "\(report.unreadable.count)"
        }
        journal.write(.rateCard, isNew ? "a new rate card was recorded" : "the rate card is unchanged", fields)
        let now = clock()
        guard let entry = rates.current.entries.first(where: { $0.id == card.card }) else { return }
        guard entry.effective <= now else {
            return journal.write(
                .rateCardNotInForce,
                "the rates file is not in force yet: its rates hold from its 'effective' time on",
                ["card": entry.hash, "effective": "\(entry.effective)"])
        }
        guard let inForce = rates.current.entry(at: now), inForce.id != entry.id else { return }
        journal.write(
            .rateCardNotInForce,
            "the rates file is not what is charged by: another card has the latest effective time; set 'effective' in the file",
            ["card": inForce.hash, "effective": "\(inForce.effective)"])
    }

    /// Tells of rules that are about users or groups that this machine doesn't have.
    func warnOfNobody(_ settings: Settings) {
        for words in settings.unknownPeers { journal.write(.ruleAboutNobody, words, ["error": words]) }
    }

    /// Puts other rules of who may speak in force, on open connections too.
    func setAccess(_ policy: AccessPolicy) async throws {
        access.current = policy
        try await ingest.setAccess(policy)
    }

    /// Puts other policies for reported costs in force, for what is charged from now on.
    func setCostPolicies(_ policies: CostPolicies) async throws {
        if case .refused(let refusal) = await writer.perform(.setCostPolicies(policies)) { throw refusal }
    }

    private func recorded(_ new: NewCard) async throws(Refusal) -> (card: RateCardView, isNew: Bool) {
        let book = rates.current
        let inForce = try? book.entry(at: clock()).map { try book.card($0) }
        var new = new
        if let inForce { new.card = new.card.sharing(inForce) }
        switch await writer.perform(.recordCard(new, nil)) {
        case .card(let card, let isNew): return (card, isNew)
        case .refused(let refusal): throw refusal
        default: throw Refusal(.unknownOutcome, "the writer gave an answer of another kind")
        }
    }

    private static func clock(_ testClock: TestClock?) -> @Sendable () -> Timestamp {
        guard let testClock else { return systemClock }
        return { testClock.now }
    }

    /// The clock that a test moves, where the settings ask for one.
    private static func testClock(
        _ settings: Settings, _ database: LedgerDatabase, _ journal: Journal
    ) throws -> TestClock? {
        guard let start = settings.testClock else {
            guard !TestClock.exists(in: settings.stateDirectory) else {
                throw TestClockError(
                    description:
                        "the ledger in \(settings.stateDirectory) goes by a test clock; run it with --test-clock, or take another state directory"
                )
            }
            return nil
        }
        let clock = try TestClock(in: settings.stateDirectory, startingAt: start, isNew: database.isEmpty)
        journal.write(
            .testClock, "the clock is a test's and shows \(clock.now): bills are not real", ["now": "\(clock.now)"])
        return clock
    }

    /// The store failed: nobody can know what is on disk until it is opened again. Say so and end at once; systemd
    /// starts the next one.
    private static func end(_ failure: StorageFailure, manager: ServiceManager, journal: Journal, pump: LogPump) {
        journal.write(
            .storeFailed, "the ledger's store failed; ending without answers so that a restart recovers: \(failure)",
            ["error": "\(failure)"])
        manager.failed(status: "store failed: \(failure)", errno: EIO)
        manager.flush()
        pump.close()
        _exit(ExitStatus.storage.rawValue)
    }
}
