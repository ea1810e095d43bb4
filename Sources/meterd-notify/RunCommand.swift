import ArgumentParser
import AsyncHTTPClient
import CCurl
import Foundation
import Logging
import MeterdClient
import Metering
import Notify
import ServiceLifecycle
import SystemdSupport

/// Delivers until SIGTERM or SIGINT.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Follows meterd's event log and sends mail, in the foreground.")

    @OptionGroup var options: NotifyOptions

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        // Names and addresses are nobody's to read but ours.
        umask(0o077)
        ccurl_begin()
        let pump = LogPump(to: LogPump.detected())
        defer { pump.close() }
        let manager = ServiceManager()
        defer { manager.flush() }
        do throws(StartFailure) {
            try await serve(pump, manager)
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data("meterd-notify: \(error.words)\n".utf8))
            manager.failed(status: error.words, errno: EINVAL)
            throw ExitCode(error.status)
        }
    }

    private func serve(_ pump: LogPump, _ manager: ServiceManager) async throws(StartFailure) {
        let settings: NotifyConfiguration
        do throws(SettingsProblems) {
            settings = try options.settings()
        } catch {
            throw StartFailure(78, error.words)
        }
        let level = settings.logLevel
        let logger = Logger(label: "meterd-notify") { _ in SystemdLogHandler(level: { level }, pump: pump) }
        let store: NotifyStore
        do {
            try FileManager.default.createDirectory(
                atPath: settings.stateDirectory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            store = try NotifyStore(folder: settings.stateDirectory)
        } catch {
            throw StartFailure(73, "\(settings.stateDirectory) can't be used: \(error)")
        }
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let notifier = Notifier(
            store: store, daemon: DaemonClient(ControlSocket(path: settings.controlSocket, http: http)),
            settings: settings.notify, log: NotifyLog(logger),
            tick: options.testClock == nil ? .seconds(30) : .milliseconds(100), clock: options.clock())
        let service = NotifyService(notifier: notifier, manager: manager, logger: logger)
        var group = ServiceGroupConfiguration(
            services: [.init(service: service)], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() })
        group.maximumGracefulShutdownDuration = .seconds(20)
        do {
            try await ServiceGroup(configuration: group).run()
            try await http.shutdown()
        } catch {
            throw StartFailure(74, "\(error)")
        }
    }
}

/// The notifier as a service of systemd's.
struct NotifyService: Service {
    let notifier: Notifier
    let manager: ServiceManager
    let logger: Logger

    func run() async throws {
        manager.ready(status: "following the event log")
        logger.info("following the event log")
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await notifier.run() }
                group.addTask { await keepHouse() }
            }
        }
        manager.stopping(status: "finishing what is on its way")
    }

    /// Says how it goes, and feeds the watchdog for as long as the own file can be used.
    private func keepHouse() async {
        let tick = min(.seconds(20), (manager.watchdogInterval ?? .seconds(60)) / 3)
        while !Task.isCancelled {
            if let words = await notifier.keepHouse() {
                manager.feedWatchdog()
                manager.status(words)
            }
            try? await Task.sleep(for: tick)
        }
    }
}

/// Why it doesn't run, and the status that it ends with; see sysexits.h.
struct StartFailure: Error {
    let status: Int32
    let words: String

    init(_ status: Int32, _ words: String) {
        self.status = status
        self.words = words
    }
}
