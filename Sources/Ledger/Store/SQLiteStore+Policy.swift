import Foundation
import Metering

// What operators decide about an org's requests.
extension SQLiteStore {
    mutating func setPolicy(
        of name: String, _ change: OrgPolicyChange, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .policy($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        if let refusal = try refusal(ofIssuer: change.signInIssuer, org) { return .refused(refusal) }
        let before = org.policy
        var policy = before
        change.apply(to: &policy)
        let upsert = try kept.statement(
            """
            INSERT INTO org_policy(org, default_output_tokens, capped_exposure_max, allowed_models, charge_expired_holds,
                unpriced_records_max, allow_training, allow_usage_analytics, allow_anonymized_reporting,
                sign_in_issuer)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            ON CONFLICT DO UPDATE SET default_output_tokens = ?2, capped_exposure_max = ?3, allowed_models = ?4,
                charge_expired_holds = ?5, unpriced_records_max = ?6, allow_training = ?7, allow_usage_analytics = ?8,
                allow_anonymized_reporting = ?9, sign_in_issuer = ?10
            """)
        upsert.bind(1, org.id)
        upsert.bind(2, policy.defaultOutputTokens)
        upsert.bind(3, policy.cappedExposureMax?.nanos)
        upsert.bind(4, try policy.allowedModels.map { models throws(SQLiteError) in try Self.encode(models) })
        upsert.bind(5, policy.chargesExpiredHolds ? 1 : 0)
        upsert.bind(6, policy.unpricedRecordsMax)
        for (position, choice) in policy.data.choices.enumerated() {
            upsert.bind(Int32(position) + 7, choice.allows.map { $0 ? Int64(1) : 0 })
        }
        upsert.bind(10, policy.signInIssuer)
        try upsert.run()
        accounts.onRollBack { org.policy = before }
        org.policy = policy
        let view = self.policy(of: org)
        try remember(view, under: key, org: name, now: now)
        return .policy(view, isReplay: false)
    }

    /// Why an issuer can't be required; nil if it can. A member who requires one must be able to sign in there, or they lock
    /// themselves out.
    private func refusal(ofIssuer change: PolicyChange<String>, _ org: Org) throws(SQLiteError) -> Refusal? {
        guard case .set(let issuer?) = change, let acting = asker?.acting, let member = org.team[acting.member],
            try !signsIn(member, at: issuer)
        else { return nil }
        return Refusal(
            .conflict,
            "member \(member.id) has not signed in at \(issuer) yet: connect that sign-in first, so that you don't lock yourself out"
        )
    }

    /// Whether a member has an identity at an issuer.
    func signsIn(_ member: Member, at issuer: String) throws(SQLiteError) -> Bool {
        let row = try kept.statement("SELECT 1 FROM member_identity WHERE member = ? AND issuer = ? LIMIT 1")
        row.bind(1, member.id)
        row.bind(2, issuer)
        defer { row.reset() }
        return try row.step()
    }

    /// An org's policy as it is shown.
    func policy(of org: Org) -> OrgPolicyView {
        OrgPolicyView(
            org: org.name, org.policy, exposure: org.account.state.exposure, unpriced: org.account.state.unpriced)
    }

    private static func encode(_ models: [ModelPattern]) throws(SQLiteError) -> String {
        do {
            return String(decoding: try WireJSON.encode(models.map(\.description)), as: UTF8.self)
        } catch {
            throw SQLiteError(code: 1, extendedCode: 1, message: "patterns of models can't be encoded")
        }
    }

    /// Tells of usage of a model that the org may not ask for, once an hour per model. It is charged all the same.
    mutating func tellOfForbidden(_ record: UsageRecord, _ org: Org, _ now: Timestamp) throws(SQLiteError) {
        let model = try resolved(record.model, provider: record.provider, at: now)
        guard !org.policy.allows(model) else { return }
        let before = org.forbidden
        guard let told = org.forbidden.note(model.description, hour: now.hour) else { return }
        accounts.onRollBack { org.forbidden = before }
        var data = ["model": told, "record": record.id]
        data["user"] = record.user
        try raise(.forbiddenModelUsed, org.name, at: now, data)
    }
}

extension Timestamp {
    /// Whole hours since the epoch.
    var hour: Int64 { milliseconds / 3_600_000 }
}

extension OrgPolicy {
    /// The policy that columns say, in the table's order; nil if they can't be read.
    init?(
        tokens: Int64?, exposure: Int64?, models: String?, charges: Int64, unpriced: Int64?, training: Int64?,
        analytics: Int64?, reporting: Int64?, issuer: String?
    ) {
        guard issuer.map({ SignInIdentity(issuer: $0, subject: "x") != nil }) ?? true else { return nil }
        signInIssuer = issuer
        for choice in [training, analytics, reporting] {
            guard choice == nil || choice == 0 || choice == 1 else { return nil }
        }
        data = DataPolicy(
            allowTraining: training.map { $0 == 1 }, allowUsageAnalytics: analytics.map { $0 == 1 },
            allowAnonymizedReporting: reporting.map { $0 == 1 })
        defaultOutputTokens = tokens
        cappedExposureMax = exposure.map(Money.init(nanos:))
        unpricedRecordsMax = unpriced
        guard charges == 0 || charges == 1 else { return nil }
        chargesExpiredHolds = charges == 1
        guard let models else { return }
        guard let texts = try? WireJSON.decode([String].self, from: Data(models.utf8)) else { return nil }
        let patterns = texts.compactMap { ModelPattern($0) }
        guard patterns.count == texts.count else { return nil }
        allowedModels = patterns
    }
}
