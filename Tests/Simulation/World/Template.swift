import FaultDisk
import Ledger
import TestSupport

/// An empty ledger on a disk in memory, made once: each run begins with a copy of it.
enum Template {
    private struct Made: Sendable {
        let directory: TemporaryDirectory
        let disk: FaultDisk
    }

    private static let made: Result<Made, any Error> = Result {
        let directory = try TemporaryDirectory()
        let disk = FaultDisk(folder: directory.path, seed: 0)
        _ = try LedgerDatabase(in: directory.path, makesLedger: true)
        return Made(directory: directory, disk: disk)
    }

    /// A copy of it for a folder.
    static func copy(to folder: String, seed: UInt64) throws -> FaultDisk {
        FaultDisk(copying: try made.get().disk, folder: folder, seed: seed)
    }
}
