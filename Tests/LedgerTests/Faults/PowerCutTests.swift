import FaultDisk
import Foundation
import Ledger
import TestSupport
import Testing

/// The power is cut, or the process ends, in the middle of any operation on the disk: while the ledger is made, while it commits,
/// checkpoints, seals ids, is copied, is closed, and while it recovers from the cut before.
///
/// A failing seed is printed with the command that runs it alone.
@Suite struct PowerCutTests {
    /// `METERD_CUT_SEEDS=17` or `1-1000`.
    static let seeds = SeededGenerator.seeds("METERD_CUT_SEEDS", or: "1-50")

    @Test func whatWasAcknowledgedIsThereOnceAfterACut() throws {
        var acknowledged = 0
        var unanswered = 0
        for seed in Self.seeds {
            do {
                var chance = SeededGenerator(seed: seed)
                let whole = try FaultCourse(seed: seed)
                whole.disk.count()
                try whole.live()
                #expect(whole.copies.made == 1, "\(whole.copyError)")
                let operations = whole.disk.counted
                let course = try FaultCourse(seed: seed)
                // One in four while the ledger is made, which is a small part of its life.
                let isEarly = Int.random(in: 0..<4, using: &chance) == 0
                let last = isEarly ? whole.countedAtStart : operations
                let fault: FaultDisk.Fault = Bool.random(using: &chance) ? .powerCut : .processEnd
                course.disk.fail(.all, at: UInt64.random(in: 1...last, using: &chance), with: fault)
                #expect(throws: (any Error).self) { try course.live() }
                if fault == .processEnd { try course.hearAndDie() }
                // Again in the middle of recovery, some times.
                for _ in 0..<Int.random(in: 0...3, using: &chance) {
                    try course.dieWhileOpening(at: UInt64.random(in: 1...40, using: &chance))
                }
                try course.checkAfterRestart()
                acknowledged += course.acknowledged.count
                unanswered += course.unanswered.count
            } catch {
                Issue.record("seed \(seed): \(error)\nMETERD_CUT_SEEDS=\(seed) swift test --filter PowerCutTests")
            }
        }
        #expect(acknowledged > 0 && unanswered > 0)
        print("power cuts: \(Self.seeds.count) seeds, \(acknowledged) acknowledged, \(unanswered) without an answer")
    }

    /// The kernel takes what it could not sync for written: whoever starts next reads a log that is torn on the disk, and moves it into
    /// the database file, where the power is cut.
    @Test func aStartAfterAFailedSyncMovesNothingThatIsNotDurable() throws {
        var cuts = 0
        for seed in Self.seeds.prefix(max(20, Self.seeds.count / 4)) {
            do {
                var chance = SeededGenerator(seed: seed)
                let course = try FaultCourse(seed: seed)
                course.disk.fail(.sync, at: UInt64.random(in: 12...60, using: &chance), with: .ioError)
                do {
                    try course.live()
                    continue
                } catch let failure as StorageFailure {
                    #expect(!failure.isDamage)
                } catch let failure as LedgerOpenError {
                    #expect(failure.kind == .failed)
                }
                course.endProcess()
                try course.dieWhileOpening(at: UInt64.random(in: 1...60, using: &chance))
                try course.checkAfterRestart()
                cuts += 1
            } catch {
                Issue.record("seed \(seed): \(error)\nMETERD_CUT_SEEDS=\(seed) swift test --filter PowerCutTests")
            }
        }
        #expect(cuts > 0)
    }

    /// A ledger that the version before this one filled is brought to this version's form, and the power goes in the middle of it.
    @Test func anUpgradeOfAFilledLedgerIsCut() throws {
        var starts = 0
        for seed in Self.seeds.prefix(max(10, Self.seeds.count / 4)) {
            do {
                var chance = SeededGenerator(seed: seed)
                let course = try FaultCourse(seed: seed, refusesUsage: false, chargesExpired: false)
                try course.live()
                try course.makeOlder()
                course.disk.count()
                try course.open()
                let operations = course.disk.counted
                try course.makeOlder()
                for _ in 0..<Int.random(in: 1...4, using: &chance) {
                    try course.dieWhileOpening(at: UInt64.random(in: 1...operations, using: &chance))
                    starts += 1
                }
                try course.checkAfterRestart()
            } catch {
                Issue.record("seed \(seed): \(error)\nMETERD_CUT_SEEDS=\(seed) swift test --filter PowerCutTests")
            }
        }
        print("upgrades: \(starts) cut")
    }
}

extension SeededGenerator {
    /// Seeds as an environment variable says: `17` or `1-1000`.
    static func seeds(_ variable: String, or standard: String) -> [UInt64] {
        let words = (ProcessInfo.processInfo.environment[variable] ?? standard).split(separator: "-")
        let bounds = words.compactMap { UInt64($0) }
        guard let first = bounds.first, let last = bounds.last, first <= last else { return [] }
        return Array(first...last)
    }
}
