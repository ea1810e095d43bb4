import Control
import Foundation
import Glibc
import Ledger
import Synchronization

/// What is known of backups: what their makers said, and what lies in their folder.
final class BackupLog: Sendable {
    private struct State {
        var failures: UInt64 = 0
        var latest: BackupReport?
        var restoreTest: BackupReport?
        var restoreTestFailures: UInt64 = 0
    }

    let folder: BackupFolder?
    private let state = Mutex(State())

    init(folder: BackupFolder?) {
        self.folder = folder
    }

    /// A backup that failed since the start, before or after its copy was made.
    var failures: UInt64 { state.withLock { $0.failures } }

    /// What became of the latest one that told.
    var latest: BackupReport? { state.withLock { $0.latest } }

    /// What became of the latest test restore that told.
    var restoreTest: BackupReport? { state.withLock { $0.restoreTest } }

    /// Test restores that failed since the start.
    var restoreTestFailures: UInt64 { state.withLock { $0.restoreTestFailures } }

    func didFail() { state.withLock { $0.failures += 1 } }

    func take(_ report: BackupReport) {
        state.withLock { state in
            if report.restoreTest == true {
                state.restoreTest = report
                if !report.ok { state.restoreTestFailures += 1 }
            } else {
                state.latest = report
                if !report.ok { state.failures += 1 }
            }
        }
    }

    /// Bytes that must be free for another backup of a ledger of that size: the daemon's copy, and the maker's beside it if the folder is
    /// on the same file system.
    func bytesNeeded(ledger: Int64, in directory: String) -> Int64 {
        BackupFolder.bytesNeeded(ledger: ledger, from: directory, into: folder?.path)
    }

    /// When the newest backup of the folder was made, in seconds since 1970, and its bytes; nil if none can be seen.
    var newest: (made: Int, bytes: Int)? {
        var file = stat()
        guard let path = folder?.newest, stat(path, &file) == 0 else { return nil }
        return (file.st_mtim.tv_sec, Int(file.st_size))
    }
}
