import CSystemd
import Foundation
import Synchronization

/// What a service says to systemd: sd_notify(3). Without systemd every call does nothing.
///
/// Messages are sent, in their order, by a thread of their own: where the manager doesn't read, sd_notify(3) waits, and
/// nobody here may wait with it. Of status lines and watchdog messages that wait only the newest is kept.
public final class ServiceManager: Sendable {
    /// Whether systemd listens for what is said here.
    public let isPresent: Bool

    /// Messages that wait; past that the manager has not read for so long that it misses nothing by another one.
    private static let capacity = 1024

    private enum Kind {
        /// Is sent whatever comes after it.
        case step
        /// Is replaced by the next one of its kind.
        case status
        case watchdog
    }

    private struct State {
        var waiting: [(kind: Kind, text: String)] = []
        var isSending = false
    }

    private let state = Mutex(State())
    private let filled = DispatchSemaphore(value: 0)

    /// The service manager that started this process, if it was one.
    public init() {
        isPresent = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"] != nil
        guard isPresent else { return }
        let thread = Thread { [self] in run() }
        thread.name = "meterd-notify"
        thread.start()
    }

    /// Recovery is done and the sockets accept.
    public func ready(status: String) { put(.step, "READY=1\nSTATUS=\(Self.oneLine(status))") }

    /// One line for `systemctl status`.
    public func status(_ status: String) { put(.status, "STATUS=\(Self.oneLine(status))") }

    /// The configuration is being loaded again; ``ready(status:)`` ends it, whatever came of it.
    public func reloading() {
        let nanos = DispatchTime.now().uptimeNanoseconds
        put(.step, "RELOADING=1\nMONOTONIC_USEC=\(nanos / 1000)")
    }

    /// The service is coming to its end.
    public func stopping(status: String) { put(.step, "STOPPING=1\nSTATUS=\(Self.oneLine(status))") }

    /// The service failed.
    public func failed(status: String, errno code: Int32) {
        put(.step, "STATUS=\(Self.oneLine(status))\nERRNO=\(code)")
    }

    /// The service works. To be said only by what has seen it work.
    public func feedWatchdog() { put(.watchdog, "WATCHDOG=1") }

    /// The start takes longer than usual: so many more seconds from now.
    public func extendTimeout(seconds: UInt64) { put(.step, "EXTEND_TIMEOUT_USEC=\(seconds * 1_000_000)") }

    /// How often the watchdog has to be fed at the latest; nil where it is off. See sd_watchdog_enabled(3).
    public var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    /// Waits until everything is said, at most a second. For the process's last moments.
    public func flush() {
        for _ in 0..<100 {
            let isDone = state.withLock { $0.waiting.isEmpty && !$0.isSending }
            if isDone { return }
            usleep(10_000)
        }
    }

    private func put(_ kind: Kind, _ text: String) {
        guard isPresent else { return }
        state.withLock { state in
            if kind != .step { state.waiting.removeAll { $0.kind == kind } }
            if state.waiting.count < Self.capacity { state.waiting.append((kind, text)) }
        }
        filled.signal()
    }

    private func run() {
        while true {
            filled.wait()
            let message = state.withLock { state -> String? in
                guard !state.waiting.isEmpty else { return nil }
                state.isSending = true
                return state.waiting.removeFirst().text
            }
            guard let message else { continue }
            sd_notify(0, message)
            state.withLock { $0.isSending = false }
        }
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
