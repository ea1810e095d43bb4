import ArgumentParser
import Foundation
import LoadGenerator

/// How long replies take while a ledger is backed up, verified and exported, and rates are imported; beside a quiet run.
struct MaintenanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance",
        abstract: "Reply times at a steady rate: quiet, and with backup, verification, imports and an export at once.",
        discussion: """
            Every job begins again as soon as it ends. A late reply counts from when its record was due. The load and \
            meterctl run on the same cores as the daemon.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Records in the ledger before anything is measured.") var records = 3_000_000
    @Option(help: "Records per second.") var rate = 15_000.0
    @Option(help: "Connections.") var connections = 32
    @Option(help: "Minutes of each run.") var minutes = 1.0
    @Option(help: "Jobs, with commas between them: backup, verify, import, export.") var jobs =
        "backup,verify,import,export"
    @Option(help: "A folder whose ledger is used again, and stays.") var ledger: String?
    @Option(help: "A file that the picture of both runs is written to, as SVG.") var picture: String?
    @Option(help: "The operator's program.") var meterctl = ".build/release/meterctl"
    @Option(help: "LiteLLM's table, compressed by gzip.") var prices = "Tests/oracle/prices.json.gz"

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        guard let ledger else { return try common.withDirectory(measure) }
        try measure(URL(fileURLWithPath: ledger).path)
    }

    private func measure(_ directory: String) throws {
        let daemon = try DaemonProcess(common, directory)
        defer { daemon.stop() }
        try fill(daemon)
        print(
            "\(Report.machine); \(try daemon.records()) records, \(try daemon.status("database_bytes") >> 20) MiB; "
                + "\(Int(rate)) records/s over \(connections) connections\n")
        let sync = try SyncLoop.measure(in: directory, seconds: 10)
        let quiet = try replies(daemon, "quiet")
        let maintenance = try Maintenance(
            daemon, jobs.split(separator: ",").map(String.init), meterctl: meterctl, prices: prices,
            folder: directory + "/work")
        maintenance.start()
        let busy: TimedReplies
        do {
            busy = try replies(daemon, "with maintenance", watching: maintenance)
        } catch {
            maintenance.end()
            throw error
        }
        maintenance.end()
        show(sync, quiet, busy, maintenance)
        if let picture {
            try MaintenancePicture.draw(quiet: quiet, busy: busy)
                .write(toFile: picture, atomically: true, encoding: .utf8)
        }
        if let problem = maintenance.problem { throw BenchmarkError(problem) }
    }

    private func fill(_ daemon: DaemonProcess) throws {
        if try daemon.records() == 0 { try daemon.createOrgs(common.orgs) }
        var plan = daemon.plan
        (plan.connections, plan.window, plan.seconds, plan.orgs) = (8, 256, 5, common.orgs)
        while true {
            let count = try daemon.records()
            Report.progress("filling: \(count) of \(records) records")
            guard count < records else { return Report.progress("") }
            _ = try Load(plan).run()
        }
    }

    private func replies(
        _ daemon: DaemonProcess, _ name: String, watching maintenance: Maintenance? = nil
    ) throws -> TimedReplies {
        var plan = daemon.plan
        (plan.connections, plan.rate, plan.beat, plan.orgs) = (connections, rate, 0.001, common.orgs)
        plan.seconds = minutes * 60
        var replies = TimedReplies()
        let all = try Load(plan).run(every: 1) { passed, second in
            replies.seconds.append(second)
            maintenance?.look()
            Report.progress("\(name): \(Int(passed)) of \(Int(plan.seconds)) s")
        }
        Report.progress("")
        replies.all = all
        return replies
    }

    private func show(_ sync: Latencies, _ quiet: TimedReplies, _ busy: TimedReplies, _ maintenance: Maintenance) {
        let percentiles: [(String, Double)] = [("p50", 50), ("p99", 99), ("p99.9", 99.9), ("longest", 100)]
        let rows = percentiles.map { name, percentile in
            let (one, other) = (quiet.micros(percentile), busy.micros(percentile))
            return [
                name, Report.micros(sync.micros(percentile: percentile)), Report.micros(one), Report.micros(other),
                Report.ratio(other / max(one, 1)),
            ]
        }
        print(Report.table(["", "fdatasync alone", "quiet", "with maintenance", "ratio"], rows) + "\n")
        for (name, seconds) in maintenance.done.sorted(by: { $0.key < $1.key }) {
            let times = seconds.map(Report.seconds).joined(separator: ", ")
            print("\(name): \(seconds.count) done" + (times.isEmpty ? "" : ", in \(times)"))
        }
        print("the write-ahead log had \(maintenance.logPeakBytes >> 20) MiB at most")
    }
}

/// What was measured of a run.
struct TimedReplies {
    var all: LoadResult?
    var seconds: [LoadResult] = []

    func micros(_ percentile: Double) -> Double { all?.latency(percentile: percentile) ?? 0 }
}
