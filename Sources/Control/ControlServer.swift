import Access
import Foundation
import HTTPServing
import HTTPTypes
import Hummingbird
import Ledger
import Logging
import NIOCore
import NIOHTTP1

/// The control socket: HTTP/1.1 on a listening descriptor, on an event loop of its own.
public final class ControlServer: Sendable {
    private let server: HTTPServer

    /// A server of that service.
    ///
    /// - Parameters:
    ///   - paths: the only endpoints that it serves; nil for all.
    ///   - connectionsMax: connections at a time; further ones are closed.
    public init(
        _ service: ControlService, only paths: Set<String>? = nil, connectionsMax: Int = 512, logger: Logger
    ) throws {
        var limits = HTTPServer.Limits()
        limits.connectionsMax = connectionsMax
        let responder = try Self.router(service, paths).buildResponder()
        server = HTTPServer(limits, logger: logger) { request, channel in
            var context = ControlRequestContext(source: .init(channel: channel, logger: logger))
            context.peer = await Self.peer(of: channel)
            do {
                return try await responder.respond(to: request, context: context)
            } catch let error as HTTPParserError {
                throw error
            } catch {
                logger.error("a control request failed", metadata: ["error": "\(error)"])
                return try Problem(unexpected: error).response()
            }
        }
    }

    /// Accepts on a descriptor that listens, until ``stop()``; on further ones, if it is called again.
    public func start(listening descriptor: Int32) async throws { try await server.start(listening: descriptor) }

    /// Stops accepting, answers what is being answered, closes.
    public func stop() async throws { try await server.stop() }

    private static func peer(of channel: any Channel) async -> PeerCredentials? {
        let found = try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                PeerCredentials(descriptor: $0)
            }
        }.get()
        return found.flatMap { $0 }.flatMap { $0 }
    }

    private static func router(
        _ service: ControlService, _ paths: Set<String>?
    ) throws -> Router<ControlRequestContext> {
        let router = Router(context: ControlRequestContext.self)
        let endpoints = service.endpoints.filter { paths?.contains($0.path) ?? true }
        router.add(middleware: ProblemMiddleware(endpoints: endpoints))
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                var context = context
                let (asker, membership) = try await service.asker(request, context, endpoint)
                context.membership = membership
                return try await Asker.$current.withValue(asker) { try await endpoint.handler(request, context) }
            }
        }
        let description = try WireJSON.encode(OpenAPI.document(endpoints, version: service.version))
        guard paths == nil else { return router }
        router.get("/openapi.json") { _, context in
            guard service.access().permissions(of: context.peer).isAnythingAllowed else {
                throw Problem(.forbidden, "this peer may not use the control socket")
            }
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(bytes: description)))
        }
        return router
    }
}

/// Makes a problem document of every error, also of those that Hummingbird throws (no such route, a bad parameter).
private struct ProblemMiddleware: RouterMiddleware {
    /// What is served, to tell a wrong method from a wrong path.
    let endpoints: [Endpoint]

    func handle(
        _ request: Request, context: ControlRequestContext,
        next: (Request, ControlRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return try problem.response()
        } catch let refusal as Refusal {
            return try Problem(refusal).response()
        } catch let error as HTTPError where error.status == .notFound {
            let (method, path) = (request.method, request.uri.path)
            let others = endpoints.filter { $0.isAt(path) }.map(\.method.rawValue)
            guard others.isEmpty || others.contains(method.rawValue) else {
                let allowed = Set(others).sorted().joined(separator: ", ")
                let words = "\(path) takes \(allowed), not \(method)"
                // RFC 9110, section 15.5.6
                return try Problem(.methodNotAllowed, words).response([.allow: allowed])
            }
            return try Problem(.notFound, "there is no \(method) \(path); see /openapi.json").response()
        } catch let error as HTTPError where error.status.kind == .clientError {
            return try Problem(.malformed, error.body ?? "the request is not understood").response()
        }
    }
}
