import Foundation
import Synchronization
import TestSupport
import Testing

@testable import meterd

/// A daemon that is cut off again and again begins more slowly, and one that ended well begins at once.
struct CrashLoopTests {
    private final class Clock: Sendable {
        let seconds = Mutex(1000)
        func pass(_ by: Int) { seconds.withLock { $0 += by } }
    }

    @Test func startsThatAreCutOffComeMoreAndMoreSlowly() throws {
        let directory = try TemporaryDirectory()
        let clock = Clock()
        func loop() -> CrashLoop { CrashLoop(in: directory.path) { clock.seconds.withLock { $0 } } }
        var pauses: [Int] = []
        for _ in 0..<10 {
            let (pause, _) = loop().begin()
            pauses.append(pause)
            clock.pass(pause + 2)
        }
        #expect(pauses == [0, 0, 0, 2, 4, 8, 15, 30, 30, 30])
        // One that ended well is forgotten, as are those of long ago.
        loop().end()
        #expect(loop().begin() == (0, 0))
        for _ in 0..<5 { _ = loop().begin() }
        clock.pass(301)
        #expect(loop().begin() == (0, 0))
    }

    @Test func timesOfBeforeTheMachineStartedAndGarbageCountForNothing() throws {
        let directory = try TemporaryDirectory()
        try "99999\nx\n\n-5\n99998\n".write(toFile: directory.path + "/starts", atomically: true, encoding: .utf8)
        #expect(CrashLoop(in: directory.path) { 1000 }.begin() == (0, 0))
        // A folder that is not there is no reason to be slow, or to fail.
        #expect(CrashLoop(in: directory.path + "/nowhere") { 1000 }.begin() == (0, 0))
    }
}
