import CBackground
import Foundation

/// Threads for work that takes long and that no request waits for: backups, verification, exports, imports.
///
/// They run when nothing else wants the processor or the disk (`SCHED_IDLE`, see sched(7)), so that replies don't wait for them.
public enum BackgroundThread {
    /// Runs a body on a thread of its own, and gives its result.
    public static func run<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                background_set_name("meterd-\(name)")
                background_begin(0)
                continuation.resume(with: Result { try body() })
            }
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    /// Gives every thread of this process the lowest priority, and the threads that they start. For a program that does nothing
    /// else: it can't be taken back.
    public static func becomeProcess() {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        for thread in threads.compactMap(Int32.init) { background_begin(thread) }
    }
}
