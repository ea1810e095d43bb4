import Foundation
import Ledger

/// The OpenAPI 3.1 description of the control socket, made from its endpoints.
enum OpenAPI {
    static func document(_ endpoints: [Endpoint], version: String) -> OpenAPIValue {
        var paths: [String: [String: OpenAPIValue]] = [:]
        for endpoint in endpoints {
            paths[endpoint.path, default: [:]][endpoint.method.rawValue.lowercased()] = operation(endpoint)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "meterd control socket", "version": .text(version),
                "description":
                    "HTTP/1.1 over a Unix socket. Money is a decimal string in US dollars. Errors are RFC 9457 problem documents.",
            ],
            "servers": [["url": "http://localhost", "description": "/run/meterd/control.sock"]],
            "paths": .object(paths.mapValues { .object($0) }),
            "components": ["schemas": .object(schemas)],
        ]
    }

    private static func operation(_ endpoint: Endpoint) -> OpenAPIValue {
        var parameters: [OpenAPIValue] = endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
            ["name": .text(String($0.dropFirst().dropLast())), "in": "path", "required": true, "schema": .string]
        }
        parameters += endpoint.query.map {
            ["name": .text($0.name), "in": "query", "description": .text($0.description), "schema": .string]
        }
        if endpoint.isMutation {
            parameters.append([
                "name": "Idempotency-Key", "in": "header", "required": true, "schema": .string,
                "description": "Kept 46 days: the same key and body give the first answer, another body is a conflict.",
            ])
        }
        var operation: [String: OpenAPIValue] = [
            "operationId": .text(endpoint.name), "summary": .text(endpoint.summary), "parameters": .list(parameters),
            "responses": [
                "200": [
                    "description": "Done", "content": ["application/json": ["schema": endpoint.response]],
                ],
                "default": [
                    "description": "Nothing was changed",
                    "content": ["application/problem+json": ["schema": .reference("Problem")]],
                ],
            ],
        ]
        if let body = endpoint.body {
            operation["requestBody"] = ["required": true, "content": ["application/json": ["schema": body]]]
        }
        return .object(operation)
    }

    private static let schemas: [String: OpenAPIValue] = [
        "Problem": .members(
            [
                ("type", .string), ("title", .string), ("status", .integer), ("detail", .string),
                ("code", ["type": "string", "enum": .list(Refusal.Code.allCases.map { .text($0.rawValue) })]),
                ("retryable", .boolean),
            ], required: ["type", "title", "status", "detail", "code", "retryable"]),
        "Org": .members(
            [
                ("org", .string), ("display_name", .string), ("country", .string), ("region", .string),
                ("state", ["type": "string", "enum": ["active", "closed"]]), ("created", .time), ("closed", .time),
                ("balance", .money), ("available", .money),
            ], required: ["org", "state", "created", "balance", "available"]),
        "Grant": .members(
            [
                ("grant", .integer), ("org", .string), ("amount", .money), ("reason", .string), ("created", .time),
                ("key", .string), ("balance_after", .money),
            ], required: ["grant", "org", "amount", "created", "key", "balance_after"]),
        "Line": .members(
            [("unit", .string), ("quantity", .integer), ("rate", .string), ("amount", .string)],
            required: ["unit", "amount"]),
        "Usage": .members(
            [
                ("sequence", .integer), ("id", .string), ("org", .string), ("user", .string), ("model", .string),
                ("provider", .string), ("at", .time), ("received", .time), ("tier", .string),
                ("tier_fell_back", .boolean),
                ("status", ["type": "string", "enum": ["charged", "unpriced", "overdrawn"]]), ("cost", .money),
                ("balance_after", .money), ("hold", .string), ("rate_card", .string),
                ("lines", ["type": "array", "items": .reference("Line")]), ("usage", .string), ("tags", .string),
            ],
            required: [
                "sequence", "id", "org", "model", "at", "received", "tier", "tier_fell_back", "status", "cost",
                "balance_after", "lines", "usage",
            ]),
        "Transfer": .members(
            [
                ("transfer", .integer), ("at", .time), ("code", .string), ("debit", .string), ("credit", .string),
                ("amount", .money), ("reference", .integer),
            ], required: ["transfer", "at", "code", "debit", "credit", "amount", "reference"]),
        "RateCard": .members(
            [
                ("card", .integer), ("hash", .string), ("effective", .time), ("recorded", .time), ("source", .string),
                ("document", .string),
            ], required: ["card", "hash", "effective", "recorded", "source", "document"]),
        "Verification": .members(
            [
                ("ok", .boolean), ("problems", ["type": "array", "items": .string]), ("transfers", .integer),
                ("accounts", .integer), ("records", .integer), ("grants", .integer),
            ], required: ["ok", "problems", "transfers", "accounts", "records", "grants"]),
        "Status": .members(
            [
                ("version", .string), ("started", .time), ("uptime_seconds", .integer),
                ("state", ["type": "string", "enum": ["ready", "degraded", "stopping"]]), ("degraded_reason", .string),
                ("orgs", .integer), ("records", .integer), ("transfers", .integer), ("refused", .integer),
                ("records_per_second", ["type": "number"]), ("connections", .integer), ("queued", .integer),
                ("queue_capacity", .integer), ("rate_card", .string), ("rates", .integer), ("sqlite", .string),
                ("database_bytes", .integer), ("wal_bytes", .integer),
            ], required: ["version", "started", "uptime_seconds", "state"]),
    ]
}
