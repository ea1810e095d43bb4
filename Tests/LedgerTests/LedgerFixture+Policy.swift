import Ledger
import Metering

extension LedgerFixture {
    /// Changes an org's policy.
    @discardableResult
    func policy(_ org: String = "acme", _ change: (inout OrgPolicyChange) throws -> Void) throws -> OrgPolicyView {
        var changes = OrgPolicyChange()
        try change(&changes)
        policies += 1
        guard case .policy(let view, _) = try one(.setPolicy(org: org, changes, key("policy-\(policies)"))) else {
            throw Missing()
        }
        return view
    }

    func patterns(_ texts: String...) throws -> [ModelPattern] {
        try texts.map {
            guard let pattern = ModelPattern($0) else { throw Missing() }
            return pattern
        }
    }

    /// A request for so many prompt and output tokens of model m, at USD 0.001 and 0.002 each.
    func request(
        _ id: String, input: Int = 100, output: Int? = 0, model: String? = "m", provider: String? = nil,
        amount: String? = nil, cap: String? = nil, user: String? = nil, models: [HoldRequest.Candidate]? = nil,
        org: String = "acme", ttl: Int64 = 600
    ) throws -> HoldRequest {
        let json = #"{"prompt_tokens":\#(input)\#(output.map { #","completion_tokens":\#($0)"# } ?? "")}"#
        let reading = try UsageReading(json: json, provider: nil, model: "m")
        return HoldRequest(
            id: id, org: org, user: user, model: models == nil ? model : nil, provider: provider,
            worst: .usage(json: json, reading: reading),
            candidates: models?.map {
                HoldRequest.Candidate(model: $0.model, provider: $0.provider, amount: $0.amount, reading: reading)
            }, amountWithoutRate: amount.flatMap { Money(decimal: $0) }, cap: cap.flatMap { Money(decimal: $0) },
            statesOutput: output != nil, ttlSeconds: ttl)
    }

    func authorize(_ request: HoldRequest) throws -> Outcome { try one(.authorize(request)) }

    /// The reply to a request that is expected to be granted.
    func held(_ request: HoldRequest) throws -> HoldReply {
        let outcome = try authorize(request)
        guard case .hold(let reply) = outcome else { throw Refused(words: "\(outcome)") }
        return reply
    }

    /// The refusal of a request that is expected to be refused.
    func refusal(_ request: HoldRequest) throws -> Refusal { try refusal(try authorize(request)) }

    func usage(_ id: String) async throws -> UsageView {
        guard case .found(let sequence) = try one(.find(org: "acme", id: id)),
            let view = try await reading({ try await $0.usage(sequence: sequence) })
        else { throw Missing() }
        return view
    }

    func expired() async throws -> [HoldView] {
        try await reading { try await $0.expiredHolds(of: "acme", before: nil, limit: 1000).items }
    }

    func events(_ kind: LedgerEvent.Kind) async throws -> [LedgerEvent] {
        try await reading { try await $0.events(after: 0, limit: 1000).items.filter { $0.kind == kind.rawValue } }
    }

    struct Refused: Error { let words: String }
}
