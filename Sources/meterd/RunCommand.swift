import ArgumentParser
import Foundation
import Ledger
import Logging
import ServiceLifecycle
import SystemdSupport

/// Runs the daemon in the foreground until SIGTERM or SIGINT.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the daemon in the foreground.",
        discussion: """
            Example: meterd run --state-dir ./var --ingest-socket ./var/ingest.sock \
            --control-socket ./var/control.sock --rates config/rates.yaml

            SIGHUP loads the configuration and the rate table again. SIGTERM answers what was read and exits 0.
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        Allocator.setUp()
        // A client that is gone is an error of its own write, not the end of the daemon.
        signal(SIGPIPE, SIG_IGN)
        // Until the reload service listens, a hang-up changes nothing.
        signal(SIGHUP, SIG_IGN)
        // The ledger is nobody's to read but ours: proxies are in our group.
        umask(0o077)
        let destination = LogPump.detected()
        let pump = LogPump(to: destination)
        defer { pump.close() }
        let level = LogLevel(.info)
        let logger = Logger(label: "meterd") { _ in
            SystemdLogHandler(level: { level.current }, pump: pump)
        }
        let manager = ServiceManager()
        defer { manager.flush() }
        let journal = Journal(logger, logsRecords: false)
        do throws(StartFailure) {
            try await serve(level, journal, manager, pump)
        } catch {
            let fields = ["exit_status": "\(error.status.rawValue)"]
            // A start that ended for good was not cut off.
            if [.data, .configuration].contains(error.status), let directory = error.stateDirectory {
                CrashLoop(in: directory).end()
            }
            let format = options.logFormat ?? ProcessInfo.processInfo.environment["METERD_LOG_FORMAT"]
            if format == LogPump.Format.json.rawValue { pump.setFormat(.json) }
            switch destination {
            case .journal: journal.write(error.event, error.words, fields)
            case .standardError where format == LogPump.Format.json.rawValue:
                journal.write(error.event, error.words, fields)
            case .standardError: try? FileHandle.standardError.write(contentsOf: Data("meterd: \(error.words)\n".utf8))
            }
            manager.failed(status: error.words, errno: error.status == .storage ? EIO : EINVAL)
            throw ExitCode(error.status.rawValue)
        }
    }

    private func serve(
        _ level: LogLevel, _ journal: Journal, _ manager: ServiceManager, _ pump: LogPump
    ) async throws(StartFailure) {
        let (settings, rates, files, sockets) = try await prepare()
        defer { sockets.removeFiles() }
        level.current = settings.logLevel
        pump.setFormat(settings.logFormat)
        journal.wantsAnswers = settings.logRecords
        let daemon = try await daemon(settings, rates, files, sockets, journal, manager, pump)
        let reload = ReloadService(daemon: daemon, source: options.source, level: level)
        reload.begin()
        // Services stop in reverse order: the daemon last.
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(service: daemon), .init(service: reload), .init(service: HealthService(daemon: daemon)),
                .init(service: BillingRun(daemon: daemon)),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() })
        configuration.maximumGracefulShutdownDuration = .seconds(60)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            throw StartFailure(.storage, "\(error)")
        }
    }

    /// Makes the daemon, or says why it can't be.
    private func daemon(
        _ settings: Settings, _ rates: RatesFile?, _ files: BillingFiles, _ sockets: Sockets, _ journal: Journal,
        _ manager: ServiceManager, _ pump: LogPump
    ) async throws(StartFailure) -> Daemon {
        func failure(_ status: ExitStatus, _ words: String, _ event: JournalEvent = .startFailed) -> StartFailure {
            var failure = StartFailure(status, words, event)
            failure.stateDirectory = settings.stateDirectory
            return failure
        }
        do {
            return try await Daemon(
                settings: settings, rates: rates, billing: files, sockets: sockets, manager: manager, journal: journal,
                pump: pump)
        } catch let error as LedgerOpenError where error.kind == .missing {
            let missing = MissingLedger(
                reason: error.description, stateDirectory: settings.stateDirectory, backups: settings.backupFolder)
            throw failure(.data, missing.words, .ledgerMissing)
        } catch let error as LedgerOpenError {
            throw failure(
                ExitStatus(error.kind), SandboxHint.words(of: error, settings),
                error.kind == .another ? .ledgerMissing : .startFailed)
        } catch let error as DescriptorsTooFew {
            throw failure(.configuration, error.description)
        } catch let error as GatewayChoiceError {
            throw failure(.configuration, error.description)
        } catch let error as TestClockError {
            throw failure(.configuration, error.description)
        } catch let error as StorageFailure {
            throw failure(error.isDamage ? .data : .storage, error.description)
        } catch {
            throw failure(.storage, "\(error)")
        }
    }

    private func prepare() async throws(StartFailure) -> (Settings, RatesFile?, BillingFiles, Sockets) {
        let settings: Settings
        do throws(SettingsError) {
            settings = try await options.source.load()
        } catch {
            throw StartFailure(.configuration, error.problems.joined(separator: "; "))
        }
        let rates: RatesFile?
        do throws(RatesFileError) {
            rates = try RatesFile.load(settings)
        } catch {
            throw StartFailure(.configuration, error.description)
        }
        let files: BillingFiles
        do throws(BillingFileError) {
            files = try BillingFiles(settings)
        } catch {
            throw StartFailure(.configuration, error.description)
        }
        do throws(ListenError) {
            return (settings, rates, files, try Sockets(settings))
        } catch {
            throw StartFailure(error.isConfiguration ? .configuration : .cannotCreate, error.description)
        }
    }
}

/// Why the daemon doesn't run, and the status it ends with.
private struct StartFailure: Error {
    let status: ExitStatus
    let words: String
    let event: JournalEvent
    /// The state directory, if it was taken.
    var stateDirectory: String?

    init(_ status: ExitStatus, _ words: String, _ event: JournalEvent = .startFailed) {
        self.status = status
        self.words = words
        self.event = event
    }
}
