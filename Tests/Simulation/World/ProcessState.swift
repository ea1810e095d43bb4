import Synchronization

/// Whether the simulated process lives; what others do while it waits.
final class ProcessState: Sendable {
    private let over = Mutex(false)
    private let whileWaiting = Mutex<(@Sendable () async -> Void)?>(nil)

    /// Whether it has ended: it must have no effect on the world any more.
    var isOver: Bool { over.withLock { $0 } }

    /// It ends, in the middle of whatever it does.
    func end() { over.withLock { $0 = true } }

    /// The next one begins.
    func begin() { over.withLock { $0 = false } }

    /// Has something done the next time that it waits for somebody.
    func interruptNext(_ body: @escaping @Sendable () async -> Void) { whileWaiting.withLock { $0 = body } }

    /// It waits: what was to be done meanwhile is done.
    func interrupt() async {
        let body = whileWaiting.withLock { body in
            defer { body = nil }
            return body
        }
        await body?()
    }
}
