import Background
import Foundation
import Glibc
import Ledger
import Synchronization
import TestSupport
import Testing

/// Which backups of a folder count, what is left over in it, and how much room the next one takes.
struct BackupFolderTests {
    private func make(_ names: [String], in directory: TemporaryDirectory) throws {
        for name in names { try Data("x".utf8).write(to: URL(fileURLWithPath: directory.path + "/" + name)) }
    }

    private func names(_ directory: TemporaryDirectory) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    }

    @Test func aBackupOfATimeToComeIsNeitherTheNewestNorOneThatIsKept() throws {
        let directory = try TemporaryDirectory()
        let now = Date()
        let real = (1...4).map { BackupFolder.name(at: now.addingTimeInterval(Double(-$0) * 86_400)) }
        let ahead = BackupFolder.name(at: now.addingTimeInterval(4 * 365 * 86_400))
        try make(real + [ahead], in: directory)
        let folder = BackupFolder(directory.path)
        #expect(folder.newest == directory.path + "/" + real[0])
        #expect(try folder.prune(keeping: 2).sorted() == [real[3], real[2]])
        #expect(try names(directory) == [real[1], real[0], ahead])
    }

    @Test func whatNobodyHoldsIsLeftOverAndWhatSomebodyWritesIsNot() throws {
        let directory = try TemporaryDirectory()
        let left = ["a.db.partial-1", "a.db.partial-1-wal", "b.db.partial-2-shm"]
        try make(left + ["c.db.partial-3", "c.db.partial-3-journal", "meterd-20261124T030000Z.db"], in: directory)
        let held = open(directory.path + "/c.db.partial-3", O_RDONLY)
        defer { close(held) }
        try #require(flock(held, LOCK_EX | LOCK_NB) == 0)
        BackupFolder(directory.path).removeLeftovers()
        #expect(
            try names(directory) == ["c.db.partial-3", "c.db.partial-3-journal", "meterd-20261124T030000Z.db"])
    }

    @Test func twoCopiesOnOneFileSystemTakeTwiceTheRoom() throws {
        let directory = try TemporaryDirectory()
        let spare = BackupFolder.spareBytes
        #expect(BackupFolder.bytesNeeded(ledger: 1000, from: directory.path, into: directory.path) == 2000 + spare)
        #expect(BackupFolder.bytesNeeded(ledger: 1000, from: directory.path, into: "/proc") == 1000 + spare)
        #expect(BackupFolder.bytesNeeded(ledger: 1000, from: directory.path, into: nil) == 1000 + spare)
    }

    private final class Running: Sendable {
        let count = Mutex((now: 0, most: 0))
    }

    /// Each body waits until as many run as may, or until it was told that no more will come.
    @Test func sixteenBackgroundThreadsRunAtATimeAndAllHaveTheirTurn() async throws {
        let running = Running()
        let gate = DispatchSemaphore(value: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<60 {
                group.addTask {
                    try await BackgroundThread.run("test") {
                        let isLast = running.count.withLock { state in
                            state.now += 1
                            state.most = max(state.most, state.now)
                            return state.now == 16
                        }
                        // The sixteenth opens the gate for good.
                        if isLast { gate.signal() }
                        gate.wait()
                        gate.signal()
                        running.count.withLock { $0.now -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(running.count.withLock { $0.most } == 16)
    }
}
