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

    /// Has reloads be done that the control socket asks for. To be called before the daemon says that it is ready.
    func begin() { daemon.reloading.set { await reload() } }

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            _ = await daemon.reloading.reload()
        }
    }

    /// Takes in what is there now; a word for it, or why it was refused.
    private func reload() async -> Result<String, Refusal> {
        daemon.manager.reloading()
        let result: Result<String, Refusal>
        var areRulesNew = false
        do {
            let settings = try await source.load()
            let rates = try RatesFile.load(settings)
            let billing = try BillingFiles(settings)
            if settings.access.rules == nil, daemon.access.current.rules != nil, !settings.isFileThere {
                throw SettingsError(
                    problems: [
                        "the configuration file is gone, and with it the rules of 'peers'; put it back, or an empty one"
                    ])
            }
            // First who may speak: it doesn't have to wait for what a rate table may lack.
            areRulesNew = settings.access != daemon.access.current
            try await daemon.setAccess(settings.access)
            daemon.warnOfNobody(settings)
            try await daemon.takeRates(rates)
            try await daemon.setCostPolicies(settings.costPolicies)
            daemon.billingInForce.current = billing
            daemon.peopleInForce.current = settings.people
            level.current = settings.logLevel
            daemon.journal.wantsAnswers = settings.logRecords
            warnOfRestart(settings)
            result = .success("reloaded")
            daemon.journal.write(.reloaded, "configuration reloaded")
        } catch {
            let words =
                (error as? SettingsError)?.problems.joined(separator: "; ")
                ?? (error as? Refusal)?.message ?? "\(error)"
            let rest =
                areRulesNew ? "the new rules of 'peers' hold, the rest stays as it was" : "the old configuration stays"
            result = .failure(Refusal(.conflict, "reload refused, \(rest): \(words)"))
            daemon.journal.write(.reloadRefused, "reload refused; \(rest)", ["error": words])
        }
        // Whatever came of it: systemd waits for this.
        switch result {
        case .success(let status): daemon.manager.ready(status: status)
        case .failure(let refusal): daemon.manager.ready(status: refusal.message)
        }
        return result
    }

    /// What can't change while the daemon runs.
    private func warnOfRestart(_ new: Settings) {
        var comparable = new
        comparable.logLevel = daemon.settings.logLevel
        comparable.logRecords = daemon.settings.logRecords
        comparable.access = daemon.settings.access
        comparable.costPolicies = daemon.settings.costPolicies
        comparable.people = daemon.settings.people
        comparable.unknownPeers = daemon.settings.unknownPeers
        comparable.isFileThere = daemon.settings.isFileThere
        comparable.plansFile = daemon.settings.plansFile
        comparable.taxFile = daemon.settings.taxFile
        comparable.ratesFile = daemon.settings.ratesFile
        comparable.isRatesFileNamed = daemon.settings.isRatesFileNamed
        comparable.followsPackageRates = daemon.settings.followsPackageRates
        guard comparable != daemon.settings else { return }
        let names = comparable.changes(since: daemon.settings).joined(separator: ", ")
        daemon.journal.write(.needsRestart, "these settings changed and need a restart: \(names)", ["settings": names])
    }
}

/// Reloads, one after the other, however they are asked for. While one runs, all who ask share the next.
final class Reloading: Sendable {
    private typealias Outcome = Result<String, Refusal>

    private struct State {
        var body: (@Sendable () async -> Result<String, Refusal>)?
        var running: Task<Outcome, Never>?
        /// The one that has not begun: it will read what is there then.
        var next: Task<Outcome, Never>?
    }

    private let state = Mutex(State())

    /// Has reloads be done by that.
    func set(_ body: @escaping @Sendable () async -> Result<String, Refusal>) { state.withLock { $0.body = body } }

    /// Takes in the configuration as it is now, and returns when it is in force or refused.
    func reload() async -> Result<String, Refusal> {
        let task = state.withLock { state in
            if let next = state.next { return next }
            let running = state.running
            let next = Task { [self] in
                _ = await running?.value
                let body = self.state.withLock { state in
                    (state.running, state.next) = (state.next, nil)
                    return state.body
                }
                return await body?() ?? .failure(Refusal(.shuttingDown, "the daemon is starting; try again"))
            }
            state.next = next
            return next
        }
        return await task.value
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
