import Ledger
import Metering
import TestSupport

@testable import Simulation

// What a run draws: each operation with what the ledger is asked and what the reference says to its answer.
extension ModelRun {
    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func note(_ words: String) { log.append(words) }

    private mutating func key() -> IdempotencyKey {
        counter += 1
        return IdempotencyKey(route: "test", key: "key-\(counter)", body: "")
    }

    mutating func operation() throws -> Operation {
        let org = Self.orgs[number(0..<10) < 7 ? 0 : 1]
        switch number(0..<100) {
        case 0..<35: return try use(org)
        case 35..<57: return try authorize(org)
        case 57..<65: return release(org)
        case 65..<78: return give(org)
        case 78..<82: return void(org)
        case 82..<88: return correct(org)
        case 88..<91: return reprice()
        case 91..<98: return limit(org)
        default: return balance(org)
        }
    }

    private mutating func use(_ org: String) throws -> Operation {
        let known = reference.orgs[org]?.order ?? []
        let isRepeated = number(0..<8) == 0
        counter += 1
        let id = isRepeated ? known.randomElement(using: &random) ?? "r\(counter)" : "r\(counter)"
        let holds = (reference.orgs[org]?.holds.keys.sorted() ?? []).suffix(6)
        let hold: String? = number(0..<3) == 0 ? holds.randomElement(using: &random) : nil
        let user = Self.users.randomElement(using: &random)
        let model = ["m", "m", "m", "late", "never"][number(0..<5)]
        let tokens = Int64(number(0..<12))
        let received = ledger.clock.now
        let at = received.milliseconds - Int64([0, 0, 3_600_000, 100_000_000][number(0..<4)])
        let record = try ledger.record(
            id, org: org, model: model, input: Int(tokens), user: user, at: Timestamp(milliseconds: at), hold: hold)
        return Operation(
            name: "use \(org) \(id) \(model) \(tokens) \(user ?? "-") hold \(hold ?? "-")",
            mutation: .usage(record, received: received)
        ) { reference, outcome, now in
            let expected = reference.use(
                org, id, model: model, tokens: tokens, user: user, hold: hold, at: at,
                received: received.milliseconds, now)
            let got = ReferenceLedger.UsageAnswer(outcome)
            return got == expected ? nil : "got \(String(describing: got)), expected \(expected)"
        }
    }

    private mutating func authorize(_ org: String) throws -> Operation {
        let known = reference.orgs[org]?.holds.keys.sorted() ?? []
        counter += 1
        let id = number(0..<8) == 0 ? known.randomElement(using: &random) ?? "h\(counter)" : "h\(counter)"
        let tokens = Int64(number(0..<15))
        let user: String? = number(0..<5) == 0 ? nil : Self.users.randomElement(using: &random)
        let ttl = Int64([1, 5, 600, 86_400][number(0..<4)])
        let cap: Int64? = number(0..<3) == 0 ? Int64(number(1..<10)) * Self.nanosPerToken : nil
        // The price of a worst case changes with the cards, so half of them ask for an amount.
        let asked = ReferenceLedger.HoldAsked(
            user: user, amount: max(1, tokens) * Self.nanosPerToken, ttl: ttl, cap: cap)
        let request = HoldRequest(
            id: id, org: org, user: user, worst: .amount(Money(nanos: asked.amount)),
            cap: cap.map(Money.init(nanos:)), ttlSeconds: ttl)
        return Operation(
            name: "authorize \(org) \(id) \(asked.amount) cap \(cap ?? 0) \(user ?? "-") for \(ttl) s",
            mutation: .authorize(request)
        ) { reference, outcome, now in
            Self.compare(outcome, reference.authorize(org, id, asked, now))
        }
    }

    private mutating func release(_ org: String) -> Operation {
        let known = reference.orgs[org]?.holds.keys.sorted() ?? []
        let id = number(0..<10) == 0 ? "nobody's" : known.suffix(5).randomElement(using: &random) ?? "none"
        return Operation(name: "release \(org) \(id)", mutation: .release(org: org, id: id)) {
            reference, outcome, now in
            Self.compare(outcome, reference.release(org, id, now))
        }
    }

    private static func compare(_ outcome: Outcome, _ expected: ReferenceLedger.HoldAnswer) -> String? {
        return expected.isSaid(by: outcome) ? nil : "got \(outcome), expected \(expected)"
    }

    private mutating func give(_ org: String) -> Operation {
        let known = (reference.orgs[org]?.grants ?? []).map(\.key).filter { $0.hasPrefix("key-") }
        var key = key()
        if number(0..<8) == 0, let old = known.randomElement(using: &random) {
            key = IdempotencyKey(route: "grant-\(counter)", key: old, body: "")
        }
        let grant = ReferenceLedger.Grant(
            id: 0, amount: Int64(number(1..<200)) * Self.nanosPerToken / 2, remaining: 0,
            source: GrantSource.allCases.randomElement(using: &random) ?? .purchase, priority: [10, 50][number(0..<2)],
            expires: [nil, 5, 600, 40_000].randomElement(using: &random).flatMap { $0 }.map {
                ledger.clock.now.milliseconds + $0 * 1000
            }, key: key.key)
        let new = NewGrant(
            org: org, amount: Money(nanos: grant.amount), source: grant.source, priority: grant.priority,
            expires: grant.expires.map(Timestamp.init(milliseconds:)), reason: nil)
        return Operation(
            name:
                "grant \(org) \(grant.amount) \(grant.source) p\(grant.priority) until \(grant.expires ?? 0) \(key.key)",
            mutation: .grant(new, key)
        ) { reference, outcome, now in
            let refusal = reference.give(org, grant, now)
            if case .grant = outcome, refusal == nil { return nil }
            if case .refused(let got) = outcome, got.code == refusal { return nil }
            return "got \(outcome), expected \(String(describing: refusal))"
        }
    }

    private mutating func void(_ org: String) -> Operation {
        let grant = reference.orgs[org]?.grants.randomElement(using: &random)?.id ?? 999
        return Operation(
            name: "void \(org) \(grant)", mutation: .voidGrant(org: org, grant: grant, reason: nil, key())
        ) { reference, outcome, _ in
            let refusal = reference.void(org, grant)
            if case .grant = outcome, refusal == nil { return nil }
            if case .refused(let got) = outcome, got.code == refusal { return nil }
            return "got \(outcome), expected \(String(describing: refusal))"
        }
    }

    private mutating func correct(_ org: String) -> Operation {
        // A correction is priced by the card of the charge; where that is not the one in force the reference has no say.
        let usable = (reference.orgs[org]?.order ?? []).filter { id in
            reference.orgs[org]?.records[id].map { reference.isPricedAsNow($0) || $0.isUnpriced } ?? false
        }
        let id = usable.randomElement(using: &random) ?? "none"
        let isVoid = number(0..<3) == 0 || reference.cards.count > 1
        let tokens: Int64? = isVoid ? nil : Int64(number(0..<15))
        let correction = NewCorrection(
            org: org, id: id, reason: "because", actor: "test",
            usage: tokens.map { #"{"prompt_tokens":\#($0),"completion_tokens":0}"# })
        return Operation(
            name: "correct \(org) \(id) to \(tokens.map(String.init) ?? "nothing")",
            mutation: .correct(correction, key())
        ) { reference, outcome, now in
            let refusal = reference.correct(org, id, tokens: tokens, now)
            if case .correction = outcome, refusal == nil { return nil }
            if case .refused(let got) = outcome, got.code == refusal { return nil }
            return "got \(outcome), expected \(String(describing: refusal))"
        }
    }

    private mutating func reprice() -> Operation {
        let order = commitOrder
        let numbers = (0..<min(order.count, 6)).map { _ in number(0..<order.count) }
        return Operation(
            name: "reprice \(numbers)",
            mutation: .reprice(
                Repricing(records: numbers.map { Int64($0) + 1 }, reason: nil, actor: "test"), key())
        ) { reference, outcome, now in
            reference.reprice(numbers.map { order[$0] }, now)
            if case .repriced = outcome { return nil }
            return "got \(outcome)"
        }
    }

    private mutating func balance(_ org: String) -> Operation {
        Operation(name: "balance \(org)", mutation: .balance(org: org)) { reference, outcome, _ in
            guard case .balance(let reply) = outcome else { return "got \(outcome)" }
            let expected = reference.orgs[org]
            return reply.balance.nanos == expected?.credits && reply.available.nanos == expected?.available
                ? nil : "got \(reply), expected \(String(describing: expected?.credits))"
        }
    }

    private mutating func limit(_ org: String) -> Operation {
        let user = Self.users[number(0..<Self.users.count)]
        func money(_ nanos: Int64?) -> Money? { nanos.map(Money.init(nanos:)) }
        let amounts = (0..<2).map { _ -> Int64? in
            number(0..<3) == 0 ? nil : Int64(number(0..<60)) * Self.nanosPerToken
        }
        switch number(0..<5) {
        case 4:
            var change = OrgPolicyChange()
            let charges = number(0..<3) > 0
            change.chargesExpiredHolds = charges
            return Operation(
                name: "charge expired holds \(org) \(charges)", mutation: .setPolicy(org: org, change, key())
            ) { reference, outcome, _ in
                reference.orgs[org]?.chargesExpired = charges
                if case .policy = outcome { return nil }
                return "got \(outcome)"
            }
        case 0:
            // Everything is before the newest record: the writer adds up from the org's first one by itself.
            let earlier = EarlierSpend(day: .zero, month: .zero, throughSequence: 0, moment: ledger.clock.now)
            return Operation(
                name: "add member \(org) \(user)", mutation: .addMember(org: org, user: user, earlier, key())
            ) { reference, outcome, now in
                Self.compare(outcome, reference.addMember(org, user, now))
            }
        case 1:
            return Operation(
                name: "remove member \(org) \(user)", mutation: .removeMember(org: org, user: user, key())
            ) { reference, outcome, _ in
                Self.compare(outcome, reference.removeMember(org, user))
            }
        case 2:
            return Operation(
                name: "limit member \(org) \(user) \(amounts)",
                mutation: .limitMember(
                    org: org, user: user, daily: money(amounts[0]), monthly: money(amounts[1]), key())
            ) { reference, outcome, _ in
                Self.compare(
                    outcome, reference.limitMember(org, user, daily: amounts[0], monthly: amounts[1]))
            }
        default:
            return Operation(
                name: "budget \(org) \(amounts[0] ?? -1)", mutation: .setBudget(org: org, money(amounts[0]), key())
            ) { reference, outcome, _ in
                reference.orgs[org]?.budget = amounts[0]
                if case .budget = outcome { return nil }
                return "got \(outcome)"
            }
        }
    }

    /// Whether a member's change was made, or refused for the same reason.
    private static func compare(_ outcome: Outcome, _ refusal: Refusal.Code?) -> String? {
        if case .member = outcome, refusal == nil { return nil }
        if case .refused(let got) = outcome, got.code == refusal { return nil }
        return "got \(outcome), expected \(String(describing: refusal))"
    }
}
