import Glibc
import SystemdSupport

/// The listening sockets. systemd may pass several of a kind; if it passes none, one is bound here.
struct Sockets: Sendable {
    let ingest: [ListeningSocket]
    let control: [ListeningSocket]
    /// Where metrics are served over TCP; nil where they are not to be, a failure where they can't be: usage is taken all the same.
    let metrics: Result<Int32?, ListenError>
    /// The same of health probes.
    let health: Result<Int32?, ListenError>

    /// Names of systemd's `FileDescriptorName=`.
    private static let ingestName = "meterd-ingest"
    private static let controlName = "meterd-control"

    init(_ settings: Settings) throws(ListenError) {
        let inherited = try ListeningSocket.inherited([Self.ingestName, Self.controlName])
        ingest = try Self.sockets(
            inherited[Self.ingestName], settings.ingestSocket, settings.ingestMode, settings.ingestGroup)
        do throws(ListenError) {
            control = try Self.sockets(
                inherited[Self.controlName], settings.controlSocket, settings.controlMode, settings.controlGroup)
        } catch {
            for socket in ingest { socket.removeFile() }
            throw error
        }
        metrics = Self.listen(settings.metricsListen)
        health = Self.listen(settings.healthListen)
    }

    private static func listen(_ address: String?) -> Result<Int32?, ListenError> {
        do throws(ListenError) {
            return .success(
                try address.flatMap(TCPAddress.init).map { address throws(ListenError) in try address.listen() })
        } catch {
            return .failure(error)
        }
    }

    private static func sockets(
        _ inherited: [ListeningSocket]?, _ path: String, _ mode: mode_t, _ group: String?
    ) throws(ListenError) -> [ListeningSocket] {
        if let inherited { return inherited }
        return [try ListeningSocket.bind(path: path, mode: mode, group: group)]
    }

    func removeFiles() {
        for socket in ingest + control { socket.removeFile() }
    }
}
