import Hummingbird
import Ledger
import Metering

/// The body of `POST /v1/orgs/{org}/usage/{id}/corrections`.
public struct CorrectionBody: Codable, Sendable, Hashable {
    /// Why.
    public var reason: String
    /// Who does it.
    public var actor: String
    /// The usage object in place of what was reported, as JSON text; nil where the record is not to be paid for.
    public var usage: String?

    /// A body of those members.
    public init(reason: String, actor: String, usage: String?) {
        self.reason = reason
        self.actor = actor
        self.usage = usage
    }
}

/// The body of `POST /v1/rates/repricing`.
public struct RepricingBody: Codable, Sendable, Hashable {
    /// Only requests that ended then or later, RFC 3339.
    public var since: String
    /// Only this org's; nil for all.
    public var org: String?
    /// Whether records that an older reader of usage objects read are read anew, and priced by the card that charged them.
    public var reread: Bool?
    /// Whether nothing is to be changed.
    public var dryRun: Bool
    /// Where to go on: the `next_cursor` of the step before.
    public var cursor: String?
    /// Why.
    public var reason: String?
    /// Who does it.
    public var actor: String

    /// A body of those members.
    public init(
        since: String, org: String?, reread: Bool? = nil, dryRun: Bool, cursor: String?, reason: String?, actor: String
    ) {
        self.reread = reread
        self.since = since
        self.org = org
        self.dryRun = dryRun
        self.cursor = cursor
        self.reason = reason
        self.actor = actor
    }
}

// What changes a record's cost after its charge.
extension ControlService {
    /// Records that one step of repricing looks at: no more than the writer may take at once.
    private static let stepRecords = 500

    var correctionEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .post, path: "/v1/orgs/{org}/usage/{id}/corrections", name: "correctUsage",
                summary: "Charge a record by other usage, or, without usage, not at all",
                body: .members(
                    [("reason", .string), ("actor", .string), ("usage", .string)], required: ["reason", "actor"]),
                response: .reference("Correction")
            ) { request, context in
                let name = try Endpoint.parameter("org", context)
                let id = try Endpoint.parameter("id", context)
                let body = try await Endpoint.body(CorrectionBody.self, request, context)
                try Self.check(words: body.reason, "reason")
                try Self.check(words: body.actor, "actor")
                let key = try Endpoint.key(request, route: "correct:" + id, body: body)
                let correction = NewCorrection(
                    org: name, id: id, reason: body.reason, actor: body.actor, usage: body.usage)
                return try await answer(.correct(correction, key))
            },
            Endpoint(
                method: .get, path: "/v1/orgs/{org}/usage/{id}/explanation", name: "explainUsage",
                summary: "One record's life: usage, buckets, lines, transfers, grants, hold, corrections",
                response: .reference("Explanation")
            ) { _, context in
                let sequence = try await sequence(context)
                guard var explanation = try await reader.explanation(sequence: sequence) else {
                    throw Problem(.notFound, "there is no usage record of that id")
                }
                if explanation.status == ChargeStatus.unpriced.name || explanation.record.unpricedUnits != nil {
                    explanation.reasonWithoutPrice = reasonWithoutPrice(explanation.record)
                }
                try await checkOwn(explanation.record.user, context)
                return try Endpoint.json(Self.ownUsers(context) == nil ? explanation : explanation.ownPart)
            },
            Endpoint(
                method: .post, path: "/v1/rates/repricing", name: "reprice",
                summary: "Charge records by the cards now in force for their time, some at a time",
                body: .members(
                    [
                        ("since", .time), ("org", .string), ("reread", .boolean), ("dry_run", .boolean),
                        ("cursor", .string),
                        ("reason", .string), ("actor", .string),
                    ], required: ["since", "dry_run", "actor"]), response: .reference("RepricingStep")
            ) { request, context in
                let body = try await Endpoint.body(RepricingBody.self, request, context)
                let key = try Endpoint.key(request, route: "reprice", body: body)
                return try await reprice(body, key)
            },
        ]
    }

    /// Why a record has no price by the cards now on record.
    private func reasonWithoutPrice(_ record: UsageView) -> String? {
        guard let reading = try? UsageReading(json: record.usage, provider: record.provider, model: record.model),
            let at = Timestamp(rfc3339: record.at), let tier = ServiceTier(name: record.tier)
        else { return nil }
        return try? rates().reasonWithoutPrice(
            model: record.model, provider: record.provider, reading,
            tier: reading.servedTier ?? tier, at: at)
    }

    private func reprice(_ body: RepricingBody, _ key: IdempotencyKey) async throws -> Response {
        guard let since = Timestamp(rfc3339: body.since) else {
            throw Problem(.malformed, "since must be an RFC 3339 time, such as 2026-11-24T00:00:00Z")
        }
        guard let cursor = Int64(body.cursor ?? "0"), cursor >= 0 else {
            throw Problem(.malformed, "cursor must be the next_cursor of the step before")
        }
        if let reason = body.reason { try Self.check(words: reason, "reason") }
        try Self.check(words: body.actor, "actor")
        if let name = body.org, try await reader.org(name) == nil {
            throw Problem(.unknownOrg, "there is no org '\(name)'; meterctl org list shows those there are")
        }
        let page = try await reader.repricing(
            with: rates(), since: since, org: body.org, isReread: body.reread ?? false, after: cursor,
            limit: Self.stepRecords)
        let next = page.next.map(String.init)
        guard !body.dryRun else {
            return try Endpoint.json(
                RepricedView(
                    examined: page.examined, erased: body.reread == true ? page.erased : nil,
                    differences: page.differences, nextCursor: next))
        }
        // The writer decides for itself: between this look and its turn a record may have been corrected.
        let repricing = Repricing(
            records: page.differences.map(\.sequence), isReread: body.reread ?? false, examined: page.examined,
            erased: page.erased, nextCursor: next, reason: body.reason, actor: body.actor)
        return try await answer(.reprice(repricing, key))
    }

    static func check(words: String, _ name: String) throws {
        guard (1...LedgerLimits.wordsBytesMax).contains(words.utf8.count), !words.utf8.contains(0) else {
            throw Problem(.malformed, "\(name) must be 1 to \(LedgerLimits.wordsBytesMax) bytes, without NUL")
        }
    }
}
