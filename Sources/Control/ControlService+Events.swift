import Hummingbird
import Ledger
import NIOCore

/// What `GET /v1/events/newest` answers.
public struct NewestEventView: Codable, Sendable, Hashable {
    /// The newest event's number; 0 if there is none.
    public let number: Int64
}

// The event log: what happened, at least once, in order, by cursor.
extension ControlService {
    /// A comment is sent this often where nothing happens, so that both sides know that the other is there.
    private static let heartbeat = Duration.seconds(15)

    var eventEndpoints: [Endpoint] {
        let after = (name: "after", description: "Only events with a larger number; 0 for all that are kept")
        return [
            Endpoint(
                method: .get, path: "/v1/events", name: "listEvents",
                summary: "Events of the last 46 days, oldest first",
                query: [after, Self.paging[1]], response: .page(of: "Event"), roles: [.viewer, .notify]
            ) { request, _ in
                try Endpoint.json(
                    try await reader.events(after: try Self.after(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/events/newest", name: "newestEvent",
                summary: "The number of the newest event; 0 if there is none", response: .reference("NewestEvent"),
                roles: [.viewer, .notify]
            ) { _, _ in
                try Endpoint.json(NewestEventView(number: try await reader.newestEvent()))
            },
            Endpoint(
                method: .get, path: "/v1/events/stream", name: "followEvents",
                summary: "Events as they happen: a stream of server-sent events whose ids are their numbers",
                query: [after], response: .string, roles: [.viewer, .notify]
            ) { request, context in
                let start = try Self.after(request)
                let peer = context.peer
                // A reload can take the permission away while the stream lives.
                let isAllowed: @Sendable () -> Bool = {
                    access().permissions(of: peer).allows(anyOf: [.viewer, .admin, .notify], org: nil)
                }
                return Response(
                    status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                    body: .init { writer in
                        try await follow(from: start, while: isAllowed) {
                            try await writer.write(ByteBuffer(string: $0))
                        }
                        try await writer.finish(nil)
                    })
            },
        ]
    }

    /// The number to go on from: the header of a browser that comes back (WHATWG HTML, section 9.2), or the query's.
    private static func after(_ request: Request) throws -> Int64 {
        let header = request.headers.first { $0.name.canonicalName == "last-event-id" }?.value
        // A browser repeats the address it began with; the header says how far it came since.
        guard let text = header ?? Endpoint.text(request, "after") else { return 0 }
        guard let number = Int64(text), number >= 0 else {
            throw Problem(.malformed, "after must be the number of an event, or 0")
        }
        return number
    }

    /// Writes events from a number on, and what comes after, until the daemon stops or the client is gone.
    private func follow(
        from start: Int64, while isAllowed: () -> Bool, _ write: (String) async throws -> Void
    ) async throws {
        let (strokes, continuation) = bell.strokes()
        let heart = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: Self.heartbeat)
                continuation.yield()
            }
        }
        defer {
            heart.cancel()
            continuation.finish()
        }
        var cursor = start
        continuation.yield()
        for await _ in strokes {
            var written = 0
            while true {
                guard isAllowed() else { return }
                let page = try await reader.events(after: cursor, limit: 500)
                for event in page.items {
                    let data = String(decoding: try WireJSON.encode(event), as: UTF8.self)
                    try await write("id: \(event.number)\nevent: \(event.kind)\ndata: \(data)\n\n")
                    cursor = event.number
                }
                written += page.items.count
                if page.nextCursor == nil { break }
            }
            if written == 0 { try await write(": still here\n\n") }
        }
    }
}
