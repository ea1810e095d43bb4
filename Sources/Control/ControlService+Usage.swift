import Hummingbird
import Ledger
import Metering

// Usage records.
extension ControlService {
    var usageEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/usage", name: "listUsage", summary: "Usage records, newest first",
                query: Self.paging + [
                    (name: "since", description: "Only requests that ended then or later"),
                    (name: "until", description: "Only requests that ended before"),
                    (name: "user", description: "Only this member's"),
                    (name: "model", description: "Only this model's"),
                ], response: .page(of: "Usage")
            ) { request, context in
                let org = try await org(context)
                let filter = LedgerReader.UsageFilter(
                    since: try Endpoint.time(request, "since"), until: try Endpoint.time(request, "until"),
                    user: Endpoint.text(request, "user"), model: Endpoint.text(request, "model"))
                return try Endpoint.json(
                    try await reader.usage(
                        of: org.org, filter, before: try Endpoint.numericCursor(request),
                        limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/usage/{id}", name: "showUsage", summary: "One usage record",
                response: .reference("Usage")
            ) { _, context in
                let sequence = try await sequence(context)
                guard let record = try await reader.usage(sequence: sequence) else {
                    throw Problem(.notFound, "there is no usage record of that id")
                }
                return try Endpoint.json(record)
            },
        ]
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
