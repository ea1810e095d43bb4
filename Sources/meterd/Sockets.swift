import Glibc
import SystemdSupport

/// The two listening sockets: systemd's where it passed them, else bound here.
struct Sockets: Sendable {
    let ingest: ListeningSocket
    let control: ListeningSocket

    /// Names of systemd's `FileDescriptorName=`.
    private static let ingestName = "meterd-ingest"
    private static let controlName = "meterd-control"

    init(_ settings: Settings) throws(ListenError) {
        let inherited = ListeningSocket.inherited()
        ingest = try Self.socket(inherited[Self.ingestName], settings.ingestSocket, settings.ingestMode)
        do throws(ListenError) {
            control = try Self.socket(inherited[Self.controlName], settings.controlSocket, settings.controlMode)
        } catch {
            ingest.removeFile()
            throw error
        }
    }

    private static func socket(
        _ inherited: ListeningSocket?, _ path: String, _ mode: mode_t
    ) throws(ListenError) -> ListeningSocket {
        if let inherited { return inherited }
        return try ListeningSocket.bind(path: path, mode: mode)
    }

    func removeFiles() {
        ingest.removeFile()
        control.removeFile()
    }
}
