import Control
import Foundation
import Ledger
import MeterdClient
import NIOHTTP1

/// What meterd-notify asks of the daemon, on the control socket.
public struct DaemonClient: Sendable {
    private let socket: ControlSocket

    /// Seconds in which an answer has to begin.
    private static let seconds: Int64 = 15
    /// Drawing a PDF may take its turn.
    private static let drawingSeconds: Int64 = 60
    /// Events of one answer.
    static let eventsMax = 500

    /// A client of that socket.
    public init(_ socket: ControlSocket) { self.socket = socket }

    /// Events after a number, the oldest first.
    func events(after number: Int64) async throws(DaemonError) -> [LedgerEvent] {
        let page = try await get(
            Page<LedgerEvent>.self, "v1", "events", query: [("after", "\(number)"), ("limit", "\(Self.eventsMax)")])
        return page.items
    }

    /// The newest event's number; 0 if there is none.
    func newestEvent() async throws(DaemonError) -> Int64 {
        try await get(NewestEventView.self, "v1", "events", "newest").number
    }

    /// Returns when there may be new events, or when the daemon hung up: its stream is only listened to.
    func wait(after number: Int64) async throws(DaemonError) {
        do throws(ControlSocketError) {
            let response = try await socket.open(
                .GET, ["v1", "events", "stream"], query: [("after", "\(number)")], seconds: Self.seconds)
            guard response.status == .ok else { throw ControlSocketError.silent(seconds: 0) }
            try await socket.answering {
                for try await part in response.body where !part.readableBytesView.starts(with: ":".utf8) { return }
            }
        } catch {
            throw .away("\(error)")
        }
    }

    /// Whom an org's notices may go to.
    ///
    /// - Parameter member: only that one, whatever their state.
    func recipients(of org: String, member: Int64? = nil) async throws(DaemonError) -> RecipientsView {
        try await get(
            RecipientsView.self, "v1", "orgs", org, "recipients", query: [("member", member.map { "\($0)" })])
    }

    /// A part of the org's bill.
    func view<View: Decodable>(_ type: View.Type, of org: String, _ path: String...) async throws(DaemonError) -> View {
        try await get(type, ["v1", "orgs", org] + path, query: [])
    }

    /// An invoice's PDF.
    func drawing(of invoice: String, of org: String) async throws(DaemonError) -> [UInt8] {
        Array(
            try await send(.GET, ["v1", "orgs", org, "invoices", invoice, "pdf"], [], seconds: Self.drawingSeconds).body
        )
    }

    private func get<View: Decodable>(
        _ type: View.Type, _ path: String..., query: [(String, String?)] = []
    ) async throws(DaemonError) -> View {
        try await get(type, path, query: query)
    }

    private func get<View: Decodable>(
        _ type: View.Type, _ path: [String], query: [(String, String?)]
    ) async throws(DaemonError) -> View {
        let answer = try await send(.GET, path, query, seconds: Self.seconds)
        do {
            return try WireJSON.decode(type, from: answer.body)
        } catch {
            throw .away("an answer of \(path.last ?? "") can't be read: \(error)")
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: [String], _ query: [(String, String?)], seconds: Int64
    ) async throws(DaemonError) -> ControlSocket.Answer {
        let answer: ControlSocket.Answer
        do throws(ControlSocketError) {
            answer = try await socket.send(method, path, query: query, seconds: seconds)
        } catch {
            throw .away("\(error)")
        }
        guard !answer.isSuccess else { return answer }
        let problem = try? WireJSON.decode(Problem.self, from: answer.body)
        let words = problem?.detail ?? "status \(answer.status)"
        switch problem?.code {
        case "unknown_org", "not_found": throw .gone(words)
        default: throw .away(words)
        }
    }
}

/// Why the daemon gave no answer.
enum DaemonError: Error, Hashable {
    /// It is away, or refused: it is asked again later.
    case away(String)
    /// What was asked about isn't there any more.
    case gone(String)
}
