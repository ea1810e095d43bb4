import Glibc

/// A bounded queue that many threads fill, and whose batches are carried out by one at a time: whoever has the turn.
///
/// The writer's thread takes batches with ``take(limit:)``, which gives it the turn. Another thread may have the turn while
/// nothing waits (``takeTurnIfIdle()``). Both give it back with ``endTurn(ownWorkIn:)``.
///
/// `@unchecked Sendable`: every access to the stored properties is made while `lock` is held.
final class SubmissionQueue: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var waiting: [Submission] = []
    /// Mutations of those that wait.
    private var waitingCount = 0
    private var isClosed = false
    private var isTurnTaken = false
    private var isGivenUp = false
    /// When the store has work of its own, by the clock that nobody sets; nil while there is none.
    private var ownWorkAt: timespec?

    /// Mutations that fit.
    let capacity: Int

    /// A queue for so many; `ownWorkIn` as for ``endTurn(ownWorkIn:)``.
    init(capacity: Int, ownWorkIn: Duration?) {
        self.capacity = capacity
        lock = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
        ownWorkAt = ownWorkIn.map(Self.moment)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// How many mutations wait.
    var count: Int {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return waitingCount
    }

    /// Puts a submission in; false where it doesn't fit or the queue is closed.
    func put(_ submission: Submission) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard !isClosed, waitingCount + submission.mutations.count <= capacity else { return false }
        waiting.append(submission)
        waitingCount += submission.mutations.count
        if !isTurnTaken { pthread_cond_signal(changed) }
        return true
    }

    /// Takes the turn and what has gathered, at most `limit` mutations or else one submission; waits while there is nothing, until the store has work of its
    /// own, and then returns nothing. Nil once closed and empty, or abandoned.
    func take(limit: Int) -> [Submission]? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while isTurnTaken || waiting.isEmpty {
            if isGivenUp {
                return nil
            } else if isTurnTaken {
                pthread_cond_wait(changed, lock)
            } else if isClosed {
                return nil
            } else if var deadline = ownWorkAt {
                if pthread_cond_timedwait(changed, lock, &deadline) == ETIMEDOUT, !isTurnTaken { break }
            } else {
                pthread_cond_wait(changed, lock)
            }
        }
        isTurnTaken = true
        guard waitingCount > limit else {
            var taken: [Submission] = []
            taken.reserveCapacity(waiting.count)
            swap(&taken, &waiting)
            waitingCount = 0
            return taken
        }
        var taken: [Submission] = []
        var takenCount = 0
        for submission in waiting {
            guard taken.isEmpty || takenCount + submission.mutations.count <= limit else { break }
            taken.append(submission)
            takenCount += submission.mutations.count
        }
        waiting.removeFirst(taken.count)
        waitingCount -= takenCount
        return taken
    }

    /// Takes the turn where nothing waits, nobody has it, and the queue is open.
    func takeTurnIfIdle() -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard !isTurnTaken, waiting.isEmpty, !isClosed else { return false }
        isTurnTaken = true
        return true
    }

    /// Gives the turn back.
    ///
    /// - Parameter ownWorkIn: how long until the store has work of its own; nil where it has none.
    func endTurn(ownWorkIn: Duration?) {
        let moment = ownWorkIn.map(Self.moment)
        pthread_mutex_lock(lock)
        isTurnTaken = false
        // The writer's thread sleeps until the moment it knows: it has to hear of an earlier one.
        let isEarlier = moment.map { new in ownWorkAt.map { Self.isBefore(new, $0) } ?? true } ?? false
        ownWorkAt = moment
        if isEarlier || isClosed || !waiting.isEmpty { pthread_cond_signal(changed) }
        pthread_mutex_unlock(lock)
    }

    /// Lets nothing more in; what waits is still taken.
    func close() {
        pthread_mutex_lock(lock)
        isClosed = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }

    /// Whether ``abandon()`` was called.
    var isAbandoned: Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return isGivenUp
    }

    /// Closes it for good: what waits is not taken, and the turn stays with whoever has it.
    func abandon() {
        pthread_mutex_lock(lock)
        isClosed = true
        isGivenUp = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(lock)
    }

    private static func moment(in patience: Duration) -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let (seconds, attoseconds) = patience.components
        time.tv_sec += Int(seconds)
        time.tv_nsec += Int(attoseconds / 1_000_000_000)
        if time.tv_nsec >= 1_000_000_000 {
            time.tv_sec += 1
            time.tv_nsec -= 1_000_000_000
        }
        return time
    }

    private static func isBefore(_ left: timespec, _ right: timespec) -> Bool {
        (left.tv_sec, left.tv_nsec) < (right.tv_sec, right.tv_nsec)
    }
}
