import Synchronization

/// Counts something, from any thread.
final class Tally: Sendable {
    private let value = Atomic<UInt64>(0)

    var count: UInt64 { value.load(ordering: .relaxed) }

    func add(_ number: Int) {
        value.add(UInt64(max(0, number)), ordering: .relaxed)
    }
}
