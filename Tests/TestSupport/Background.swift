import Foundation
import Synchronization

/// Work on a thread of its own: blocking calls there don't hold up the threads that tests share.
public final class Background<Value: Sendable>: Sendable {
    private enum State {
        case running([CheckedContinuation<Result<Value, any Error>, Never>])
        case done(Result<Value, any Error>)
    }

    private let state = Mutex(State.running([]))

    /// Starts the work.
    public init(_ work: @escaping @Sendable () throws -> Value) {
        let thread = Thread { [self] in
            let result = Result { try work() }
            let waiting = state.withLock { state in
                guard case .running(let waiting) = state else {
                    return [CheckedContinuation<Result<Value, any Error>, Never>]()
                }
                state = .done(result)
                return waiting
            }
            for continuation in waiting { continuation.resume(returning: result) }
        }
        thread.start()
    }

    /// What came of it.
    public var value: Value {
        get async throws {
            try await withCheckedContinuation { continuation in
                let result = state.withLock { state -> Result<Value, any Error>? in
                    switch state {
                    case .running(let waiting):
                        state = .running(waiting + [continuation])
                        return nil
                    case .done(let result): return result
                    }
                }
                if let result { continuation.resume(returning: result) }
            }.get()
        }
    }
}
