import Background
import Foundation
import GRDB
import Metering
import Synchronization
import TestSupport
import Testing

@testable import Ledger

@Suite struct CopyTests {
    /// A ledger with records enough that a copy of it takes a while.
    private func filled() throws -> (LedgerFixture, CopyWatch) {
        let watch = CopyWatch()
        let ledger = try LedgerFixture {
            $0.checkpointPages = 64
            $0.sealIdsAt = 300
            $0.copies = watch
        }
        try ledger.createOrg("acme", credits: "1000000")
        for batch in 0..<20 { try commit(ledger, "first-\(batch)", 200) }
        return (ledger, watch)
    }

    private func commit(_ ledger: LedgerFixture, _ name: String, _ count: Int) throws {
        let records = try (0..<count).map { try ledger.record("\(name)-\($0)") }
        _ = try ledger.store.commit(records.map { .usage($0, received: ledger.clock.now) })
    }

    private static func digest(_ path: String, _ commit: Int64) throws -> Data? {
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration).read {
            try Data.fetchOne($0, sql: "SELECT digest FROM ledger_commit WHERE number = ?", arguments: [commit])
        }
    }

    private final class End: Sendable {
        let isReached = Atomic(false)
    }

    private struct Seen {
        let contents: LedgerContents
        let report: VerificationReport
        let digest: Data?
    }

    @Test func aCopyThatIsMadeUnderLoadIsTheLedgerAtOneCommit() async throws {
        let (ledger, watch) = try filled()
        let before = try LedgerContents(databaseFile: ledger.path)
        let (path, directory) = (ledger.path, ledger.directory.path)
        let end = End()
        try await confirmation(expectedCount: 3) { confirm in
            async let copies: Void = BackgroundThread.run("test") {
                defer { end.isReached.store(true, ordering: .releasing) }
                for _ in 0..<3 {
                    let seen = try LedgerSnapshot.withCopy(
                        of: path, watch, in: directory, nudge: {}, isCancelled: { false }
                    ) { copy in
                        let contents = try LedgerContents(databaseFile: copy)
                        return Seen(
                            contents: contents, report: try Verification.run(databaseFile: copy),
                            digest: try Self.digest(copy, contents.commit))
                    }
                    #expect(seen.report.problems == [])
                    #expect(seen.contents.records == seen.report.records && seen.contents.records >= before.records)
                    #expect(seen.contents.commit > before.commit)
                    #expect(try seen.digest != nil && Self.digest(path, seen.contents.commit) == seen.digest)
                    confirm()
                }
            }
            var batch = 0
            while !end.isReached.load(ordering: .acquiring) {
                try commit(ledger, "beside-\(batch)", 7)
                batch += 1
            }
            try await copies
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).allSatisfy { !$0.hasPrefix("snapshot") })
        #expect(!watch.isActive)
    }

    @Test func aCopyIsAFileOfItsOwnThatNeedsNoLog() throws {
        let (ledger, watch) = try filled()
        let snapshot = try LedgerSnapshot.make(
            of: ledger.path, watch, in: ledger.directory.path, nudge: { _ = try ledger.store.commit([]) },
            isCancelled: { false })
        let kept = ledger.directory.path + "/kept"
        let bytes = try FileHandle(fileDescriptor: snapshot.descriptor, closeOnDealloc: false).readToEnd() ?? Data()
        try bytes.write(to: URL(fileURLWithPath: kept))
        #expect(bytes.count == Int(snapshot.bytes) && Array(bytes[18..<20]) == [1, 1])
        #expect(try Verification.run(databaseFile: kept).problems == [])
        #expect(try LedgerContents(databaseFile: kept) == snapshot.contents)
        #expect(snapshot.contents.records == 4000)
    }

    @Test func whatIsGivenUpLeavesNothing() throws {
        let (ledger, watch) = try filled()
        #expect(throws: StorageFailure.self) {
            try LedgerSnapshot.make(
                of: ledger.path, watch, in: ledger.directory.path, nudge: {}, isCancelled: { true })
        }
        // The ledger is closed while the copy waits for it.
        #expect(throws: StorageFailure.self) {
            try LedgerSnapshot.make(
                of: ledger.path, watch, in: ledger.directory.path, nudge: { try ledger.store.close() },
                isCancelled: { false })
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: ledger.directory.path)
        #expect(left.allSatisfy { !$0.hasPrefix("snapshot") } && !watch.isActive)
    }

    @Test func aFrozenFileIsLetGoWhenTheLogGrowsTooLong() throws {
        let watch = CopyWatch()
        #expect(watch.mayCheckpoint(logPages: 1))
        let copy = watch.begin()
        watch.wantFreeze(copy)
        watch.didCheckpoint([3, 4, 70], isWhole: false)
        #expect(watch.isFrozen(copy) == false && watch.mayCheckpoint(logPages: 1))
        watch.didCheckpoint([4, 5], isWhole: true)
        #expect(watch.isFrozen(copy) == true)
        var runs: [[UInt32]] = []
        watch.takeWritten(copy).forEachRun { runs.append([$0, UInt32($1)]) }
        #expect(runs == [[3, 3], [70, 1]])
        #expect(!watch.mayCheckpoint(logPages: CopyWatch.frozenLogPagesMax - 1))
        #expect(watch.mayCheckpoint(logPages: CopyWatch.frozenLogPagesMax))
        // What was copied after that may be torn: the copy hears of it when it lets go.
        #expect(!watch.release(copy))
        watch.wantFreeze(copy)
        watch.didCheckpoint([9], isWhole: true)
        #expect(watch.release(copy) && watch.takeWritten(copy).count == 1)
        watch.close()
        #expect(watch.isFrozen(copy) == nil)
        watch.end(copy)
        #expect(!watch.isActive && !watch.wantsFreeze)
    }

    @Test func longWorkRunsWhenNothingElseDoes() async throws {
        let line = try await BackgroundThread.run("copy") {
            try String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8)
        }
        // proc(5): the name in parentheses; behind it, from the state as the third, nice is the 19th field and the policy the 41st.
        #expect(line.contains("(meterd-copy)"))
        let fields = try #require(line.split(separator: ")").last).split(separator: " ")
        #expect(fields.count > 38 && fields[16] == "19" && fields[38] == "5")
    }

    @Test func longWorkIsAskedToWaitWhileAReadKeepsTheLog() async throws {
        let gate = ReadGate()
        let ledger = try LedgerFixture {
            $0.checkpointPages = 16
            $0.gate = gate
        }
        try ledger.createOrg("acme", credits: "100")
        func logBytes() throws -> Int {
            try URL(fileURLWithPath: ledger.path + "-wal").resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
        }
        let reader = try DatabasePool(path: ledger.path)
        let snapshot = try reader.makeSnapshot()
        for batch in 0..<30 { try commit(ledger, "held-\(batch)", 20) }
        #expect(gate.isClosed)
        let long = try logBytes()
        try snapshot.close()
        try reader.close()
        for batch in 0..<30 where gate.isClosed { try commit(ledger, "free-\(batch)", 20) }
        #expect(!gate.isClosed)
        // The log is written from its beginning again, and becomes no longer.
        for batch in 0..<30 { try commit(ledger, "after-\(batch)", 5) }
        #expect(try logBytes() <= long + 40 * 4120)
        #expect(try ledger.verify().problems == [])
    }
}
