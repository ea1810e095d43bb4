import Dispatch

/// Runs a task on a thread that it shares with nobody, so that it may block there.
public final class OwnThread: TaskExecutor {
    // A serial queue always gets a thread, however many others are blocked.
    private let queue = DispatchQueue(label: "own-thread")

    /// A thread for one task.
    public init() {}

    /// Runs the next piece of the task.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
