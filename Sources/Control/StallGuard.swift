import NIOCore
import Synchronization

/// Closes a connection whose other end took nothing for half a minute to a minute.
final class StallGuard: Sendable {
    private static let period = TimeAmount.seconds(30)

    private let seen: Progress
    private let timer: RepeatedTask

    /// Begins to look.
    init(_ channel: any Channel) {
        let progress = Progress()
        seen = progress
        timer = channel.eventLoop.scheduleRepeatedTask(initialDelay: Self.period, delay: Self.period) { _ in
            if progress.isStill { channel.close(promise: nil) }
        }
    }

    /// Something was taken.
    func didProgress() { seen.note() }

    /// Ends looking.
    func end() { timer.cancel() }

    private final class Progress: Sendable {
        private let count = Atomic(0)
        private let before = Atomic(-1)

        func note() { count.add(1, ordering: .relaxed) }

        /// Whether nothing was noted since the last call.
        var isStill: Bool {
            let now = count.load(ordering: .relaxed)
            return before.exchange(now, ordering: .relaxed) == now
        }
    }
}
