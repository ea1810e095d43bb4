import Foundation
import Glibc
import LoadGenerator
import Synchronization

/// Jobs that an operator gives a daemon, each again and again until the load is through.
final class Maintenance: Sendable {
    private struct State {
        var done: [String: [Double]] = [:]
        var problem: String?
        var logPeakBytes = 0
    }

    private let jobs: [String]
    private let meterctl: String
    private let folder: String
    private let controlSocket: String
    private let log: String
    private let tables: RateTables
    private let isOver = Atomic(false)
    private let state = Mutex(State())
    private let group = DispatchGroup()

    init(_ daemon: DaemonProcess, _ jobs: [String], meterctl: String, prices: String, folder: String) throws {
        (self.jobs, self.meterctl, self.folder) = (jobs, meterctl, folder)
        (controlSocket, log) = (daemon.controlSocket, daemon.database + "-wal")
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder + "/backups", withIntermediateDirectories: true)
        tables = try RateTables(compressed: prices, folder: folder)
        state.withLock { $0.done = Dictionary(jobs.map { ($0, []) }) { first, _ in first } }
    }

    /// Seconds that each job took, by its name.
    var done: [String: [Double]] { state.withLock { $0.done } }
    var problem: String? { state.withLock { $0.problem } }
    /// The longest that the write-ahead log was.
    var logPeakBytes: Int { state.withLock { $0.logPeakBytes } }

    func start() {
        for job in jobs {
            group.enter()
            Thread { [self] in
                var number = 0
                while !isOver.load(ordering: .relaxed) {
                    do {
                        try perform(job, number)
                    } catch {
                        state.withLock { $0.problem = $0.problem ?? "\(error)" }
                        break
                    }
                    number += 1
                }
                group.leave()
            }.start()
        }
    }

    /// Looks at the log.
    func look() {
        let size = (try? FileManager.default.attributesOfItem(atPath: log))?[.size] as? Int ?? 0
        state.withLock { $0.logPeakBytes = max($0.logPeakBytes, size) }
    }

    /// Lets each job come to its end.
    func end() {
        isOver.store(true, ordering: .relaxed)
        group.wait()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func perform(_ job: String, _ number: Int) throws {
        let arguments =
            switch job {
            case "backup": ["backup", "--into", folder + "/backups", "--keep", "1"]
            case "verify": ["ledger", "verify"]
            case "import": ["rates", "import", try tables.write(number % 900, in: folder)]
            case "export": ["ledger", "export"]
            default: throw BenchmarkError("there is no job '\(job)'")
            }
        let ended = try Subprocess.run(
            meterctl, arguments + ["--socket", controlSocket], output: "\(folder)/\(job).out")
        guard ended.status == 0 else {
            throw BenchmarkError("meterctl \(arguments.joined(separator: " ")): \(ended.output.suffix(300))")
        }
        state.withLock { $0.done[job, default: []].append(ended.seconds) }
        // A backup's name goes by the second.
        if job == "backup" { sleep(1) }
    }
}

/// Appends 4 KiB and syncs, again and again: what the disk alone takes.
enum SyncLoop {
    static func measure(in folder: String, seconds: Double) throws -> Latencies {
        let path = folder + "/sync-\(getpid())"
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw BenchmarkError("\(path): \(String(cString: strerror(errno)))") }
        defer {
            close(file)
            unlink(path)
        }
        var latencies = Latencies()
        let page = [UInt8](repeating: 1, count: 4096)
        let end = Load.now() + seconds
        while true {
            let begun = Load.now()
            guard begun < end else { return latencies }
            guard write(file, page, page.count) == page.count, fdatasync(file) == 0 else {
                throw BenchmarkError("\(path): \(String(cString: strerror(errno)))")
            }
            latencies.record(Load.now() - begun)
        }
    }
}
