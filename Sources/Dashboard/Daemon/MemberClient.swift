import Control
import Foundation
import Ledger
import MeterdClient
import Metering
import NIOHTTP1

/// Asks the daemon, on behalf of one member of one org.
struct MemberClient: Sendable {
    let socket: ControlSocket
    let org: String
    let member: Int64
    /// When the member last proved who they are; nil if nobody can tell.
    let authenticated: Timestamp?

    /// Reads something below the org.
    func get<Answer: Decodable>(
        _ type: Answer.Type, _ path: String..., query: [(String, String?)] = []
    ) async throws(PageError) -> Answer {
        try await DaemonCall(socket).answer(type, .GET, ["v1", "orgs", org] + path, query: query, headers: headers)
    }

    /// Reads something that may not be there, or that their role may not see.
    func find<Answer: Decodable>(
        _ type: Answer.Type, _ path: String..., query: [(String, String?)] = []
    ) async throws(PageError) -> Answer? {
        do throws(PageError) {
            return try await DaemonCall(socket).answer(
                type, .GET, ["v1", "orgs", org] + path, query: query, headers: headers)
        } catch {
            guard case .notFound = error else { throw error }
            return nil
        }
    }

    /// Reads a document as it is.
    func document(_ path: String...) async throws(PageError) -> Data {
        try await DaemonCall(socket).send(
            .GET, ["v1", "orgs", org] + path, headers: headers, body: nil, seconds: DaemonCall.longSeconds
        ).body
    }

    /// Changes something once: the same key and body again get the first answer.
    func change<Answer: Decodable>(
        _ type: Answer.Type, _ method: HTTPMethod = .POST, _ path: String..., body: some Encodable = [String: String](),
        key: String
    ) async throws(PageError) -> Answer {
        var headers = headers
        headers.add(name: "Idempotency-Key", value: key)
        return try await DaemonCall(socket).answer(
            type, method, ["v1", "orgs", org] + path, headers: headers, body: try DaemonCall.encode(body))
    }

    /// The same for a path that is put together, whose answer isn't looked at.
    func change(_ path: [String], key: String) async throws(PageError) {
        var headers = headers
        headers.add(name: "Idempotency-Key", value: key)
        _ = try await DaemonCall(socket).send(
            .POST, ["v1", "orgs", org] + path, headers: headers, body: try DaemonCall.encode([String: String]()))
    }

    private var headers: HTTPHeaders {
        var headers: HTTPHeaders = ["Meterd-Acting": "\(member)"]
        if let authenticated { headers.add(name: "Meterd-Signed-In", value: authenticated.description) }
        return headers
    }
}

/// An answer that isn't looked at.
struct Ignored: Decodable {
    init(from decoder: any Decoder) throws {}
}

/// One request to the daemon.
struct DaemonCall: Sendable {
    private let socket: ControlSocket

    init(_ socket: ControlSocket) { self.socket = socket }

    /// Seconds in which an answer has to begin if another program has a part in it: the payment gateway, or what draws a PDF.
    static let longSeconds: Int64 = 45

    private static func seconds(_ method: HTTPMethod) -> Int64 { method == .GET ? 10 : longSeconds }

    func answer<Answer: Decodable>(
        _ type: Answer.Type, _ method: HTTPMethod, _ path: [String], query: [(String, String?)] = [],
        headers: HTTPHeaders = [:], body: Data? = nil
    ) async throws(PageError) -> Answer {
        let answer = try await send(method, path, query: query, headers: headers, body: body)
        do {
            return try WireJSON.decode(type, from: answer.body)
        } catch {
            throw .noAnswer("an answer of \(path.last ?? "") can't be read: \(error)")
        }
    }

    func send(
        _ method: HTTPMethod, _ path: [String], query: [(String, String?)] = [], headers: HTTPHeaders, body: Data?,
        seconds: Int64? = nil
    ) async throws(PageError) -> ControlSocket.Answer {
        var headers = headers
        if body != nil { headers.add(name: "Content-Type", value: "application/json") }
        let answer: ControlSocket.Answer
        do throws(ControlSocketError) {
            answer = try await socket.send(
                method, path, query: query, headers: headers, body: body, seconds: seconds ?? Self.seconds(method))
        } catch {
            throw .noAnswer("\(error)")
        }
        guard !answer.isSuccess else { return answer }
        guard let problem = try? WireJSON.decode(Problem.self, from: answer.body) else {
            throw .noAnswer("status \(answer.status)")
        }
        switch problem.code {
        case "unknown_org", "not_found": throw .notFound
        case "sign_in_required": throw .signInTooOld
        case "forbidden": throw .notAllowed(Self.forMembers(problem.detail))
        case "unknown_outcome", "storage_unavailable", "shutting_down", "gateway_unavailable":
            throw .noAnswer(problem.detail)
        default: throw .refused(code: problem.code, words: Self.forMembers(problem.detail))
        }
    }

    /// The daemon's words without the commands that it names for operators.
    static func forMembers(_ words: String) -> String {
        let parts = words.split(separator: ";").filter { !$0.contains("meterctl ") }
        return parts.isEmpty ? words : parts.joined(separator: ";")
    }

    static func encode(_ body: some Encodable) throws(PageError) -> Data {
        do {
            return try WireJSON.encode(body)
        } catch {
            throw .broken("a request can't be written: \(error)")
        }
    }
}
