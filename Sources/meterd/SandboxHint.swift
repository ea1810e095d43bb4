import Foundation
import Ledger

/// What to add to an error of a path, if systemd's sandbox may be why: "read-only file system" is said of a folder that root can write to.
enum SandboxHint {
    /// The words of an error, with what the unit allows.
    static func words(of error: LedgerOpenError, _ settings: Settings) -> String {
        // systemd names the folders that are the unit's own: state_dir is another one.
        guard error.kind == .unwritable, let own = ProcessInfo.processInfo.environment["STATE_DIRECTORY"],
            !own.split(separator: ":").contains(Substring(settings.stateDirectory))
        else { return error.description }
        let isSandbox = [EROFS, EACCES, EPERM, ENOENT].contains {
            error.description.hasSuffix(String(cString: strerror($0)))
        }
        guard isSandbox else { return error.description }
        return
            "\(error.description); meterd's unit lets it write only below \(own): /usr/share/meterd/state.conf is a drop-in for \(settings.stateDirectory)\(home(settings))"
    }

    private static func home(_ settings: Settings) -> String {
        ["/home/", "/root/", "/run/user/"].contains { settings.stateDirectory.hasPrefix($0) }
            ? ", and ProtectHome= hides homes from it: choose a folder elsewhere" : ""
    }
}
