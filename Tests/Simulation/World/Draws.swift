import Synchronization
import TestSupport

/// Random numbers that are drawn from any thread.
final class Draws: Sendable {
    private let random: Mutex<SeededGenerator>

    init(seed: UInt64) { random = Mutex(SeededGenerator(seed: seed)) }

    func next(_ below: Int) -> Int { random.withLock { Int.random(in: 0..<below, using: &$0) } }
}
