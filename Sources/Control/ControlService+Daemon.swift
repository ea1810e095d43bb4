import HTTPTypes
import Hummingbird
import Ledger
import NIOCore

// The daemon itself.
extension ControlService {
    var daemonEndpoints: [Endpoint] {
        let health: OpenAPIValue = .members([("status", .string)], required: ["status"])
        return [
            Endpoint(
                method: .get, path: "/healthz", name: "health", summary: "The writer moves", response: health,
                roles: [.viewer, .metrics]
            ) { _, _ in
                guard case .alive = await writer.perform(.probe) else {
                    throw Problem(.shuttingDown, "the writer takes no more work")
                }
                return try Endpoint.json(["status": "ok"])
            },
            Endpoint(
                method: .get, path: "/readyz", name: "readiness", summary: "Records are taken", response: health,
                roles: [.viewer, .metrics]
            ) { _, _ in
                let status = try await status()
                guard status.state == "ready" else {
                    throw Problem(.storageUnavailable, status.degradedReason ?? "the daemon is \(status.state)")
                }
                return try Endpoint.json(["status": "ready"])
            },
            Endpoint(
                method: .get, path: "/metrics", name: "metrics", summary: "Metrics in Prometheus' text format",
                response: .string, contentType: PrometheusText.contentType, roles: [.viewer, .metrics]
            ) { _, _ in
                Response(
                    status: .ok, headers: [.contentType: PrometheusText.contentType],
                    body: .init(byteBuffer: ByteBuffer(string: try await metrics().text)))
            },
            Endpoint(
                method: .post, path: "/v1/reload", name: "reload",
                summary: "Take the configuration in again, and answer when it is in force", response: health,
                takesKey: false
            ) { _, _ in
                let status = try await reload()
                _ = await writer.perform(.note)
                return try Endpoint.json(["status": status])
            },
            Endpoint(
                method: .get, path: "/v1/status", name: "status", summary: "What the daemon does",
                response: .reference("Status")
            ) { _, _ in
                try Endpoint.json(try await status())
            },
        ]
    }
}
