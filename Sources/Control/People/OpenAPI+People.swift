import Ledger

extension OpenAPIValue {
    static let orgRole: OpenAPIValue = [
        "type": "string", "enum": .list(OrgRole.allCases.reversed().map { .text($0.name) }),
    ]

    static let signUp: OpenAPIValue = [
        "type": "string", "enum": .list(SignUpPolicy.allCases.map { .text($0.rawValue) }),
    ]

    static let identity: OpenAPIValue = .members(
        [("issuer", .string), ("subject", .string)], required: ["issuer", "subject"])
}

extension OpenAPI {
    static let peopleSchemas: [String: OpenAPIValue] = [
        "TeamMember": .members(
            [
                ("member", .integer), ("org", .string), ("name", .string), ("email", .string), ("role", .orgRole),
                ("state", ["type": "string", "enum": .list(MemberState.allCases.map { .text($0.name) })]),
                ("user", .string), ("users", ["type": "array", "items": .string]), ("added", .time), ("removed", .time),
                ("last_activity", .time), ("daily_limit", .money), ("monthly_limit", .money), ("spent_today", .money),
                ("spent_this_month", .money), ("held", .money),
            ], required: ["member", "org", "role", "state"]),
        "Invitation": .members(
            [
                ("invitation", .integer), ("org", .string), ("member", .integer), ("email", .string),
                ("name", .string), ("role", .orgRole),
                ("state", ["type": "string", "enum": ["open", "expired", "accepted", "withdrawn"]]),
                ("created", .time), ("expires", .time), ("sent", .integer), ("invited_by", .integer),
                ("required_issuer", .string), ("org_name", .string),
            ], required: ["invitation", "org", "member", "role", "state", "created", "expires", "sent"]),
        "SignIn": .members(
            [
                ("at", .time),
                (
                    "memberships",
                    [
                        "type": "array",
                        "items": .members(
                            [
                                ("org", .string), ("display_name", .string), ("member", .integer), ("name", .string),
                                ("role", .orgRole), ("required_issuer", .string),
                            ], required: ["org", "member", "role"]),
                    ]
                ),
            ], required: ["at", "memberships"]),
        "Me": .members(
            [
                ("member", .reference("TeamMember")), ("display_name", .string),
                ("org_state", ["type": "string", "enum": .list(OrgState.allCases.map { .text($0.name) })]),
                ("allowed_models", ["type": "array", "items": .string]),
                (
                    "data",
                    .members(
                        [
                            ("allow_training", .boolean), ("allow_usage_analytics", .boolean),
                            ("allow_anonymized_reporting", .boolean),
                        ], required: [])
                ), ("support", .string), ("standing", .string), ("suspends", .time), ("erases", .time), ("due", .money),
                ("actions", ["type": "array", "items": .string]), ("sign_in_issuer", .string),
                (
                    "identities",
                    [
                        "type": "array",
                        "items": .members(
                            [("issuer", .string), ("subject", .string)], required: ["issuer", "subject"]),
                    ]
                ), ("sign_up", .signUp),
            ], required: ["member", "org_state", "standing", "actions", "identities", "sign_up"]),
        "SignUps": .members([("sign_up", .signUp)], required: ["sign_up"]),
        "Recipients": .members(
            [
                ("org", .string), ("display_name", .string), ("support", .string),
                (
                    "members",
                    [
                        "type": "array",
                        "items": .members(
                            [("member", .integer), ("role", .orgRole), ("name", .string), ("email", .string)],
                            required: ["member", "role"]),
                    ]
                ),
            ], required: ["org", "members"]),
        "NewestEvent": .members([("number", .integer)], required: ["number"]),
        "Audit": .members(
            [
                ("number", .integer), ("at", .time), ("org", .string), ("action", .string), ("by", .string),
                ("uid", .integer), ("member", .integer), ("subject", .integer), ("subject_name", .string),
                ("before", ["type": "object"]), ("after", ["type": "object"]), ("erased", .boolean),
            ], required: ["number", "at", "action", "by"]),
    ]
}
