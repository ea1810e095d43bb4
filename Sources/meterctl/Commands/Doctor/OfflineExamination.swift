import Foundation
import Glibc
import Ledger
import ServiceUnits

/// What doctor finds while the daemon can't be reached: what systemd, the journal and the files say.
struct OfflineExamination {
    /// Why it can't be reached.
    let reason: String
    let units: UnitNames
    let stateDirectory: String
    /// Why that place is only assumed; nil if it is known.
    let assumption: String?
    let backups: String

    func findings() -> [Finding] {
        [daemon, service, journal, ledger, disk, BackupExamination(folder: backups, units: units).finding].compactMap {
            $0
        }
            + [units.ingest, units.control].compactMap(socket)
    }

    private var daemon: Finding {
        Finding(what: "daemon", level: .wrong, found: reason.split(separator: "\n").first.map(String.init) ?? reason)
    }

    private var service: Finding? {
        let values = SystemdUnit.show(
            units.daemon,
            [
                "LoadState", "UnitFileState", "ActiveState", "SubState", "Result", "ExecMainStatus", "NRestarts",
                "StatusText",
            ])
        guard values["LoadState"] == "loaded" else {
            return values["LoadState"].map { state in
                Finding(
                    what: "unit", level: .wrong, found: "\(units.daemon) is \(state)",
                    advice: "install the package, or run it by hand: meterd run")
            }
        }
        let (active, result) = (values["ActiveState"] ?? "", values["Result"] ?? "")
        var found = "\(active) (\(values["SubState"] ?? ""))"
        if result != "success" { found += ", \(result), exit status \(values["ExecMainStatus"] ?? "?")" }
        if let text = values["StatusText"], !text.isEmpty { found += "; it said: \(text)" }
        return Finding(
            what: "unit", level: .wrong, found: found,
            advice: advice(active, result, status: values["ExecMainStatus"] ?? ""))
    }

    private func advice(_ active: String, _ result: String, status: String) -> String {
        let again =
            "then systemctl reset-failed 'meterd*' and systemctl start \(units.all)"
        return switch (active, status) {
        case ("active", _): "it runs and doesn't answer: journalctl -u \(units.daemon); --socket names another socket"
        case (_, "238"), (_, "226"):
            "systemd couldn't set up the state directory or the sandbox: \(units.stateDirectory) must be a folder, not a link (/usr/share/meterd/state.conf shows how to move it); \(again)"
        case ("inactive", _): "systemctl start \(units.all)"
        case (_, "65"):
            "the ledger is not there, another one or damaged: the journal says what is known of it, \(again)"
        case (_, "78"):
            "sudo meterd check-config --config \(units.configurationFile) names what is wrong with the configuration; put it right, \(again)"
        case ("activating", _): "it is starting, or waits for what its status line says"
        default: "the journal says why (journalctl -x -u \(units.daemon)); put it right, \(again)"
        }
    }

    private var journal: Finding? {
        let lines = SystemdUnit.output([
            "journalctl", "-u", units.daemon, "-p", "warning", "-n", "1", "-o", "cat", "--no-pager",
        ])
        guard let line = lines?.split(separator: "\n").last, !line.hasPrefix("--") else { return nil }
        return Finding(
            what: "journal", level: .notice, found: String(line), advice: "journalctl -x -u \(units.daemon) says more")
    }

    private var ledger: Finding? {
        let path = stateDirectory + "/meterd.db"
        let assumed = assumption.map { " (assumed: \($0))" } ?? ""
        var file = stat()
        if stat(path, &file) == 0 {
            return Finding(what: "ledger", level: .good, found: "\(path), \(file.st_size >> 20) MiB\(assumed)")
        }
        guard errno == ENOENT else {
            return Finding(
                what: "ledger", level: .notice, found: "\(path) can't be looked at by you\(assumed)",
                advice: "sudo meterctl doctor looks")
        }
        return Finding(
            what: "ledger", level: .wrong, found: "\(path) is not there\(assumed)",
            advice:
                "mount its disk, or put a backup in its place (meterd restore --state-dir \(stateDirectory)); meterd init --state-dir \(stateDirectory) makes a new, empty one"
        )
    }

    private var disk: Finding? {
        guard let disk = DiskSpace(of: stateDirectory), disk.size > 0 else { return nil }
        let found = "\(disk.free >> 20) MiB free of \(disk.size >> 20)"
        guard disk.free < 512 << 20 else { return Finding(what: "disk", level: .good, found: found) }
        return Finding(
            what: "disk", level: .wrong, found: found, advice: "make room on the file system of \(stateDirectory)")
    }

    private func socket(_ unit: String) -> Finding? {
        let values = SystemdUnit.show(unit, ["LoadState", "ActiveState", "Result"])
        guard values["LoadState"] == "loaded", let state = values["ActiveState"] else { return nil }
        guard state != "active" else { return Finding(what: unit, level: .good, found: "systemd holds it") }
        return Finding(
            what: unit, level: .wrong, found: "\(state), \(values["Result"] ?? "")",
            advice: "systemctl reset-failed 'meterd*', then systemctl start \(unit)")
    }
}
