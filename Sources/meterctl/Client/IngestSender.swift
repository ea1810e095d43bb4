import DequeModule
import Foundation
import Glibc
import Ingest
import Ledger
import Metering

/// Pushes lines to the ingest socket: a window of them in flight, what is unanswered again after a reconnect.
///
/// Replies come in the order of the lines, so the oldest unanswered line is the one that a reply is for.
struct IngestSender {
    /// What became of the lines.
    struct Summary: Codable {
        var sent = 0
        var charged = 0
        var overdrawn = 0
        var unpriced = 0
        var duplicates = 0
        var otherReplies = 0
        var refused = 0
        var reconnects = 0
        var cost = "0.000000000"
        var seconds = 0.0
    }

    let path: String
    let window: Int
    /// Seconds for which a daemon that can't be reached or refuses for now is tried again.
    let patienceSeconds: Double
    /// Called where a line was refused for good.
    let onRefusal: (_ line: Int, _ message: String) -> Void
    /// Called now and then.
    let onProgress: (Summary) -> Void

    private struct Line {
        let number: Int
        let bytes: [UInt8]
        /// Sent before on a connection that was lost: a duplicate may be this line's own first reply.
        var isResent = false
    }

    private var descriptor: Int32 = -1
    private var toSend: Deque<Line> = []
    private var unanswered: Deque<Line> = []
    private var output: [UInt8] = []
    private var input: [UInt8] = []
    private var summary = Summary()
    private var costNanos: Int64 = 0
    private let start = DispatchTime.now()
    private var troubleSince: DispatchTime?

    init(
        path: String, window: Int, patienceSeconds: Double,
        onRefusal: @escaping (_ line: Int, _ message: String) -> Void, onProgress: @escaping (Summary) -> Void
    ) {
        self.path = path
        self.window = window
        self.patienceSeconds = patienceSeconds
        self.onRefusal = onRefusal
        self.onProgress = onProgress
    }

    /// Sends every line and waits for every answer.
    mutating func send(_ lines: LineReader) throws -> Summary {
        signal(SIGPIPE, SIG_IGN)
        var lines = lines
        var number = 0
        var isAtEnd = false
        defer { disconnect() }
        while !isAtEnd || !toSend.isEmpty || !unanswered.isEmpty {
            while !isAtEnd, toSend.count + unanswered.count < window {
                guard let line = try lines.next() else {
                    isAtEnd = true
                    break
                }
                number += 1
                take(line, number)
            }
            guard !toSend.isEmpty || !unanswered.isEmpty else { continue }
            if descriptor < 0 { try connect() }
            if descriptor >= 0 { try exchange() }
        }
        summary.seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
        summary.cost = Money(nanos: costNanos).description
        onProgress(summary)
        return summary
    }

    /// Puts a line in; the daemon gives no answer to a blank one and closes on one that is too long.
    private mutating func take(_ line: ArraySlice<UInt8>, _ number: Int) {
        guard line.contains(where: { $0 > 0x20 }) else { return }
        guard line.count < RequestLimits.lineBytesMax else {
            summary.refused += 1
            onRefusal(number, "the line is longer than \(RequestLimits.lineBytesMax) bytes and was not sent (too_long)")
            return
        }
        toSend.append(Line(number: number, bytes: line + [UInt8(ascii: "\n")]))
    }

    // MARK: The connection

    private mutating func connect() throws {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure(status: .configuration, message: "the socket path is too long: \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let reason = String(cString: strerror(errno))
            close(socket)
            try wait("meterd can't be reached at \(path): \(reason)")
            return
        }
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        descriptor = socket
    }

    /// Lets go of the connection; what it has not answered is sent again on the next one, in its order.
    private mutating func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        output.removeAll()
        input.removeAll()
        for line in unanswered.reversed() {
            toSend.prepend(Line(number: line.number, bytes: line.bytes, isResent: true))
        }
        unanswered.removeAll()
    }

    private mutating func lose(_ reason: String) throws {
        disconnect()
        summary.reconnects += 1
        try wait("the connection to \(path) was lost: \(reason)")
    }

    /// Waits a little before the next try, or gives up.
    private mutating func wait(_ trouble: String) throws {
        let now = DispatchTime.now()
        let since = troubleSince ?? now
        troubleSince = since
        guard Double(now.uptimeNanoseconds - since.uptimeNanoseconds) / 1e9 < patienceSeconds else {
            let open = toSend.count + unanswered.count
            throw Failure(
                status: .unreachable,
                message: """
                    \(trouble)
                    meterctl: \(summary.sent) lines were answered, \(open) that were read were not; the same input can be \
                    sent again without counting anything twice
                    """)
        }
        usleep(200_000)
    }

    // MARK: Lines out, replies in

    private mutating func exchange() throws {
        while output.count < 1 << 18, let line = toSend.popFirst() {
            output += line.bytes
            unanswered.append(line)
        }
        let events = Int16(POLLIN) | (output.isEmpty ? 0 : Int16(POLLOUT))
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        guard poll(&entry, 1, 1000) > 0 else { return }
        if entry.revents & Int16(POLLOUT) != 0 {
            let count = output.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EAGAIN, errno != EINTR {
                // The replies to what was taken before are still there to read.
                output.removeAll()
            } else if count > 0 {
                output.removeFirst(count)
            }
        }
        if entry.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 { try receive() }
    }

    private mutating func receive() throws {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            return try lose(count == 0 ? "the daemon closed it" : String(cString: strerror(errno)))
        }
        input += piece[..<count]
        var start = 0
        var retry: [Line] = []
        while let newline = input[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let reply = IngestReply(input[start..<newline])
            start = newline + 1
            guard let line = unanswered.popFirst() else { continue }
            if tally(reply, line) { retry.append(line) }
        }
        input.removeFirst(start)
        onProgress(summary)
        for line in retry.reversed() { toSend.prepend(line) }
        if retry.isEmpty {
            troubleSince = nil
        } else {
            try wait("meterd takes no records for now")
        }
    }

    /// Counts a reply; true where the line is to be sent again.
    private mutating func tally(_ reply: IngestReply, _ line: Line) -> Bool {
        switch reply {
        case .refused(_, isRetryable: true):
            return true
        case .refused(let message, isRetryable: false):
            summary.refused += 1
            onRefusal(line.number, message)
        case .done(let status, let isDuplicate, let cost):
            if isDuplicate, !line.isResent { summary.duplicates += 1 } else { costNanos &+= cost?.nanos ?? 0 }
            switch status {
            case "charged": summary.charged += 1
            case "overdrawn": summary.overdrawn += 1
            case "unpriced": summary.unpriced += 1
            default: summary.otherReplies += 1
            }
        }
        summary.sent += 1
        return false
    }
}
