import Glibc
import LoadGenerator

/// A proxy's connection that forgets nothing: a record is kept until it is answered, and sent again, unchanged and in order, where
/// the connection broke or the daemon said "again".
struct PatientClient {
    /// What became of a record.
    struct Answer {
        let org: Int
        let nanos: Int64
        let isDuplicate: Bool
        /// Since it was first sent.
        let seconds: Double
        /// Whether the connection broke while it was open.
        let isResent: Bool
    }

    private struct Open {
        let org: Int
        let bytes: Int
        let firstSent: Double
        var isResent = false
    }

    /// Seconds between two attempts to connect.
    private static let pause = 0.02

    private let path: String
    private(set) var socket: UnixSocket?
    private(set) var connectedAt = 0.0
    private var retryAt = 0.0

    // The lines without an answer, one behind the other from `head` on, and what is known of each from `first` on.
    private var lines: [UInt8] = []
    private var head = 0
    private var written = 0
    private var open: [Open] = []
    private var first = 0
    private var input = [UInt8](repeating: 0, count: 65_536)
    private var filled = 0

    init(_ path: String) {
        self.path = path
    }

    /// Records without an answer.
    var inFlight: Int { open.count - first }
    /// Whether something waits for the socket to take it.
    var wantsOut: Bool { socket != nil && written < lines.count }

    /// Connects, where it isn't and it is time to try.
    mutating func connect(now: Double) {
        guard socket == nil, now >= retryAt else { return }
        guard let socket = try? UnixSocket(connectingTo: path) else {
            retryAt = now + Self.pause
            return
        }
        _ = fcntl(socket.descriptor, F_SETFL, O_NONBLOCK)
        self.socket = socket
        connectedAt = now
    }

    /// Takes one more record, whose first sending is now.
    mutating func append(_ number: UInt64, _ maker: inout RecordMaker, now: Double) {
        if head > 262_144 {
            lines.removeFirst(head)
            open.removeFirst(first)
            (written, head, first) = (written - head, 0, 0)
        }
        let before = lines.count
        let org = maker.append(record: number, to: &lines)
        open.append(Open(org: org, bytes: lines.count - before, firstSent: now))
    }

    /// Writes what the socket takes. Where it is broken, reading says so: answers may still be there.
    mutating func flush() {
        guard let descriptor = socket?.descriptor else { return }
        while written < lines.count {
            let offset = written
            let count = lines.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset)
            }
            guard count > 0 else { return }
            written += count
        }
    }

    /// Reads once, so many bytes at most, and hands each answer on.
    mutating func receive(atMost bytesMax: Int = .max, now: Double, _ answered: (Answer) -> Void) throws {
        guard let descriptor = socket?.descriptor else { return }
        let offset = filled
        let count = input.withUnsafeMutableBytes {
            read(descriptor, $0.baseAddress.map { $0 + offset }, min($0.count - offset, bytesMax))
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return drop(now: now) }
        filled += count
        var start = 0
        while let end = newline(from: start) {
            switch try reply(start..<end) {
            case .charged(let nanos, let isDuplicate):
                let record = open[first]
                answered(
                    Answer(
                        org: record.org, nanos: nanos, isDuplicate: isDuplicate, seconds: now - record.firstSent,
                        isResent: record.isResent))
                head += record.bytes
                first += 1
            case .again: return drop(now: now)
            }
            start = end + 1
        }
        if start > 0 {
            input.withUnsafeMutableBytes { raw in
                guard let base = raw.baseAddress else { return }
                memmove(base, base + start, filled - start)
            }
            filled -= start
        }
        guard filled < input.count else { throw BenchmarkError("an answer without an end") }
    }

    /// Closes it for good.
    mutating func close() {
        socket?.close()
        socket = nil
    }

    private func newline(from start: Int) -> Int? {
        input.withUnsafeBytes { raw in
            guard let base = raw.baseAddress, let found = memchr(base + start, 0x0A, filled - start) else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private func reply(_ range: Range<Int>) throws -> UsageReply {
        guard first < open.count else { throw BenchmarkError("an answer to nothing: \(text(range))") }
        let line = head..<(head + open[first].bytes)
        let reply = input.withUnsafeBufferPointer { input in
            lines.withUnsafeBufferPointer { lines in
                UsageReply(UnsafeBufferPointer(rebasing: input[range]), to: UnsafeBufferPointer(rebasing: lines[line]))
            }
        }
        guard let reply else {
            throw BenchmarkError(
                "unexpected: \(text(range)) to \(String(decoding: lines[line].dropLast(), as: UTF8.self))")
        }
        return reply
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: input[range].prefix(400), as: UTF8.self) }

    /// Leaves the connection; everything without an answer is to be sent again.
    private mutating func drop(now: Double) {
        close()
        (filled, written, retryAt) = (0, head, now + Self.pause)
        for index in first..<open.count { open[index].isResent = true }
    }
}
