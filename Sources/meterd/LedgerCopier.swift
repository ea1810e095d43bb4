import Background
import Foundation
import Ledger
import Synchronization

/// Copies the ledger where there is room for it, until the daemon stops. One copy is made at a time. A few may be read at a time: who
/// reads slowly is in nobody's way, and each copy takes room that nobody sees until it is read.
final class LedgerCopier: Sendable {
    private let writer: LedgerWriter
    private let watch: CopyWatch
    private let databasePath: String
    private let directory: String
    private let isBusy = Atomic(false)
    private let requests = Atomic(0)
    private let isStopped = Atomic(false)
    private let unread = Mutex<[Unread]>([])

    private struct Unread {
        weak var snapshot: LedgerSnapshot?
    }

    /// Copies that may be read at a time.
    private static let unreadMax = 3

    /// Requests at a time: one has its copy made, the others wait for it.
    private static let requestsMax = 5

    /// - Parameter watch: what the writer's store was given.
    init(writer: LedgerWriter, _ watch: CopyWatch, databasePath: String, directory: String) {
        self.writer = writer
        self.watch = watch
        self.databasePath = databasePath
        self.directory = directory
    }

    /// Gives up the copy that is being made, and makes no more.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// A copy to be read by somebody.
    func copy() async throws -> LedgerSnapshot {
        try await alone {
            let others = unread.withLock { unread in
                unread.removeAll { $0.snapshot == nil }
                return unread.count
            }
            guard others < Self.unreadMax else {
                throw Refusal(
                    .limitExceeded, "\(others) copies are being read already, the most there may be; try again")
            }
            let snapshot = try await BackgroundThread.run("copy") { [self] in
                try LedgerSnapshot.make(
                    of: databasePath, watch, in: directory, nudge: nudge,
                    isCancelled: { [self] in isStopped.load(ordering: .relaxed) })
            }
            unread.withLock { $0.append(Unread(snapshot: snapshot)) }
            return snapshot
        }
    }

    /// Verifies the ledger by a copy: a read transaction for as long as that takes would keep the write-ahead log from being emptied.
    func verify() async throws -> VerificationReport {
        try await alone {
            try await BackgroundThread.run("verify") { [self] in
                try LedgerSnapshot.withCopy(
                    of: databasePath, watch, in: directory, nudge: nudge,
                    isCancelled: { [self] in isStopped.load(ordering: .relaxed) }
                ) { try Verification.run(databaseFile: $0) }
            }
        }
    }

    /// Runs a body that makes a copy, if there is room, once nobody else makes one.
    private func alone<Value>(_ body: () async throws -> Value) async throws -> Value {
        guard !isStopped.load(ordering: .relaxed) else { throw Refusal(.shuttingDown, "the daemon is stopping") }
        guard requests.add(1, ordering: .relaxed).oldValue < Self.requestsMax else {
            requests.subtract(1, ordering: .relaxed)
            throw Refusal(.limitExceeded, "\(Self.requestsMax) others want a copy already; try again")
        }
        defer { requests.subtract(1, ordering: .relaxed) }
        while isBusy.exchange(true, ordering: .acquiringAndReleasing) {
            try await Task.sleep(for: .milliseconds(50))
            guard !isStopped.load(ordering: .relaxed) else { throw Refusal(.shuttingDown, "the daemon is stopping") }
        }
        defer { isBusy.store(false, ordering: .releasing) }
        let needed =
            StatusReport.size(databasePath) + StatusReport.size(databasePath + "-wal") + BackupFolder.spareBytes
        if let disk = DiskSpace(of: directory), disk.free < needed {
            throw Refusal(
                .storageUnavailable,
                "a copy takes \(needed >> 20) MiB in \(directory) for a while, and \(disk.free >> 20) MiB are free: make room"
            )
        }
        return try await body()
    }

    // From another thread: the copy's has a low priority, and would stop everybody's way to the writer if it were stopped meanwhile.
    private func nudge() {
        DispatchQueue.global().async { [writer] in _ = writer.submit(Submission([.probe], receiver: Nobody())) }
    }

    private final class Nobody: OutcomeReceiver {
        func receive(_ outcomes: [[Outcome]]) {}
    }
}
