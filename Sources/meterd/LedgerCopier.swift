import Foundation
import Ledger
import Synchronization

/// Copies the ledger where there is room for it, until the daemon stops. One copy at a time: the next may begin when whoever
/// takes the one before has all of it, since until then it takes room that nobody sees.
final class LedgerCopier: Sendable {
    private let reader: LedgerReader
    private let databasePath: String
    private let directory: String
    private let isBusy = Atomic(false)
    private let isStopped = Atomic(false)
    private let latest = Mutex(Latest())

    private struct Latest {
        weak var snapshot: LedgerSnapshot?
    }

    /// Room that a copy leaves for usage that comes meanwhile.
    private static let reserveBytes: Int64 = 256 << 20

    init(reader: LedgerReader, databasePath: String, directory: String) {
        self.reader = reader
        self.databasePath = databasePath
        self.directory = directory
    }

    /// Gives up the copy that is being made, and makes no more.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    func copy() async throws -> LedgerSnapshot {
        guard !isStopped.load(ordering: .relaxed) else { throw Refusal(.shuttingDown, "the daemon is stopping") }
        guard !isBusy.exchange(true, ordering: .acquiringAndReleasing) else {
            throw Refusal(.limitExceeded, "a copy is being made already; one at a time")
        }
        defer { isBusy.store(false, ordering: .releasing) }
        guard latest.withLock({ $0.snapshot == nil }) else {
            throw Refusal(.limitExceeded, "a copy is being taken already; one at a time")
        }
        let needed = StatusReport.size(databasePath) + StatusReport.size(databasePath + "-wal") + Self.reserveBytes
        if let disk = DiskSpace(of: directory), Int64(clamping: disk.free) < needed {
            throw Refusal(
                .storageUnavailable,
                "a copy takes \(needed >> 20) MiB in \(directory) for a while, and \(disk.free >> 20) MiB are free: make room"
            )
        }
        // It blocks for long: on a thread of its own.
        let snapshot = try await withCheckedThrowingContinuation { continuation in
            Thread { [self] in
                continuation.resume(
                    with: Result {
                        try reader.snapshot(in: directory) { isStopped.load(ordering: .relaxed) }
                    })
            }.start()
        }
        latest.withLock { $0.snapshot = snapshot }
        return snapshot
    }
}
