import Access
import Dispatch
import Ledger
import Logging
import Metering
import NIOCore
import NIOPosix
import Synchronization

/// The ingest socket: accepts connections on a listening descriptor and serves them on one event loop.
public final class IngestServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let core: NIOLoopBound<IngestCore>
    private let mailbox: Mailbox
    private let channels = Mutex<[any Channel]>([])
    private let loop: any EventLoop
    private let numbers = Counter()
    private let seen = Mutex(IngestStatistics())

    /// How long clients are still read from after a stop began, so that what was on its way gets an answer.
    private static let lateLines = TimeAmount.milliseconds(200)
    /// How long a client may take to read its last answers: nobody else is served before the next start. What it has not read it
    /// sends again, and is told.
    private static let lastAnswers = TimeAmount.seconds(2)

    /// A server that hands records to `writer`.
    ///
    /// - Parameters:
    ///   - access: who may ask what; see ``setAccess(_:)``.
    ///   - book: every rate card; called on the event loop for each record.
    ///   - orgNames: orgs by their other names; called on the event loop for each line.
    public init(
        limits: IngestLimits, version: String, writer: LedgerWriter, logger: Logger, access: AccessPolicy = .open,
        observer: (any IngestObserver)? = nil, clock: @escaping @Sendable () -> Timestamp,
        book: @escaping @Sendable () -> RateBook,
        orgNames: @escaping @Sendable () -> [String: String] = { [:] }
    ) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        self.loop = loop
        (core, mailbox) = try await loop.submit {
            let core = IngestCore(
                limits: limits, version: version, writer: writer, logger: logger, access: access, observer: observer,
                clock: clock, book: book, orgNames: orgNames)
            let bound = NIOLoopBound(core, eventLoop: loop)
            let mailbox = Mailbox(core: bound, loop: loop)
            core.connect(to: mailbox, on: loop)
            return (bound, mailbox)
        }.get()
    }

    /// Accepts on a descriptor that listens, until ``stop()``; on further ones, if it is called again.
    public func start(listening descriptor: Int32) async throws {
        let core = core
        let numbers = numbers
        let server = try await ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Out of descriptors: wait and go on, rather than stop accepting.
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 2)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 8192, maximum: 65_536)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let peer = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                        of: NIOBSDSocket.Handle.self
                    ) { PeerCredentials(descriptor: $0) }
                    let connection = IngestConnection(number: numbers.next(), peer: peer ?? nil, core: core.value)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .withBoundSocket(descriptor).get()
        let servers = channels.withLock { channels in
            channels.append(server)
            return channels
        }
        try await loop.submit {
            core.value.onFull = { isFull in
                for server in servers {
                    server.setOption(.autoRead, value: !isFull).whenSuccess { if !isFull { server.read() } }
                }
            }
        }.get()
    }

    /// Changes who may ask what, also on connections that are open.
    public func setAccess(_ access: AccessPolicy) async throws {
        let core = core
        try await loop.submit { core.value.setAccess(access) }.get()
    }

    /// What it has seen so far; where its event loop stands still, what it had seen when it was asked before.
    public func statistics() async -> IngestStatistics {
        guard !mailbox.isDone else { return seen.withLock { $0 } }
        let core = core
        let isAnswered = Answered()
        return await withCheckedContinuation { continuation in
            loop.execute {
                let snapshot = core.value.snapshot
                self.seen.withLock { $0 = snapshot }
                if isAnswered.isFirst() { continuation.resume(returning: snapshot) }
            }
            // A commit that the event loop makes itself can meet a disk that doesn't come back.
            DispatchQueue.global().asyncAfter(deadline: .now() + Self.statisticsPatience) {
                if isAnswered.isFirst() { continuation.resume(returning: self.seen.withLock { $0 }) }
            }
        }
    }

    private static let statisticsPatience = 0.5

    /// Lets one of several through.
    private final class Answered: Sendable {
        private let isTaken = Atomic(false)
        func isFirst() -> Bool { !isTaken.exchange(true, ordering: .acquiringAndReleasing) }
    }

    /// Stops accepting, answers everything that was read, closes every connection. The writer must still run.
    public func stop() async throws {
        let core = core
        let loop = loop
        try await loop.submit { core.value.beginDraining() }.get()
        for channel in channels.withLock({ $0 }) { try await channel.close() }
        let drained = loop.makePromise(of: Void.self)
        loop.execute {
            core.value.drain { drained.succeed() }
            loop.scheduleTask(in: Self.lateLines) { core.value.closeAll() }
            loop.scheduleTask(in: Self.lastAnswers) { core.value.abortAll() }
        }
        try await drained.futureResult.get()
        mailbox.close()
        try await loop.submit { core.value.disconnect() }.get()
        try await group.shutdownGracefully()
    }

    /// Brings outcomes from the writer's thread to the event loop: one hop a batch.
    private final class Mailbox: OutcomeReceiver {
        private let core: NIOLoopBound<IngestCore>
        private let loop: any EventLoop
        private let isClosed = Atomic(false)

        init(core: NIOLoopBound<IngestCore>, loop: any EventLoop) {
            self.core = core
            self.loop = loop
        }

        /// Whether the event loop is ending.
        var isDone: Bool { isClosed.load(ordering: .sequentiallyConsistent) }

        /// The event loop is ending; outcomes that still come have nobody to go to.
        func close() {
            isClosed.store(true, ordering: .sequentiallyConsistent)
        }

        func receive(_ outcomes: [[Outcome]]) {
            guard !isClosed.load(ordering: .sequentiallyConsistent) else { return }
            let core = core
            loop.execute { core.value.deliver(outcomes) }
        }
    }

    /// Numbers for connections.
    private final class Counter: Sendable {
        private let value = Atomic<UInt64>(0)
        func next() -> UInt64 { value.add(1, ordering: .relaxed).newValue }
    }
}
