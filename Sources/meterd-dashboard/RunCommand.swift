import ArgumentParser
import AsyncHTTPClient
import Dashboard
import Foundation
import HTTPServing
import Logging
import MeterdClient
import Metering
import OpenIDConnect
import ServiceLifecycle
import SystemdSupport

/// Serves until SIGTERM or SIGINT.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Serves in the foreground.",
        discussion: """
            Example: meterd-dashboard run --public-url http://localhost:8080 --listen 127.0.0.1:8080 \
            --control-socket ./var/control.sock --state-dir ./var/dashboard
            """)

    @OptionGroup var options: DashboardOptions

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        // Sessions are nobody's to read but ours.
        umask(0o077)
        let pump = LogPump(to: LogPump.detected())
        defer { pump.close() }
        let manager = ServiceManager()
        defer { manager.flush() }
        do throws(StartFailure) {
            try await serve(pump, manager)
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data("meterd-dashboard: \(error.words)\n".utf8))
            manager.failed(status: error.words, errno: EINVAL)
            throw ExitCode(error.status)
        }
    }

    private func serve(_ pump: LogPump, _ manager: ServiceManager) async throws(StartFailure) {
        let settings: DashboardSettings
        do throws(SettingsProblems) {
            settings = try options.settings()
        } catch {
            throw StartFailure(78, error.words)
        }
        let level = settings.logLevel
        let logger = Logger(label: "meterd-dashboard") { _ in SystemdLogHandler(level: { level }, pump: pump) }
        let listeners = try listeners(settings)
        let store: DashboardStore
        do {
            try FileManager.default.createDirectory(
                atPath: settings.stateDirectory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            store = try DashboardStore(folder: settings.stateDirectory)
        } catch {
            throw StartFailure(73, "\(settings.stateDirectory) can't be used: \(error)")
        }
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        // What asks providers on the network follows no redirects.
        let outside = HTTPClient(eventLoopGroupProvider: .singleton, configuration: .openIDConnect)
        let site = Site(
            address: settings.address, store: store, control: ControlSocket(path: settings.controlSocket, http: http),
            providers: settings.providers.map {
                SignInProvider(
                    id: $0.id, promptsLogin: $0.promptsLogin, client: OpenIDClient(provider: $0.provider, http: outside)
                )
            },
            isBehindProxy: settings.isBehindProxy, logger: logger, clock: clock())
        let service = DashboardService(
            site: site, listeners: listeners, manager: manager, logger: logger, words: "serving \(settings.address)")
        var group = ServiceGroupConfiguration(
            services: [.init(service: service)], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() })
        group.maximumGracefulShutdownDuration = .seconds(30)
        do {
            try await ServiceGroup(configuration: group).run()
            try await http.shutdown()
            try await outside.shutdown()
        } catch {
            throw StartFailure(74, "\(error)")
        }
        for listener in listeners { listener.removeFile() }
    }

    private func listeners(_ settings: DashboardSettings) throws(StartFailure) -> [ListeningSocket] {
        do throws(ListenError) {
            let inherited = try ListeningSocket.inherited(["meterd-dashboard"], allowsTCP: true)
            if let passed = inherited["meterd-dashboard"] { return passed }
            guard let listen = settings.listen else {
                throw ListenError(
                    "systemd passed no socket: enable meterd-dashboard.socket, or set listen, such as 127.0.0.1:8080")
            }
            if let address = TCPAddress(listen) {
                return [ListeningSocket(descriptor: try address.listen(), ownedPath: nil)]
            }
            return [try ListeningSocket.bind(path: listen, mode: 0o660)]
        } catch {
            throw StartFailure(error.isConfiguration ? 78 : 73, error.description)
        }
    }

    /// The time: the system's; in tests as many seconds ahead as a file says.
    private func clock() -> @Sendable () -> Timestamp {
        let system: @Sendable () -> Timestamp = {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
        }
        guard let file = options.testClock else { return system }
        return {
            let text = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
            let seconds = Int64(text.filter { $0.isNumber || $0 == "-" }) ?? 0
            return system().advanced(bySeconds: seconds)
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
