import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The client's end of meterd's control socket: HTTP/1.1 over a Unix socket.
public struct ControlSocket: Sendable {
    /// Where the daemon listens.
    public let path: String
    private let http: HTTPClient

    /// Bytes of an answer that are read at most.
    public static let answerBytesMax = 64 << 20

    /// A client of that socket. Whoever made the HTTP client shuts it down.
    public init(path: String, http: HTTPClient) {
        self.path = path
        self.http = http
    }

    /// An answer whose body is whole.
    public struct Answer: Sendable {
        /// The HTTP status.
        public let status: Int
        /// The body.
        public let body: Data
        /// Whether it is the first answer to the same request, sent again.
        public let isReplay: Bool

        /// Whether the request was done.
        public var isSuccess: Bool { (200..<300).contains(status) }
    }

    /// Sends a request and reads the answer.
    ///
    /// - Parameters:
    ///   - path: the segments of the path, not encoded.
    ///   - query: not encoded; what is nil is left out.
    ///   - seconds: in which the answer has to begin.
    public func send(
        _ method: HTTPMethod, _ path: [String], query: [(String, String?)] = [], headers: HTTPHeaders = [:],
        body: Data? = nil, seconds: Int64
    ) async throws(ControlSocketError) -> Answer {
        let response = try await open(method, path, query: query, headers: headers, body: body, seconds: seconds)
        return try await answering {
            let bytes = try await response.body.collect(upTo: Self.answerBytesMax)
            return Answer(
                status: Int(response.status.code), body: Data(bytes.readableBytesView),
                isReplay: response.headers.first(name: "Idempotent-Replayed") == "true")
        }
    }

    /// Sends a request; the answer's body is the caller's to read.
    public func open(
        _ method: HTTPMethod, _ path: [String], query: [(String, String?)] = [], headers: HTTPHeaders = [:],
        body: Data? = nil, seconds: Int64
    ) async throws(ControlSocketError) -> HTTPClientResponse {
        let parameters = query.compactMap { name, value in value.map { "\(name)=\(Self.encode($0))" } }
        let uri =
            "/" + path.map(Self.encode).joined(separator: "/")
            + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
        guard let url = URL(httpURLWithSocketPath: self.path, uri: uri) else { throw .invalidPath(self.path) }
        var request = HTTPClientRequest(url: url.absoluteString)
        request.method = method
        request.headers = headers
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let (sent, http, patience) = (request, http, seconds)
        return try await answering {
            try await Self.within(patience) { try await http.execute(sent, deadline: .distantFuture) }
        }
    }

    /// What an answer throws, as one of this module's errors.
    public func answering<Value>(
        _ body: () async throws -> Value
    ) async throws(ControlSocketError) -> Value {
        do {
            return try await body()
        } catch let error as ControlSocketError {
            throw error
        } catch is NIOTooManyBytesError {
            throw .tooLong
        } catch let error as IOError {
            throw .unreachable(errno: error.errnoCode, "\(String(cString: strerror(error.errnoCode)))")
        } catch {
            throw .unreachable(errno: nil, "\(error)")
        }
    }

    /// The answer, or an error if it doesn't begin in time: a daemon that is stopped in its tracks takes calls and never answers.
    private static func within<Value: Sendable>(
        _ seconds: Int64, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let answer = first else {
                throw ControlSocketError.silent(seconds: seconds)
            }
            return answer
        }
    }

    private static func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }

    private static let plain = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}

/// Why there is no answer of the daemon's.
public enum ControlSocketError: Error, Sendable, Hashable {
    /// No path of a socket.
    case invalidPath(String)
    /// Nobody answers there, or the connection broke: what became of the request is not known.
    case unreachable(errno: Int32?, String)
    /// It takes calls and hasn't begun to answer: what became of the request is not known.
    case silent(seconds: Int64)
    /// The answer is longer than what is read.
    case tooLong
}
