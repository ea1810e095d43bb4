import Dispatch
import Foundation
import Glibc

/// Whether this process may have as many threads as it needs. `TasksMax=` and `RLIMIT_NPROC` set limits that no call can ask for; see
/// pthread_create(3).
enum ThreadBudget {
    /// Threads beside those of Swift's pool: event loops, the writer, the log, copies.
    private static let ownThreads = 14
    /// Of the pool, which has one per processor and makes them as they are needed, so many are asked for at most.
    private static let poolThreadsMax = 32

    /// Makes as many threads as may be needed and ends them again. Ends the process if that is not possible.
    static func check() {
        let needed = min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), poolThreadsMax) + ownThreads
        let gate = DispatchSemaphore(value: 0)
        var threads: [pthread_t] = []
        var failure: Int32 = 0
        for _ in 0..<needed {
            var thread = pthread_t()
            let held = Unmanaged.passRetained(gate)
            failure = pthread_create(
                &thread, nil,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<DispatchSemaphore>.fromOpaque(argument).takeRetainedValue().wait()
                    return nil
                }, held.toOpaque())
            guard failure == 0 else {
                held.release()
                break
            }
            threads.append(thread)
        }
        for _ in threads { gate.signal() }
        for thread in threads { pthread_join(thread, nil) }
        guard failure != 0 else { return }
        let words =
            "meterd: \(threads.count) of \(needed) threads can be made: \(String(cString: strerror(failure))); raise TasksMax= or LimitNPROC= of the unit (ulimit -u), or stop other processes of its user\n"
        // Not by the log, which has a thread of its own. <3> is its priority for the journal, sd-daemon(3).
        let isJournal = getenv("JOURNAL_STREAM") != nil
        let line = (isJournal ? "<3>" : "") + words
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        exit(ExitStatus.cannotCreate.rawValue)
    }
}
