import DequeModule
import Ledger
import NIOCore

/// The way to the writer and back: gathers what all connections ask for, hands it over as a lot, and finds out again whose the
/// outcomes are. On the event loop alone.
final class Outbox {
    /// Outcomes, each with the connection that asked.
    typealias Answers = [(connections: [IngestConnection], outcomes: [Outcome])]

    /// Requests that are enough for a commit.
    private static let enough = 16
    /// The least time between the beginnings of two commits of few requests.
    private static let interval = UInt64(1_500_000)

    /// A lot of so many is carried out on the event loop's own thread, where the writer is idle. For more, both threads at work at
    /// the same time bring more than the hand-over costs.
    private let inlineMax: Int
    private let writer: LedgerWriter
    private let receiver: any OutcomeReceiver
    private let loop: any EventLoop
    private let onAnswers: (Answers) -> Void

    private var staged: [Mutation] = []
    private var stagedBy: [IngestConnection] = []
    private var pacing = CommitPacing(interval: interval, enough: enough)
    /// How many of ``stagedBy`` the pacing knows of, and how many connections those are.
    private var noted = (requests: 0, connections: 0)
    private var isScheduled = false
    private var isDelayed = false
    /// Whose the lots are that are with the writer, in their order, and when the first request of each came.
    private var sent: Deque<(connections: [IngestConnection], since: UInt64)> = []
    private var stagedSince: UInt64 = 0
    /// Seconds from a request's coming to its outcome's, counted from the first one of its lot.
    private(set) var latency = MetricHistogram.seconds

    /// - Parameters:
    ///   - receiver: gets the writer's outcomes, on the writer's thread; brings them to ``match(_:)``.
    ///   - onAnswers: gets the outcomes of what was carried out on the event loop.
    init(
        writer: LedgerWriter, receiver: any OutcomeReceiver, loop: any EventLoop, inlineMax: Int,
        onAnswers: @escaping (Answers) -> Void
    ) {
        self.writer = writer
        self.receiver = receiver
        self.loop = loop
        self.inlineMax = inlineMax
        self.onAnswers = onAnswers
    }

    /// Puts a request in line. What has come by the end of the loop's round goes together.
    func put(_ mutation: Mutation, from connection: IngestConnection) {
        if staged.isEmpty { stagedSince = NIODeadline.now().uptimeNanoseconds }
        staged.append(mutation)
        stagedBy.append(connection)
        guard !isScheduled else { return }
        isScheduled = true
        loop.assumeIsolated().execute {
            self.isScheduled = false
            self.sendWhenDue()
        }
    }

    /// Says whose the outcomes are: those of what was sent first, among what is still with the writer.
    func match(_ outcomes: [[Outcome]]) -> Answers {
        let now = NIODeadline.now().uptimeNanoseconds
        return outcomes.map { outcomes in
            guard let lot = sent.popFirst() else { return ([], outcomes) }
            observe(outcomes.count, since: lot.since, now)
            return (lot.connections, outcomes)
        }
    }

    private func observe(_ count: Int, since: UInt64, _ now: UInt64) {
        latency.observe(Double(now - since) / 1e9, times: UInt64(count))
    }

    private func sendWhenDue() {
        guard !staged.isEmpty else { return }
        let now = NIODeadline.now().uptimeNanoseconds
        for connection in stagedBy[noted.requests...] where !connection.isStaged {
            connection.isStaged = true
            noted.connections += 1
            pacing.note(&connection.pacingMark, at: now)
        }
        noted.requests = stagedBy.count
        // What comes while the writer is at work is gathered there.
        let delay = sent.isEmpty ? pacing.delay(of: staged.count, from: noted.connections, at: now) : 0
        guard delay > 0 else { return send(now) }
        guard !isDelayed else { return }
        isDelayed = true
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(delay))) {
            self.isDelayed = false
            if !self.staged.isEmpty { self.send(NIODeadline.now().uptimeNanoseconds) }
        }
    }

    private func send(_ now: UInt64) {
        let (mutations, connections) = (staged, stagedBy)
        // New ones, with room for as many again: emptied in place they would have a burst's room in every lot after it.
        (staged, stagedBy) = ([], [])
        staged.reserveCapacity(min(mutations.count, LedgerWriter.batchMax))
        stagedBy.reserveCapacity(min(mutations.count, LedgerWriter.batchMax))
        noted = (0, 0)
        for connection in connections { connection.isStaged = false }
        pacing.begin(at: now)
        // Replies keep their order: nothing may overtake what is with the writer.
        if mutations.count <= inlineMax, sent.isEmpty {
            switch writer.carryOutIfIdle(mutations) {
            case .done(let outcomes):
                observe(outcomes.count, since: stagedSince, NIODeadline.now().uptimeNanoseconds)
                return onAnswers([(connections, outcomes)])
            case .failed: return
            case .busy: break
            }
        }
        var start = 0
        while start < mutations.count {
            let end = min(start + LedgerWriter.batchMax, mutations.count)
            let isWhole = end - start == mutations.count
            let lot = isWhole ? mutations : Array(mutations[start..<end])
            // Room was counted and the writer outlives this server, so that it takes them unless it has failed. Then nobody
            // knows what became of the requests before these: nothing is answered any more, and the process is ending.
            guard writer.submit(Submission(lot, receiver: receiver)) else { return }
            sent.append((isWhole ? connections : Array(connections[start..<end]), stagedSince))
            start = end
        }
    }
}
