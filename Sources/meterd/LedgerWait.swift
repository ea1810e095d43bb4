import Foundation
import Glibc
import Ledger
import Metering
import SystemdSupport

/// Takes the state directory, and waits for it if systemd started the daemon and what is in the way may pass: another process that holds
/// it, a file system that is mounted read-only, a disk that fails for a while.
///
/// The sockets stay open meanwhile, so that who connects waits and is served. systemd would start the daemon anew again and again, at
/// the same pace, and give up after some time.
struct LedgerWait {
    let settings: Settings
    let manager: ServiceManager
    let journal: Journal

    /// Seconds between two attempts. After the last one the process ends, and systemd starts another: what is mounted meanwhile may not be
    /// seen in the namespace of this one.
    private static let pauses: [UInt64] = [1, 2, 4, 8, 15, 30]
    /// How long an attempt may take, for systemd.
    private static let attemptSeconds: UInt64 = 600

    /// The ledger, once it can be had. Throws at once what doesn't get better by itself, and everything without systemd.
    func open() async throws -> LedgerDatabase {
        var told = ""
        for pause in Self.pauses {
            let problem: LedgerOpenError
            do throws(LedgerOpenError) {
                return try attemptOnce()
            } catch {
                problem = error
            }
            guard manager.isPresent, problem.kind.mayPass else { throw problem }
            manager.extendTimeout(seconds: pause + Self.attemptSeconds)
            let words = SandboxHint.words(of: problem, settings)
            manager.status("waits for its ledger, tries again in \(pause) s: \(words)")
            if told != words {
                told = words
                journal.write(
                    .startWaits, "waiting for the ledger: \(words)",
                    ["exit_status": "\(ExitStatus(problem.kind).rawValue)"])
            }
            try await Task.sleep(for: .seconds(pause))
        }
        return try attemptOnce()
    }

    /// Waits before a start that follows others which were cut off, if systemd started this process.
    func slowDown() async throws {
        guard ProcessInfo.processInfo.environment["SYSTEMD_EXEC_PID"] == "\(getpid())" else { return }
        let (pause, others) = CrashLoop(in: settings.stateDirectory).begin()
        guard pause > 0 else { return }
        let words = "starts in \(pause) s, since \(others) starts of the last minutes were cut off"
        manager.extendTimeout(seconds: UInt64(pause) + Self.attemptSeconds)
        manager.status(words)
        journal.write(.startWaits, words, ["starts": "\(others)"])
        try await Task.sleep(for: .seconds(pause))
    }

    private func attemptOnce() throws(LedgerOpenError) -> LedgerDatabase {
        // A test's clock goes with a ledger of its own, in which nothing is real.
        try LedgerDatabase(in: settings.stateDirectory, makesLedger: settings.testClock != nil) { steps in
            manager.extendTimeout(seconds: Self.attemptSeconds)
            manager.status("bringing the ledger to a newer form")
            journal.write(.migrating, "migrating the ledger", ["steps": "\(steps)"])
        }
    }
}

extension LedgerOpenError.Kind {
    /// Whether another attempt may succeed without anybody's help.
    fileprivate var mayPass: Bool {
        switch self {
        case .unwritable, .locked, .failed: true
        case .missing, .another, .newerSchema, .unreadable: false
        }
    }
}
