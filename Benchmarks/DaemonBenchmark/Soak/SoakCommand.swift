import ArgumentParser
import Foundation
import LoadGenerator
import Synchronization

/// Half of what the daemon can do, for long, on the same connections: whether anything of it grows that shouldn't.
struct SoakCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Half of full load for long: are memory, descriptors and log flat?",
        discussion: """
            Full load is measured first. A backup and a reload every five minutes. Exits 1 where the last two thirds are not \
            flat.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Minutes at half load.") var minutes = 30.0
    @Option(help: "Clients.") var connections = 64
    @Option(help: "Records in flight of each, while full load is measured.") var window = 32
    @Option(help: "Seconds at full load.") var fullSeconds = 20.0
    @Option(help: "Records a second, in place of half of what is measured.") var rate: Double?
    @Option(help: "Seconds between two samples.") var sampleEvery = 10.0
    @Option(help: "Seconds between two backups, and between two reloads; 0 for none.") var disturbEvery = 300.0
    @Option(help: "Rows of the table.") var rows = 10
    @Option(help: "The operator's program.") var meterctl = ".build/release/meterctl"
    @Flag(help: "Check the books at the end.") var verify = false

    func validate() throws {
        guard minutes > 0, connections > 0, window > 0, fullSeconds > 1, rate ?? 1 > 0, sampleEvery >= 1, rows > 1
        else {
            throw ValidationError("numbers of things are positive")
        }
    }

    func run() throws {
        try common.withDirectory(measure)
    }

    private func measure(_ directory: String) throws {
        print("\(Report.machine); \(connections) clients, \(common.orgs) orgs; the load runs on the same cores")
        let daemon = try DaemonProcess(common, directory, log: directory + "/log")
        defer { daemon.stop() }
        Report.progress("founding \(common.orgs) orgs")
        try daemon.createOrgs(common.orgs)
        var plan = daemon.plan
        (plan.connections, plan.window, plan.orgs) = (connections, window, common.orgs)
        plan.seconds = fullSeconds
        Report.progress("full load, \(Report.seconds(fullSeconds))")
        let full = try Load(plan).run().perSecond
        let rate = (self.rate ?? full / 2).rounded()
        (plan.rate, plan.seconds, plan.beat) = (rate, minutes * 60, 0.002)
        try checkRoom(records: rate * plan.seconds, directory)
        Report.progress("")
        print(
            "full load \(Report.rate(full))/s with \(window) in flight each; then \(Report.rate(rate))/s for \(minutes) "
                + "minutes, each late reply counted from when its record was due\n")
        let before = try daemon.records()
        let keeper = SoakKeeper(
            daemon.identifier, control: daemon.controlSocket, meterctl: meterctl, folder: directory, every: disturbEvery
        )
        Report.progress("warming up")
        keeper.warmUp()
        keeper.start()
        var samples: [SoakSample] = []
        var count = before
        let result: LoadResult
        do {
            result = try Load(plan).run(every: sampleEvery) { passed, recent in
                count += recent.acknowledged
                samples.append(sample(daemon, keeper, passed, recent, count))
                Report.progress("half load: \(Int(passed)) of \(Int(plan.seconds)) s, \(count) records")
            }
        } catch {
            keeper.end()
            throw error
        }
        keeper.end()
        Report.progress("")
        try report(samples, result, keeper)
        if verify { print("books: \(try daemon.verify())") }
        daemon.stop()
        guard daemon.ending == "exit 0" else { throw BenchmarkError("the stop ended with \(daemon.ending)") }
        print("the daemon stopped as told and ended with 0")
        guard keeper.findings.isEmpty, SoakVerdict(samples).isFlat else { throw ExitCode.failure }
    }

    /// The ledger, the copy that the daemon streams and the backup that is written from it.
    private func checkRoom(records: Double, _ directory: String) throws {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return }
        let free = Double(status.f_bavail) * Double(status.f_frsize)
        let needed = records * 420 * (disturbEvery > 0 ? 3.1 : 1.1)
        guard needed < free else {
            throw BenchmarkError(
                "this takes \(Int(needed) >> 30) GiB for a while and \(Int(free) >> 30) GiB are free: fewer --minutes, a lower "
                    + "--rate, or --disturb-every 0")
        }
    }

    private func sample(
        _ daemon: DaemonProcess, _ keeper: SoakKeeper, _ at: Double, _ recent: LoadResult, _ records: Int
    ) -> SoakSample {
        SoakSample(
            at: at, records: records, perSecond: recent.perSecond, p50: recent.latency(percentile: 50),
            p99: recent.latency(percentile: 99), figures: ProcessFigures(of: daemon.identifier),
            walBytes: ProcessFigures.bytes(of: daemon.database + "-wal"),
            databaseBytes: ProcessFigures.bytes(of: daemon.database), isCalm: keeper.isCalm)
    }

    private func report(_ samples: [SoakSample], _ result: LoadResult, _ keeper: SoakKeeper) throws {
        let count = min(rows, samples.count)
        let shown = (1...max(1, count)).compactMap { samples.isEmpty ? nil : samples[samples.count * $0 / count - 1] }
        print(
            Report.table(
                [
                    "minute", "records", "records/s", "p50", "p99", "memory", "without filters", "threads",
                    "open files", "log file", "database",
                ],
                shown.map {
                    [
                        String(format: "%.1f", $0.at / 60), Report.rate(Double($0.records)), Report.rate($0.perSecond),
                        Report.micros($0.p50), Report.micros($0.p99), "\($0.figures.residentKibibytes >> 10) MiB",
                        "\(Int($0.restKibibytes) >> 10) MiB", "\($0.figures.threads)", "\($0.figures.descriptors)",
                        "\($0.walBytes >> 20) MiB", "\($0.databaseBytes >> 20) MiB",
                    ]
                }))
        let latencies = [50, 99, 99.9, 100].map { Report.micros(result.latency(percentile: $0)) }
        print(
            "\n\(result.acknowledged) records, p50 \(latencies[0]), p99 \(latencies[1]), p99.9 \(latencies[2]), longest "
                + "\(latencies[3]); meanwhile \(keeper.words)\n\nover the last two thirds:")
        for finding in SoakVerdict(samples).findings {
            print("\(finding.isFlat ? "flat    " : "NOT FLAT") \(finding.what): \(finding.words)")
        }
        for finding in keeper.findings { print("FAILED   \(finding)") }
    }
}
