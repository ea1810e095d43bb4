import Billing
import Control
import Foundation
import Glibc
import Ledger
import ServiceUnits

/// What `meterctl doctor` looks at: what the daemon says of itself, and what this machine says of the daemon.
struct Examination {
    let status: StatusView
    let socket: String
    let units: UnitNames
    /// The folder of backups; nil if neither the daemon nor the operator names one.
    let backups: String?

    func findings() -> [Finding] {
        [
            daemon, gap, ledger, state, quarantine, payments, disk, log, queue, rateCard, backup, clock, socketFile,
            unit,
            sqlite,
        ].compactMap { $0 }
    }

    private var daemon: Finding {
        switch status.state {
        case "ready": Finding(what: "daemon", level: .good, found: "meterd \(status.version) takes usage")
        default:
            Finding(
                what: "daemon", level: .wrong, found: status.degradedReason ?? status.state,
                advice: "journalctl -x -u \(units.daemon) says why and what to do")
        }
    }

    private var gap: Finding? {
        status.gap.map {
            Finding(
                what: "gap", level: .notice,
                found:
                    "an older state was put in place, noticed \($0.noticed): \($0.records) records from \($0.since ?? "the beginning") on are missing",
                advice:
                    "have proxies send again what they kept since then; when it is done, remove history.json from the state directory and restart"
            )
        }
    }

    /// Whether the newest backup is of this ledger, and of nothing that this ledger doesn't have.
    private var ledger: Finding? {
        guard let newest = backups.flatMap({ BackupFolder($0).newest }), access(newest, R_OK) == 0,
            let backup = try? LedgerContents(databaseFile: newest), !backup.ledger.isEmpty, let ledger = status.ledger
        else { return nil }
        func wrong(_ found: String) -> Finding {
            Finding(
                what: "ledger", level: .wrong, found: found,
                advice:
                    "another ledger is in the place of the one that was backed up: stop meterd, put that one back, or the backup (meterd restore)"
            )
        }
        guard backup.ledger == ledger else {
            return wrong(
                "ledger \(ledger); the newest backup is of ledger \(backup.ledger), with \(backup.records) records")
        }
        guard backup.records <= status.records else {
            return wrong("\(status.records) records; the newest backup has \(backup.records)")
        }
        return Finding(
            what: "ledger", level: .good,
            found: "\(status.records) records, \(backup.records) of them in the newest backup")
    }

    private var state: Finding? {
        status.stateDirectory.flatMap { StateExamination(directory: $0, units: units).finding }
    }

    private var quarantine: Finding? {
        guard let summary = status.quarantine else { return nil }
        guard let found = QuarantineCommand.describe(summary) else {
            return Finding(what: "quarantine", level: .good, found: "no refused usage waits")
        }
        return Finding(
            what: "quarantine", level: .notice, found: found,
            advice:
                "nobody is charged for these lines: meterctl quarantine list says why; then retry or discard them")
    }

    private var payments: Finding? {
        guard let payments = status.payments else { return nil }
        let found = StatusCommand.describe(payments)
        func notice(_ advice: String) -> Finding {
            Finding(what: "payments", level: .notice, found: found, advice: advice)
        }
        if let failure = payments.failure {
            return notice("\(failure); payments are asked for again until the gateway answers")
        }
        if payments.refundsFailed > 0 {
            return notice("meterctl refunds list ORG says why; refunds retry, or transfer it and refunds record")
        }
        if payments.chargebacks > 0 {
            return notice("send evidence at the gateway in time; meterctl events shows the chargebacks")
        }
        if payments.refundsDue > 0, payments.gateway == ManualGateway().name {
            return notice("transfer what is to go back, then meterctl refunds record")
        }
        if payments.gateway != ManualGateway().name, !payments.hasReturnUrl {
            return notice(
                "banks that want their customer to confirm decline instead: set billing.return_url in meterd.yaml to the page that customers come back to"
            )
        }
        return Finding(what: "payments", level: .good, found: found)
    }

    private var disk: Finding? {
        guard let free = status.diskFreeBytes, let size = status.diskBytes, size > 0 else { return nil }
        let found = "\(free >> 20) MiB free of \(size >> 20)"
        let part = Double(free) / Double(size)
        let needed = BackupFolder.bytesNeeded(
            ledger: status.databaseBytes + status.walBytes, from: status.stateDirectory ?? units.stateDirectory,
            into: backups)
        if free < 512 << 20 || part < 0.02 {
            return Finding(
                what: "disk", level: .wrong, found: found,
                advice: "make room on the ledger's file system: when it is full, usage is refused until there is some")
        } else if free < needed || part < 0.1 {
            return Finding(
                what: "disk", level: .notice, found: found,
                advice: "a backup takes \(needed >> 20) MiB for a while; give the ledger's file system more room")
        }
        return Finding(what: "disk", level: .good, found: found)
    }

    private var log: Finding {
        let found = "\(status.walBytes >> 20) MiB"
        guard status.walBytes > 1 << 30 else { return Finding(what: "write-ahead log", level: .good, found: found) }
        return Finding(
            what: "write-ahead log", level: .notice, found: found,
            advice: "a reader holds it back: a backup or a long list is under way; if none is, restart meterd")
    }

    private var queue: Finding {
        let found = "\(status.queued) of \(status.queueCapacity) requests wait"
        guard status.queued * 2 > status.queueCapacity else {
            return Finding(what: "queue", level: .good, found: found)
        }
        return Finding(
            what: "queue", level: .notice, found: found,
            advice: "more comes than the disk takes; look at meterd_sync_seconds, and at the disk")
    }

    private var backup: Finding { BackupExamination(folder: backups, units: units).finding }

    private var rateCard: Finding {
        guard status.rateCard != nil else {
            return Finding(
                what: "rate card", level: .wrong, found: "none: every record is unpriced",
                advice:
                    "meterctl rates upgrade takes the package's table; or meterctl rates import FILE, or rates.file in /etc/meterd/meterd.yaml"
            )
        }
        guard let days = status.rateCardAgeSeconds.map({ $0 / 86_400 }) else {
            return Finding(what: "rate card", level: .good, found: "\(status.rates) models")
        }
        let proposal = status.rateProposal.map { _ in
            "; the package brings another table (meterctl rates upgrade --dry-run)"
        }
        let found = "\(status.rates) models, \(days) days old\(proposal ?? "")"
        guard days > 60 else { return Finding(what: "rate card", level: .good, found: found) }
        return Finding(
            what: "rate card", level: .notice, found: found,
            advice: "providers change prices: meterctl rates import of a newer table, with --dry-run first")
    }

    /// Whether the machine's clock is kept right: timedatectl(1) says so of whoever keeps it.
    private var clock: Finding? {
        if let seconds = status.clockJumpSeconds {
            let days = abs(seconds) / 86_400
            let side = seconds > 0 ? "ahead of" : "behind"
            return Finding(
                what: "clock", level: .wrong,
                found: "\(days) days \(side) the time that was expected; nothing is billed, expires or is erased",
                advice: "set the clock right (timedatectl); if it is right, meterctl clock confirm")
        }
        let output = SystemdUnit.output(["timedatectl", "show", "-p", "NTPSynchronized", "--value"])
        guard let answer = output?.split(separator: "\n").first else { return nil }
        guard answer == "yes" else {
            return Finding(
                what: "clock", level: .notice, found: "not synchronised",
                advice:
                    "install systemd-timesyncd or chrony: the time of a record picks its rate, its day and its month")
        }
        return Finding(what: "clock", level: .good, found: "synchronised")
    }

    private var socketFile: Finding? {
        var file = stat()
        guard stat(socket, &file) == 0 else { return nil }
        let mode = String(file.st_mode & 0o777, radix: 8)
        guard file.st_mode & 0o006 != 0 else {
            return Finding(what: "control socket", level: .good, found: "\(socket), mode 0\(mode)")
        }
        return Finding(
            what: "control socket", level: .wrong, found: "\(socket) is open to everybody, mode 0\(mode)",
            advice: "control.socket_mode, or SocketMode= of \(units.control): whoever can connect can give credits"
        )
    }

    /// Whether systemd runs the unit that the package brought.
    private var unit: Finding? {
        let values = SystemdUnit.show(
            units.daemon, ["LoadState", "FragmentPath", "DropInPaths", "NeedDaemonReload", "UnitFileState"])
        guard values["LoadState"] == "loaded" else { return nil }
        if values["NeedDaemonReload"] == "yes" {
            return Finding(
                what: "unit", level: .wrong, found: "systemd runs an older unit than is on the disk",
                advice: "systemctl daemon-reload, then systemctl restart \(units.daemon)")
        }
        if values["FragmentPath"]?.hasPrefix("/etc/") == true {
            return Finding(
                what: "unit", level: .notice, found: "\(values["FragmentPath"] ?? "") replaces the packaged unit",
                advice: "use drop-ins (systemctl edit meterd), so that an upgrade's unit counts")
        }
        let dropIns = values["DropInPaths"].map { $0.isEmpty ? "" : ", with \($0)" } ?? ""
        return Finding(what: "unit", level: .good, found: "\(values["UnitFileState"] ?? "loaded")\(dropIns)")
    }

    /// Up to 3.51.2 a second connection that checkpoints can lose a commit: <https://www.sqlite.org/wal.html#walresetbug>.
    private var sqlite: Finding {
        let parts = status.sqlite.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 3, (parts[0], parts[1], parts[2]) < (3, 51, 3) else {
            return Finding(what: "SQLite", level: .good, found: status.sqlite)
        }
        return Finding(
            what: "SQLite", level: .good,
            found: "\(status.sqlite); has the WAL-reset bug, which meterd can't meet: open its file with nothing else")
    }
}
