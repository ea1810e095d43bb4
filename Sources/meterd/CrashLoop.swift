import Foundation
import Glibc

/// Has a daemon that systemd starts again and again begin more and more slowly: one that is killed for want of memory at each start would
/// take the machine's time from everybody else. systemd has steps of `RestartSec=` only from version 254 on.
///
/// The state directory's file `starts` has the times of starts that did not come to an orderly end, by the clock that counts from the
/// machine's start (CLOCK_BOOTTIME, clock_gettime(2)). An orderly end removes it.
struct CrashLoop {
    private let path: String
    private let now: @Sendable () -> Int

    /// Seconds for which such a start counts.
    private static let memory = 300
    /// Seconds before a start that follows so many others; the first ones are made at once.
    private static let pauses = [0, 0, 0, 2, 4, 8, 15, 30]

    /// The loop of a state directory, which this process holds.
    ///
    /// - Parameter now: seconds by a clock that nobody sets.
    init(in directory: String, now: @escaping @Sendable () -> Int = Self.secondsSinceBoot) {
        path = directory + "/starts"
        self.now = now
    }

    /// Notes this start, and gives the seconds that it is to wait, and how many others it follows.
    func begin() -> (pause: Int, others: Int) {
        let now = now()
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        // A time that is ahead is of before the machine was started.
        let others = text.split(separator: "\n").compactMap { Int($0) }
            .filter { (0..<Self.memory).contains(now - $0) }.suffix(Self.pauses.count)
        let starts = others + [now]
        // What can't be noted makes a start no slower.
        try? starts.map { "\($0)\n" }.joined().write(toFile: path, atomically: false, encoding: .utf8)
        return (Self.pauses[min(others.count, Self.pauses.count - 1)], others.count)
    }

    /// This process comes to an orderly end.
    func end() { unlink(path) }

    private static let secondsSinceBoot: @Sendable () -> Int = {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec
    }
}
