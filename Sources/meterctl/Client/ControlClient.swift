import AsyncHTTPClient
import Control
import Foundation
import Glibc
import Ledger
import MeterdClient
import NIOCore
import NIOHTTP1

/// Speaks to the control socket.
struct ControlClient {
    let socketPath: String
    /// Seconds in which an answer has to begin, if they are other than what a call may take.
    var patience: Int64?
    /// Whether nothing is said of what was done before.
    var isQuiet = false

    /// A daemon that isn't there is told at once. The process ends with its one call, so nothing shuts this down.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.connectionPool.retryConnectionEstablishment = false
        // The proof of tens of millions of records takes minutes, and says nothing until it is done.
        configuration.timeout.read = .hours(1)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Reads one thing.
    func get<Answer: Decodable>(
        _ type: Answer.Type, _ path: [String], _ query: [String: String?] = [:]
    ) async throws -> Answer {
        let answer = try await send(.GET, path, query, headers: [:], body: nil)
        return try decode(type, answer.status, answer.body)
    }

    /// Reads a document as it comes.
    func raw(_ path: [String], _ query: [String: String?] = [:]) async throws -> Data {
        let answer = try await send(.GET, path, query, headers: [:], body: nil)
        guard answer.isSuccess else { throw Self.refusal(answer.status, answer.body) }
        return answer.body
    }

    /// Reads a list, page by page, until it ends or has `limit` items.
    func list<Item: Codable & Sendable>(
        _ type: Item.Type, _ path: [String], _ query: [String: String?] = [:], cursorName: String = "cursor",
        from start: String? = nil, limit: Int
    ) async throws -> Page<Item> {
        var items: [Item] = []
        var cursor = start
        repeat {
            var query = query
            query["limit"] = String(min(limit - items.count, LedgerReader.pageMax))
            query[cursorName] = cursor
            let page = try await get(Page<Item>.self, path, query)
            items += page.items
            cursor = page.nextCursor
        } while cursor != nil && items.count < limit
        return Page(items: items, nextCursor: cursor)
    }

    /// Changes something, once: the same key and body again get the first answer.
    ///
    /// Without a key one is made; where the call fails it is shown, so that it can be tried again without harm.
    func post<Answer: Decodable>(
        _ type: Answer.Type, _ path: [String], body: some Encodable, key: String?
    ) async throws -> Answer {
        try await mutate(type, .POST, path, body: body, key: key)
    }

    /// Sets something, once; see ``post(_:_:body:key:)``.
    func put<Answer: Decodable>(
        _ type: Answer.Type, _ path: [String], body: some Encodable, key: String?
    ) async throws -> Answer {
        try await mutate(type, .PUT, path, body: body, key: key)
    }

    /// Changes a part of something, once; see ``post(_:_:body:key:)``.
    func patch<Answer: Decodable>(
        _ type: Answer.Type, _ path: [String], body: some Encodable, key: String?
    ) async throws -> Answer {
        try await mutate(type, .PATCH, path, body: body, key: key)
    }

    private func mutate<Answer: Decodable>(
        _ type: Answer.Type, _ method: HTTPMethod, _ path: [String], body: some Encodable, key: String?
    ) async throws -> Answer {
        let used = key ?? UUID().uuidString.lowercased()
        do {
            let headers: HTTPHeaders = ["Idempotency-Key": used, "Content-Type": "application/json"]
            let answer = try await send(method, path, [:], headers: headers, body: try WireJSON.encode(body))
            if answer.isReplay, !isQuiet {
                Terminal.complain("this was done before under this key; shown is the first answer")
            }
            return try decode(type, answer.status, answer.body)
        } catch let failure as Failure where key == nil && failure.isWorthRepeating {
            throw Failure(
                status: failure.status,
                message: "\(failure.message)\nmeterctl: try again with --id \(used): it is done once at most")
        }
    }

    /// Reads a text of any length, piece by piece.
    func text(_ path: [String], _ query: [String: String?] = [:], _ piece: (ByteBuffer) throws -> Void) async throws {
        let response = try await orFailure { () async throws(ControlSocketError) in
            try await socket.open(.GET, path, query: query.map { ($0.key, $0.value) }, seconds: seconds(path))
        }
        guard (200..<300).contains(response.status.code) else {
            let body = Data(try await response.body.collect(upTo: 65_536).readableBytesView)
            throw Self.refusal(Int(response.status.code), body)
        }
        var pieces = response.body.makeAsyncIterator()
        while let next = try await orFailure({ () async throws(ControlSocketError) in
            try await socket.answering { try await pieces.next() }
        }) {
            try piece(next)
        }
    }

    /// Follows the events after a number until the daemon ends the stream.
    func events(after cursor: Int64, _ handle: (LedgerEvent) throws -> Void) async throws {
        var rest: [UInt8] = []
        try await text(["v1", "events", "stream"], ["after": "\(cursor)"]) { piece in
            rest += piece.readableBytesView
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeSubrange(...end)
                // Server-sent events: of an event's lines only its data say something that its data don't.
                guard line.hasPrefix("data: ") else { continue }
                try handle(try WireJSON.decode(LedgerEvent.self, from: Data(line.dropFirst(6).utf8)))
            }
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: [String], _ query: [String: String?], headers: HTTPHeaders, body: Data?
    ) async throws -> ControlSocket.Answer {
        try await orFailure { () async throws(ControlSocketError) in
            try await socket.send(
                method, path, query: query.map { ($0.key, $0.value) }, headers: headers, body: body,
                seconds: seconds(path))
        }
    }

    private var socket: ControlSocket { ControlSocket(path: socketPath, http: Self.http) }

    /// Seconds in which an answer has to begin: what works through the whole ledger has an hour.
    private func seconds(_ path: [String]) -> Int64 {
        let isLong =
            path.starts(with: ["v1", "ledger"]) || path.starts(with: ["v1", "test-clock"])
            || path.starts(with: ["v1", "rates", "repricing"])
        let set = ProcessInfo.processInfo.environment["METERCTL_TIMEOUT"].flatMap { Int64($0) }
        return set ?? patience ?? (isLong ? 3600 : 120)
    }

    /// Who may connect, by the socket's own permissions: a daemon that makes its sockets itself gives them to another group.
    private static func admission(_ path: String) -> String {
        var file = stat()
        guard stat(path, &file) == 0, let group = getgrgid(file.st_gid) else { return "use sudo" }
        let name = String(cString: group.pointee.gr_name)
        guard file.st_mode & 0o060 == 0o060 else {
            return
                "its mode lets only its owner in: use sudo, or set control.socket_mode: \"0660\" for the group \(name)"
        }
        return "members of the group \(name) may: sudo usermod -aG \(name) NAME, then log in again; or use sudo"
    }

    private func orFailure<Answer>(
        _ body: () async throws(ControlSocketError) -> Answer
    ) async throws -> Answer {
        do throws(ControlSocketError) {
            return try await body()
        } catch {
            switch error {
            case .invalidPath(let path):
                throw Failure(status: .configuration, message: "'\(path)' can't be a socket path")
            case .tooLong:
                throw Failure(status: .refused, message: "the answer is too long; ask for less with --limit")
            case .silent(let seconds):
                throw Failure(
                    status: .unreachable,
                    message: """
                        meterd takes calls at \(socketPath) and has not answered for \(seconds) s
                        meterctl: journalctl -u meterd says what it does; systemctl restart meterd ends a daemon that hangs
                        """)
            case .unreachable(EACCES, _):
                throw Failure(
                    status: .unreachable,
                    message: """
                        you may not connect to \(socketPath)
                        meterctl: \(Self.admission(socketPath))
                        """)
            case .unreachable(_, let reason):
                throw Failure(
                    status: .unreachable,
                    message: """
                        meterd can't be reached at \(socketPath): \(reason)
                        meterctl: is it running (systemctl status meterd)? --socket or METERD_CONTROL_SOCKET names another socket
                        """)
            }
        }
    }

    private func decode<Answer: Decodable>(
        _ type: Answer.Type, _ status: Int, _ body: Data
    ) throws -> Answer {
        guard (200..<300).contains(status) else { throw Self.refusal(status, body) }
        do {
            return try WireJSON.decode(type, from: body)
        } catch {
            throw Failure(status: .refused, message: "meterd gave an answer that this meterctl can't read: \(error)")
        }
    }

    private static func refusal(_ status: Int, _ body: Data) -> Failure {
        guard let problem = try? WireJSON.decode(Problem.self, from: body) else {
            return Failure(status: .refused, message: "meterd answered \(status)")
        }
        return Failure(status: .refused, message: "\(problem.detail) (\(problem.code))")
    }
}

extension Failure {
    /// Whether the call may have been done although it failed, or can be done later.
    fileprivate var isWorthRepeating: Bool {
        status == .unreachable || message.hasSuffix("(storage_unavailable)") || message.hasSuffix("(unknown_outcome)")
            || message.hasSuffix("(shutting_down)")
    }
}
