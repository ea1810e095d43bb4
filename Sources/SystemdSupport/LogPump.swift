import CSystemd
import Foundation
import Glibc
import Synchronization

/// Carries log entries to the journal or to standard error on a thread of its own, so that whoever logs never waits.
///
/// What doesn't fit its queue is dropped and counted; the next entry that fits says how many were.
public final class LogPump: Sendable {
    /// Where entries go.
    public enum Destination: Sendable {
        /// journald's native protocol, with fields. See sd_journal_sendv(3).
        case journal
        /// Lines of text.
        case standardError
    }

    struct Entry: Sendable {
        let priority: Int
        let message: String
        let fields: [(name: String, value: String)]
    }

    private struct State {
        var entries: [Entry] = []
        var dropped = 0
        var isClosed = false
    }

    /// Entries that may wait.
    private static let capacity = 4096

    private let state = Mutex(State())
    private let filled = DispatchSemaphore(value: 0)
    private let drained = DispatchSemaphore(value: 0)
    private let destination: Destination

    /// Starts a pump.
    public init(to destination: Destination) {
        self.destination = destination
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

    private func run() {
        while true {
            filled.wait()
            let (entries, dropped, isClosed) = state.withLock { state in
                defer {
                    state.entries.removeAll(keepingCapacity: true)
                    state.dropped = 0
                }
                return (state.entries, state.dropped, state.isClosed)
            }
            for entry in entries { write(entry) }
            if dropped > 0 {
                write(Entry(priority: 4, message: "\(dropped) log entries were dropped: too many at once", fields: []))
            }
            if isClosed {
                drained.signal()
                return
            }
        }
    }

    private func write(_ entry: Entry) {
        switch destination {
        case .standardError:
            let fields = entry.fields.map { field in
                let name = field.name.hasPrefix("METERD_") ? field.name.dropFirst(7).lowercased() : field.name
                return " \(name)=\(field.value)"
            }.joined()
            let line = "\(Self.levels[entry.priority]) \(entry.message)\(fields)"
            FileHandle.standardError.write(Data((Self.printable(line) + "\n").utf8))
        case .journal:
            var parts = [
                "MESSAGE=\(Self.printable(entry.message))", "PRIORITY=\(entry.priority)", "SYSLOG_IDENTIFIER=meterd",
            ]
            for (name, value) in entry.fields { parts.append("\(name)=\(Self.printable(value))") }
            Self.sendToJournal(parts)
        }
    }

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

    private static func sendToJournal(_ parts: [String]) {
        let texts = parts.map { Array($0.utf8) }
        let joined = texts.flatMap { $0 }
        joined.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var offset = 0
            let vectors = texts.map { text in
                defer { offset += text.count }
                return iovec(iov_base: UnsafeMutableRawPointer(mutating: base + offset), iov_len: text.count)
            }
            _ = sd_journal_sendv(vectors, Int32(vectors.count))
        }
    }
}
