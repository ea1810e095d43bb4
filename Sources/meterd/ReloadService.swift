import Ledger
import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Loads the configuration and the rate table again on SIGHUP. A bad one is refused and the old one stays.
struct ReloadService: Service {
    let daemon: Daemon
    let source: SettingsSource
    let level: LogLevel

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await reload()
        }
    }

    private func reload() async {
        daemon.manager.reloading()
        let status: String
        do {
            let settings = try await source.load()
            let rates = try RatesFile.load(settings)
            if let rates { try await daemon.record(rates) }
            level.current = settings.logLevel
            warnOfRestart(settings)
            status = "reloaded"
            daemon.logger.notice("configuration reloaded")
        } catch {
            let words = (error as? SettingsError)?.problems.joined(separator: "; ") ?? "\(error)"
            status = "reload refused, the old configuration stays: \(words)"
            daemon.logger.error("reload refused; the old configuration stays", metadata: ["error": "\(words)"])
        }
        // Whatever came of it: systemd waits for this.
        daemon.manager.ready(status: status)
    }

    /// What can't change while the daemon runs.
    private func warnOfRestart(_ new: Settings) {
        var comparable = new
        comparable.logLevel = daemon.settings.logLevel
        comparable.ratesFile = daemon.settings.ratesFile
        comparable.isRatesFileNamed = daemon.settings.isRatesFileNamed
        guard comparable != daemon.settings else { return }
        daemon.logger.warning("settings other than log.level and rates.file changed; they need a restart")
    }
}

/// The level of the log, which a reload can change.
final class LogLevel: Sendable {
    private let level: Mutex<Logger.Level>

    init(_ level: Logger.Level) {
        self.level = Mutex(level)
    }

    var current: Logger.Level {
        get { level.withLock { $0 } }
        set { level.withLock { $0 = newValue } }
    }
}
