import Ledger
import Metering
import Synchronization
import TestSupport
import Testing

@Suite(.ownThread) struct WriterTests {
    @Test func manyTasksSpendTogetherAndEveryOutcomeIsOfItsOwnRecord() async throws {
        let directory = try TemporaryDirectory()
        let database = try LedgerDatabase(in: directory.path, makesLedger: true)
        let clock = ManualClock()
        let store = try SQLiteStore(path: database.path, options: StoreOptions(clock: { clock.now }))
        let writer = LedgerWriter(store: store, capacity: 10_000) { Issue.record("the store failed: \($0)") }
        _ = await writer.perform(
            .recordCard(
                NewCard(
                    document: LedgerFixture.rates, card: try RateDocument.parse(LedgerFixture.rates), source: "test"),
                nil))
        _ = await writer.perform(
            .createOrg(
                NewOrg(name: "acme", displayName: nil, country: nil, region: nil),
                IdempotencyKey(route: "createOrg", key: "k", body: "acme")))
        let costs = await withTaskGroup(of: Int64.self) { group in
            for task in 0..<40 {
                group.addTask {
                    var sum: Int64 = 0
                    for number in 0..<25 {
                        let json = #"{"prompt_tokens":\#(task + 1)}"#
                        guard let reading = try? UsageReading(json: json, provider: nil, model: "m") else { return -1 }
                        let record = UsageRecord(
                            id: "\(task)-\(number)", org: "acme", model: "m", usage: json, reading: reading)
                        guard case .usage(let reply) = await writer.perform(.usage(record, received: clock.now)),
                            reply.cost.nanos == Int64(task + 1) * 1_000_000
                        else { return -1 }
                        sum += reply.cost.nanos
                    }
                    return sum
                }
            }
            return await group.reduce(into: Int64(0)) { $0 += $1 }
        }
        #expect(costs == 25 * (1...40).reduce(0, +) * 1_000_000)
        guard case .balance(let reply) = await writer.perform(.balance(org: "acme")) else {
            Issue.record("no balance")
            return
        }
        #expect(reply.balance.nanos == -costs)
        #expect(writer.statistics.records == 1000)
        await writer.close()
        #expect(try Verification.run(databaseFile: database.path).ok)
    }

    @Test func whatExpiresExpiresByItselfWhenNothingIsAsked() async throws {
        let directory = try TemporaryDirectory()
        let database = try LedgerDatabase(in: directory.path, makesLedger: true)
        let start = ContinuousClock.now
        // A clock that runs, from a moment of its own.
        let clock: @Sendable () -> Timestamp = {
            let passed = (ContinuousClock.now - start).components
            return Timestamp(milliseconds: passed.seconds * 1000 + passed.attoseconds / 1_000_000_000_000_000)
        }
        let (events, continuation) = AsyncStream.makeStream(of: LedgerEvent.self)
        var options = StoreOptions(clock: clock)
        options.onEvents = { for event in $0 { continuation.yield(event) } }
        let store = try SQLiteStore(path: database.path, options: options)
        let writer = LedgerWriter(store: store, capacity: 100) { Issue.record("the store failed: \($0)") }
        func key(_ name: String) -> IdempotencyKey { IdempotencyKey(route: name, key: "k", body: "") }
        _ = await writer.perform(
            .createOrg(NewOrg(name: "acme", displayName: nil, country: nil, region: nil), key("createOrg")))
        let expires = clock().advanced(bySeconds: 1)
        _ = await writer.perform(
            .grant(
                NewGrant(org: "acme", amount: Money(nanos: 5), expires: expires, reason: nil), key("grant")))
        for await event in events {
            #expect(event.kind == "credits_expired" && event.at == expires.description)
            break
        }
        await writer.close()
        #expect(try Verification.run(databaseFile: database.path).ok)
    }

    @Test func closingCarriesOutWhatWaitsAndTakesNoMore() async throws {
        let directory = try TemporaryDirectory()
        let database = try LedgerDatabase(in: directory.path, makesLedger: true)
        let clock = ManualClock()
        let store = try SQLiteStore(path: database.path, options: StoreOptions(clock: { clock.now }))
        let writer = LedgerWriter(store: store, capacity: 100) { Issue.record("the store failed: \($0)") }
        let counter = CountingReceiver()
        for size in 1...10 {
            #expect(writer.submit(Submission(Array(repeating: .probe, count: size), receiver: counter)))
        }
        await writer.close()
        #expect(counter.sizes == Array(1...10))
        #expect(!writer.submit(Submission([.probe], receiver: counter)))
        guard case .refused(let refusal) = await writer.perform(.probe) else {
            Issue.record("a closed writer took work")
            return
        }
        #expect(refusal.code == .shuttingDown)
    }

    @Test func aFullQueueTakesAllOrNothing() async throws {
        let store = StuckStore()
        let writer = LedgerWriter(store: store, capacity: 10) { _ in }
        let counter = CountingReceiver()
        let probes = { (count: Int) in Submission(Array(repeating: .probe, count: count), receiver: counter) }
        // The first is taken out of the queue and stays with the store.
        #expect(writer.submit(probes(1)))
        store.gate.waitUntilEntered()
        #expect(writer.submit(probes(8)))
        #expect(!writer.submit(probes(3)))
        #expect(writer.submit(probes(2)))
        #expect(writer.queued == 10)
        store.gate.open()
        await writer.close()
        #expect(counter.sizes == [1, 8, 2])
    }

    @Test func aCallersThreadMayCarryOutABatchOnlyWhileTheWriterIsIdle() async throws {
        let store = StuckStore()
        let writer = LedgerWriter(store: store, capacity: 10) { _ in }
        let counter = CountingReceiver()
        #expect(writer.submit(Submission([.probe], receiver: counter)))
        store.gate.waitUntilEntered()
        guard case .busy = writer.carryOutIfIdle([.probe]) else {
            Issue.record("two batches were carried out at once")
            return
        }
        store.gate.open()
        await writer.close()
        guard case .busy = writer.carryOutIfIdle([.probe]) else {
            Issue.record("a closed store was asked")
            return
        }
        #expect(counter.sizes == [1])
    }

    @Test func whatIsSubmittedWhileACallerCarriesOutABatchComesAfterIt() async throws {
        let store = StuckStore()
        let writer = LedgerWriter(store: store, capacity: 10) { _ in }
        let counter = CountingReceiver()
        let caller = Background { writer.carryOutIfIdle([.probe, .probe]) }
        store.gate.waitUntilEntered()
        #expect(writer.submit(Submission([.probe], receiver: counter)))
        #expect(writer.queued == 1)
        #expect(counter.sizes.isEmpty)
        store.gate.open()
        guard case .done(let outcomes) = try await caller.value else {
            Issue.record("an idle writer refused")
            return
        }
        #expect(outcomes.count == 2)
        await writer.close()
        #expect(counter.sizes == [1])
    }

    @Test(.timeLimit(.minutes(2))) func afterASlowCommitTheNextIsNoWorkForACallersThread() async throws {
        let store = ClockedStore()
        let writer = LedgerWriter(store: store, capacity: 10, now: { store.now.withLock { $0 } }) { _ in }
        guard case .done = writer.carryOutIfIdle([.probe]) else {
            Issue.record("an idle writer refused")
            return
        }
        guard case .busy = writer.carryOutIfIdle([.probe]) else {
            Issue.record("a caller was held up by a slow disk a second time")
            return
        }
        // The writer's own thread finds that the disk is quick again. It has answered before its turn has ended, so that
        // the first calls may still find it busy; were it never idle, the time limit would say so.
        store.commitTakes.withLock { $0 = .milliseconds(1) }
        _ = await writer.perform(.probe)
        while case .busy = writer.carryOutIfIdle([.probe]) { await Task.yield() }
        await writer.close()
    }

    @Test func afterAFailureNothingIsAnsweredAndNothingTaken() async throws {
        let failed = Mutex<String?>(nil)
        let writer = LedgerWriter(store: BrokenStore(), capacity: 10) { failure in
            failed.withLock { $0 = failure.description }
        }
        let counter = CountingReceiver()
        #expect(writer.submit(Submission([.probe], receiver: counter)))
        await writer.close()
        #expect(counter.sizes.isEmpty)
        #expect(failed.withLock { $0 } == "broken")
        #expect(!writer.submit(Submission([.probe], receiver: counter)))
        guard case .busy = writer.carryOutIfIdle([.probe]) else {
            Issue.record("a failed store was asked again")
            return
        }
    }
}

private final class CountingReceiver: OutcomeReceiver {
    private let received = Mutex<[Int]>([])
    /// How many outcomes each submission got.
    var sizes: [Int] { received.withLock { $0 } }

    func receive(_ outcomes: [[Outcome]]) {
        received.withLock { $0 += outcomes.map(\.count) }
    }
}

// A store that fails can't be had of a healthy disk, nor one that waits: these two stand for the disk.
private struct BrokenStore: LedgerStore {
    let timeToOwnWork: Duration? = nil
    let lastSync = Duration.zero
    func commit(lots: [[Mutation]]) throws(StorageFailure) -> [[Outcome]] {
        throw StorageFailure(description: "broken")
    }
    func close() throws(StorageFailure) {}
}

private struct StuckStore: LedgerStore {
    let gate = Gate()
    let timeToOwnWork: Duration? = nil
    let lastSync = Duration.zero

    func commit(lots: [[Mutation]]) throws(StorageFailure) -> [[Outcome]] {
        gate.enter()
        return lots.map { $0.map { _ in .alive } }
    }

    func close() throws(StorageFailure) {}
}

// A disk whose commits take as long as the test says, by a clock that only they move.
private final class ClockedStore: LedgerStore, Sendable {
    let now = Mutex(ContinuousClock.now)
    let commitTakes = Mutex(Duration.milliseconds(20))
    let timeToOwnWork: Duration? = nil
    let lastSync = Duration.zero

    func commit(lots: [[Mutation]]) throws(StorageFailure) -> [[Outcome]] {
        let duration = commitTakes.withLock { $0 }
        now.withLock { $0 += duration }
        return lots.map { $0.map { _ in .alive } }
    }

    func close() throws(StorageFailure) {}
}
