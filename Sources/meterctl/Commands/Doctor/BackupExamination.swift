import Foundation
import Glibc
import Ledger
import ServiceUnits

/// What doctor says of backups: how old the newest is, and whether the timer makes more.
struct BackupExamination {
    /// Nil if none is named.
    let folder: String?
    let units: UnitNames

    /// Hours after which the newest is too old: a day, the timer's random delay, and some.
    private static let hoursMax = 26

    var finding: Finding {
        guard let folder else {
            return Finding(
                what: "backups", level: .notice, found: "no folder is named for them",
                advice: "set backup.folder; or meterctl backup --into FOLDER, and --backups FOLDER here")
        }
        if access(folder, F_OK) == 0, access(folder, R_OK) != 0 {
            return Finding(
                what: "backups", level: .notice, found: "\(folder) can't be read by you",
                advice: "sudo meterctl doctor looks into it")
        }
        guard let newest = BackupFolder(folder).newest else {
            return Finding(what: "backups", level: .notice, found: "none in \(folder)", advice: advice(folder))
        }
        var file = stat()
        guard stat(newest, &file) == 0 else {
            return Finding(what: "backups", level: .notice, found: "\(newest) can't be looked at")
        }
        let hours = (time(nil) - file.st_mtim.tv_sec) / 3600
        guard hours >= -24 else {
            return Finding(
                what: "backups", level: .wrong, found: "\(newest) is of a time to come",
                advice: "it was made while the clock was ahead: systemctl start \(units.backup) makes one now")
        }
        if let other = unitFolder, other != folder {
            return Finding(
                what: "backups", level: .notice,
                found: "\(units.backup) makes them in \(other), and backup.folder is \(folder)",
                advice: "set backup.folder to \(other), and leave --into out of that unit's ExecStart=")
        }
        let found = "\((newest as NSString).lastPathComponent), \(hours) h old, \(file.st_size >> 20) MiB"
        if hasFailed {
            return Finding(
                what: "backups", level: .wrong, found: "\(found); the latest run failed",
                advice: "journalctl -u \(units.backup) says why")
        }
        guard hours > Self.hoursMax else { return Finding(what: "backups", level: .good, found: found) }
        return Finding(what: "backups", level: .wrong, found: found, advice: advice(folder))
    }

    /// The folder that the unit names by itself, as older ones and drop-ins do.
    private var unitFolder: String? {
        SystemdUnit.option("--into", ofCommand: SystemdUnit.show(units.backup, ["ExecStart"])["ExecStart"] ?? "")
    }

    private var hasFailed: Bool {
        let values = SystemdUnit.show(units.backup, ["LoadState", "Result"])
        return values["LoadState"] == "loaded" && values["Result"] != "success"
    }

    private func advice(_ folder: String) -> String {
        let timer = SystemdUnit.show(units.backupTimer, ["LoadState", "ActiveState", "NextElapseUSecRealtime"])
        if hasFailed { return "the latest run failed: journalctl -u \(units.backup) says why" }
        switch (timer["LoadState"], timer["ActiveState"]) {
        case ("loaded", "active"):
            let next = timer["NextElapseUSecRealtime"].map { $0.isEmpty ? "" : " (\($0))" } ?? ""
            return "the timer makes one with its next run\(next); systemctl start \(units.backup) makes one now"
        case ("loaded", _):
            return "systemctl enable --now \(units.backupTimer) makes one a day; --backups names another folder"
        default: return "meterctl backup --into \(folder) makes one; --backups names another folder"
        }
    }
}
