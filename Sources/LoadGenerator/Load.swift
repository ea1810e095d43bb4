import Glibc

/// What a load sends, and how its answers look: each ends with a newline, and none has another.
public protocol LoadRequests {
    /// Puts the next request in. True where its reply counts; ``Load`` has a hold asked for by a request that doesn't, and
    /// hands it to the next.
    mutating func append(to bytes: inout [UInt8], hold: inout UInt64?) -> Bool
    /// Whether a piece of the answers, wherever it was cut, has one that is no success.
    func isRefusal(_ bytes: ArraySlice<UInt8>) -> Bool
}

/// Pushes usage records and takes the time of each reply, on one thread that waits for all connections at once.
///
/// In a closed loop each connection keeps so many records in flight. In an open loop records are due at a rate, and a late
/// reply counts from when its record was due: a daemon that stalls is not asked less.
public struct Load {
    private let plan: LoadPlan

    /// Before this many seconds nothing is counted.
    public static let warmUp = 0.5

    /// Records in flight at which an open loop gives up: the daemon doesn't keep up with the rate.
    private static let inFlightMax = 500_000

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

    /// A run of a plan.
    public init(_ plan: LoadPlan) {
        self.plan = plan
    }

    /// Runs it to its end.
    ///
    /// - Parameter progress: called now and then with the seconds that are over and the records acknowledged so far.
    public func run(progress: (Double, Int) -> Void = { _, _ in }) throws -> LoadResult {
        try run(requests: RecordMaker(plan), progress: progress)
    }

    /// Runs it to its end, on the same connections all the time.
    ///
    /// - Parameter interval: called every so many seconds with the seconds that are over, and with what was measured since it
    ///   was called before.
    public func run(every period: Double, _ interval: (Double, LoadResult) -> Void) throws -> LoadResult {
        var begun = Self.warmUp
        var before = 0
        return try run(requests: RecordMaker(plan), period: period) { passed, acknowledged, latencies in
            let count = acknowledged - before
            interval(
                passed,
                LoadResult(
                    acknowledged: count, perSecond: Double(count) / max(passed - begun, 0.001), latencies: latencies))
            (begun, before) = (passed, acknowledged)
        }
    }

    /// Runs it with requests of another kind.
    public func run(
        requests: some LoadRequests, progress: (Double, Int) -> Void = { _, _ in }
    ) throws -> LoadResult {
        try run(requests: requests, period: nil) { passed, acknowledged, _ in progress(passed, acknowledged) }
    }

    /// Calls `progress` every period; without one five times a second, and without latencies.
    private func run(
        requests: some LoadRequests, period: Double?, progress: (Double, Int, Latencies) -> Void
    ) throws -> LoadResult {
        var state = try (0..<plan.connections).map { _ in
            let socket = try UnixSocket(connectingTo: plan.socket)
            _ = fcntl(socket.descriptor, F_SETFL, O_NONBLOCK)
            return Connection(socket: socket)
        }
        defer { for connection in state { connection.socket.close() } }
        var records = requests
        var latencies = Latencies()
        var recent = Latencies()
        var acknowledged = 0
        var issued = 0
        var input = [UInt8](repeating: 0, count: 262_144)
        let start = Self.now()
        var shown = start
        var isEnding = false
        while true {
            let now = Self.now()
            isEnding = isEnding || now - start > plan.seconds
            if now - shown > period ?? 0.2 {
                shown = now
                progress(now - start, acknowledged, recent)
                if period != nil { recent = Latencies() }
            }
            if !isEnding {
                if let rate = plan.rate {
                    try issueDue(&state, &records, &issued, rate: rate, start: start, now: now)
                } else {
                    for index in state.indices { fill(&state[index], &records, now: now) }
                }
            }
            var polls = state.indices.map { index -> pollfd in
                flush(&state[index])
                let wantsOut = state[index].written < state[index].output.count
                return pollfd(
                    fd: state[index].socket.descriptor, events: Int16(POLLIN) | (wantsOut ? Int16(POLLOUT) : 0),
                    revents: 0)
            }
            if isEnding, state.allSatisfy({ $0.inFlight == 0 }) { break }
            let ready = Self.wait(
                &polls, until: isEnding ? nil : plan.rate.map { max(start + Double(issued + 1) / $0, now + plan.beat) })
            guard ready > 0 || (plan.rate != nil && !isEnding) else {
                throw LoadError("no answer within 30 seconds")
            }
            for index in polls.indices where polls[index].revents & Int16(POLLIN | POLLHUP) != 0 {
                let count = input.withUnsafeMutableBytes { read(polls[index].fd, $0.baseAddress, $0.count) }
                guard count > 0 else { throw LoadError("the daemon closed a connection") }
                let now = Self.now()
                try answer(&state[index], records, input[..<count]) { sent in
                    guard !isEnding, now - start > Self.warmUp else { return }
                    acknowledged += 1
                    latencies.record(now - sent)
                    if period != nil { recent.record(now - sent) }
                }
            }
        }
        guard acknowledged > 0 else { throw LoadError("nothing was measured: the run was too short") }
        return LoadResult(
            acknowledged: acknowledged, perSecond: Double(acknowledged) / (plan.seconds - Self.warmUp),
            latencies: latencies)
    }

    /// Waits until a connection can be read or written, or until a moment; 30 seconds at most. poll(2) knows milliseconds: for
    /// the last one it doesn't wait, so that nothing is sent late.
    private static func wait(_ polls: inout [pollfd], until due: Double?) -> Int32 {
        let seconds = due.map { min(30, max(0, $0 - now())) } ?? 30
        return poll(&polls, nfds_t(polls.count), Int32(seconds * 1000))
    }

    /// Keeps the window of a connection full.
    private func fill(_ connection: inout Connection, _ records: inout some LoadRequests, now: Double) {
        guard connection.written == connection.output.count, connection.inFlight < plan.window else { return }
        clear(&connection)
        while connection.inFlight < plan.window { append(&connection, &records, at: now) }
    }

    /// Sends what is due by now, to one connection after the other.
    private func issueDue(
        _ state: inout [Connection], _ records: inout some LoadRequests, _ issued: inout Int, rate: Double,
        start: Double,
        now: Double
    ) throws {
        let due = Int((now - start) * rate)
        guard due > issued else { return }
        for index in state.indices where state[index].written == state[index].output.count { clear(&state[index]) }
        while issued < due {
            issued += 1
            let index = issued % state.count
            // The line that asks for a hold goes before its record, and both are due at once.
            repeat {
                append(&state[index], &records, at: start + Double(issued) / rate)
            } while state[index].hold != nil
        }
        guard state.reduce(0, { $0 + $1.inFlight }) < Self.inFlightMax else {
            throw LoadError("the daemon doesn't keep up with \(Int(rate)) records a second")
        }
    }

    private func append(_ connection: inout Connection, _ records: inout some LoadRequests, at moment: Double) {
        connection.isRecord.append(records.append(to: &connection.output, hold: &connection.hold))
        connection.sentAt.append(moment)
    }

    /// Forgets what was written and answered.
    private func clear(_ connection: inout Connection) {
        connection.output.removeAll(keepingCapacity: true)
        connection.written = 0
        guard connection.answered > 100_000 else { return }
        connection.sentAt.removeFirst(connection.answered)
        connection.isRecord.removeFirst(connection.answered)
        connection.answered = 0
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
        _ connection: inout Connection, _ requests: some LoadRequests, _ bytes: ArraySlice<UInt8>,
        _ measured: (Double) -> Void
    ) throws {
        if requests.isRefusal(bytes) {
            throw LoadError("refused: \(String(decoding: bytes.prefix(300), as: UTF8.self))")
        }
        let count = bytes.withUnsafeBytes { raw in raw.reduce(0) { $1 == 0x0A ? $0 + 1 : $0 } }
        for _ in 0..<count {
            if connection.isRecord[connection.answered] { measured(connection.sentAt[connection.answered]) }
            connection.answered += 1
        }
    }

    /// Seconds by a clock of the system.
    public static func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
