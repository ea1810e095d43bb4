import Glibc
import Ledger

/// What is known of a ledger that is missing, and the ways back.
struct MissingLedger {
    /// Which file, and how it is missing.
    let reason: String
    let stateDirectory: String
    let backups: BackupFolder?

    /// What there was, in words; nil if nothing says that there was any.
    var traces: String? {
        let traces = [noted, backedUp].compactMap { $0 }
        return traces.isEmpty ? nil : traces.joined(separator: "; ")
    }

    /// All of it in one line.
    var words: String {
        // Another ledger than the default one is named in as many words.
        let flag = stateDirectory == Settings.defaultStateDirectory ? "" : " --state-dir \(stateDirectory)"
        let restore = "meterd restore \(newestBackup ?? "BACKUP")\(flag)"
        let ways =
            traces != nil
            ? "mount its disk, or put a backup in its place (\(restore)); meterd init --anew\(flag) begins with an empty ledger"
            : "mount its disk, or make a new, empty ledger (meterd init\(flag)), or put a backup in its place (\(restore))"
        return (["\(reason)"] + (traces.map { [$0] } ?? []) + [ways]).joined(separator: "; ")
    }

    private var newestBackup: String? { backups?.newest }

    /// What the state directory says. A note that can't be read is the note of some ledger.
    private var noted: String? {
        let path = stateDirectory + "/history.json"
        guard access(path, F_OK) == 0 else { return nil }
        guard let mark = LedgerHistory.kept(in: stateDirectory)?.mark else {
            return "\(path) is there and can't be read"
        }
        return "\(path) says that there was ledger \(mark.ledger) with \(mark.records) records, up to \(mark.committed)"
    }

    /// What the folder of backups says. One that can't be read may have some.
    private var backedUp: String? {
        guard let backups, access(backups.path, F_OK) == 0 else { return nil }
        do throws(BackupFolder.Unusable) {
            return try backups.backups().last.map { "the newest backup is \(backups.path)/\($0)" }
        } catch {
            return error.description
        }
    }
}
