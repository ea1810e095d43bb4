import Glibc

/// A bounded queue that many threads fill and one empties, in whole batches.
///
/// `@unchecked Sendable`: every access to the stored properties is made while `lock` is held.
final class SubmissionQueue: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let filled: UnsafeMutablePointer<pthread_cond_t>
    private var waiting: [Submission] = []
    private var isClosed = false

    /// Submissions that fit.
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        lock = .allocate(capacity: 1)
        filled = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
        // Waits are measured by the clock that nobody sets.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(filled, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(lock)
        filled.deallocate()
        lock.deallocate()
    }

    /// How many wait.
    var count: Int {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return waiting.count
    }

    /// Puts submissions in, all or none: false where they don't fit or the queue is closed.
    func put(_ submissions: [Submission]) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard !isClosed, waiting.count + submissions.count <= capacity else { return false }
        waiting.append(contentsOf: submissions)
        pthread_cond_signal(filled)
        return true
    }

    /// Takes what has gathered, at most `limit`; waits while there is nothing, for `patience` where it is given, and then
    /// returns nothing. Nil once closed and empty.
    func take(limit: Int, patience: Duration?) -> [Submission]? {
        let deadline = patience.map(Self.deadline)
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while waiting.isEmpty {
            if isClosed { return nil }
            if var deadline {
                if pthread_cond_timedwait(filled, lock, &deadline) == ETIMEDOUT, waiting.isEmpty, !isClosed {
                    return []
                }
            } else {
                pthread_cond_wait(filled, lock)
            }
        }
        if waiting.count <= limit {
            var taken: [Submission] = []
            taken.reserveCapacity(waiting.count)
            swap(&taken, &waiting)
            return taken
        }
        let taken = Array(waiting[..<limit])
        waiting.removeFirst(limit)
        return taken
    }

    private static func deadline(after patience: Duration) -> timespec {
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

    /// Lets nothing more in; what waits is still taken.
    func close() {
        pthread_mutex_lock(lock)
        isClosed = true
        pthread_cond_broadcast(filled)
        pthread_mutex_unlock(lock)
    }
}
