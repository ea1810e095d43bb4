import Hummingbird
import Ledger
import Metering

// Usage records.
extension ControlService {
    var usageEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/usage/activity", name: "activity",
                summary: "Records and cost by org and model since a record: what happens now",
                query: [
                    (name: "after", description: "The `through` of the answer before; without it, nothing but that")
                ], response: .reference("Activity")
            ) { request, _ in
                var after: Int64?
                if let text = Endpoint.text(request, "after") {
                    guard let number = Int64(text), number >= 0 else {
                        throw Problem(.malformed, "after must be the 'through' of the answer before")
                    }
                    after = number
                }
                return try Endpoint.json(try await reader.activity(after: after))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/usage", name: "listUsage", summary: "Usage records, newest first",
                query: Self.paging + [
                    (name: "since", description: "Only requests that ended then or later"),
                    (name: "until", description: "Only requests that ended before"),
                    (name: "user", description: "Only this member's"),
                    (name: "model", description: "Only this model's"),
                    (name: "provider", description: "Only this provider's"),
                    (name: "mine", description: "true for the acting member's own requests only"),
                ], response: .page(of: "Usage")
            ) { request, context in
                let org = try await org(context)
                let isMine = Endpoint.text(request, "mine") == "true"
                guard !isMine || context.membership != nil else {
                    throw Problem(.malformed, "mine is of the member whom the header \(Self.actingHeader) names")
                }
                let filter = LedgerReader.UsageFilter(
                    since: try Endpoint.time(request, "since"), until: try Endpoint.time(request, "until"),
                    user: Endpoint.text(request, "user"),
                    among: Self.ownUsers(context) ?? (isMine ? context.membership?.users ?? [] : nil),
                    model: Endpoint.text(request, "model"), provider: Endpoint.text(request, "provider"))
                var page = try await reader.usage(
                    of: org.org, filter, before: try Endpoint.numericCursor(request),
                    limit: try Endpoint.limit(request))
                if Self.ownUsers(context) != nil { page.items = page.items.map(\.ownPart) }
                return try Endpoint.json(page)
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/usage/{id}", name: "showUsage", summary: "One usage record",
                response: .reference("Usage")
            ) { _, context in
                let sequence = try await sequence(context)
                guard let record = try await reader.usage(sequence: sequence) else {
                    throw Problem(.notFound, "there is no usage record of that id")
                }
                try await checkOwn(record.user, context)
                return try Endpoint.json(Self.ownUsers(context) == nil ? record : record.ownPart)
            },
        ]
    }

    /// Throws what is thrown if there is no such record, if it is not one that the asker may see.
    func checkOwn(_ user: String?, _ context: ControlRequestContext) async throws {
        guard let own = Self.ownUsers(context) else { return }
        guard let user, own.contains(user) else {
            throw Problem(
                Refusal.noRecord(
                    try Endpoint.parameter("id", context), org: try Endpoint.parameter("org", context)))
        }
    }

    /// The record that the path names.
    func sequence(_ context: ControlRequestContext) async throws -> Int64 {
        let name = try Endpoint.parameter("org", context)
        switch await writer.perform(.find(org: name, id: try Endpoint.parameter("id", context))) {
        case .found(let sequence): return sequence
        case .refused(let refusal): throw Problem(refusal)
        default: throw Problem(.unknownOutcome, "the daemon gave an answer of another kind")
        }
    }
}
