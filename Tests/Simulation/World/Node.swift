import Billing
import FaultDisk
import Foundation
import Ledger
import Metering
import Synchronization
import TestSupport

/// One life of the daemon's core: the ledger, its writer, its readers and billing, on a disk in memory.
final class Node: Sendable {
    let store: TappedStore
    let writer: LedgerWriter
    let reader: LedgerReader
    let billing: BillingService
    private let database: Mutex<LedgerDatabase?>
    /// How often billing had to leave something for later.
    let troubles = Counter()

    init(
        _ directory: String, _ clock: SimulatedClock, _ gateway: SimulatedGateway, _ checker: Checker,
        beforeBill: @escaping @Sendable () -> Void
    ) async throws {
        let database = try LedgerDatabase(in: directory, makesLedger: true)
        self.database = Mutex(database)
        var options = StoreOptions(clock: { clock.now })
        options.stopwatch = { clock.stopwatch }
        // Small, so that a short life passes every boundary.
        options.sealIdsAt = 24
        options.checkpointPages = 48
        options.cacheKiB = 512
        options.sweepRecordsMax = 8
        options.expiriesMax = 8
        let store = TappedStore(
            try SQLiteStore.open(path: database.path, options: options), gateway.process, checker, clock,
            beforeBill: beforeBill)
        self.store = store
        do {
            reader = try LedgerReader(path: database.path, atOnce: 1)
            let id = try await reader.ledgerID()
            let now = ContinuousClock.now
            writer = LedgerWriter(store: store, capacity: 4096, now: { now }) { _ in }
            billing = BillingService(
                writer: writer, reader: reader, gateway: gateway, plan: { (Self.plan, Self.taxes) },
                clock: { clock.now }, ledgerID: id, returnURL: ReturnURL("https://pages.example/{org}/{payment}"),
                onTrouble: { [troubles] _, _ in troubles.add() })
        } catch {
            store.letGo()
            throw error
        }
    }

    static let plan = Plan()
    static let taxes = TaxTable(
        seller: TaxPlace(country: "DE", region: nil),
        rates: [
            TaxRate(
                place: TaxPlace(country: "DE", region: nil), name: "VAT", microPercent: 19_000_000,
                from: CalendarDay(daysSinceEpoch: 0), products: [.seats, .credits], isInclusive: false)
        ])

    /// Ends it in good order; what could not be written is for the next start.
    func close() async {
        try? reader.close()
        await writer.close()
        store.letGo()
        // Whoever is in the middle of asking has this object still.
        database.withLock { $0 = nil }
    }
}
