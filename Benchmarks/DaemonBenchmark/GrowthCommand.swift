import ArgumentParser
import Foundation
import LoadGenerator

/// Whether the daemon stays as fast as its table grows: fills a ledger, then measures it in turn with an empty one.
struct GrowthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "growth",
        abstract: "Throughput, latency, start, memory and disk with so many records in the table.")

    @OptionGroup var common: CommonOptions
    @Option(help: "Records in the table.") var records = 1_000_000
    @Option(help: "Lines of progress on the way.") var steps = 10
    @Flag(help: "Check the books at the end: about half as long as filling took.") var verify = false

    func run() throws {
        try common.withDirectory { directory in
            print("\(Report.machine); random ids, \(common.orgs) orgs, filled by 8 x 256\n")
            let full = try DaemonProcess(common, directory + "/full")
            defer { full.stop() }
            try full.createOrgs(common.orgs)
            try fill(full)
            try crash(full)
            let empty = try DaemonProcess(common, directory + "/empty")
            defer { empty.stop() }
            try empty.createOrgs(common.orgs)
            try compare(full, empty)
            if verify { print("books: \(try full.verify())") }
        }
    }

    private func fill(_ daemon: DaemonProcess) throws {
        print("    records   records/s since   bytes a record   peak RSS")
        var plan = daemon.plan
        (plan.connections, plan.window, plan.seconds, plan.orgs) = (8, 256, 10, common.orgs)
        var shown = (count: 0, at: Load.now())
        while true {
            _ = try Load(plan).run()
            let count = try daemon.records()
            Report.progress("\(count) of \(records)")
            guard count >= records || count - shown.count >= max(1, records / steps) else { continue }
            Report.progress("")
            let rate = Double(count - shown.count) / (Load.now() - shown.at)
            print(
                Report.right("\(count)", 11), Report.right("\(Int(rate))", 17),
                Report.right("\(try daemon.bytesPerRecord())", 16),
                Report.right("\(daemon.peakResidentMebibytes) MiB", 10))
            if count >= records { return }
            shown = (count, Load.now())
        }
    }

    /// Kills it in the middle of a load, and takes the time until it answers again.
    private func crash(_ daemon: DaemonProcess) throws {
        // The load writes to a daemon that is gone.
        signal(SIGPIPE, SIG_IGN)
        var times: [Double] = []
        for _ in 0..<common.repeats {
            var plan = daemon.plan
            (plan.connections, plan.window, plan.seconds, plan.orgs) = (8, 256, 3600, common.orgs)
            var isKilled = false
            do {
                _ = try Load(plan).run { passed, _ in
                    if passed > 2, !isKilled {
                        isKilled = true
                        daemon.kill()
                    }
                }
            } catch let error as LoadError {
                guard isKilled else { throw error }
            }
            let start = Load.now()
            try daemon.start()
            times.append(Load.now() - start)
        }
        let shown = times.map { Report.micros($0 * 1e6) }.joined(separator: ", ")
        print("\nfrom the start after kill -9 under load to the first answer: \(shown)")
    }

    private func compare(_ full: DaemonProcess, _ empty: DaemonProcess) throws {
        print("\nin turn with an empty ledger, \(common.repeats) pairs")
        for (connections, window) in [(64, 1), (8, 256)] {
            let point = Point(connections: connections, window: window, orgs: common.orgs)
            var pairs: [(full: Measured, empty: Measured)] = []
            for turn in 0..<common.repeats {
                Report.progress("\(point.name): pair \(turn + 1) of \(common.repeats)")
                if turn % 2 == 0 {
                    let first = try full.run(point, seconds: common.seconds)
                    pairs.append((first, try empty.run(point, seconds: common.seconds)))
                } else {
                    let first = try empty.run(point, seconds: common.seconds)
                    pairs.append((try full.run(point, seconds: common.seconds), first))
                }
            }
            Report.progress("")
            let throughput = Report.median(pairs.map { $0.full.perSecond / $0.empty.perSecond })
            let latency = Report.median(pairs.map { ($0.full.p99 ?? 0) / ($0.empty.p99 ?? 1) })
            print(
                "\(Report.left(point.name, 10)) \(Report.rate(Report.median(pairs.map(\.full.perSecond))))/s to "
                    + "\(Report.rate(Report.median(pairs.map(\.empty.perSecond))))/s: \(Int((throughput * 100).rounded())) %;"
                    + " p99 \(Report.micros(Report.median(pairs.map { $0.full.p99 ?? 0 }))), \(Report.ratio(latency)) times"
            )
        }
    }
}
