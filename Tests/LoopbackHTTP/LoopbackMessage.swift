import NIOCore
import NIOHTTP1

/// A request that arrived.
package struct LoopbackRequest: Sendable {
    /// Such as `GET`.
    package let method: String
    /// The path without the query.
    package let path: String
    /// The query without `?`, as it was sent.
    package let query: String
    /// Names and values of the header.
    package let headers: [(String, String)]
    /// The body as text.
    package let body: String

    init(_ head: HTTPRequestHead, body: ByteBuffer) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        method = head.method.rawValue
        path = String(parts[0])
        query = parts.count > 1 ? String(parts[1]) : ""
        headers = head.headers.map { ($0.name, $0.value) }
        self.body = String(buffer: body)
    }

    /// The first value of a header field.
    package func header(_ name: String) -> String? {
        headers.first { $0.0.lowercased() == name.lowercased() }?.1
    }
}

/// An answer.
package struct LoopbackAnswer: Sendable {
    /// What follows the head.
    package enum Body: Sendable {
        /// A text, whole.
        case text(String)
        /// A text again and again until the client leaves, with a pause after each.
        case endless(String, pause: Duration?)
        /// The head comes, nothing after it.
        case never
    }

    /// The status code.
    package var status: Int
    /// Names and values of the header.
    package var headers: [(String, String)]
    /// What follows the head.
    package var body: Body

    /// An answer.
    package init(status: Int = 200, headers: [(String, String)] = [], body: Body = .text("")) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// JSON, as text.
    package static func json(_ text: String, status: Int = 200) -> LoopbackAnswer {
        LoopbackAnswer(status: status, headers: [("Content-Type", "application/json")], body: .text(text))
    }

    /// A redirect, which keeps the method with 307.
    package static func redirect(to url: String, status: Int = 302) -> LoopbackAnswer {
        LoopbackAnswer(status: status, headers: [("Location", url)])
    }
}
