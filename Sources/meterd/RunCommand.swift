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
        // A client that is gone is an error of its own write, not the end of the daemon.
        signal(SIGPIPE, SIG_IGN)
        // Until the reload service listens, a hang-up changes nothing.
        signal(SIGHUP, SIG_IGN)
        // The ledger is nobody's to read but ours and our group's.
        umask(0o027)
        let settings = try await options.load()
        let rates: RatesFile?
        do throws(RatesFileError) {
            rates = try RatesFile.load(settings)
        } catch {
            throw ExitStatus.configuration.ending(error.description)
        }
        let pump = LogPump(to: LogPump.detected())
        defer { pump.close() }
        let level = LogLevel(settings.logLevel)
        let logger = Logger(label: "meterd") { _ in
            SystemdLogHandler(level: { level.current }, pump: pump)
        }
        let manager = ServiceManager()
        defer { manager.flush() }

        let sockets: Sockets
        do throws(ListenError) {
            sockets = try Sockets(settings)
        } catch {
            throw (error.isConfiguration ? ExitStatus.configuration : .cannotCreate).ending(error.description)
        }
        defer { sockets.removeFiles() }
        let daemon: Daemon
        do {
            daemon = try await Daemon(
                settings: settings, rates: rates, sockets: sockets, manager: manager, logger: logger, pump: pump)
        } catch let error as LedgerOpenError {
            throw Self.status(of: error.kind).ending(error.description)
        } catch let error as StorageFailure {
            throw (error.isDamage ? ExitStatus.data : .storage).ending(error.description)
        }
        let reload = ReloadService(daemon: daemon, source: options.source, level: level)
        // Services stop in reverse order: the daemon last.
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: daemon), .init(service: reload), .init(service: HealthService(daemon: daemon))],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() })
        configuration.maximumGracefulShutdownDuration = .seconds(60)
        try await ServiceGroup(configuration: configuration).run()
    }

    private static func status(of kind: LedgerOpenError.Kind) -> ExitStatus {
        switch kind {
        case .unwritable, .locked: .cannotCreate
        case .newerSchema: .configuration
        case .unreadable: .data
        case .failed: .storage
        }
    }
}
