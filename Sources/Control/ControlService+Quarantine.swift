import Hummingbird
import Ledger
import Metering

/// The body of `POST /v1/quarantine/{number}/retry`.
public struct QuarantineRetryBody: Codable, Sendable, Hashable {
    /// The time to take in place of the line's own `at`, RFC 3339.
    public var at: String?
    /// The id to take in place of the line's own.
    public var id: String?
    /// Who does it.
    public var actor: String

    /// A body of those members.
    public init(at: String?, id: String?, actor: String) {
        self.at = at
        self.id = id
        self.actor = actor
    }
}

/// The body of `POST /v1/quarantine/{number}/discard`.
public struct QuarantineDiscardBody: Codable, Sendable, Hashable {
    /// Whether the line's text is erased at once; its digest stays.
    public var erase: Bool?
    /// Who does it.
    public var actor: String

    /// A body of those members.
    public init(erase: Bool?, actor: String) {
        self.erase = erase
        self.actor = actor
    }
}

// Refused usage that is kept.
extension ControlService {
    var quarantineEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/quarantine", name: "listQuarantine",
                summary: "Usage lines that were refused for good, newest first",
                query: Self.paging + [
                    (name: "state", description: "kept (if absent), taken, discarded, expired, or all"),
                    (name: "code", description: "Only of that refusal"), (name: "org", description: "Only of that org"),
                    (name: "sender", description: "Only of that sender, or of processes of that uid"),
                ], response: .page(of: "Quarantined")
            ) { request, _ in
                let filter = try Self.filter(request)
                return try Endpoint.json(
                    try await reader.quarantined(
                        filter, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/quarantine/{number}", name: "showQuarantined",
                summary: "One refused usage line, with its text", response: .reference("Quarantined")
            ) { _, context in
                try Endpoint.json(try await quarantined(Self.number(context)).view)
            },
            Endpoint(
                method: .post, path: "/v1/quarantine/{number}/retry", name: "retryQuarantined",
                summary: "Take a refused usage line as a record, by the present reader and rates; once",
                body: .members([("at", .time), ("id", .string), ("actor", .string)], required: ["actor"]),
                response: .reference("QuarantineDecision")
            ) { request, context in
                try await retry(Self.number(context), request, context)
            },
            Endpoint(
                method: .post, path: "/v1/quarantine/{number}/discard", name: "discardQuarantined",
                summary: "Decide that a refused usage line is nothing to charge",
                body: .members([("erase", .boolean), ("actor", .string)], required: ["actor"]),
                response: .reference("QuarantineDecision")
            ) { request, context in
                let number = try Self.number(context)
                let body = try await Endpoint.body(QuarantineDiscardBody.self, request, context)
                try Self.check(words: body.actor, "actor")
                let key = try Endpoint.key(
                    request, route: "discardQuarantined", body: ["\(number)", "\(body.erase ?? false)", body.actor])
                return try await answer(
                    .discardQuarantined(number, erase: body.erase ?? false, actor: body.actor, key))
            },
        ]
    }

    private func retry(
        _ number: Int64, _ request: Request, _ context: ControlRequestContext
    ) async throws -> Response {
        let body = try await Endpoint.body(QuarantineRetryBody.self, request, context)
        try Self.check(words: body.actor, "actor")
        var at: Timestamp?
        if let text = body.at {
            guard let moment = Timestamp(rfc3339: text) else {
                throw Problem(.malformed, "at must be an RFC 3339 time, such as 2026-11-24T09:58:24.123Z")
            }
            at = moment
        }
        let key = try Endpoint.key(
            request, route: "retryQuarantined", body: ["\(number)", at?.description ?? "", body.id ?? "", body.actor])
        let (view, line) = try await quarantined(number)
        guard let line else {
            throw Problem(.conflict, "the text of quarantined line \(number) is erased; it can't be taken any more")
        }
        switch readAgain(line, at, body.id) {
        case .success(let record):
            return try await answer(
                .retryQuarantined(
                    QuarantineRetry(number: number, record: record, at: at, id: body.id, actor: body.actor), key))
        case .failure(let refusal):
            throw Problem(refusal.code, "quarantined line \(view.number) still can't be taken: \(refusal.message)")
        }
    }

    private func quarantined(_ number: Int64) async throws -> (view: QuarantineView, line: [UInt8]?) {
        guard let found = try await reader.quarantined(number) else {
            throw Problem(.notFound, "there is no quarantined line \(number); meterctl quarantine list shows them")
        }
        return found
    }

    private static func number(_ context: ControlRequestContext) throws -> Int64 {
        guard let number = Int64(try Endpoint.parameter("number", context)), number > 0 else {
            throw Problem(.malformed, "the quarantined line in the path must be its number")
        }
        return number
    }

    private static func filter(_ request: Request) throws -> LedgerReader.QuarantineFilter {
        var filter = LedgerReader.QuarantineFilter(
            code: Endpoint.text(request, "code"), org: Endpoint.text(request, "org"),
            sender: Endpoint.text(request, "sender"))
        if let code = filter.code, !Refusal.quarantinedCodeNames.contains(code) {
            let names = Refusal.quarantinedCodeNames.joined(separator: ", ")
            throw Problem(.malformed, "code must be one of \(names)")
        }
        if let name = Endpoint.text(request, "state") {
            filter.state = QuarantineState(name: name)
            guard filter.state != nil || name == "all" else {
                let names = QuarantineState.allCases.map(\.name).joined(separator: ", ")
                throw Problem(.malformed, "state must be one of all, \(names)")
            }
        }
        return filter
    }
}

extension OpenAPI {
    static let quarantineSchemas: [String: OpenAPIValue] = [
        "Quarantined": .members(
            [
                ("number", .integer), ("received", .time), ("org", .string), ("is_org_known", .boolean),
                ("code", ["type": "string", "enum": .list(Refusal.quarantinedCodeNames.map { .text($0) })]),
                ("message", .string), ("bytes", .integer), ("id", .string), ("user", .string), ("peer_uid", .integer),
                ("peer_pid", .integer), ("sender", .string),
                ("state", ["type": "string", "enum": .list(QuarantineState.allCases.map { .text($0.name) })]),
                ("repeats", .integer), ("repeated", .time), ("decided", .time), ("actor", .string),
                ("sequence", .integer), ("new_at", .time), ("new_id", .string), ("digest", .string),
                ("line", .string), ("line_base64", .string),
            ], required: ["number", "received", "is_org_known", "code", "bytes", "state", "repeats", "digest"]),
        "QuarantineDecision": .members(
            [
                ("number", .integer), ("state", .string), ("sequence", .integer), ("org", .string), ("id", .string),
                ("status", .string), ("cost", .money),
            ], required: ["number", "state"]),
        "QuarantineSummary": .members([("kept", .counts), ("oldest", .time)], required: ["kept"]),
        "OrgAlias": .members(
            [("alias", .string), ("org", .string), ("recorded", .time), ("actor", .string)],
            required: ["alias", "recorded", "actor"]),
    ]
}
