import Hummingbird
import Ledger

// The books.
extension ControlService {
    var ledgerEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/transfers", name: "listTransfers",
                summary: "Movements of money, newest first", query: Self.paging, response: .page(of: "Transfer")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await reader.transfers(
                        of: org.org, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/ledger/verification", name: "verifyLedger",
                summary: "Recompute every balance from its transfers", response: .reference("Verification")
            ) { _, _ in
                try Endpoint.json(try await Verification.run(reader))
            },
        ]
    }
}
