import Foundation
import Ledger
import Synchronization

/// Copies the ledger where there is room for it, until the daemon stops. One copy is made at a time. A few may be read at a time: who
/// reads slowly is in nobody's way, and each copy takes room that nobody sees until it is read.
final class LedgerCopier: Sendable {
    private let reader: LedgerReader
    private let databasePath: String
    private let directory: String
    private let isBusy = Atomic(false)
    private let isStopped = Atomic(false)
    private let unread = Mutex<[Unread]>([])

    private struct Unread {
        weak var snapshot: LedgerSnapshot?
    }

    /// Copies that may be read at a time.
    private static let unreadMax = 3

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
        let others = unread.withLock { unread in
            unread.removeAll { $0.snapshot == nil }
            return unread.count
        }
        guard others < Self.unreadMax else {
            throw Refusal(.limitExceeded, "\(others) copies are being read already, the most there may be; try again")
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
        unread.withLock { $0.append(Unread(snapshot: snapshot)) }
        return snapshot
    }
}
