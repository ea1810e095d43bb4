import FaultDisk
import Foundation
import Ledger
import Testing

/// The Nth operation on the disk fails, for N = 1, 2, … until a life of the ledger meets no fault: once or from then on, as a
/// failing device, as a full one, or half done.
@Suite struct NthFaultTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let kinds: FaultDisk.Kinds
        let fault: FaultDisk.Fault
        let persists: Bool
        let testDescription: String
    }

    /// Each so many operations: `METERD_FAULT_STRIDE=1` for all of them.
    static let stride = ProcessInfo.processInfo.environment["METERD_FAULT_STRIDE"].flatMap { UInt64($0) } ?? 16

    static let cases: [Case] =
        [
            ("write", FaultDisk.Kinds.write), ("sync", .sync), ("read", .read), ("open", .open),
            ("truncate and delete", [.truncate, .delete]),
        ].flatMap { name, kinds in
            [false, true].map {
                Case(
                    kinds: kinds, fault: .ioError, persists: $0, testDescription: "\(name), \($0 ? "for good" : "once")"
                )
            }
        }
        + [("full", FaultDisk.Fault.noSpace), ("half a write", .shortWrite)].flatMap { name, fault in
            [false, true].map {
                Case(
                    kinds: [.write, .open], fault: fault, persists: $0,
                    testDescription: "\(name), \($0 ? "for good" : "once")")
            }
        }

    @Test(arguments: cases) func nothingIsLostWhateverFails(_ test: Case) throws {
        var outcomes: [String: Int] = [:]
        for nth in sequence(first: UInt64(1), next: { $0 + Self.stride }) {
            let course = try FaultCourse(seed: 7)
            course.disk.fail(test.kinds, at: nth, with: test.fault, persists: test.persists)
            // A full disk gets room when somebody was told of it.
            course.onFull = { $0.heal() }
            var result = "lived through"
            do {
                try course.live()
                if course.disk.counted < nth { break }
                if course.fullBatches > 0 { result = "refused, went on when there was room" }
            } catch let failure as StorageFailure {
                result = "ended"
                #expect(!failure.isDamage, "operation \(nth): \(failure)")
            } catch let failure as LedgerOpenError {
                result = "did not start"
                #expect(failure.kind == .failed || failure.kind == .unwritable, "operation \(nth): \(failure)")
            }
            if course.copies.failed > 0 { result += ", made no copy" }
            outcomes[result, default: 0] += 1
            // Nothing that could not be written may be passed over, but in a copy, which is not the ledger.
            if course.disk.met > 0, course.copies.failed == 0, result == "lived through", test.fault == .ioError,
                !test.kinds.isDisjoint(with: [.write, .sync])
            {
                Issue.record("operation \(nth): it failed, and the ledger went on")
            }
            do {
                try course.checkAfterRestart()
            } catch {
                Issue.record("operation \(nth), \(result): \(error)")
            }
        }
        #expect(!outcomes.isEmpty)
        print("\(test.testDescription): \(outcomes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" })")
    }
}
