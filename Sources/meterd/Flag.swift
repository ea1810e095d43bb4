import Synchronization

/// A truth value that threads share.
final class Flag: Sendable {
    private let value = Atomic(false)

    /// Sets it and gives what it was.
    func exchange(_ new: Bool) -> Bool {
        value.exchange(new, ordering: .sequentiallyConsistent)
    }
}
