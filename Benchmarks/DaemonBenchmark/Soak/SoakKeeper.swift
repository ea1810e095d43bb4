import Foundation
import Glibc
import LoadGenerator
import Synchronization

/// Backs up and reloads a daemon now and then, on a thread of its own.
final class SoakKeeper: Sendable {
    private struct State {
        var backups: [Double] = []
        var reloads = 0
        var findings: [String] = []
        var isBusy = false
        var quietSince = 0.0
    }

    private let process: pid_t
    private let control: String
    private let meterctl: String
    private let folder: String
    private let period: Double
    private let state = Mutex(State())
    private let isOver = Atomic(false)
    private let group = DispatchGroup()

    /// Seconds after a backup in which the log gets its usual length again, and connections end.
    private static let settling = 15.0

    init(_ process: pid_t, control: String, meterctl: String, folder: String, every period: Double) {
        (self.process, self.control, self.meterctl, self.folder) = (process, control, meterctl, folder)
        self.period = period
    }

    /// Whether nothing was done just now.
    var isCalm: Bool { state.withLock { !$0.isBusy && Load.now() - $0.quietSince > Self.settling } }
    var findings: [String] { state.withLock { $0.findings } }

    /// What was done, in words.
    var words: String {
        state.withLock {
            "\($0.reloads) reloads and \($0.backups.count) proven backups ("
                + $0.backups.map { Report.seconds($0) }.joined(separator: ", ") + ")"
        }
    }

    /// Has everything opened that is opened when it is first needed: connections to the database for several readers at once,
    /// threads, and what a backup takes.
    func warmUp() {
        for number in 0..<Self.readers {
            group.enter()
            Thread { [self] in
                let file = "\(folder)/verify-\(number).out"
                let ended = try? Subprocess.run(meterctl, ["ledger", "verify", "--socket", control], output: file)
                if ended?.status != 0 {
                    state.withLock { $0.findings.append("ledger verify: \(ended?.output ?? "not to be run")") }
                }
                group.leave()
            }.start()
        }
        group.wait()
        disturb()
    }

    /// As many as the daemon takes at a time: one has its copy made, the others wait for it.
    private static let readers = 5

    func start() {
        guard period > 0 else { return }
        group.enter()
        Thread { [self] in
            var due = Load.now() + period
            while !isOver.load(ordering: .relaxed) {
                usleep(100_000)
                guard Load.now() >= due else { continue }
                due += period
                disturb()
            }
            group.leave()
        }.start()
    }

    func end() {
        isOver.store(true, ordering: .relaxed)
        group.wait()
    }

    /// Reloads and backs up; the backup is removed as soon as it is proven: there is room for one.
    private func disturb() {
        state.withLock { $0.isBusy = true }
        kill(process, SIGHUP)
        let path = folder + "/backup.db"
        let result = Result {
            try Subprocess.run(meterctl, ["backup", path, "--socket", control], output: folder + "/backup.out")
        }
        unlink(path)
        state.withLock {
            $0.reloads += 1
            switch result {
            case .success(let ended) where ended.status == 0: $0.backups.append(ended.seconds)
            case .success(let ended): $0.findings.append("a backup failed: \(ended.output.suffix(300))")
            case .failure(let error): $0.findings.append("a backup failed: \(error)")
            }
            ($0.isBusy, $0.quietSince) = (false, Load.now())
        }
    }
}
