import NIOCore
import NIOHTTP1
import NIOPosix

/// A small HTTP/1.1 server on this machine, for tests and the example.
package enum LoopbackServer {
    private static let bodyBytesMax = 64 << 10

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// Serves until `body` returns.
    ///
    /// - Parameters:
    ///   - host: an address of this machine.
    ///   - port: 0 for a free one.
    ///   - handler: answers a request.
    ///   - body: runs beside the server and is told its port.
    package static func run<Value: Sendable>(
        host: String = "127.0.0.1", port: Int = 0,
        handler: @escaping @Sendable (LoopbackRequest) async -> LoopbackAnswer,
        body: @Sendable (Int) async throws -> Value
    ) async throws -> Value {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        let bound = server.channel.localAddress?.port ?? 0
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    await withDiscardingTaskGroup { group in
                        do {
                            for try await connection in connections {
                                group.addTask { try? await serve(connection, handler) }
                            }
                        } catch {
                            // The server was closed.
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(bound)
        }
    }

    private static func serve(
        _ connection: Connection, _ handler: @Sendable (LoopbackRequest) async -> LoopbackAnswer
    ) async throws {
        try await connection.executeThenClose { input, output in
            var head: HTTPRequestHead?
            var body = ByteBuffer()
            for try await part in input {
                switch part {
                case .head(let new):
                    head = new
                    body.clear()
                case .body(let chunk):
                    guard body.readableBytes + chunk.readableBytes <= bodyBytesMax else { return }
                    body.writeImmutableBuffer(chunk)
                case .end:
                    guard let head else { return }
                    let answer = await handler(LoopbackRequest(head, body: body))
                    try await send(answer, to: output)
                    guard head.isKeepAlive else { return }
                }
            }
        }
    }

    private static func send(
        _ answer: LoopbackAnswer, to output: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        var headers = HTTPHeaders(answer.headers)
        if case .text(let text) = answer.body { headers.add(name: "Content-Length", value: "\(text.utf8.count)") }
        try await output.write(
            .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)))
        switch answer.body {
        case .text(let text):
            try await output.write(.body(.byteBuffer(ByteBuffer(string: text))))
        case .endless(let chunk, let pause):
            while !Task.isCancelled {
                try await output.write(.body(.byteBuffer(ByteBuffer(string: chunk))))
                if let pause { try await Task.sleep(for: pause) }
            }
        case .never:
            try await Task.sleep(for: .seconds(3600))
        }
        try await output.write(.end(nil))
    }
}
