import ArgumentParser
import Foundation
import LoadGenerator

/// What else the records may be: authorized before, of one org, with ids in order of time; and at a steady rate.
struct VariantsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "variants",
        abstract: "Holds, one hot org, ordered ids, a steady rate: against the plain load, in pairs.")

    @OptionGroup var common: CommonOptions
    @Option(help: "Of a hundred records, those that are authorized before.") var holds = 10
    @Option(help: "Records a second of the steady load, from 32 connections.") var rate = 2000.0

    func run() throws {
        try common.withDirectory { directory in
            let daemon = try DaemonProcess(common, directory)
            defer { daemon.stop() }
            try daemon.createOrgs(common.orgs)
            print("\(Report.machine); ratios are medians of \(common.repeats) pairs whose order changes\n")
            var rows: [[String]] = []
            for (name, change) in variants {
                for (connections, window) in [(64, 1), (8, 256)] {
                    rows.append(try pairs(name, change, connections, window, daemon))
                }
            }
            Report.progress("")
            print(Report.table(["variant", "connections x window", "plain/s", "variant/s", "ratio"], rows))
            try steady(daemon)
            print("\nbooks: \(try daemon.verify())")
        }
    }

    private var variants: [(String, (inout LoadPlan) -> Void)] {
        [
            ("\(holds) % authorized before", { $0.holdsPercent = holds }),
            ("all of one org", { $0.orgs = 1 }),
            ("ids in order of time", { $0.ids = .ordered }),
        ]
    }

    private func pairs(
        _ name: String, _ change: (inout LoadPlan) -> Void, _ connections: Int, _ window: Int, _ daemon: DaemonProcess
    ) throws -> [String] {
        var plan = daemon.plan
        (plan.connections, plan.window, plan.seconds, plan.orgs) = (connections, window, common.seconds, common.orgs)
        var changed = plan
        change(&changed)
        var runs: [(plain: Double, changed: Double)] = []
        for pair in 0..<common.repeats {
            Report.progress("\(name), \(connections) x \(window): pair \(pair + 1) of \(common.repeats)")
            if pair % 2 == 0 {
                let first = try Load(plan).run().perSecond
                runs.append((first, try Load(changed).run().perSecond))
            } else {
                let first = try Load(changed).run().perSecond
                runs.append((try Load(plan).run().perSecond, first))
            }
        }
        return [
            name, "\(connections) x \(window)", Report.rate(Report.median(runs.map(\.plain))),
            Report.rate(Report.median(runs.map(\.changed))),
            Report.ratio(Report.median(runs.map { $0.changed / $0.plain })),
        ]
    }

    /// An open loop, and the daemon's processor time meanwhile.
    private func steady(_ daemon: DaemonProcess) throws {
        var plan = daemon.plan
        (plan.connections, plan.rate, plan.seconds, plan.orgs) = (32, rate, common.seconds, common.orgs)
        var runs: [(p50: Double, p99: Double, p999: Double, cpu: Double)] = []
        for _ in 0..<common.repeats {
            let before = (Load.now(), daemon.processorSeconds)
            let result = try Load(plan).run()
            let cpu = (daemon.processorSeconds - before.1) / (Load.now() - before.0)
            runs.append(
                (
                    result.latency(percentile: 50), result.latency(percentile: 99), result.latency(percentile: 99.9),
                    cpu
                ))
        }
        print(
            "\n\(Int(rate))/s from 32 connections, open loop: p50 \(Report.micros(Report.median(runs.map(\.p50)))), p99 "
                + "\(Report.micros(Report.median(runs.map(\.p99)))), p99.9 \(Report.micros(Report.median(runs.map(\.p999)))), "
                + "\(Int((Report.median(runs.map(\.cpu)) * 100).rounded())) % of a core")
    }
}
