import Foundation
import Glibc
import ServiceUnits

/// What doctor says of the place of the ledger: on which file system it lies, and whether the daemon waits for that one.
struct StateExamination {
    let directory: String
    let units: UnitNames

    var finding: Finding? {
        guard let mount = Self.mountPoint(of: directory) else { return nil }
        let found = "\(directory), on the file system of \(mount)"
        func notice(_ advice: String) -> Finding {
            Finding(what: "state", level: .notice, found: found, advice: advice)
        }
        let old = units.stateDirectory + "/meterd.db"
        if directory != units.stateDirectory, access(old, F_OK) == 0 {
            return notice("another ledger is in \(old); move it away, so that nobody takes it for this one")
        }
        let values = SystemdUnit.show(units.daemon, ["LoadState", "RequiresMountsFor"])
        guard values["LoadState"] == "loaded", mount != "/" else {
            return Finding(what: "state", level: .good, found: found)
        }
        let waited = (values["RequiresMountsFor"] ?? "").split(separator: " ")
        // systemd waits for what is mounted at a path that is named and above it, not below.
        guard waited.contains(where: { $0 == mount || $0.hasPrefix(mount + "/") }) else {
            return notice(
                "\(units.daemon) doesn't wait for that file system: RequiresMountsFor=\(directory) in a drop-in, as in /usr/share/meterd/state.conf"
            )
        }
        return Finding(what: "state", level: .good, found: found)
    }

    /// The folder at which a path's file system is mounted: the last one upwards on the same device.
    private static func mountPoint(of path: String) -> String? {
        var current = (path as NSString).standardizingPath
        var here = stat()
        guard stat(current, &here) == 0 else { return nil }
        while current != "/" {
            let parent = (current as NSString).deletingLastPathComponent
            var above = stat()
            guard stat(parent, &above) == 0, above.st_dev == here.st_dev else { return current }
            current = parent
        }
        return current
    }
}
