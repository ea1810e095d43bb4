import Hummingbird
import Ledger

// What was found in usage objects: members that nobody knows, and costs that differ from ours.
extension ControlService {
    /// Rows of one answer; the tables have no more than some thousands.
    private static let findingsMax = 11_000

    var findingEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/usage/unread", name: "unreadMembers",
                summary: "Members of usage objects that nobody knows, with a number above zero",
                query: [(name: "provider", description: "Only this provider's")],
                response: .page(of: "UnreadMember")
            ) { request, _ in
                let items = try await reader.unreadMembers(
                    provider: Endpoint.text(request, "provider"), limit: Self.findingsMax)
                return try Endpoint.json(Page(items: items, nextCursor: nil))
            },
            Endpoint(
                method: .get, path: "/v1/rates/drift", name: "costDrift",
                summary: "How the costs that senders report compare with ours, by model",
                response: .page(of: "CostDrift")
            ) { _, _ in
                try Endpoint.json(Page(items: try await reader.costDrift(limit: Self.findingsMax), nextCursor: nil))
            },
        ]
    }
}
