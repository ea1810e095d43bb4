import Dispatch
import Ledger
import Metering
import Synchronization

/// The real store behind the real writer, with a look at every batch: what was asked, when, and what came of it goes to the checker in
/// the order of commits. A store that fails ends the process: from then on nothing is done and everything is refused.
///
/// It asks for no work of its own: when that is done the world says, by a `probe`, so that a run is the same each time.
///
/// `@unchecked Sendable`: `base` is touched by who has the writer's turn, and by the world when no writer is left.
final class TappedStore: LedgerStore, @unchecked Sendable {
    private var base: SQLiteStore?
    private let process: ProcessState
    private let checker: Checker
    private let clock: SimulatedClock
    /// Called before a bill is changed.
    private let beforeBill: @Sendable () -> Void
    private let gate = Mutex<(entered: DispatchSemaphore, opened: DispatchSemaphore)?>(nil)
    private let error = Mutex<String?>(nil)
    private let progress = Mutex(OwnWork.done)

    /// How far own work comes on a full disk.
    enum OwnWork { case done, inPart, notAtAll }

    init(
        _ base: SQLiteStore, _ process: ProcessState, _ checker: Checker, _ clock: SimulatedClock,
        beforeBill: @escaping @Sendable () -> Void
    ) {
        self.base = base
        self.process = process
        self.checker = checker
        self.clock = clock
        self.beforeBill = beforeBill
    }

    /// What the store failed with.
    var failure: String? { error.withLock { $0 } }

    /// How far the latest own work came.
    var ownWorkDone: OwnWork { progress.withLock { $0 } }

    /// Lets go of the files. Nobody may be at work.
    func letGo() { base = nil }

    /// Holds up the next probe until it is opened, so that what is submitted meanwhile becomes one batch.
    func closeGate() -> (entered: DispatchSemaphore, opened: DispatchSemaphore) {
        let gate = (entered: DispatchSemaphore(value: 0), opened: DispatchSemaphore(value: 0))
        self.gate.withLock { $0 = gate }
        return gate
    }

    func commit(lots: [[Mutation]]) throws(StorageFailure) -> [[Outcome]] {
        let held = gate.withLock { gate in
            defer { gate = nil }
            return gate
        }
        if let held {
            held.entered.signal()
            held.opened.wait()
        }
        guard !process.isOver, base != nil else { return Self.refusals(lots) }
        if case .probe = lots.first?.first, lots.count == 1, held == nil { return ownWork(lots) }
        if lots.contains(where: { $0.contains { if case .bill = $0 { true } else { false } } }) { beforeBill() }
        return carryOut(lots) ?? Self.refusals(lots)
    }

    private func carryOut(_ lots: [[Mutation]]) -> [[Outcome]]? {
        let now = clock.now
        do throws(StorageFailure) {
            let outcomes = try base?.commit(lots: lots) ?? []
            checker.check(lots, outcomes, now)
            return outcomes
        } catch {
            self.error.withLock { $0 = "\(error)" }
            checker.lost(lots, now)
            process.end()
            return nil
        }
    }

    /// What the writer's thread does when nobody asks for anything.
    private func ownWork(_ lots: [[Mutation]]) -> [[Outcome]] {
        var rounds = 0
        defer { progress.withLock { $0 = base?.isFull != true ? .done : rounds > 0 ? .inPart : .notAtAll } }
        while rounds < 2000, base?.timeToOwnWork == .zero || base?.isFull == true {
            guard carryOut([]) != nil else { return Self.refusals(lots) }
            if base?.isFull == true { break }
            rounds += 1
        }
        if base?.isFull != true { checker.didOwnWork(clock.now) }
        return lots.map { $0.map { _ in .alive } }
    }

    private static func refusals(_ lots: [[Mutation]]) -> [[Outcome]] {
        lots.map { $0.map { _ in .refused(Refusal(.shuttingDown, "the process is over")) } }
    }

    var isFull: Bool { base?.isFull ?? false }
    var lastSync: Duration { base?.lastSync ?? .zero }
    var timeToOwnWork: Duration? { nil }

    func close() throws(StorageFailure) {
        guard !process.isOver else { return }
        do throws(StorageFailure) {
            try base?.close()
        } catch {
            self.error.withLock { $0 = "\(error)" }
            process.end()
        }
    }
}
