import Access
import Ledger
import Logging
import Metering
import NIOCore

/// How much the ingest socket holds at once.
public struct IngestLimits: Sendable {
    /// Requests of one connection that are not answered.
    public var openPerConnectionMax = 4096
    /// Requests of all connections that are with the writer.
    public var openMax = 16_384
    /// Bytes that those hold in memory.
    public var openBytesMax = 64 << 20
    /// Requests that the event loop has committed itself, where the writer is idle and its disk quick; 0 for none.
    public var inlineMax = 16
    /// Connections; further ones wait to be accepted.
    public var connectionsMax = 4096
    /// How long a client may leave its replies unread before that is told.
    public var unreadPatience = TimeAmount.seconds(10)

    /// The defaults.
    public init() {}
}

/// What the ingest socket has seen.
public struct IngestStatistics: Sendable {
    /// Connections that are open.
    public var connections = 0
    /// Requests that are with the writer.
    public var open = 0
    /// Bytes that those hold.
    public var openBytes = 0
    /// Refusals by code.
    public var refusals: [Refusal.Code: UInt64] = [:]
    /// Seconds from a request's coming to its durable outcome.
    public var latency = MetricHistogram.seconds

    mutating func refused(_ code: Refusal.Code) {
        refusals[code, default: 0] += 1
    }
}

/// What all connections share, on their one event loop: room, the decoder, the way to the writer.
final class IngestCore {
    let limits: IngestLimits
    let clock: @Sendable () -> Timestamp
    let version: String
    let logger: Logger
    var statistics = IngestStatistics()
    private(set) var isDraining = false
    let observer: (any IngestObserver)?
    private(set) var access: AccessPolicy

    private let writer: LedgerWriter
    private let decoder: RequestDecoder
    private var lines = LineKeeper()
    private let book: @Sendable () -> RateBook
    private var preparer = ChargePreparer()
    private var outbox: Outbox?
    private var connections: [UInt64: IngestConnection] = [:]
    private var waiting: [IngestConnection] = []
    private var openBytes = 0
    private var whenDrained: (() -> Void)?

    /// Called where the number of connections passes its limit, either way.
    var onFull: ((Bool) -> Void)?

    init(
        limits: IngestLimits, version: String, writer: LedgerWriter, logger: Logger, access: AccessPolicy,
        observer: (any IngestObserver)?, clock: @escaping @Sendable () -> Timestamp,
        book: @escaping @Sendable () -> RateBook, orgNames: @escaping @Sendable () -> [String: String]
    ) {
        self.limits = limits
        self.version = version
        self.writer = writer
        self.logger = logger
        self.access = access
        self.observer = observer
        self.clock = clock
        self.book = book
        decoder = RequestDecoder.inForce(book: book, clock: clock, orgNames: orgNames)
    }

    /// Where the writer sends outcomes; set once before the first connection.
    func connect(to mailbox: any OutcomeReceiver, on loop: any EventLoop) {
        outbox = Outbox(writer: writer, receiver: mailbox, loop: loop, inlineMax: limits.inlineMax) { [unowned self] in
            answer($0)
        }
    }

    /// Reads a line; nil where it is blank.
    func decode(_ line: UnsafeBufferPointer<UInt8>) -> DecodedLine? {
        var cursor = JSONCursor(line)
        guard cursor.peek() != nil else { return nil }
        var decoded = decoder.decode(line)
        if decoded.isWorthKeeping { decoded.kept = lines.keep(line) }
        return decoded
    }

    /// Everything that is counted, up to now.
    var snapshot: IngestStatistics {
        var snapshot = statistics
        snapshot.openBytes = openBytes
        if let outbox { snapshot.latency = outbox.latency }
        return snapshot
    }

    // MARK: Room

    /// Whether another request may go to the writer.
    var hasRoom: Bool { hasRoom(beside: 0, 0) }

    /// Whether another may, beside so many of so many bytes that are about to.
    func hasRoom(beside requests: Int, _ bytes: Int) -> Bool {
        statistics.open + requests < limits.openMax && openBytes + bytes < limits.openBytesMax
    }

    /// Room for lines that are read and not handled yet, for one connection after the other.
    func takeLines() -> [DecodedLine] {
        defer { lineRoom = [] }
        return lineRoom
    }

    /// Gives the room back, empty.
    func giveBack(_ room: [DecodedLine]) {
        lineRoom = room
    }

    private var lineRoom: [DecodedLine] = []

    /// Calls `advance()` of the connection when there is room again.
    func waitForRoom(_ connection: IngestConnection) {
        if !waiting.contains(where: { $0 === connection }) { waiting.append(connection) }
    }

    func didFinish(bytes: Int) {
        statistics.open -= 1
        openBytes -= bytes
    }

    // MARK: To the writer and back

    /// The mutation that charges a record, with its price by the cards in force: what can be worked out here the writer, who
    /// is one, need not.
    func charge(_ record: UsageRecord, from peer: Peer?, line: KeptLine?) -> Mutation {
        let received = clock()
        let prepared = preparer.prepare(record, received: received, peer: peer, book: book())
        return .usage(record, received: received, peer: peer, prepared: prepared, line: line)
    }

    /// Puts a request in line for the writer.
    func stage(_ mutation: Mutation, bytes: Int, from connection: IngestConnection) {
        statistics.open += 1
        openBytes += bytes
        outbox?.put(mutation, from: connection)
    }

    /// Takes outcomes from the writer.
    func deliver(_ outcomes: [[Outcome]]) {
        if let outbox { answer(outbox.match(outcomes)) }
    }

    private func answer(_ answers: Outbox.Answers) {
        var answered: [IngestConnection] = []
        for (connections, outcomes) in answers {
            for (connection, outcome) in zip(connections, outcomes) {
                if !connection.isAnswered {
                    connection.isAnswered = true
                    answered.append(connection)
                }
                connection.receive(outcome)
            }
        }
        for connection in answered {
            connection.isAnswered = false
            connection.flush()
            connection.advance()
            if connection.isFinished { forget(connection) }
        }
        guard hasRoom, !waiting.isEmpty else { return }
        let resumed = waiting
        waiting.removeAll()
        for connection in resumed { connection.advance() }
    }

    // MARK: Connections

    func setAccess(_ access: AccessPolicy) {
        self.access = access
        for connection in connections.values { connection.permissions = access.permissions(of: connection.peer) }
    }

    /// Connections of peers who may ask nothing, at a time: enough to be told so, too few to be in anybody's way.
    private static let unwelcomeMax = 16

    /// Whether a connection may stay.
    func isWelcome(_ connection: IngestConnection) -> Bool {
        guard !connection.permissions.isAnythingAllowed else { return true }
        return connections.values.reduce(0) { $0 + ($1.permissions.isAnythingAllowed ? 0 : 1) } <= Self.unwelcomeMax
    }

    func didOpen(_ connection: IngestConnection) {
        connections[connection.number] = connection
        statistics.connections += 1
        if statistics.connections == limits.connectionsMax { onFull?(true) }
    }

    func didClose(_ connection: IngestConnection) {
        if statistics.connections == limits.connectionsMax { onFull?(false) }
        statistics.connections -= 1
        waiting.removeAll { $0 === connection }
        if connection.isFinished { forget(connection) }
    }

    private func forget(_ connection: IngestConnection) {
        connections[connection.number] = nil
        if connections.isEmpty { finishDrain() }
    }

    // MARK: The end

    /// Refuses what is read from now on.
    func beginDraining() {
        isDraining = true
    }

    /// Calls `done` when every connection has its answers and is closed. No new one may come.
    func drain(done: @escaping () -> Void) {
        whenDrained = done
        for connection in connections.values { connection.advance() }
        if connections.isEmpty { finishDrain() }
    }

    /// Closes each connection as soon as what was read from it is answered.
    func closeAll() {
        for connection in connections.values { connection.closeWhenAnswered() }
    }

    /// Closes what is left, clients that don't take their answers, and ends the drain whatever the writer still owes.
    func abortAll() {
        for connection in connections.values { connection.abort() }
        finishDrain()
    }

    private func finishDrain() {
        whenDrained?()
        whenDrained = nil
    }

    /// Lets go of what leads back here, after the drain.
    func disconnect() {
        outbox = nil
        onFull = nil
        connections.removeAll()
        waiting.removeAll()
    }
}
