import Foundation
import GRDB
import Metering
import TestSupport

@testable import Ledger
@testable import Simulation

/// One seed's run: draws operations, does each on both sides, compares.
struct ModelRun {
    private(set) var stepNumber = 0
    var log: [String] = []
    let ledger: LedgerFixture
    var reference: ReferenceLedger
    var random: SeededGenerator
    var counter = 0
    var commitOrder: [(org: String, id: String)] = []
    private var isSqueezed = false

    static let orgs = ["acme", "other"]
    static let users = ["ana", "bo", "cy"]
    static let nanosPerToken: Int64 = 1_000_000

    /// One operation: what the ledger is asked, and what the reference says to its answer, nil where that is right.
    struct Operation {
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
        for org in Self.orgs {
            try ledger.createOrg(org)
            // A few tokens, so that caps meet it.
            try ledger.policy(org) { $0.cappedExposureMax = .set(Money(nanos: 20 * Self.nanosPerToken)) }
            reference.orgs[org]?.exposureMax = 20 * Self.nanosPerToken
        }
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
        commitOrder += reference.begin(now)
        for (operation, outcome) in zip(operations, outcomes) {
            if let words = operation.check(&reference, outcome, now) {
                throw ModelMismatch(words: "\(operation.name): \(words)")
            }
            if case .usage(let record, _, _, _, _) = operation.mutation, case .usage(let reply) = outcome,
                !reply.isDuplicate
            {
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
        _ = try ledger.store.commit(lots: [])
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
        commitOrder += reference.begin(now)
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
        if isFull(try ledger.store.commit([.recordCard(card, nil)])) { return try makeRoom() }
        var prices = ["m": Int64(m) * Self.nanosPerToken]
        if late > 0 { prices["late"] = Int64(late) * Self.nanosPerToken }
        commitOrder += reference.begin(ledger.clock.now.milliseconds)
        reference.cards.append(ReferenceLedger.Card(effective: Int64(effective), prices: prices))
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
