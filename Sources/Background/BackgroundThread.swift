import CBackground
import Foundation
import Synchronization

/// Threads for work that takes long and that no request waits for: backups, verification, exports, imports.
///
/// They run when nothing else wants the processor or the disk (`SCHED_IDLE`, see sched(7)), so that replies don't wait for them.
public enum BackgroundThread {
    /// Threads at a time: further bodies wait, in their order. Without a bound, whoever asks for many exports at once decides how many
    /// threads there are.
    private static let threadsMax = 16

    private struct Turns {
        var free = BackgroundThread.threadsMax
        /// First in, first out: no more than there are connections.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private static let turns = Mutex(Turns())

    private static func begin() async {
        await withCheckedContinuation { continuation in
            let isFree = turns.withLock { turns in
                guard turns.free > 0 else {
                    turns.waiting.append(continuation)
                    return false
                }
                turns.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private static func end() {
        let next = turns.withLock { turns in
            let next = turns.waiting.isEmpty ? nil : turns.waiting.removeFirst()
            if next == nil { turns.free += 1 }
            return next
        }
        next?.resume()
    }

    /// Runs a body on a thread of its own, and gives its result.
    public static func run<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        await begin()
        defer { end() }
        return try await withCheckedThrowingContinuation { continuation in
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
