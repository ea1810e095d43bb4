import Foundation
import Metering
import Synchronization

/// Who gets the outcomes of what it submitted: one call a commit, on the writer's thread, which it must not hold up.
public protocol OutcomeReceiver: AnyObject, Sendable {
    /// The outcomes of those of its submissions that were committed together: one array a submission, in the order in which
    /// they were submitted, its outcomes in the order of its mutations. Everything in them is durable.
    func receive(_ outcomes: [[Outcome]])
}

/// Mutations that go into one commit, and where their outcomes go.
public struct Submission: Sendable {
    /// What is asked; at most ``LedgerWriter/batchMax``.
    public let mutations: [Mutation]
    /// Who gets the outcomes.
    public let receiver: any OutcomeReceiver

    /// Mutations for the writer.
    public init(_ mutations: [Mutation], receiver: any OutcomeReceiver) {
        self.mutations = mutations
        self.receiver = receiver
    }
}

/// What the writer has done so far.
public struct WriterStatistics: Sendable {
    /// Mutations carried out.
    public var mutations: UInt64 = 0
    /// Usage records taken, duplicates not counted.
    public var records: UInt64 = 0
    /// Usage records that had no rate.
    public var unpriced: UInt64 = 0
    /// Usage lines that were refused for good and kept, equal ones counted each, by code.
    public var quarantined: [String: UInt64] = [:]
    /// Commits.
    public var commits: UInt64 = 0
    /// Whether the latest batch met a full disk.
    public var isDiskFull = false
    /// Seconds that commits took, the sync included.
    public var commitSeconds = MetricHistogram.seconds
    /// Seconds that `COMMIT` alone took: the log's write and sync.
    public var syncSeconds = MetricHistogram.seconds
    /// Mutations of the commits.
    public var commitMutations = MetricHistogram.batches
    /// When the latest commit was made; nil before the first.
    public var lastCommit: ContinuousClock.Instant?

    /// Nothing done yet.
    public init() {}
}

/// The one writer: owns the store, takes what has gathered, commits it as one batch, and hands out the outcomes. What
/// arrives during one commit is the next batch.
///
/// It works on a thread of its own. A caller that has a small batch while nothing waits may have it carried out on its own
/// thread (``carryOutIfIdle(_:)``), which spares both the hand-over and the way back.
public final class LedgerWriter: Sendable {
    /// Mutations a commit.
    public static let batchMax = 4096

    /// Calls of ``perform(_:)`` that may wait at once. Whoever sizes the queue leaves room for them beside what is
    /// submitted, so that neither is in the other's way.
    public static let performingMax = 1024

    /// A commit that took longer is no work for a caller's thread: the next goes to the writer's.
    private static let quickCommitMax = Duration.milliseconds(5)

    private let queue: SubmissionQueue
    private let store: Owned
    private let onFailure: @Sendable (StorageFailure) -> Void
    private let now: @Sendable () -> ContinuousClock.Instant
    private let performing = Atomic(0)
    private let isQuick = Atomic(true)
    private let state = Mutex(WriterStatistics())
    private let finished = Mutex<[CheckedContinuation<Void, Never>]?>([])

    /// Starts the writer's thread.
    ///
    /// - Parameters:
    ///   - store: opened already; the writer's alone from here on.
    ///   - capacity: mutations that may wait.
    ///   - onFailure: called on the thread that carried out the batch when the store failed and it is unknown what is on
    ///     disk. Nothing is answered from then on; the process has to end.
    ///   - now: the clock that commits are timed by.
    public init(
        store: sending some LedgerStore, capacity: Int,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        onFailure: @escaping @Sendable (StorageFailure) -> Void
    ) {
        self.now = now
        queue = SubmissionQueue(capacity: capacity, ownWorkIn: Self.patience(store.timeToOwnWork))
        self.store = Owned(store)
        self.onFailure = onFailure
        let thread = Thread { [self] in run() }
        thread.name = "meterd-writer"
        thread.stackSize = 2 << 20
        thread.start()
    }

    /// Puts a submission in line; false where there is no room or the writer is closed.
    public func submit(_ submission: Submission) -> Bool {
        queue.put(submission)
    }

    /// Carries out a batch on the calling thread, where the writer has nothing to do and its last commit was quick.
    public func carryOutIfIdle(_ batch: [Mutation]) -> CarriedOut {
        guard isQuick.load(ordering: .relaxed), queue.takeTurnIfIdle() else { return .busy }
        guard let outcomes = carryOut([batch])?.first else { return .failed }
        queue.endTurn(ownWorkIn: Self.patience(store.value.timeToOwnWork))
        return .done(outcomes)
    }

    /// What came of ``carryOutIfIdle(_:)``.
    public enum CarriedOut: Sendable {
        /// The outcomes, in the batch's order. Everything in them is durable.
        case done([Outcome])
        /// Nothing was done: the writer is at work, or closed.
        case busy
        /// The store failed: nothing may be answered any more.
        case failed
    }

    /// Carries out one mutation, on behalf of the present ``Asker`` if there is one, and waits for its outcome.
    public func perform(_ mutation: Mutation) async -> Outcome {
        let mutation = Asker.current.flatMap { mutation.isAsked ? .asked($0, mutation) : nil } ?? mutation
        let refusal = Outcome.refused(Refusal(.shuttingDown, "the daemon is stopping or its queue is full"))
        defer { performing.subtract(1, ordering: .relaxed) }
        guard performing.add(1, ordering: .relaxed).newValue <= Self.performingMax else { return refusal }
        return await withCheckedContinuation { continuation in
            let waiter = Waiter(continuation)
            if !queue.put(Submission([mutation], receiver: waiter)) { waiter.receive([[refusal]]) }
        }
    }

    /// What it has done so far.
    public var statistics: WriterStatistics { state.withLock { $0 } }

    /// How many mutations wait.
    public var queued: Int { queue.count }

    /// Mutations that may wait.
    public var capacity: Int { queue.capacity }

    /// Takes no more, carries out what waits, closes the store; returns when that is done.
    public func close() async {
        queue.close()
        await withCheckedContinuation { continuation in
            let isFinished = finished.withLock { waiting -> Bool in
                waiting?.append(continuation)
                return waiting == nil
            }
            if isFinished { continuation.resume() }
        }
    }

    // Holds the store. `@unchecked Sendable`: `sending` made it this object's alone, and only who has the queue's turn
    // touches it.
    private final class Owned: @unchecked Sendable {
        var value: any LedgerStore
        init(_ store: sending some LedgerStore) { value = store }
    }

    private func run() {
        while let batch = queue.take(limit: Self.batchMax) {
            guard let outcomes = carryOut(batch.map(\.mutations)) else { break }
            deliver(outcomes, of: batch)
            queue.endTurn(ownWorkIn: Self.patience(store.value.timeToOwnWork))
        }
        if !queue.isAbandoned {
            do throws(StorageFailure) {
                try store.value.close()
            } catch {
                onFailure(error)
            }
        }
        let waiting = finished.withLock { waiting in
            defer { waiting = nil }
            return waiting ?? []
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Commits a batch, with the turn; nil where the store failed.
    private func carryOut(_ lots: [[Mutation]]) -> [[Outcome]]? {
        do throws(StorageFailure) {
            let start = now()
            let outcomes = try store.value.commit(lots: lots)
            let end = now()
            isQuick.store(end - start <= Self.quickCommitMax, ordering: .relaxed)
            record(outcomes, start, end)
            return outcomes
        } catch {
            queue.abandon()
            onFailure(error)
            return nil
        }
    }

    /// How long to wait for submissions. Not longer than a minute: the clock that things expire by may be set meanwhile.
    private static func patience(_ untilOwnWork: Duration?) -> Duration? {
        untilOwnWork.map { min($0, .seconds(60)) }
    }

    private func deliver(_ outcomes: [[Outcome]], of batch: [Submission]) {
        var receivers: [(receiver: any OutcomeReceiver, outcomes: [[Outcome]])] = []
        for (submission, outcomes) in zip(batch, outcomes) {
            if let index = receivers.firstIndex(where: { $0.receiver === submission.receiver }) {
                receivers[index].outcomes.append(outcomes)
            } else {
                receivers.append((submission.receiver, [outcomes]))
            }
        }
        for (receiver, outcomes) in receivers { receiver.receive(outcomes) }
    }

    private func record(
        _ outcomes: [[Outcome]], _ start: ContinuousClock.Instant, _ end: ContinuousClock.Instant
    ) {
        var mutations: UInt64 = 0
        var records: UInt64 = 0
        var unpriced: UInt64 = 0
        var quarantined: [String: UInt64] = [:]
        let isFull = store.value.isFull
        for outcome in outcomes.joined() {
            mutations += 1
            switch outcome {
            case .usage(let reply) where !reply.isDuplicate:
                records += 1
                if reply.status == .unpriced { unpriced += 1 }
            case .refused(let refusal) where refusal.isQuarantined:
                quarantined[refusal.code.rawValue, default: 0] += 1
            default: break
            }
        }
        let sync = store.value.lastSync
        let seconds = (end - start) / .seconds(1)
        guard mutations > 0 else {
            return state.withLock {
                if !isFull { $0.commits += 1 }
                $0.isDiskFull = isFull
            }
        }
        state.withLock {
            $0.mutations += mutations
            $0.records += records
            $0.unpriced += unpriced
            if !quarantined.isEmpty { $0.quarantined.merge(quarantined, uniquingKeysWith: +) }
            if !isFull {
                $0.commits += 1
                $0.lastCommit = end
                $0.commitSeconds.observe(seconds)
                $0.syncSeconds.observe(sync / .seconds(1))
                $0.commitMutations.observe(Double(mutations))
            }
            $0.isDiskFull = isFull
        }
    }

    /// Hands one outcome to one waiting task.
    private final class Waiter: OutcomeReceiver {
        private let continuation: CheckedContinuation<Outcome, Never>
        init(_ continuation: CheckedContinuation<Outcome, Never>) { self.continuation = continuation }

        func receive(_ outcomes: [[Outcome]]) {
            for outcome in outcomes.joined() { continuation.resume(returning: outcome) }
        }
    }
}
