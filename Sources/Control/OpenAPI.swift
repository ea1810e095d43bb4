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
            [
                "name": .text($0.name), "in": "query", "description": .text($0.description), "schema": .string,
                "required": .bool(endpoint.requiredQuery.contains($0.name)),
            ]
        }
        if endpoint.isMutation, endpoint.takesKey {
            parameters.append([
                "name": "Idempotency-Key", "in": "header", "required": true, "schema": .string,
                "description": "Kept 46 days: the same key and body give the first answer, another body is a conflict.",
            ])
        }
        if case .roles(let roles, _)? = TeamRight.table[endpoint.name] {
            parameters.append([
                "name": .text(ControlService.actingHeader), "in": "header", "schema": .string,
                "description": .text(
                    "The member on whose behalf it is asked, by number: "
                        + roles.sorted(by: >).map(\.name).joined(separator: ", ")),
            ])
        }
        var operation: [String: OpenAPIValue] = [
            "operationId": .text(endpoint.name), "summary": .text(endpoint.summary), "parameters": .list(parameters),
            "responses": [
                "200": [
                    "description": "Done",
                    "content": .object([endpoint.contentType: ["schema": endpoint.response]]),
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

    private static let schemas: [String: OpenAPIValue] = ledgerSchemas.merging(billingSchemas) { $1 }
        .merging(quarantineSchemas) { $1 }
        .merging(policySchemas) { $1 }
        .merging(peopleSchemas) { $1 }

    private static let ledgerSchemas: [String: OpenAPIValue] = [
        "Problem": .members(
            [
                ("type", .string), ("title", .string), ("status", .integer), ("detail", .string),
                ("code", ["type": "string", "enum": .list(Refusal.Code.allCases.map { .text($0.rawValue) })]),
                ("retryable", .boolean),
            ], required: ["type", "title", "status", "detail", "code", "retryable"]),
        "Org": .members(
            [
                ("org", .string), ("display_name", .string), ("country", .string), ("region", .string),
                ("state", ["type": "string", "enum": .list(OrgState.allCases.map { .text($0.name) })]),
                ("created", .time), ("closed", .time),
                ("balance", .money), ("available", .money), ("monthly_budget", .money),
            ], required: ["org", "state", "created", "balance", "available"]),
        "Grant": .members(
            [
                ("grant", .integer), ("org", .string), ("amount", .money), ("remaining", .money),
                ("state", ["type": "string", "enum": ["open", "spent", "expired", "voided"]]), ("source", .string),
                ("priority", .integer), ("expires", .time), ("reason", .string), ("created", .time),
                ("key", .string), ("balance_after", .money), ("voided", .money),
            ],
            required: [
                "grant", "org", "amount", "remaining", "state", "source", "priority", "created", "key", "balance_after",
            ]),
        "Hold": .members(
            [
                ("hold", .integer), ("id", .string), ("org", .string), ("user", .string), ("model", .string),
                ("amount", .money),
                ("state", ["type": "string", "enum": ["open", "settled", "released", "expired"]]), ("created", .time),
                ("expires", .time), ("closed", .time), ("settled_by", .integer), ("worst", .money),
                ("estimate", .string),
            ], required: ["hold", "id", "org", "amount", "state", "created", "expires"]),
        "Member": .members(
            [
                ("org", .string), ("user", .string), ("added", .time), ("removed", .time), ("daily_limit", .money),
                ("monthly_limit", .money), ("spent_today", .money), ("spent_this_month", .money), ("held", .money),
                ("member", .integer), ("role", .orgRole),
            ], required: ["org", "user", "added", "spent_today", "spent_this_month", "held"]),
        "Budget": .members(
            [("org", .string), ("monthly_budget", .money), ("spent_this_month", .money), ("held", .money)],
            required: ["org", "spent_this_month", "held"]),
        "Alerts": .members(
            [("org", .string), ("thresholds", ["type": "array", "items": .money])], required: ["org", "thresholds"]),
        "Event": .members(
            [
                ("number", .integer), ("at", .time),
                ("kind", ["type": "string", "enum": .list(LedgerEvent.Kind.allCases.map { .text($0.rawValue) })]),
                ("org", .string), ("data", ["type": "object", "additionalProperties": .string]),
            ], required: ["number", "at", "kind", "org", "data"]),
        "Correction": .members(
            [
                ("correction", .integer), ("org", .string), ("id", .string),
                ("kind", ["type": "string", "enum": .list(CorrectionKind.allCases.map { .text($0.name) })]),
                ("at", .time), ("reason", .string), ("actor", .string), ("cost_before", .money), ("cost", .money),
                ("usage", .string), ("rate_card", .string),
                ("lines", ["type": "array", "items": .reference("Line")]), ("transfer", .integer),
            ], required: ["correction", "org", "id", "kind", "at", "cost_before", "cost", "lines"]),
        "RepricingStep": .members(
            [
                ("examined", .integer), ("erased", .integer),
                (
                    "differences",
                    [
                        "type": "array",
                        "items": .members(
                            [
                                ("sequence", .integer), ("org", .string), ("id", .string), ("model", .string),
                                ("at", .time), ("cost", .money), ("new_cost", .money),
                            ], required: ["sequence", "org", "id", "model", "at", "cost", "new_cost"]),
                    ]
                ),
                ("changed", .integer), ("charged", .money), ("given_back", .money), ("next_cursor", .string),
            ], required: ["examined", "changed", "charged", "given_back", "differences"]),
        "UnreadMember": .members(
            [
                ("provider", .string), ("member", .string), ("model", .string), ("records", .integer),
                ("total", .integer), ("first", .time), ("last", .time), ("org", .string), ("id", .string),
            ], required: ["provider", "member", "model", "records", "total", "first", "last"]),
        "CostDrift": .members(
            [
                ("provider", .string), ("model", .string), ("records", .integer), ("differing", .integer),
                ("charged", .money), ("reported", .money), ("last", .time), ("org", .string), ("id", .string),
            ], required: ["provider", "model", "records", "differing", "charged", "reported", "last"]),
        "Draw": .members([("grant", .integer), ("amount", .money)], required: ["grant", "amount"]),
        "Explanation": .members(
            [
                ("record", .reference("Usage")),
                (
                    "buckets",
                    [
                        "type": "array",
                        "items": .members(
                            [("unit", .string), ("quantity", .integer)], required: ["unit", "quantity"]),
                    ]
                ), ("conditions", ["type": "array", "items": .string]), ("reason_without_price", .string),
                ("exact_cost", .string), ("status", .string), ("cost", .money),
                ("transfers", ["type": "array", "items": .reference("Transfer")]), ("hold", .reference("Hold")),
                ("hold_state", .string), ("corrections", ["type": "array", "items": .reference("Correction")]),
                ("grants", ["type": "array", "items": .reference("Grant")]),
            ],
            required: [
                "record", "buckets", "conditions", "exact_cost", "status", "cost", "transfers", "corrections", "grants",
            ]),
        "Line": .members(
            [
                ("unit", .string), ("model", .string), ("source", .string), ("quantity", .integer), ("rate", .string),
                ("amount", .string),
            ],
            required: ["unit", "amount"]),
        "Usage": .members(
            [
                ("sequence", .integer), ("id", .string), ("org", .string), ("user", .string), ("model", .string),
                ("provider", .string), ("at", .time), ("received", .time), ("tier", .string),
                ("tier_fell_back", .boolean),
                (
                    "status",
                    [
                        "type": "string",
                        "enum": ["charged", "unpriced", "overdrawn", "estimated", "voided", "replaced"],
                    ]
                ),
                ("cost", .money), ("correction", .integer), ("digest", .string),
                ("balance_after", .money), ("hold", .string), ("rate_card", .string),
                ("lines", ["type": "array", "items": .reference("Line")]),
                ("unpriced_units", ["type": "array", "items": .string]), ("reported_cost", .money),
                ("reported_by", .string), ("reader_version", .integer), ("usage", .string), ("tags", .string),
                ("peer_uid", .integer), ("peer_pid", .integer), ("sender", .string),
            ],
            required: [
                "sequence", "id", "org", "model", "at", "received", "tier", "tier_fell_back", "status", "cost",
                "digest", "balance_after", "lines", "usage",
            ]),
        "Transfer": .members(
            [
                ("transfer", .integer), ("at", .time), ("code", .string), ("debit", .string), ("credit", .string),
                ("amount", .money), ("reference", .integer), ("closes", .integer),
                ("grants", ["type": "array", "items": .reference("Draw")]),
            ], required: ["transfer", "at", "code", "debit", "credit", "amount", "reference", "grants"]),
        "RateCard": .members(
            [
                ("card", .integer), ("hash", .string), ("effective", .time), ("recorded", .time), ("source", .string),
                ("document", .string),
            ], required: ["card", "hash", "effective", "recorded", "source"]),
        "RateImport": .members(
            [
                ("card", .reference("RateCard")), ("is_new", .boolean), ("rates", .integer), ("added", .integer),
                ("changed", .integer), ("removed", .integer), ("other_in_force", .reference("RateCard")),
                ("changes", ["type": "array", "items": .reference("RateChange")]),
                ("report", .reference("ImportReport")),
            ], required: ["is_new", "rates", "added", "changed", "removed", "changes"]),
        "ImportReport": .members(
            [
                ("entries", .integer), ("members", .integer), ("price_members", .integer), ("rates", .integer),
                ("prices", .integer), ("aliases", .integer),
                ("repeated", .integer), ("reasoning_as_output", .integer),
                (
                    "cleaned",
                    [
                        "type": "array",
                        "items": .members(
                            [("model", .string), ("member", .string), ("written", .string), ("taken", .string)],
                            required: ["model", "member", "written", "taken"]),
                    ]
                ), ("unused", .counts), ("descriptive", .counts),
                ("without_price", ["type": "array", "items": .string]),
                ("not_models", ["type": "array", "items": .string]),
                ("disagreements", ["type": "array", "items": .reference("ImportNote")]),
                ("provider_rules", .counts), ("unreadable", ["type": "array", "items": .reference("ImportNote")]),
            ],
            required: [
                "entries", "members", "price_members", "rates", "prices", "aliases", "repeated", "reasoning_as_output",
                "cleaned", "unused",
                "descriptive", "without_price", "not_models", "disagreements", "provider_rules", "unreadable",
            ]),
        "ImportNote": .members(
            [("model", .string), ("member", .string), ("note", .string)], required: ["model", "note"]),
        "Rate": .members(
            [
                ("provider", .string), ("model", .string), ("found_as", .string),
                ("default_names", ["type": "array", "items": .string]),
                ("aliases", ["type": "array", "items": .string]),
                (
                    "prices",
                    [
                        "type": "array",
                        "items": .members([("price", .string), ("amount", .string)], required: ["price", "amount"]),
                    ]
                ), ("unused", ["type": "object", "additionalProperties": .string]), ("card", .reference("RateCard")),
            ],
            required: [
                "provider", "model", "found_as", "default_names", "aliases", "prices", "unused", "card",
            ]),
        "RateChange": .members(
            [
                ("provider", .string), ("model", .string),
                ("kind", ["type": "string", "enum": ["added", "removed", "changed"]]),
                (
                    "prices",
                    [
                        "type": "array",
                        "items": .members(
                            [("price", .string), ("before", .string), ("after", .string)], required: ["price"]),
                    ]
                ), ("aliases_added", ["type": "array", "items": .string]),
                ("aliases_removed", ["type": "array", "items": .string]),
            ], required: ["provider", "model", "kind", "prices", "aliases_added", "aliases_removed"]),
        "RateHistory": .members(
            [("card", .reference("RateCard")), ("change", .reference("RateChange"))], required: ["card", "change"]),
        "RateDiff": .members(
            [
                ("from", .reference("RateCard")), ("to", .reference("RateCard")),
                ("changes", ["type": "array", "items": .reference("RateChange")]),
            ], required: ["from", "to", "changes"]),
        "ModelAlias": .members(
            [
                ("alias", .string), ("model", .string), ("provider", .string), ("recorded", .time), ("actor", .string),
            ], required: ["alias", "recorded", "actor"]),
        "Verification": .members(
            [
                ("ok", .boolean), ("problems", ["type": "array", "items": .string]), ("transfers", .integer),
                ("accounts", .integer), ("records", .integer), ("erased", .integer), ("corrections", .integer),
                ("grants", .integer), ("holds", .integer), ("payments", .integer), ("invoices", .integer),
                ("sums", .integer),
                ("commits", .integer),
            ],
            required: [
                "ok", "problems", "transfers", "accounts", "records", "erased", "corrections", "grants", "holds",
                "payments", "invoices", "sums", "sealed", "commits",
            ]),
        "Activity": .members(
            [
                ("through", .integer), ("is_partial", .boolean),
                (
                    "items",
                    [
                        "type": "array",
                        "items": .members(
                            [("org", .string), ("model", .string), ("records", .integer), ("cost", .money)],
                            required: ["org", "model", "records", "cost"]),
                    ]
                ),
            ], required: ["through", "is_partial", "items"]),
        "Status": .members(
            [
                ("version", .string), ("ledger", .string), ("state_directory", .string), ("backup_folder", .string),
                ("clock_jump_seconds", .integer),
                ("rate_proposal", .string),
                ("started", .time),
                ("uptime_seconds", .integer),
                ("state", ["type": "string", "enum": ["ready", "degraded", "stopping"]]), ("degraded_reason", .string),
                ("orgs", .integer), ("records", .integer), ("transfers", .integer), ("refused", .integer),
                ("records_per_second", ["type": "number"]), ("connections", .integer), ("queued", .integer),
                ("queue_capacity", .integer), ("rate_card", .string), ("rates", .integer), ("sqlite", .string),
                ("database_bytes", .integer), ("wal_bytes", .integer), ("latency_99_ms", ["type": "number"]),
                ("last_commit_seconds", ["type": "number"]), ("rate_card_age_seconds", .integer),
                ("disk_free_bytes", .integer), ("disk_bytes", .integer),
                ("quarantine", .reference("QuarantineSummary")), ("payments", .reference("PaymentsStatus")),
                (
                    "gap",
                    .members(
                        [
                            ("after", .integer), ("since", .time), ("until", .time), ("records", .integer),
                            ("transfers", .integer), ("noticed", .time),
                        ], required: ["after", "until", "records", "transfers", "noticed"])
                ),
            ], required: ["version", "started", "uptime_seconds", "state"]),
    ]
}
