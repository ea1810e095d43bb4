import Foundation
import Metering
import Synchronization

/// Who gets the outcomes of what it submitted: one call a batch, on the writer's thread, which it must not hold up.
public protocol OutcomeReceiver: AnyObject, Sendable {
    /// Outcomes by the token of their submission, in the order of commits. Everything in them is durable.
    func receive(_ outcomes: [(token: UInt64, outcome: Outcome)])
}

/// A mutation, and where its outcome goes.
public struct Submission: Sendable {
    /// What is asked.
    public let mutation: Mutation
    /// The receiver's own name for it.
    public let token: UInt64
    /// Who gets the outcome.
    public let receiver: any OutcomeReceiver

    /// A mutation for the writer.
    public init(_ mutation: Mutation, token: UInt64, receiver: any OutcomeReceiver) {
        self.mutation = mutation
        self.token = token
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
    /// Commits.
    public var commits: UInt64 = 0
    /// Whether the latest batch met a full disk.
    public var isDiskFull = false

    /// Nothing done yet.
    public init() {}
}

/// The one writer: a thread that owns the store, takes what has gathered, commits it as one batch, and hands out the
/// outcomes. What arrives during one commit is the next batch; nothing waits for a timer.
public final class LedgerWriter: Sendable {
    /// Mutations a batch.
    public static let batchMax = 4096

    /// Calls of ``perform(_:)`` that may wait at once. Whoever sizes the queue leaves room for them beside what is
    /// submitted, so that neither is in the other's way.
    public static let performingMax = 1024

    private let queue: SubmissionQueue
    private let performing = Atomic(0)
    private let state = Mutex(WriterStatistics())
    private let finished = Mutex<[CheckedContinuation<Void, Never>]?>([])

    /// Starts the writer's thread.
    ///
    /// - Parameters:
    ///   - store: opened already; the writer's alone from here on.
    ///   - capacity: submissions that may wait.
    ///   - onFailure: called on the writer's thread when the store failed and it is unknown what is on disk. Nothing is
    ///     answered from then on; the process has to end.
    public init(
        store: sending some LedgerStore, capacity: Int, onFailure: @escaping @Sendable (StorageFailure) -> Void
    ) {
        queue = SubmissionQueue(capacity: capacity)
        let handover = Handover(store)
        let thread = Thread { [self] in
            var store = handover.store
            run(&store, onFailure)
        }
        thread.name = "meterd-writer"
        thread.stackSize = 2 << 20
        thread.start()
    }

    /// Puts submissions in line, in their order, all or none; false where there is no room or the writer is closed.
    public func submit(_ submissions: [Submission]) -> Bool {
        queue.put(submissions)
    }

    /// Carries out one mutation and waits for its outcome.
    public func perform(_ mutation: Mutation) async -> Outcome {
        let refusal = Outcome.refused(Refusal(.shuttingDown, "the daemon is stopping or its queue is full"))
        defer { performing.subtract(1, ordering: .relaxed) }
        guard performing.add(1, ordering: .relaxed).newValue <= Self.performingMax else { return refusal }
        return await withCheckedContinuation { continuation in
            let waiter = Waiter(continuation)
            if !queue.put([Submission(mutation, token: 0, receiver: waiter)]) { waiter.receive([(0, refusal)]) }
        }
    }

    /// What it has done so far.
    public var statistics: WriterStatistics { state.withLock { $0 } }

    /// How many submissions wait.
    public var queued: Int { queue.count }

    /// Submissions that may wait.
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

    // Carries the store over to the thread. `@unchecked Sendable`: `sending` made it this object's alone, and only the
    // thread's body reads it.
    private final class Handover<Store: LedgerStore>: @unchecked Sendable {
        let store: Store
        init(_ store: sending Store) { self.store = store }
    }

    private func run(_ store: inout some LedgerStore, _ onFailure: (StorageFailure) -> Void) {
        do throws(StorageFailure) {
            while let batch = queue.take(limit: Self.batchMax, patience: Self.patience(store.timeToOwnWork)) {
                let outcomes = try store.commit(batch.map(\.mutation))
                record(outcomes)
                deliver(outcomes, of: batch)
            }
            try store.close()
        } catch {
            queue.close()
            onFailure(error)
        }
        let waiting = finished.withLock { waiting in
            defer { waiting = nil }
            return waiting ?? []
        }
        for continuation in waiting { continuation.resume() }
    }

    /// How long to wait for submissions. Not longer than a minute: the clock that things expire by may be set meanwhile.
    private static func patience(_ untilOwnWork: Duration?) -> Duration? {
        untilOwnWork.map { min($0, .seconds(60)) }
    }

    private func deliver(_ outcomes: [Outcome], of batch: [Submission]) {
        var receivers: [(receiver: any OutcomeReceiver, outcomes: [(token: UInt64, outcome: Outcome)])] = []
        for (submission, outcome) in zip(batch, outcomes) {
            if let index = receivers.firstIndex(where: { $0.receiver === submission.receiver }) {
                receivers[index].outcomes.append((submission.token, outcome))
            } else {
                receivers.append((submission.receiver, [(submission.token, outcome)]))
            }
        }
        for (receiver, outcomes) in receivers { receiver.receive(outcomes) }
    }

    private func record(_ outcomes: [Outcome]) {
        var records: UInt64 = 0
        var unpriced: UInt64 = 0
        var isFull = false
        for outcome in outcomes {
            switch outcome {
            case .usage(let reply) where !reply.isDuplicate:
                records += 1
                if reply.status == .unpriced { unpriced += 1 }
            case .refused(let refusal) where refusal.code == .storageUnavailable: isFull = true
            default: break
            }
        }
        guard !outcomes.isEmpty else { return state.withLock { $0.commits += 1 } }
        state.withLock {
            $0.mutations += UInt64(outcomes.count)
            $0.records += records
            $0.unpriced += unpriced
            if !isFull { $0.commits += 1 }
            $0.isDiskFull = isFull
        }
    }

    /// Hands one outcome to one waiting task.
    private final class Waiter: OutcomeReceiver {
        private let continuation: CheckedContinuation<Outcome, Never>
        init(_ continuation: CheckedContinuation<Outcome, Never>) { self.continuation = continuation }

        func receive(_ outcomes: [(token: UInt64, outcome: Outcome)]) {
            for (_, outcome) in outcomes { continuation.resume(returning: outcome) }
        }
    }
}
