import Hummingbird
import Ledger
import Metering

/// The body of `PATCH /v1/orgs/{org}/policy`: what is left out stays, null is the default.
public struct PolicyBody: Codable, Sendable, Hashable {
    /// Output tokens that a request without an output limit reserves; null for none.
    public var defaultOutputTokens: PolicyChange<Int64> = .unchanged
    /// US dollars by which open holds may be below their worst cases, in sum.
    public var cappedExposureMax: PolicyChange<String> = .unchanged
    /// Patterns of models: `provider/model`, `provider/*`, or `model`; null for all models.
    public var allowedModels: PolicyChange<[String]> = .unchanged
    /// Whether a hold that expires unsettled is charged what it had reserved.
    public var chargeExpiredHolds: Bool?
    /// Wholly unpriced records beyond which `authorize` is refused; 0 for any number.
    public var unpricedRecordsMax: PolicyChange<Int64> = .unchanged
    /// Whether requests and answers may train models.
    public var allowTraining: PolicyChange<Bool> = .unchanged
    /// Whether how the product is used may be evaluated.
    public var allowUsageAnalytics: PolicyChange<Bool> = .unchanged
    /// Whether sums without names may be reported to others.
    public var allowAnonymizedReporting: PolicyChange<Bool> = .unchanged
    /// The OpenID issuer that members have to sign in at; null for none.
    public var signInIssuer: PolicyChange<String> = .unchanged

    /// A body that changes nothing.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case defaultOutputTokens, cappedExposureMax, allowedModels, chargeExpiredHolds, unpricedRecordsMax
        case allowTraining, allowUsageAnalytics, allowAnonymizedReporting, signInIssuer
    }

    /// Reads a body; a member that is left out differs from one that is null.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func change<Value: Decodable & Sendable & Hashable>(_ key: CodingKeys) throws -> PolicyChange<Value> {
            container.contains(key) ? .set(try container.decodeIfPresent(Value.self, forKey: key)) : .unchanged
        }
        defaultOutputTokens = try change(.defaultOutputTokens)
        cappedExposureMax = try change(.cappedExposureMax)
        allowedModels = try change(.allowedModels)
        chargeExpiredHolds = try container.decodeIfPresent(Bool.self, forKey: .chargeExpiredHolds)
        unpricedRecordsMax = try change(.unpricedRecordsMax)
        allowTraining = try change(.allowTraining)
        allowUsageAnalytics = try change(.allowUsageAnalytics)
        allowAnonymizedReporting = try change(.allowAnonymizedReporting)
        signInIssuer = try change(.signInIssuer)
    }

    /// Writes what is to change.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        func write<Value: Encodable>(_ change: PolicyChange<Value>, _ key: CodingKeys) throws {
            guard case .set(let value) = change else { return }
            if let value { try container.encode(value, forKey: key) } else { try container.encodeNil(forKey: key) }
        }
        try write(defaultOutputTokens, .defaultOutputTokens)
        try write(cappedExposureMax, .cappedExposureMax)
        try write(allowedModels, .allowedModels)
        try container.encodeIfPresent(chargeExpiredHolds, forKey: .chargeExpiredHolds)
        try write(unpricedRecordsMax, .unpricedRecordsMax)
        try write(allowTraining, .allowTraining)
        try write(allowUsageAnalytics, .allowUsageAnalytics)
        try write(allowAnonymizedReporting, .allowAnonymizedReporting)
        try write(signInIssuer, .signInIssuer)
    }
}

// What operators decide about an org's requests.
extension ControlService {
    var policyEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/policy", name: "showPolicy",
                summary: "What was decided about an org's requests", response: .reference("Policy")
            ) { _, context in
                let org = try await org(context)
                guard let policy = try await reader.policy(of: org.org) else {
                    throw Problem(.unknownOrg, "there is no org '\(org.org)'")
                }
                return try Endpoint.json(policy)
            },
            Endpoint(
                method: .patch, path: "/v1/orgs/{org}/policy", name: "changePolicy",
                summary: "Change what was decided about an org's requests; what is left out stays, null is the default",
                body: .members(
                    [
                        ("default_output_tokens", .integer), ("capped_exposure_max", .money),
                        ("allowed_models", ["type": "array", "items": .string]), ("charge_expired_holds", .boolean),
                        ("unpriced_records_max", .integer), ("allow_training", .boolean),
                        ("allow_usage_analytics", .boolean), ("allow_anonymized_reporting", .boolean),
                        ("sign_in_issuer", .string),
                    ], required: []), response: .reference("Policy")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                var body = try await Endpoint.body(PolicyBody.self, request, context)
                let change = try Self.change(body)
                guard context.membership == nil || change.isOfTeamOnly else {
                    throw Problem(
                        .forbidden,
                        "members change allowed_models and what may be done with data; the rest is an operator's to decide"
                    )
                }
                // 5 and 5.00 are the same amount: so the same request.
                if case .set(let amount?) = change.cappedExposureMax {
                    body.cappedExposureMax = .set(amount.description)
                }
                let key = try Endpoint.key(request, route: "changePolicy", body: body)
                return try await answer(.setPolicy(org: name, change, key))
            },
            Endpoint(
                method: .put, path: "/v1/orgs/{org}/sign-in-rule", name: "requireIssuer",
                summary: "Require that members sign in at one OpenID issuer, or no longer",
                body: .members([("issuer", .string)], required: []), response: .reference("Policy")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                let body = try await Endpoint.body(SignInRuleBody.self, request, context)
                var change = OrgPolicyChange()
                change.signInIssuer = .set(try Self.issuer(body.issuer))
                let key = try Endpoint.key(request, route: "requireIssuer", body: body)
                return try await answer(.setPolicy(org: name, change, key))
            },
        ]
    }

    private static func change(_ body: PolicyBody) throws -> OrgPolicyChange {
        var change = OrgPolicyChange()
        change.chargesExpiredHolds = body.chargeExpiredHolds
        change.allowTraining = body.allowTraining
        change.allowUsageAnalytics = body.allowUsageAnalytics
        change.allowAnonymizedReporting = body.allowAnonymizedReporting
        if case .set(let issuer) = body.signInIssuer { change.signInIssuer = .set(try Self.issuer(issuer)) }
        change.defaultOutputTokens = try number(
            body.defaultOutputTokens, "default_output_tokens", in: 1...LedgerLimits.defaultOutputTokensMax)
        change.unpricedRecordsMax = try number(
            body.unpricedRecordsMax, "unpriced_records_max", in: 0...LedgerLimits.unpricedRecordsMax)
        switch body.cappedExposureMax {
        case .unchanged: break
        case .set(nil): change.cappedExposureMax = .set(nil)
        case .set(let text?):
            guard let amount = Money(decimal: text), amount >= .zero else {
                throw Problem(
                    .malformed,
                    "capped_exposure_max must be a decimal of US dollars, not below zero, with at most nine decimals")
            }
            change.cappedExposureMax = .set(amount)
        }
        switch body.allowedModels {
        case .unchanged: break
        case .set(nil): change.allowedModels = .set(nil)
        case .set(let texts?): change.allowedModels = .set(try patterns(texts))
        }
        return change
    }

    private static func issuer(_ text: String?) throws -> String? {
        try text.map { try identity($0, "-").issuer }
    }

    private static func number(
        _ change: PolicyChange<Int64>, _ name: String, in range: ClosedRange<Int64>
    ) throws -> PolicyChange<Int64> {
        if case .set(let number?) = change, !range.contains(number) {
            throw Problem(
                .malformed, "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), or null")
        }
        return change
    }

    private static func patterns(_ texts: [String]) throws -> [ModelPattern] {
        guard texts.count <= LedgerLimits.modelPatternsMax else {
            throw Problem(.malformed, "allowed_models must have at most \(LedgerLimits.modelPatternsMax) patterns")
        }
        return try texts.map { text in
            guard let pattern = ModelPattern(text) else {
                throw Problem(
                    .malformed, "allowed_models: each must be provider/model, provider/*, or model, without spaces")
            }
            return pattern
        }
    }
}

extension OpenAPI {
    static let policySchemas: [String: OpenAPIValue] = [
        "Policy": .members(
            [
                ("org", .string), ("default_output_tokens", .integer), ("capped_exposure_max", .money),
                ("capped_exposure", .money), ("allowed_models", ["type": "array", "items": .string]),
                ("charge_expired_holds", .boolean), ("unpriced_records_max", .integer), ("unpriced_records", .integer),
                ("sign_in_issuer", .string),
                (
                    "data",
                    .members(
                        [
                            ("allow_training", .boolean), ("allow_usage_analytics", .boolean),
                            ("allow_anonymized_reporting", .boolean),
                        ], required: [])
                ),
            ],
            required: ["org", "capped_exposure_max", "capped_exposure", "charge_expired_holds", "unpriced_records"])
    ]
}
