import Glibc
import SystemdSupport

/// The two listening sockets: systemd's where it passed them, else bound here.
struct Sockets: Sendable {
    let ingest: ListeningSocket
    let control: ListeningSocket
    /// Where metrics are served over TCP; nil where they are not to be, a failure where they can't be: usage is taken all the same.
    let metrics: Result<Int32?, ListenError>

    /// Names of systemd's `FileDescriptorName=`.
    private static let ingestName = "meterd-ingest"
    private static let controlName = "meterd-control"

    init(_ settings: Settings) throws(ListenError) {
        let inherited = ListeningSocket.inherited()
        ingest = try Self.socket(
            inherited[Self.ingestName], settings.ingestSocket, settings.ingestMode, settings.ingestGroup)
        do throws(ListenError) {
            control = try Self.socket(
                inherited[Self.controlName], settings.controlSocket, settings.controlMode, settings.controlGroup)
        } catch {
            ingest.removeFile()
            throw error
        }
        do throws(ListenError) {
            metrics = .success(
                try settings.metricsListen.flatMap(LoopbackAddress.init).map { address throws(ListenError) in
                    try address.listen()
                })
        } catch {
            metrics = .failure(error)
        }
    }

    private static func socket(
        _ inherited: ListeningSocket?, _ path: String, _ mode: mode_t, _ group: String?
    ) throws(ListenError) -> ListeningSocket {
        if let inherited { return inherited }
        return try ListeningSocket.bind(path: path, mode: mode, group: group)
    }

    func removeFiles() {
        ingest.removeFile()
        control.removeFile()
    }
}
