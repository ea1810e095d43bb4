import Access
import Background
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import Metering
import NIOCore

/// What a handler is given beside the request.
public struct ControlRequestContext: RequestContext {
    /// Hummingbird's own part.
    public var coreContext: CoreRequestContextStorage
    /// Who asks.
    var peer: PeerCredentials?
    /// The member on whose behalf; nil for an operator.
    var membership: LedgerReader.Membership?
    /// The connection that it came by.
    let channel: any Channel

    /// Bytes of a body that are accepted.
    public var maxUploadSize: Int { 65_536 }

    /// A context for one request.
    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// One operation of the control socket: how it is reached, how it is described, what it does.
///
/// The router and `/openapi.json` are both made from these, so that neither can say what the other doesn't.
struct Endpoint: Sendable {
    typealias Handler = @Sendable (Request, ControlRequestContext) async throws -> Response

    let method: HTTPRequest.Method
    let path: String
    let name: String
    let summary: String
    var query: [(name: String, description: String)] = []
    var requiredQuery: Set<String> = []
    var body: OpenAPIValue?
    var response: OpenAPIValue
    var contentType = "application/json"
    /// Whether it takes an `Idempotency-Key`, where it changes something.
    var takesKey = true
    /// Who may ask it beside operators; nil for whoever may look where it changes nothing, and nobody else where it does.
    var roles: Set<ControlRole>?
    let handler: Handler

    /// Whether it stands at that path of a request.
    func isAt(_ path: String) -> Bool {
        let (own, asked) = (self.path.split(separator: "/"), path.split(separator: "/"))
        return own.count == asked.count && zip(own, asked).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }

    /// Whether it changes something.
    var isMutation: Bool { method != .get }

    /// The roles of which any may ask it.
    var allowedRoles: Set<ControlRole> { (roles ?? (isMutation ? [] : [.viewer])).union([.admin]) }
}

// What handlers share.
extension Endpoint {
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: try WireJSON.encode(value))))
    }

    /// The client's key for this route and body.
    static func key(
        _ request: Request, route: String, body: some Encodable
    ) throws -> IdempotencyKey {
        guard let name = HTTPField.Name("Idempotency-Key"), let key = request.headers[name] else {
            throw Problem(
                .malformed, "the header Idempotency-Key is missing; it takes 1 to 128 bytes of printable ASCII")
        }
        guard request.headers[values: name].count == 1, (1...128).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Problem(
                .malformed, "the idempotency key must be one, of 1 to 128 bytes of printable ASCII without spaces")
        }
        let canonical = String(decoding: try WireJSON.encode(body), as: UTF8.self)
        return IdempotencyKey(route: route, key: key, body: canonical)
    }

    /// The request's body; a problem that names the member where it is not what was expected.
    static func body<Body: Decodable>(
        _ type: Body.Type, _ request: Request, _ context: ControlRequestContext
    ) async throws -> Body {
        try decode(type, try await bytes(of: request, upTo: context.maxUploadSize))
    }

    /// A body that takes long to read, on a thread of its own.
    static func longBody<Body: Decodable & Sendable>(
        _ type: Body.Type, _ request: Request, bytesMax: Int
    ) async throws -> Body {
        let bytes = try await bytes(of: request, upTo: bytesMax)
        return try await BackgroundThread.run("import") { try decode(type, bytes) }
    }

    /// The request's body; nil if it has none.
    static func optionalBody<Body: Decodable>(
        _ type: Body.Type, _ request: Request, _ context: ControlRequestContext
    ) async throws -> Body? {
        let bytes = try await bytes(of: request, upTo: context.maxUploadSize)
        return bytes.readableBytes == 0 ? nil : try decode(type, bytes)
    }

    private static func bytes(of request: Request, upTo bytesMax: Int) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: bytesMax)
        } catch {
            throw Problem(.tooLong, "the body is longer than \(bytesMax) bytes")
        }
    }

    private static func decode<Body: Decodable>(_ type: Body.Type, _ bytes: ByteBuffer) throws -> Body {
        guard !JSONBytes.holdNUL(bytes.readableBytesView) else {
            throw Problem(.malformed, "no text may hold a NUL (\\u0000)")
        }
        do {
            return try WireJSON.decode(type, from: Data(bytes.readableBytesView))
        } catch let error as DecodingError {
            throw Problem(.malformed, describe(error))
        }
    }

    /// A part of the path, percent-decoded.
    static func parameter(_ name: String, _ context: ControlRequestContext) throws -> String {
        guard let text = try context.parameters.require(name).removingPercentEncoding, !text.isEmpty,
            !text.utf8.contains(0)
        else {
            throw Problem(.malformed, "\(name) in the path is empty or not well percent-encoded")
        }
        return text
    }

    static func limit(_ request: Request, max: Int = LedgerReader.pageMax) throws -> Int {
        guard let text = request.uri.queryParameters["limit"] else { return 100 }
        guard let limit = Int(text), (1...max).contains(limit) else {
            throw Problem(.malformed, "limit must be a number from 1 to \(max)")
        }
        return limit
    }

    static func numericCursor(_ request: Request) throws -> Int64? {
        guard let text = request.uri.queryParameters["cursor"] else { return nil }
        guard let cursor = Int64(text), cursor > 0 else {
            throw Problem(.malformed, "cursor must be the next_cursor of the page before")
        }
        return cursor
    }

    static func time(_ request: Request, _ name: String) throws -> Timestamp? {
        guard let text = request.uri.queryParameters[name[...]] else { return nil }
        guard let time = Timestamp(rfc3339: String(text)) else {
            throw Problem(.malformed, "\(name) must be an RFC 3339 time, such as 2026-11-24T00:00:00Z")
        }
        return time
    }

    static func text(_ request: Request, _ name: String) -> String? {
        request.uri.queryParameters[name[...]].map(String.init)
    }

    private static func describe(_ error: DecodingError) -> String {
        // Members as they stand in JSON.
        func snake(_ name: String) -> String {
            name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
        }
        func path(_ context: DecodingError.Context) -> String {
            let names = context.codingPath.map { snake($0.stringValue) }
            return names.isEmpty ? "the body" : names.joined(separator: ".")
        }
        return switch error {
        case .keyNotFound(let key, _): "\(snake(key.stringValue)) is missing"
        case .typeMismatch(let type, let context): "\(path(context)) must be a \("\(type)".lowercased())"
        case .valueNotFound(_, let context): "\(path(context)) must not be null"
        case .dataCorrupted(let context): "\(path(context)) is not valid JSON"
        @unknown default: "the body is not what was expected"
        }
    }
}
