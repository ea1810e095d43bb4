import Ledger

/// What is known of a ledger that is not where it should be, and the ways back.
struct MissingLedger {
    /// Which file, and how it is missing.
    let reason: String
    let stateDirectory: String
    let backups: BackupFolder?

    /// Whether there was a ledger here, as far as the state directory and the backups say.
    var isLost: Bool { history != nil || newestBackup != nil }

    /// What there was, in words; nil if nothing says that there was any.
    var traces: String? {
        let traces = [
            history.map {
                "\(stateDirectory)/history.json says that there was ledger \($0.ledger) with \($0.records) records, up to \($0.committed)"
            },
            newestBackup.map { "the newest backup is \($0)" },
        ].compactMap { $0 }
        return traces.isEmpty ? nil : traces.joined(separator: "; ")
    }

    /// All of it in one line.
    var words: String {
        let restore = "meterd restore \(newestBackup ?? "BACKUP")"
        let ways =
            isLost
            ? "mount its disk, or put a backup in its place (\(restore)); meterd init --anew begins with an empty ledger"
            : "mount its disk, or make a new, empty ledger (meterd init), or put a backup in its place (\(restore))"
        return (["\(reason)"] + (traces.map { [$0] } ?? []) + [ways]).joined(separator: "; ")
    }

    private var history: LedgerMark? { LedgerHistory.kept(in: stateDirectory)?.mark }
    private var newestBackup: String? { backups?.newest }
}
