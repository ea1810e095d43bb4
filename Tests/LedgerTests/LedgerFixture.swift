import Foundation
import Ledger
import Metering
import Synchronization
import TestSupport

/// A ledger in a folder of its own with a clock that the test moves, opened again as often as wanted.
final class LedgerFixture {
    let directory: TemporaryDirectory
    let clock = ManualClock()
    var store: SQLiteStore
    /// Changes of policies so far, for their keys.
    var policies = 0
    private var database: LedgerDatabase?
    private let configure: (inout StoreOptions) -> Void

    static let rates = """
        format: meterd/1
        effective: 2026-01-01T00:00:00Z
        rates:
          - {model: m, provider: p, price: {input: 1000, output: 2000}}
        """

    init(configure: @escaping (inout StoreOptions) -> Void = { _ in }) throws {
        directory = try TemporaryDirectory()
        self.configure = configure
        let database = try LedgerDatabase(in: directory.path, makesLedger: true)
        self.database = database
        store = try Self.open(database, clock, configure)
        try recordRates(Self.rates)
    }

    /// Opens it again with a limit on its size, or none.
    func reopen(pagesMax: Int?) throws {
        self.pagesMax = pagesMax
        try reopen()
    }

    private var pagesMax: Int?

    /// Lets go of the ledger without closing it, as a crash does, and opens it again.
    func reopen() throws {
        database = nil
        let database = try LedgerDatabase(in: directory.path, makesLedger: true)
        self.database = database
        store = try Self.open(database, clock) { [configure, pagesMax] options in
            configure(&options)
            options.pagesMax = pagesMax
        }
    }

    var path: String { directory.path + "/meterd.db" }

    private static func open(
        _ database: LedgerDatabase, _ clock: ManualClock, _ configure: (inout StoreOptions) -> Void
    ) throws -> SQLiteStore {
        var options = StoreOptions(clock: { clock.now })
        configure(&options)
        return try SQLiteStore(path: database.path, options: options)
    }

    // MARK: What tests ask for

    func one(_ mutation: Mutation) throws -> Outcome {
        guard let outcome = try store.commit([mutation]).first else { throw Missing() }
        return outcome
    }

    func createOrg(_ name: String, credits: String? = nil) throws {
        _ = try one(
            .createOrg(
                NewOrg(name: name, displayName: nil, country: nil, region: nil),
                IdempotencyKey(route: "createOrg", key: "create-\(name)", body: name)))
        if let credits { _ = try grant(name, credits, key: "first-\(name)") }
    }

    func grant(_ org: String, _ amount: String, key: String, body: String? = nil) throws -> Outcome {
        try one(
            .grant(
                NewGrant(org: org, amount: Money(decimal: amount) ?? .zero, reason: nil),
                IdempotencyKey(route: "grant", key: key, body: body ?? amount)))
    }

    func credit(
        _ amount: String, org: String = "acme", source: GrantSource = .purchase, priority: Int = 50,
        expiresIn seconds: Int64? = nil, key: String
    ) throws -> GrantView {
        let new = NewGrant(
            org: org, amount: Money(decimal: amount) ?? .zero, source: source, priority: priority,
            expires: seconds.map { clock.now.advanced(bySeconds: $0) }, reason: nil)
        guard case .grant(let view, _) = try one(.grant(new, IdempotencyKey(route: "grant", key: key, body: amount)))
        else { throw Missing() }
        return view
    }

    func authorize(
        _ id: String, _ amount: String, org: String = "acme", user: String? = nil, ttl: Int64 = 600
    ) throws -> Outcome {
        try one(
            .authorize(
                HoldRequest(
                    id: id, org: org, user: user, worst: .amount(Money(decimal: amount) ?? .zero), ttlSeconds: ttl)))
    }

    /// The reply to a hold that is expected to be granted.
    func held(
        _ id: String, _ amount: String, org: String = "acme", user: String? = nil, ttl: Int64 = 600
    ) throws -> HoldReply {
        guard case .hold(let reply) = try authorize(id, amount, org: org, user: user, ttl: ttl) else { throw Missing() }
        return reply
    }

    /// The code with which a hold is expected to be refused.
    func refused(_ id: String, _ amount: String, user: String? = nil) throws -> Refusal.Code {
        try refusal(try authorize(id, amount, user: user)).code
    }

    func release(_ id: String, org: String = "acme") throws -> Outcome {
        try one(.release(org: org, id: id))
    }

    func key(_ name: String) -> IdempotencyKey { IdempotencyKey(route: "test", key: name, body: name) }

    func reading<Answer>(_ body: (LedgerReader) async throws -> Answer) async throws -> Answer {
        let reader = try LedgerReader(path: path)
        defer { try? reader.close() }
        return try await body(reader)
    }

    /// What is left of each grant, oldest first: `"1: 0.500000000 open"`.
    func grantsLeft(_ org: String = "acme") async throws -> [String] {
        try await reading { reader in
            try await reader.grants(of: org, before: nil, limit: 100).items.reversed().map {
                "\($0.grant): \($0.remaining) \($0.state)"
            }
        }
    }

    func available(_ org: String = "acme") throws -> Money {
        guard case .balance(let reply) = try one(.balance(org: org)) else { throw Missing() }
        return reply.available
    }

    func recordRates(_ document: String) throws {
        _ = try one(
            .recordCard(NewCard(document: document, card: try RateDocument.parse(document), source: "test"), nil))
    }

    func record(
        _ id: String, org: String = "acme", model: String = "m", input: Int = 1, output: Int = 0, user: String? = nil,
        provider: String? = nil, at: Timestamp? = nil, tier: ServiceTier = .standard, hold: String? = nil,
        usage: String? = nil, tags: String? = nil
    ) throws -> UsageRecord {
        let json = usage ?? #"{"prompt_tokens":\#(input),"completion_tokens":\#(output)}"#
        return UsageRecord(
            id: id, org: org, user: user, model: model, provider: provider, at: at, tier: tier, hold: hold,
            usage: json, tags: tags, reading: try UsageReading(json: json, provider: provider, model: model))
    }

    func charge(_ record: UsageRecord) throws -> Outcome {
        try one(.usage(record, received: clock.now))
    }

    /// The reply to a record that is expected to be taken.
    func reply(_ record: UsageRecord) throws -> ChargeReply {
        guard case .usage(let reply) = try charge(record) else { throw Missing() }
        return reply
    }

    /// The refusal of a mutation that is expected to be refused.
    func refusal(_ outcome: Outcome) throws -> Refusal {
        guard case .refused(let refusal) = outcome else { throw Missing() }
        return refusal
    }

    func balance(_ org: String = "acme") throws -> Money {
        guard case .balance(let reply) = try one(.balance(org: org)) else { throw Missing() }
        return reply.balance
    }

    func verify() throws -> VerificationReport {
        try Verification.run(databaseFile: path)
    }

    struct Missing: Error {}
}

/// A clock that stands until it is moved.
final class ManualClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_795_514_304_000)

    var now: Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }

    func advance(seconds: Int64) {
        milliseconds.withLock { $0 += seconds * 1000 }
    }
}
