import CSystemd
import Foundation

/// What a service says to systemd: sd_notify(3). Without systemd every call does nothing.
public struct ServiceManager: Sendable {
    /// Whether systemd listens for what is said here.
    public let isPresent: Bool

    /// The service manager that started this process, if it was one.
    public init() {
        isPresent = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"] != nil
    }

    /// Recovery is done and the sockets accept.
    public func ready(status: String) { send("READY=1\nSTATUS=\(Self.oneLine(status))") }

    /// One line for `systemctl status`.
    public func status(_ status: String) { send("STATUS=\(Self.oneLine(status))") }

    /// The configuration is being loaded again; ``ready(status:)`` ends it, whatever came of it.
    public func reloading() {
        let nanos = DispatchTime.now().uptimeNanoseconds
        send("RELOADING=1\nMONOTONIC_USEC=\(nanos / 1000)")
    }

    /// The service is coming to its end.
    public func stopping(status: String) { send("STOPPING=1\nSTATUS=\(Self.oneLine(status))") }

    /// The service failed.
    public func failed(status: String, errno code: Int32) {
        send("STATUS=\(Self.oneLine(status))\nERRNO=\(code)")
    }

    /// The service works. To be said only by what has seen it work.
    public func feedWatchdog() { send("WATCHDOG=1") }

    /// The start takes longer than usual: so many more seconds from now.
    public func extendTimeout(seconds: UInt64) { send("EXTEND_TIMEOUT_USEC=\(seconds * 1_000_000)") }

    /// How often the watchdog has to be fed at the latest; nil where it is off. See sd_watchdog_enabled(3).
    public var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    private func send(_ state: String) {
        guard isPresent else { return }
        sd_notify(0, state)
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
