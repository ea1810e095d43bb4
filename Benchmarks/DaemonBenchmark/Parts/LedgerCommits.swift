import Foundation
import Ledger
import LoadGenerator
import Metering
import Synchronization

/// The ledger's own commits, without a socket in front.
final class LedgerCommits {
    private let source: RecordSource
    private let database: LedgerDatabase
    private var store: SQLiteStore
    private var preparer = ChargePreparer()

    init(_ source: RecordSource, _ directory: String, orgs: Int) throws {
        self.source = source
        (database, store) = try Self.open(source.document, in: directory, now: source.now) { _ in }
        _ = try store.commit(
            (1...orgs).flatMap { number -> [Mutation] in
                let name = "org-\(number)"
                return [
                    .createOrg(
                        NewOrg(name: name, displayName: nil, country: nil, region: nil),
                        IdempotencyKey(route: "createOrg", key: name, body: name)),
                    .grant(
                        NewGrant(org: name, amount: Money(decimal: "1000000") ?? .zero, reason: nil),
                        IdempotencyKey(route: "grant", key: name, body: name)),
                ]
            })
    }

    func run(_ batch: Int, _ seconds: Double) throws -> Rate {
        let lot = 20_000
        var ready: [Mutation] = []
        var rates: [Rate] = []
        // What the event loop does is done before the time is taken.
        while rates.count < 3 {
            while ready.count < max(lot, batch * 8) {
                ready += source.lines(1000).compactMap(source.record).map {
                    .usage(
                        $0, received: source.now,
                        prepared: preparer.prepare($0, received: source.now, book: store.book))
                }
            }
            let (start, cpu) = (Load.now(), Load.now(CLOCK_THREAD_CPUTIME_ID))
            var count = 0
            while count + batch <= ready.count, Load.now() - start < seconds / 3 {
                for outcome in try store.commit(Array(ready[count..<(count + batch)])) {
                    guard case .usage(let reply) = outcome, !reply.isDuplicate else {
                        throw BenchmarkError("a record was not charged: \(outcome)")
                    }
                }
                count += batch
            }
            ready.removeFirst(count)
            rates.append(
                Rate(
                    perSecond: Double(count) / (Load.now() - start),
                    cpuMicros: (Load.now(CLOCK_THREAD_CPUTIME_ID) - cpu) / Double(count) * 1e6))
        }
        try store.close()
        return Rate.median(rates)
    }

    /// The cards of a document, as a ledger has them.
    static func book(_ document: String, in directory: String, now: Timestamp) throws -> RateBook {
        try open(document, in: directory, now: now) { _ in }.1.book
    }

    private static func open(
        _ document: String, in directory: String, now: Timestamp, _ configure: (inout StoreOptions) -> Void
    ) throws -> (LedgerDatabase, SQLiteStore) {
        let database = try LedgerDatabase(in: directory, makesLedger: true)
        var options = StoreOptions(clock: { now })
        configure(&options)
        var store = try SQLiteStore(path: database.path, options: options)
        _ = try store.commit([
            .recordCard(NewCard(document: document, card: try RateDocument.parse(document), source: "benchmark"), nil)
        ])
        return (database, store)
    }
}
