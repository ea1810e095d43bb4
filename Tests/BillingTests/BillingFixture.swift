import Billing
import Foundation
import GRDB
import Ledger
import Metering
import Synchronization
import TestSupport
import Testing

/// A real ledger with its writer, a clock that the test moves, and billing over both.
final class BillingFixture: Sendable {
    let directory: TemporaryDirectory
    let writer: LedgerWriter
    let reader: LedgerReader
    let billing: BillingService
    private let database: LedgerDatabase
    private let time: Shared<Timestamp>
    private let keys = Atomic(0)

    /// - Parameters:
    ///   - start: what the clock shows first.
    ///   - gateway: who collects; an operator, where nothing is said.
    ///   - returnURL: where customers go after they have confirmed a payment.
    ///   - dump: an older version's ledger, as SQL; nil for an empty one.
    init(
        at start: String = "2026-01-31T10:00:00Z", gateway: any PaymentGateway = ManualGateway(),
        plan: Plan = Plan(), taxes: TaxTable = .none, dump: String? = nil, returnURL: ReturnURL? = nil,
        configure: (inout StoreOptions) -> Void = { _ in }
    ) async throws {
        directory = try TemporaryDirectory()
        if let dump {
            // A dump has its tables in the order of their names.
            var configuration = Configuration()
            configuration.foreignKeysEnabled = false
            let queue = try DatabaseQueue(path: directory.path + "/meterd.db", configuration: configuration)
            try await queue.writeWithoutTransaction { try $0.execute(sql: dump) }
            try queue.close()
        }
        let database = try LedgerDatabase(in: directory.path, makesLedger: true)
        self.database = database
        let time = Shared(try #require(Timestamp(rfc3339: start)))
        self.time = time
        let clock: @Sendable () -> Timestamp = { time.value.withLock { $0 } }
        var options = StoreOptions(clock: clock)
        options.cacheKiB = 1024
        configure(&options)
        let store = try SQLiteStore(path: database.path, options: options)
        writer = LedgerWriter(store: store, capacity: 4096) { Issue.record("the store failed: \($0)") }
        let reader = try LedgerReader(path: database.path)
        self.reader = reader
        billing = BillingService(
            writer: writer, reader: reader, gateway: gateway, plan: { (plan, taxes) }, clock: clock,
            ledgerID: try await reader.ledgerID(), returnURL: returnURL)
    }

    private final class Shared<Value: Sendable>: Sendable {
        let value: Mutex<Value>
        init(_ value: Value) { self.value = Mutex(value) }
    }

    func close() async throws {
        try reader.close()
        await writer.close()
    }

    /// Moves the clock, and does all that is due.
    func move(to text: String) async throws {
        let moment = try #require(Timestamp(rfc3339: text.count == 10 ? "\(text)T00:00:00Z" : text))
        time.value.withLock { $0 = moment }
        _ = await writer.perform(.probe)
        _ = try await billing.advanceAll { Issue.record("org \($0): \($1)") }
    }

    var now: Timestamp { time.value.withLock { $0 } }

    /// Does all that is due at this moment.
    func settle() async throws {
        _ = try await billing.advanceAll { Issue.record("org \($0): \($1)") }
    }

    /// A dollar a token.
    func recordRates() async throws {
        let document = """
            format: meterd/1
            effective: 2026-01-01T00:00:00Z
            rates:
              - {model: m, provider: p, price: {input: 1000000, output: 1000000}}
            """
        let card = NewCard(document: document, card: try RateDocument.parse(document), source: "test")
        guard case .card = await writer.perform(.recordCard(card, nil)) else { throw Unexpected() }
    }

    func key(_ route: String = "test") -> IdempotencyKey {
        IdempotencyKey(route: route, key: "k\(keys.add(1, ordering: .relaxed).newValue)", body: "")
    }

    func createOrg(_ name: String = "acme", country: String? = "DE") async throws {
        let org = NewOrg(name: name, displayName: nil, country: country, region: nil)
        guard case .org = await writer.perform(.createOrg(org, key())) else { throw Unexpected() }
    }

    /// Buys seats and takes note of their payment.
    @discardableResult func addSeats(_ seats: Int64, to org: String = "acme") async throws -> PaymentView {
        let payment = try await order(seats, org)
        return try await pay(payment.payment, org)
    }

    /// The payment of seats that were bought; throws if nothing was to be paid.
    func bought(_ added: SeatsAdded) throws -> PaymentView {
        guard case .bought(let payment) = added else { throw Unexpected() }
        return payment
    }

    /// Orders seats, which have to be paid.
    func order(_ seats: Int64, _ org: String = "acme", under key: IdempotencyKey? = nil) async throws -> PaymentView {
        try bought(try await billing.addSeats(seats, to: org, under: key ?? self.key("addSeats"), by: "test"))
    }

    /// Buys credits and takes note of their payment.
    @discardableResult func buy(_ amount: String, for org: String = "acme") async throws -> PaymentView {
        let amount = try #require(Money(decimal: amount))
        let payment = try await billing.buyCredits(amount, for: org, under: key("buy"), by: "test")
        return try await pay(payment.payment, org)
    }

    @discardableResult func pay(_ payment: Int64, _ org: String = "acme") async throws -> PaymentView {
        try await billing.record(
            .paid(reference: nil, amount: nil), of: payment, for: org, under: key("record"), by: "test")
    }

    /// The number of the payment that is waited for.
    func pending(_ org: String = "acme") async throws -> Int64 {
        let page = try await billing.payments(of: org, before: nil, limit: 10)
        guard let payment = page.items.first(where: { $0.state == "pending" }) else { throw NonePending() }
        return payment.payment
    }

    func addMember(_ user: String, to org: String = "acme") async throws -> Refusal? {
        let earlier = try await reader.spend(of: user, in: org, at: now)
        switch await writer.perform(.addMember(org: org, user: user, earlier, key())) {
        case .member: return nil
        case .refused(let refusal): return refusal
        default: throw Unexpected()
        }
    }

    func authorize(_ id: String, for org: String = "acme") async throws -> Refusal.Code? {
        let request = HoldRequest(id: id, org: org, worst: .amount(.zero), ttlSeconds: 60)
        switch await writer.perform(.authorize(request)) {
        case .hold: return nil
        case .refused(let refusal): return refusal.code
        default: throw Unexpected()
        }
    }

    /// Charges a record of so many tokens at a dollar.
    func spend(
        _ tokens: Int, _ id: String, for org: String = "acme", user: String? = nil, hold: String? = nil,
        tags: String? = nil, more: String = ""
    ) async throws {
        let json = #"{"prompt_tokens":\#(tokens)\#(more)}"#
        let record = UsageRecord(
            id: id, org: org, user: user, model: "m", provider: "p", hold: hold, usage: json, tags: tags,
            reading: try UsageReading(json: json, provider: "p", model: "m"))
        let peer = Peer(uid: 7, pid: 8)
        guard case .usage(let reply) = await writer.perform(.usage(record, received: now, peer: peer)),
            reply.status != .unpriced
        else { throw Unexpected() }
    }

    func balance(_ org: String = "acme") async throws -> Money {
        guard case .balance(let reply) = await writer.perform(.balance(org: org)) else { throw Unexpected() }
        return reply.balance
    }

    /// The kinds of an org's events, oldest first.
    func events(_ org: String = "acme") async throws -> [String] {
        try await reader.events(after: 0, limit: 1000).items.filter { $0.org == org }.map(\.kind)
    }

    /// What the events of a kind say under a name, the oldest first.
    func told(_ kind: String, _ name: String) async throws -> [String?] {
        try await reader.events(after: 0, limit: 1000).items.filter { $0.kind == kind }.map { $0.data[name] }
    }

    func invoices(_ org: String = "acme") async throws -> [InvoiceView] {
        try await billing.invoices(of: org, before: nil, limit: 100).items.reversed()
    }

    func verify() async throws {
        let report = try Verification.run(databaseFile: database.path, isWholeFile: false)
        #expect(report.problems == [])
    }

    struct Unexpected: Error {}
    struct NonePending: Error {}
}
