import Glibc
import Synchronization

/// Holds back long work that reads the ledger in pieces, while the write-ahead log waits to be begun anew.
///
/// SQLite writes the log from its beginning again only when all of it is in the main file and nobody reads it: see
/// <https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files>. With reads one after the other that moment need never come.
public final class ReadGate: Sendable {
    private let closed = Atomic(false)
    /// Microseconds between two looks, and looks after which the work goes on: a quarter of a second.
    private static let (lookMicros, looksMax) = (UInt32(2000), 125)

    /// An open gate.
    public init() {}

    /// Whether the log waits.
    var isClosed: Bool { closed.load(ordering: .relaxed) }

    /// The log waits.
    func close() { closed.store(true, ordering: .relaxed) }

    /// The log was begun anew.
    func open() { closed.store(false, ordering: .relaxed) }

    /// Waits until reading is in nobody's way, a quarter of a second at most. It blocks: call it on a ``BackgroundThread``.
    func pass() {
        for _ in 0..<Self.looksMax {
            guard isClosed else { return }
            usleep(Self.lookMicros)
        }
        // Nothing is committed now that could begin it.
        open()
    }
}
