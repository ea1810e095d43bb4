import Metering
import Synchronization

/// How often something may be tried, per client or person: so many times in a minute, counted in memory.
final class RateLimiter: Sendable {
    /// What is counted.
    enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Beginning and ending a sign-in, per address.
        case signIn
        /// Looking at and accepting invitations, and founding organizations, per person or address.
        case invitation
        /// Forms that spend money, per person.
        case money
        /// All other forms, per person.
        case change

        var perMinute: Int {
            switch self {
            case .signIn: 20
            case .invitation: 10
            case .money: 10
            case .change: 60
            }
        }
    }

    private struct Key: Hashable {
        let kind: Kind
        let subject: String
    }

    private struct Window {
        var start: Timestamp
        var count: Int
    }

    /// Clients that are remembered. If there are more, those of past minutes are forgotten, then all.
    private static let windowsMax = 20_000

    private let windows = Mutex<[Key: Window]>([:])

    /// Counts one more; false if there were too many in this minute.
    func allows(_ kind: Kind, _ subject: String, at now: Timestamp) -> Bool {
        windows.withLock { windows in
            if windows.count >= Self.windowsMax {
                windows = windows.filter { Self.isCurrent($0.value, now) }
                if windows.count >= Self.windowsMax { windows = [:] }
            }
            var window = windows[Key(kind: kind, subject: subject)] ?? Window(start: now, count: 0)
            if !Self.isCurrent(window, now) { window = Window(start: now, count: 0) }
            window.count += 1
            windows[Key(kind: kind, subject: subject)] = window
            return window.count <= kind.perMinute
        }
    }

    private static func isCurrent(_ window: Window, _ now: Timestamp) -> Bool {
        now < window.start.advanced(bySeconds: 60) && window.start <= now
    }
}
