import Synchronization

/// Wakes the one who waits: a stroke that nobody waits for is kept, and several are one.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiting = state.waiting else {
                state.isRung = true
                return nil
            }
            state.waiting = nil
            return waiting
        }
        waiting?.resume()
    }

    /// Returns at a stroke, or after a time. Only one task may wait.
    func wait(_ duration: Duration) async {
        let timer = Task {
            // A timer that was stopped is no stroke: the next wait would end at once.
            guard (try? await Task.sleep(for: duration)) != nil else { return }
            ring()
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRung = state.withLock { state in
                    if state.isRung {
                        state.isRung = false
                        return true
                    }
                    state.waiting = continuation
                    return false
                }
                if isRung { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
        timer.cancel()
        await timer.value
    }

    /// Whether a stroke waits to be heard.
    var isRung: Bool { state.withLock { $0.isRung } }
}
