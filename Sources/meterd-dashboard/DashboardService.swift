import Dashboard
import Glibc
import HTTPServing
import Logging
import ServiceLifecycle
import SystemdSupport

/// The server with its housekeeping.
struct DashboardService: Service {
    let site: Site
    let listeners: [ListeningSocket]
    let manager: ServiceManager
    let logger: Logger
    let words: String

    /// A client may be slow, and hold little.
    private static let limits: HTTPServer.Limits = {
        var limits = HTTPServer.Limits()
        limits.connectionsMax = 1024
        limits.idleSeconds = 30
        limits.requestSeconds = 30
        limits.headerBytesMax = 16_384
        return limits
    }()

    func run() async throws {
        let site = site
        let server = HTTPServer(Self.limits, threads: 2, logger: logger) { try await site.respond(to: $0, $1) }
        for listener in listeners {
            try await server.start(listening: listener.descriptor)
            ListeningSocket.letMoreWait(on: listener.descriptor)
        }
        manager.ready(status: words)
        logger.info("\(words)")
        await cancelWhenGracefulShutdown { await keepHouse() }
        manager.stopping(status: "answering what was asked")
        try await server.stop()
    }

    /// Removes what has ended, and feeds the watchdog for as long as the file can be read and written.
    private func keepHouse() async {
        let tick = min(.seconds(60), (manager.watchdogInterval ?? .seconds(180)) / 3)
        while !Task.isCancelled {
            do {
                try site.store.prune(at: site.now)
                manager.feedWatchdog()
            } catch {
                site.tell(ofBrokenStore: "the dashboard's file can't be written: \(error)")
            }
            try? await Task.sleep(for: tick)
        }
    }
}
