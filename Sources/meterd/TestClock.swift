import Control
import Foundation
import Ledger
import Metering
import Synchronization

/// Why a test clock can't be had.
struct TestClockError: Error, CustomStringConvertible {
    let description: String
}

/// A clock that goes on only when it is told to. Where it stands is kept beside the ledger, so that a restart goes on from there, and
/// so that a ledger of such a clock is never taken for a real one.
final class TestClock: MovableClock {
    private let path: String
    private let milliseconds: Atomic<Int64>

    /// The clock of a state directory: where it stands, or at a moment where there is none yet.
    ///
    /// - Parameter isNew: whether the ledger has nothing in it yet.
    init(in directory: String, startingAt start: Timestamp, isNew: Bool) throws(TestClockError) {
        path = Self.path(in: directory)
        if let kept = try Self.kept(path) {
            milliseconds = Atomic(kept.milliseconds)
            return
        }
        guard isNew else {
            throw TestClockError(
                description: "the ledger in \(directory) was begun by the system's clock; a test clock takes a new one")
        }
        milliseconds = Atomic(start.milliseconds)
        try write(start)
    }

    /// Whether a state directory's ledger goes by such a clock.
    static func exists(in directory: String) -> Bool { access(path(in: directory), F_OK) == 0 }

    var now: Timestamp { Timestamp(milliseconds: milliseconds.load(ordering: .acquiring)) }

    func move(to moment: Timestamp) throws -> Bool {
        guard moment >= now else { return false }
        try write(moment)
        milliseconds.store(moment.milliseconds, ordering: .releasing)
        return true
    }

    private func write(_ moment: Timestamp) throws(TestClockError) {
        do {
            try Data("\(moment)\n".utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw TestClockError(description: "\(path) can't be written: \(error.localizedDescription)")
        }
    }

    private static func kept(_ path: String) throws(TestClockError) -> Timestamp? {
        guard access(path, F_OK) == 0 else { return nil }
        let text = (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let moment = text.flatMap({ Timestamp(rfc3339: $0) }) else {
            throw TestClockError(description: "\(path) has no time in it")
        }
        return moment
    }

    private static func path(in directory: String) -> String { "\(directory)/test-clock" }
}
