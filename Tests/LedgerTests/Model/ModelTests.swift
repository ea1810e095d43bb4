import Foundation
import Ledger
import Metering
import TestSupport
import Testing

/// The ledger and ``ReferenceLedger`` do the same random things, alone and in batches, through crashes, replays and full
/// disks, and are compared after every step: answers, balances, grants, holds, what members and the org spent.
///
/// A failing seed is printed with the command that runs it alone.
@Suite struct ModelTests {
    /// `METERD_MODEL_SEEDS=17` or `1-1000`; `METERD_MODEL_STEPS=500`.
    static let seeds: [UInt64] = {
        let words = (ProcessInfo.processInfo.environment["METERD_MODEL_SEEDS"] ?? "1-12").split(separator: "-")
        let bounds = words.compactMap { UInt64($0) }
        guard let first = bounds.first, let last = bounds.last, first <= last else { return [] }
        return Array(first...last)
    }()
    static let steps = ProcessInfo.processInfo.environment["METERD_MODEL_STEPS"].flatMap { Int($0) } ?? 120

    @Test(arguments: seeds) func theLedgerDoesWhatTheReferenceDoes(seed: UInt64) async throws {
        var run = try ModelRun(seed: seed)
        do {
            for step in 0..<Self.steps { try await run.step(step) }
            try await run.finish()
        } catch let mismatch as ModelMismatch {
            Issue.record(
                """
                seed \(seed), step \(run.stepNumber): \(mismatch.words)
                the last operations: \(run.log.suffix(12).joined(separator: "; "))
                METERD_MODEL_SEEDS=\(seed) swift test --filter ModelTests
                """)
        }
    }
}

struct ModelMismatch: Error {
    let words: String
}
