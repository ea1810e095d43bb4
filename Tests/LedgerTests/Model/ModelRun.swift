import Foundation
import GRDB
import Metering

@testable import Ledger

/// One seed's run: draws operations, does each on both sides, compares.
struct ModelRun {
    private(set) var stepNumber = 0
    private(set) var log: [String] = []
    private let ledger: LedgerFixture
    private var reference: ReferenceLedger
    private var random: SeededGenerator
    private var counter = 0
    private var commitOrder: [(org: String, id: String)] = []
    private var isSqueezed = false

    private static let orgs = ["acme", "other"]
    private static let users = ["ana", "bo", "cy"]
    private static let nanosPerToken: Int64 = 1_000_000

    /// One operation: what the ledger is asked, and what the reference says to its answer, nil where that is right.
    private struct Operation {
        let name: String
        let mutation: Mutation
        let check: (inout ReferenceLedger, Outcome, Int64) -> String?
    }

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        ledger = try LedgerFixture {
            // Small, so that a short run passes every boundary.
            $0.sealIdsAt = 20
            $0.sweepRecordsMax = 2
            $0.expiriesMax = 2
        }
        reference = ReferenceLedger(
            orgs: Self.orgs,
            card: ReferenceLedger.Card(
                effective: Timestamp(rfc3339: "2026-01-01T00:00:00Z")?.milliseconds ?? 0,
                prices: ["m": Self.nanosPerToken]))
        for org in Self.orgs { try ledger.createOrg(org) }
    }

    // MARK: Steps

    mutating func step(_ number: Int) async throws {
        stepNumber = number
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<70: try batch()
        case 70..<85:
            let seconds = [1, 7, 30, 300, 20_000, 90_000].randomElement(using: &random) ?? 1
            note("wait \(seconds) s")
            ledger.clock.advance(seconds: Int64(seconds))
        case 85..<92:
            note("crash")
            try ledger.reopen(pagesMax: nil)
            isSqueezed = false
        case 92..<96:
            note("the disk is nearly full")
            try ledger.reopen(pagesMax: try pages())
            isSqueezed = true
        default: try newCard()
        }
        try drain()
        try await compare()
    }

    mutating func finish() async throws {
        try makeRoom()
        try drain()
        try await compare()
        let report = try ledger.verify()
        guard report.ok else { throw ModelMismatch(words: "the books: \(report.problems.prefix(5))") }
    }

    private mutating func batch() throws {
        let operations = try (0..<Int.random(in: 1...5, using: &random)).map { _ in try operation() }
        for operation in operations { note(operation.name) }
        try commit(operations)
        // A client that lost the replies sends the same again.
        guard Int.random(in: 0..<6, using: &random) == 0 else { return }
        let again = operations.filter { if case .usage = $0.mutation { true } else { false } }
        note("resend \(again.count)")
        try commit(again)
    }

    private mutating func commit(_ operations: [Operation]) throws {
        let outcomes = try ledger.store.commit(operations.map(\.mutation))
        let now = ledger.clock.now.milliseconds
        if isFull(outcomes) {
            note("full")
            return try makeRoom()
        }
        reference.begin(now)
        for (operation, outcome) in zip(operations, outcomes) {
            if let words = operation.check(&reference, outcome, now) {
                throw ModelMismatch(words: "\(operation.name): \(words)")
            }
            if case .usage(let record, _) = operation.mutation, case .usage(let reply) = outcome, !reply.isDuplicate {
                commitOrder.append((record.org, record.id))
            }
        }
    }

    private func isFull(_ outcomes: [Outcome]) -> Bool {
        outcomes.contains { if case .refused(let refusal) = $0 { refusal.code == .storageUnavailable } else { false } }
    }

    /// Lifts the limit on the same connection: what the ledger has in memory has to be right after it was undone.
    private mutating func makeRoom() throws {
        guard isSqueezed else { return }
        try ledger.store.connection.execute("PRAGMA max_page_count = 1073741823")
        isSqueezed = false
        // A commit that succeeds ends its wait for room.
        _ = try ledger.store.commit([])
    }

    /// Has the ledger do what is due by itself, as the writer's thread does.
    private mutating func drain() throws {
        for _ in 0..<500 {
            guard let wait = ledger.store.timeToOwnWork, wait <= .seconds(1) else { break }
            if wait > .zero {
                // A hold or grant that is due soon, or a full disk that is waited for.
                guard isSqueezed else { break }
                try makeRoom()
                continue
            }
            _ = try ledger.store.commit([])
        }
        let now = ledger.clock.now.milliseconds
        reference.begin(now)
        reference.sweep(now, commitOrder)
    }

    /// Pages that the database has, the write-ahead log's included.
    private func pages() throws -> Int {
        try DatabaseQueue(path: ledger.path).read { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
    }

    private mutating func newCard() throws {
        let effective = ledger.clock.now.milliseconds + [-7200_000, -60_000, 0, 60_000][number(0..<4)]
        let (m, late) = (number(1..<5), number(0..<3))
        note("card m=\(m) late=\(late) effective \(effective)")
        var document = """
            format: meterd/1
            effective: \(Timestamp(milliseconds: Int64(effective)))
            rates:
              - {model: m, provider: p, price: {input: \(m * 1000), output: 1}}

            """
        if late > 0 { document += "  - {model: late, provider: p, price: {input: \(late * 1000), output: 1}}\n" }
        document += "# \(counter)\n"
        counter += 1
        let card = NewCard(document: document, card: try RateDocument.parse(document), source: "test")
        if isFull(try ledger.store.commit([.recordCard(card)])) { return try makeRoom() }
        var prices = ["m": Int64(m) * Self.nanosPerToken]
        if late > 0 { prices["late"] = Int64(late) * Self.nanosPerToken }
        reference.begin(ledger.clock.now.milliseconds)
        reference.cards.append(ReferenceLedger.Card(effective: Int64(effective), prices: prices))
    }

    // MARK: Drawing operations

    private mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func note(_ words: String) { log.append(words) }

    private mutating func key() -> IdempotencyKey {
        counter += 1
        return IdempotencyKey(route: "test", key: "key-\(counter)", body: "")
    }

    private mutating func operation() throws -> Operation {
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
        let at = ledger.clock.now.milliseconds - Int64([0, 0, 3_600_000, 100_000_000][number(0..<4)])
        let record = try ledger.record(
            id, org: org, model: model, input: Int(tokens), user: user, at: Timestamp(milliseconds: at), hold: hold)
        return Operation(
            name: "use \(org) \(id) \(model) \(tokens) \(user ?? "-") hold \(hold ?? "-")",
            mutation: .usage(record, received: ledger.clock.now)
        ) { reference, outcome, now in
            let expected = reference.use(
                org, id, model: model, tokens: tokens, user: user, hold: hold, at: at, now)
            let got: ReferenceLedger.UsageAnswer? =
                switch outcome {
                case .usage(let reply):
                    .reply(
                        ReferenceLedger.UsageReply(
                            status: reply.status, cost: reply.cost.nanos, balance: reply.balance.nanos,
                            available: reply.available.nanos, holdState: reply.holdState, overrun: reply.overrun?.nanos),
                        isDuplicate: reply.isDuplicate)
                case .refused(let refusal): .refused(refusal.code)
                default: nil
                }
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
        // The price of a worst case changes with the cards, so half of them ask for an amount.
        let asked = ReferenceLedger.HoldAsked(user: user, amount: max(1, tokens) * Self.nanosPerToken, ttl: ttl)
        let request = HoldRequest(
            id: id, org: org, user: user, worst: .amount(Money(nanos: asked.amount)), ttlSeconds: ttl)
        return Operation(
            name: "authorize \(org) \(id) \(asked.amount) \(user ?? "-") for \(ttl) s", mutation: .authorize(request)
        ) { reference, outcome, now in
            Self.compare(outcome, reference.authorize(org, id, asked, now))
        }
    }

    private mutating func release(_ org: String) -> Operation {
        let known = reference.orgs[org]?.holds.keys.sorted() ?? []
        let id = number(0..<10) == 0 ? "nobody's" : known.suffix(5).randomElement(using: &random) ?? "none"
        return Operation(name: "release \(org) \(id)", mutation: .release(org: org, id: id)) { reference, outcome, _ in
            Self.compare(outcome, reference.release(org, id))
        }
    }

    private static func compare(_ outcome: Outcome, _ expected: ReferenceLedger.HoldAnswer) -> String? {
        let isRight: Bool
        switch (outcome, expected) {
        case (.hold(let reply), .granted(let hold, let isDuplicate)):
            isRight =
                reply.status == .held && reply.held.nanos == hold.amount && reply.balance.nanos == hold.balance
                && reply.available.nanos == hold.available && reply.isDuplicate == isDuplicate
                && reply.expires.milliseconds == hold.expires && reply.state == (isDuplicate ? hold.state : nil)
        case (.hold(let reply), .closed(let state, let wasClosed, let available)):
            isRight =
                reply.status == .closed(state) && reply.state == (wasClosed ? state : nil)
                && reply.available.nanos == available
        case (.refused(let refusal), .refused(let code)): isRight = refusal.code == code
        default: isRight = false
        }
        return isRight ? nil : "got \(outcome), expected \(expected)"
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
        switch number(0..<4) {
        case 0:
            // Everything is before the newest record: the writer adds up from the org's first one by itself.
            let earlier = EarlierSpend(day: .zero, month: .zero, throughSequence: 0, moment: ledger.clock.now)
            return Operation(
                name: "add member \(org) \(user)", mutation: .addMember(org: org, user: user, earlier, key())
            ) { reference, outcome, now in
                let isThere = reference.orgs[org]?.members[user]?.isRemoved == false
                let member = reference.orgs[org]?.member(user, addedAt: now)
                if !isThere { reference.orgs[org]?.members[user] = member }
                if case .member = outcome, !isThere { return nil }
                if case .refused(let refusal) = outcome, isThere, refusal.code == .idConflict { return nil }
                return "got \(outcome)"
            }
        case 1:
            return Operation(
                name: "remove member \(org) \(user)", mutation: .removeMember(org: org, user: user, key())
            ) { reference, outcome, _ in
                let isThere = reference.orgs[org]?.members[user]?.isRemoved == false
                reference.orgs[org]?.members[user]?.isRemoved = true
                if case .member = outcome, isThere { return nil }
                if case .refused = outcome, !isThere { return nil }
                return "got \(outcome)"
            }
        case 2:
            return Operation(
                name: "limit member \(org) \(user) \(amounts)",
                mutation: .limitMember(
                    org: org, user: user, daily: money(amounts[0]), monthly: money(amounts[1]), key())
            ) { reference, outcome, _ in
                let isThere = reference.orgs[org]?.members[user]?.isRemoved == false
                if isThere {
                    reference.orgs[org]?.members[user]?.daily = amounts[0]
                    reference.orgs[org]?.members[user]?.monthly = amounts[1]
                }
                if case .member = outcome, isThere { return nil }
                if case .refused = outcome, !isThere { return nil }
                return "got \(outcome)"
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

    // MARK: Comparing

    private func compare() async throws {
        let reader = try LedgerReader(path: ledger.path)
        defer { try? reader.close() }
        let now = ledger.clock.now
        for (name, expected) in reference.orgs.sorted(by: { $0.key < $1.key }) {
            guard let org = try await reader.org(name) else { throw ModelMismatch(words: "\(name) is gone") }
            try equal(org.balance, Money(nanos: expected.credits).description, "\(name): balance")
            try equal(org.available, Money(nanos: expected.available).description, "\(name): available")
            let grants = try await reader.grants(of: name, before: nil, limit: 1000).items
            try equal(
                grants.map { "\($0.grant) \($0.remaining) \($0.state)" },
                expected.grants.reversed().map { "\($0.id) \(Money(nanos: $0.remaining)) \($0.state.name)" },
                "\(name): grants")
            let holds = try await reader.openHolds(of: name, before: nil, limit: 1000).items
            try equal(
                holds.map(\.id).sorted(), expected.holds.filter { $0.value.state == .open }.keys.sorted(),
                "\(name): open holds")
            let budget = try await reader.budget(of: name, at: now)
            try equal(
                budget?.spentThisMonth, Money(nanos: expected.spent(now.milliseconds, \.month)).description,
                "\(name): spent this month")
            for member in try await reader.members(of: name, after: nil, limit: 100, at: now).items
            where member.removed == nil {
                let day = expected.spent(now.milliseconds, by: member.user, day: true)
                let month = expected.spent(now.milliseconds, by: member.user, day: false)
                try equal(
                    [member.spentToday, member.spentThisMonth, member.held],
                    [day, month, expected.held(by: member.user)].map { Money(nanos: $0).description },
                    "\(name): what \(member.user) spent and holds")
            }
        }
        guard stepNumber % 20 == 19 else { return }
        for (index, (name, id)) in commitOrder.enumerated() {
            guard let record = reference.orgs[name]?.records[id],
                let usage = try await reader.usage(sequence: Int64(index) + 1)
            else { throw ModelMismatch(words: "\(name) \(id) is gone") }
            try equal(usage.cost, Money(nanos: record.cost).description, "\(name) \(id): cost")
        }
        let report = try ledger.verify()
        guard report.ok else { throw ModelMismatch(words: "the books: \(report.problems.prefix(5))") }
    }

    private func equal<Value: Equatable>(_ got: Value, _ expected: Value, _ what: String) throws {
        guard got == expected else { throw ModelMismatch(words: "\(what) is \(got), expected \(expected)") }
    }
}
