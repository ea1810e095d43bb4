import Synchronization

/// Wakes those who follow the outbox when there is something new in it.
public final class EventBell: Sendable {
    private struct State {
        var listeners: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var next: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// A bell that nobody listens to.
    public init() {}

    /// Wakes all listeners; never waits.
    public func ring() {
        state.withLock { for listener in $0.listeners.values { listener.yield() } }
    }

    /// Ends all listening, for the process's end.
    public func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            return state.listeners.values.map { $0 }
        }
        for listener in listeners { listener.finish() }
    }

    /// Strokes from now on; several that nobody waited for are one. Ends with ``close()``.
    public func strokes() -> (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state -> UInt64? in
            guard !state.isClosed else { return nil }
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        guard let number else {
            continuation.finish()
            return (stream, continuation)
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
        }
        return (stream, continuation)
    }
}
