import Hummingbird
import Ledger

// What was changed, and on whose behalf.
extension ControlService {
    var auditEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/audit", name: "listAudit",
                summary: "What was changed in an org, by whom, before and after; newest first", query: Self.paging,
                response: .page(of: "Audit")
            ) { request, context in
                let org = try await org(context)
                return try Endpoint.json(
                    try await reader.audit(
                        of: org.org, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/audit", name: "listWholeAudit",
                summary: "What was changed in all orgs and beside them; newest first", query: Self.paging,
                response: .page(of: "Audit")
            ) { request, _ in
                try Endpoint.json(
                    try await reader.audit(
                        of: nil, before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
        ]
    }
}
