import Glibc

/// What a load run measured; times in microseconds.
struct LoadResult {
    let perSecond: Double
    let p50, p99, p999, max: Double
}

/// A closed loop on one thread: so many connections, so many records in flight on each, random ids.
struct Load {
    let socket: String
    let connections: Int
    let window: Int
    let seconds: Double
    let orgs: Int
    /// Of a hundred records, those that are authorized before they are sent.
    var holdsPercent = 0

    /// Before this many seconds nothing is counted.
    private static let warmUp = 0.5

    private struct Connection {
        let socket: UnixSocket
        var sentAt: [Double] = []
        var isRecord: [Bool] = []
        /// The hold that was asked for by the line before.
        var hold: UInt64?
        var answered = 0
        var output: [UInt8] = []
        var written = 0
        var inFlight: Int { sentAt.count - answered }
    }

    func run() throws -> LoadResult {
        var state = try (0..<connections).map { _ in
            let socket = try UnixSocket(connectingTo: self.socket)
            _ = fcntl(socket.descriptor, F_SETFL, O_NONBLOCK)
            return Connection(socket: socket)
        }
        defer { for connection in state { connection.socket.close() } }
        var records = RecordMaker(orgs: orgs, holdsPercent: holdsPercent)
        var latencies: [Float] = []
        latencies.reserveCapacity(4_000_000)
        var input = [UInt8](repeating: 0, count: 262_144)
        let start = Self.now()
        var isEnding = false
        while true {
            let isOver = Self.now() - start > seconds
            isEnding = isEnding || isOver
            var polls = state.indices.map { index -> pollfd in
                if !isEnding { fill(&state[index], &records) }
                flush(&state[index])
                let wantsOut = state[index].written < state[index].output.count
                return pollfd(
                    fd: state[index].socket.descriptor, events: Int16(POLLIN) | (wantsOut ? Int16(POLLOUT) : 0),
                    revents: 0)
            }
            if isEnding, state.allSatisfy({ $0.inFlight == 0 }) { break }
            guard poll(&polls, nfds_t(polls.count), 30_000) > 0 else {
                throw BenchmarkError("no answer within 30 seconds")
            }
            for index in polls.indices where polls[index].revents & Int16(POLLIN | POLLHUP) != 0 {
                let count = input.withUnsafeMutableBytes { read(polls[index].fd, $0.baseAddress, $0.count) }
                guard count > 0 else { throw BenchmarkError("the daemon closed a connection") }
                let now = Self.now()
                try answer(&state[index], input[..<count]) { sent in
                    if !isEnding, now - start > Self.warmUp { latencies.append(Float((now - sent) * 1e6)) }
                }
            }
        }
        latencies.sort()
        func quantile(_ share: Double) -> Double {
            Double(latencies[min(latencies.count - 1, Int(Double(latencies.count) * share))])
        }
        guard !latencies.isEmpty else { throw BenchmarkError("nothing was measured") }
        return LoadResult(
            perSecond: Double(latencies.count) / (seconds - Self.warmUp), p50: quantile(0.5), p99: quantile(0.99),
            p999: quantile(0.999), max: Double(latencies[latencies.count - 1]))
    }

    private func fill(_ connection: inout Connection, _ records: inout RecordMaker) {
        guard connection.written == connection.output.count, connection.inFlight < window else { return }
        connection.output.removeAll(keepingCapacity: true)
        connection.written = 0
        if connection.answered > 100_000 {
            connection.sentAt.removeFirst(connection.answered)
            connection.isRecord.removeFirst(connection.answered)
            connection.answered = 0
        }
        let now = Self.now()
        while connection.inFlight < window {
            connection.isRecord.append(records.append(to: &connection.output, hold: &connection.hold))
            connection.sentAt.append(now)
        }
    }

    private func flush(_ connection: inout Connection) {
        let descriptor = connection.socket.descriptor
        while connection.written < connection.output.count {
            let offset = connection.written
            let count = connection.output.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset)
            }
            guard count > 0 else { return }
            connection.written += count
        }
    }

    /// Takes each newline for an answer; an answer that is no success ends the run.
    private func answer(
        _ connection: inout Connection, _ bytes: ArraySlice<UInt8>, _ measured: (Double) -> Void
    ) throws {
        if Self.hasRefusal(bytes) {
            throw BenchmarkError("refused: \(String(decoding: bytes.prefix(300), as: UTF8.self))")
        }
        let count = bytes.withUnsafeBytes { raw in raw.reduce(0) { $1 == 0x0A ? $0 + 1 : $0 } }
        for _ in 0..<count {
            if connection.isRecord[connection.answered] { measured(connection.sentAt[connection.answered]) }
            connection.answered += 1
        }
    }

    /// Whether a piece of the answers has `"ok":f`, wherever it was cut.
    private static func hasRefusal(_ bytes: ArraySlice<UInt8>) -> Bool {
        let pattern = Array("\"ok\":f".utf8)
        return bytes.withUnsafeBytes { raw in
            guard raw.count >= pattern.count else { return false }
            for end in (pattern.count - 1)..<raw.count where raw[end] == UInt8(ascii: "f") {
                if raw[(end - pattern.count + 1)...end].elementsEqual(pattern) { return true }
            }
            return false
        }
    }

    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// Makes usage records with random ids, as Anthropic's come.
struct RecordMaker {
    let orgs: Int
    let holdsPercent: Int
    private var generator = SplitMix64(state: UInt64.random(in: .min ... .max))
    private var stamp: (second: Int, text: [UInt8]) = (0, [])

    init(orgs: Int, holdsPercent: Int) {
        self.orgs = orgs
        self.holdsPercent = holdsPercent
    }

    /// Puts the next line in: a record, or the request for the hold that the next one settles. True for a record.
    mutating func append(to bytes: inout [UInt8], hold: inout UInt64?) -> Bool {
        // The org of a hold's record is the hold's own.
        let random = hold ?? generator.next()
        let org = Int(random % UInt64(orgs)) + 1
        if hold == nil, holdsPercent > 0, Int(random >> 48) % 100 < holdsPercent {
            hold = random
            append("{\"op\":\"authorize\",\"id\":\"hold_", to: &bytes)
            appendHex(random, to: &bytes)
            append("\",\"org\":\"org-", to: &bytes)
            append(org, to: &bytes)
            append("\",\"user\":\"user-", to: &bytes)
            append(org * 7 % 1000, to: &bytes)
            append(
                "\",\"model\":\"claude-sonnet-4-5\",\"usage\":{\"input_tokens\":8192,\"output_tokens\":4096}}\n",
                to: &bytes)
            return false
        }
        append("{\"op\":\"usage\",\"id\":\"msg_", to: &bytes)
        appendHex(generator.next(), to: &bytes)
        appendHex(generator.next(), to: &bytes)
        append("\",\"org\":\"org-", to: &bytes)
        append(org, to: &bytes)
        append("\",\"user\":\"user-", to: &bytes)
        append(org * 7 % 1000, to: &bytes)
        append("\",\"model\":\"claude-sonnet-4-5\",\"provider\":\"anthropic\",\"at\":\"", to: &bytes)
        appendTime(to: &bytes)
        if let settled = hold {
            append("\",\"hold\":\"hold_", to: &bytes)
            appendHex(settled, to: &bytes)
            hold = nil
        }
        append("\",\"usage\":{\"input_tokens\":", to: &bytes)
        append(Int(random >> 8 & 8191), to: &bytes)
        append(",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":", to: &bytes)
        append(Int(random >> 33 & 2047), to: &bytes)
        append(",\"output_tokens\":", to: &bytes)
        append(Int(random >> 21 & 4095), to: &bytes)
        append(",\"service_tier\":\"standard\"}}\n", to: &bytes)
        return true
    }

    // Plain bytes: the client shares the cores with the daemon that it measures.
    private func append(_ text: StaticString, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private func append(_ number: Int, to bytes: inout [UInt8]) {
        if number >= 10 { append(number / 10, to: &bytes) }
        bytes.append(48 + UInt8(number % 10))
    }

    private mutating func appendTime(to bytes: inout [UInt8]) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        if now.tv_sec != stamp.second {
            var parts = tm()
            gmtime_r(&now.tv_sec, &parts)
            var text = [CChar](repeating: 0, count: 32)
            let count = strftime(&text, 32, "%Y-%m-%dT%H:%M:%S", &parts)
            stamp = (now.tv_sec, text[..<count].map { UInt8(bitPattern: $0) })
        }
        bytes += stamp.text
        bytes.append(UInt8(ascii: "Z"))
    }

    private func appendHex(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(value >> UInt64(shift) & 15)
            bytes.append(digit < 10 ? digit + 48 : digit + 87)
        }
    }
}

/// Random enough for ids, and cheap: the system's generator costs a system call each.
private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
