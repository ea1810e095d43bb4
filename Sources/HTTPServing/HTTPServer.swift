import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypesHTTP1
import NIOPosix
import Synchronization

/// HTTP/1.1 on listening descriptors, on event loops of its own.
///
/// It bounds what a client can hold: connections at a time, seconds without a request, and seconds in which a request has to be whole.
public final class HTTPServer: Sendable {
    /// Answers a request. A parser's error is thrown on; all others are the responder's to answer.
    public typealias Responder = @Sendable (Request, any Channel) async throws -> Response

    /// What a client may hold.
    public struct Limits: Sendable {
        /// Connections at a time; further ones are closed.
        public var connectionsMax = 512
        /// Seconds that a connection may be without a request.
        public var idleSeconds: Int64 = 60
        /// Seconds from a request's head to its end; nil for as long as it keeps coming.
        public var requestSeconds: Int64?
        /// Bytes of all header fields.
        public var headerBytesMax = 81_920

        /// The defaults.
        public init() {}
    }

    private let group: MultiThreadedEventLoopGroup
    private let http: HTTP1Channel
    private let logger: Logger
    private let limits: Limits
    private let running = Mutex<[Running]>([])
    /// Connections of all its sockets.
    private let open = Count()

    private final class Count: Sendable {
        private let value = Atomic(0)
        @discardableResult func add(_ number: Int) -> Int { value.add(number, ordering: .relaxed).newValue }
    }

    private struct Running {
        let channel: any Channel
        let task: Task<Void, Never>
    }

    /// A server that answers by a responder.
    public init(_ limits: Limits = Limits(), threads: Int = 1, logger: Logger, respond: @escaping Responder) {
        self.limits = limits
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let requestSeconds = limits.requestSeconds
        http = HTTP1Channel(
            responder: { request, writer, channel in
                let response = try await respond(request, channel)
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: .init(
                additionalChannelHandlers: requestSeconds.map { [RequestDeadline(seconds: $0)] } ?? [],
                idleTimeout: .seconds(limits.idleSeconds),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headerBytesMax, maxHeaderListSize: limits.headerBytesMax,
                    maxHeaderFieldCount: 1000)))
    }

    /// Accepts on a descriptor that listens, until ``stop()``; on further ones, if it is called again.
    public func start(listening descriptor: Int32) async throws {
        let (http, logger, open, connectionsMax) = (http, logger, open, limits.connectionsMax)
        let server = try await ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(descriptor) { channel in
                http.setup(channel: channel, logger: logger).flatMapThrowing { value in
                    let pipeline = channel.pipeline.syncOperations
                    let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
                    try pipeline.addHandler(AbsoluteFormHandler(), position: .before(codec))
                    return value
                }
            }
        let task = Task {
            await withDiscardingTaskGroup { tasks in
                do {
                    try await server.executeThenClose { connections in
                        for try await connection in connections {
                            guard open.add(1) <= connectionsMax else {
                                open.add(-1)
                                // A channel that is let go of without this would end the process.
                                tasks.addTask { try? await connection.executeThenClose { _, _ in } }
                                continue
                            }
                            tasks.addTask {
                                await http.handle(value: connection, logger: logger)
                                open.add(-1)
                            }
                        }
                    }
                } catch {
                    logger.debug("a listening socket ends", metadata: ["error": "\(error)"])
                }
                tasks.cancelAll()
            }
        }
        running.withLock { $0.append(Running(channel: server.channel, task: task)) }
    }

    /// Stops accepting, answers what is being answered, closes.
    public func stop() async throws {
        for running in running.withLock({ $0 }) {
            try? await running.channel.close()
            await running.task.value
        }
        try await group.shutdownGracefully()
    }
}
