import Hummingbird
import Ledger
import NIOCore

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
                do {
                    return try Endpoint.json(try await verify())
                } catch let error as StorageFailure {
                    throw Problem(.storageUnavailable, "the ledger could not be copied to be verified: \(error)")
                }
            },
            Endpoint(
                method: .get, path: "/v1/ledger/journal", name: "exportLedger",
                summary: "Every transfer as a journal that hledger reads, with the balances asserted at its end",
                query: [(name: "org", description: "Only this org's")], response: .string, contentType: "text/plain"
            ) { request, _ in
                let name = Endpoint.text(request, "org")
                guard let export = try await reader.journal(of: name) else {
                    throw Problem(
                        .unknownOrg, "there is no org '\(name ?? "")'; meterctl org list shows those there are")
                }
                return Response(
                    status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                    body: .init { writer in
                        var rest = export
                        while let (text, next) = try await reader.next(rest) {
                            try await writer.write(ByteBuffer(string: text))
                            rest = next
                        }
                        try await writer.finish(nil)
                    })
            },
        ]
    }
}
