import CSystemd
import Foundation
import Glibc
import Synchronization

/// Carries log entries to the journal or to standard error on a thread of its own, so that whoever logs never waits.
///
/// What doesn't fit its queue is dropped and counted; the next entry that fits says how many were. The same holds for what can't be
/// written, as on a full disk: a log never ends the process that writes it.
public final class LogPump: Sendable {
    /// Where entries go.
    public enum Destination: Sendable {
        /// journald's native protocol, with fields. See sd_journal_sendv(3).
        case journal
        /// Lines of text.
        case standardError
    }

    /// How lines on standard error look; the journal has fields.
    public enum Format: String, CaseIterable, Sendable {
        /// Time, level, words and fields in a line.
        case text
        /// A JSON object a line.
        case json
    }

    struct Entry: Sendable {
        let priority: Int
        let message: String
        let fields: [(name: String, value: String)]
        /// When it was put in line, in milliseconds since 1970.
        var time: Int64 = 0
    }

    private struct State {
        var entries: [Entry] = []
        var dropped = 0
        var isClosed = false
        var format = Format.text
        /// Who waits until what is in line was written or lost.
        var waiting: [DispatchSemaphore] = []
    }

    /// Entries that may wait.
    private static let capacity = 4096

    private let state = Mutex(State())
    private let filled = DispatchSemaphore(value: 0)
    private let drained = DispatchSemaphore(value: 0)
    private let destination: Destination
    /// Where lines of text go.
    private let descriptor: Int32
    private let clock: @Sendable () -> Int64

    /// Starts a pump.
    public convenience init(to destination: Destination) {
        self.init(to: destination, descriptor: STDERR_FILENO) {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
        }
    }

    /// How lines on standard error look from now on.
    public func setFormat(_ format: Format) { state.withLock { $0.format = format } }

    init(to destination: Destination, descriptor: Int32, clock: @escaping @Sendable () -> Int64) {
        self.destination = destination
        self.descriptor = descriptor
        self.clock = clock
        let thread = Thread { [self] in run() }
        thread.name = "meterd-log"
        thread.start()
    }

    /// The journal, where standard error is connected to it (systemd.exec(5), `$JOURNAL_STREAM`); else standard error.
    public static func detected() -> Destination {
        guard let stream = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] else { return .standardError }
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0, stream == "\(status.st_dev):\(status.st_ino)" else {
            return .standardError
        }
        return .journal
    }

    /// Puts an entry in line; never waits.
    func put(_ entry: Entry) {
        var entry = entry
        entry.time = clock()
        let isTaken = state.withLock { state in
            guard !state.isClosed, state.entries.count < Self.capacity else {
                state.dropped += 1
                return false
            }
            state.entries.append(entry)
            return true
        }
        if isTaken { filled.signal() }
    }

    /// Waits until what is in line was written or lost.
    func flush() {
        let done = DispatchSemaphore(value: 0)
        state.withLock { $0.waiting.append(done) }
        filled.signal()
        done.wait()
    }

    /// Writes what is in line and ends the thread. For the process's last moments.
    public func close() {
        let wasClosed = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        guard !wasClosed else { return }
        filled.signal()
        _ = drained.wait(timeout: .now() + 2)
    }

    /// What could not be written since something was.
    private struct Loss {
        var count = 0
        var reason: Int32 = 0
        /// Whether the last line was cut off.
        var isCut = false
    }

    private func run() {
        var loss = Loss()
        while true {
            filled.wait()
            let (entries, dropped, waiting, isClosed) = state.withLock { state in
                defer {
                    state.entries.removeAll(keepingCapacity: true)
                    state.dropped = 0
                    state.waiting.removeAll()
                }
                return (state.entries, state.dropped, state.waiting, state.isClosed)
            }
            for entry in entries { write(entry, &loss) }
            if dropped > 0 {
                write(report("\(dropped) log entries were dropped: too many at once"), &loss)
            }
            for waiter in waiting { waiter.signal() }
            if isClosed {
                drained.signal()
                return
            }
        }
    }

    private func report(_ words: String) -> Entry {
        Entry(priority: 4, message: words, fields: [], time: clock())
    }

    /// Writes an entry. If others were lost, it first says how many.
    private func write(_ entry: Entry, _ loss: inout Loss) {
        if loss.count > 0 {
            let reason = String(cString: strerror(loss.reason))
            let words = "\(loss.count) log entries could not be written: \(reason)"
            if attempt(report(words), &loss) { loss.count = 0 }
        }
        if !attempt(entry, &loss) { loss.count += 1 }
    }

    /// Writes an entry; false if that can't be done.
    private func attempt(_ entry: Entry, _ loss: inout Loss) -> Bool {
        switch destination {
        case .standardError:
            let format = state.withLock { $0.format }
            let line = LogLine(entry, level: Self.levels[entry.priority])
            let text = format == .json ? line.json : Self.printable(line.text)
            return attempt((loss.isCut ? "\n" : "") + text + "\n", &loss)
        case .journal:
            var parts = [
                "MESSAGE=\(Self.printable(entry.message))", "PRIORITY=\(entry.priority)", "SYSLOG_IDENTIFIER=meterd",
            ]
            for (name, value) in entry.fields { parts.append("\(name)=\(Self.printable(value))") }
            let result = Self.sendToJournal(parts)
            if result < 0 { loss.reason = -result }
            return result >= 0
        }
    }

    private func attempt(_ text: String, _ loss: inout Loss) -> Bool {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count <= 0 else {
                written += count
                continue
            }
            let reason = count < 0 ? errno : EIO
            if reason == EINTR { continue }
            // A terminal or pipe that somebody else made non-blocking: its reader gets a moment.
            var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if reason == EAGAIN, poll(&watched, 1, Self.patience) > 0 { continue }
            loss.reason = reason
            if written > 0 { loss.isCut = true }
            return false
        }
        loss.isCut = false
        return true
    }

    /// Milliseconds that a reader gets to make room.
    private static let patience: Int32 = 1000

    private static let levels = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"]

    /// Control characters would let a name write over a terminal, marks of direction show it as another: they become visible
    /// escapes.
    private static func printable(_ text: String) -> String {
        func acts(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        guard text.unicodeScalars.contains(where: acts) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if acts(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    /// Zero, or the negative of an error's number.
    private static func sendToJournal(_ parts: [String]) -> Int32 {
        let texts = parts.map { Array($0.utf8) }
        let joined = texts.flatMap { $0 }
        return joined.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return 0 }
            var offset = 0
            let vectors = texts.map { text in
                defer { offset += text.count }
                return iovec(iov_base: UnsafeMutableRawPointer(mutating: base + offset), iov_len: text.count)
            }
            return sd_journal_sendv(vectors, Int32(vectors.count))
        }
    }
}
