import ArgumentParser
import Foundation
import LoadGenerator

/// The same durable debit at each point of a grid, by the daemon and by its yardsticks in turn.
struct GridCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grid", abstract: "Durable records a second, beside Redis, PostgreSQL and SQLite without a server."
    )

    @OptionGroup var common: CommonOptions
    @Option(help: "Connections x window, with commas.") var points = "1x1,8x1,64x1,8x32,64x32,8x256"
    @Option(help: "Yardsticks: redis, postgresql, sqlite, or none.") var rivals = "redis,postgresql,sqlite"
    @Flag(help: "A last point: 64x1, all records of one org.") var hot = false

    func run() throws {
        try common.withDirectory(measure)
    }

    private func measure(_ directory: String) throws {
        var points = try self.points.split(separator: ",").map { text throws -> Point in
            guard let point = Point(text, orgs: common.orgs) else { throw ValidationError("\(text) is no 64x1") }
            return point
        }
        if hot { points.append(Point(connections: 64, window: 1, orgs: 1)) }
        let daemon = try DaemonProcess(common, directory)
        defer { daemon.stop() }
        try daemon.createOrgs(common.orgs)
        var contenders: [any Contender] = [daemon]
        defer { for rival in contenders.dropFirst() { rival.stop() } }
        for name in rivals.split(separator: ",") where name != "none" {
            switch name {
            case "redis": contenders.append(try Redis(directory))
            case "postgresql": contenders.append(try PostgreSQL(directory, orgs: common.orgs))
            case "sqlite": contenders.append(try PlainSQLite(directory + "/plain.db", orgs: common.orgs))
            default: throw ValidationError("\(name) is not known: redis, postgresql, sqlite or none")
            }
        }
        print("\(Report.machine); median of \(common.repeats) runs of \(common.seconds) s in turn")
        print("a ratio is the daemon's records/s to the yardstick's; p50, p99 and p99.9 of a record's reply\n")
        let rows = try points.map { try row($0, contenders) }
        Report.progress("")
        let head =
            ["connections x window", "meterd/s", "p50", "p99", "p99.9"]
            + contenders.dropFirst().flatMap { ["\($0.name)/s"] + ($0.answersEach ? ["p50"] : []) + ["ratio"] }
        print(Report.table(head, rows))
        print(
            "\ndisk: \(try daemon.bytesPerRecord()) bytes a record, log included; peak memory "
                + "\(daemon.peakResidentMebibytes) MiB\nbooks: \(try daemon.verify())")
    }

    private func row(_ point: Point, _ contenders: [any Contender]) throws -> [String] {
        var runs = [[Measured]](repeating: [], count: contenders.count)
        for turn in 0..<common.repeats {
            for (index, contender) in contenders.enumerated() {
                Report.progress("\(point.name): \(contender.name), \(turn + 1) of \(common.repeats)")
                runs[index].append(try contender.run(point, seconds: common.seconds))
            }
        }
        let medians = runs.map(Measured.median)
        let ours = medians[0]
        func shown(_ latency: Double?) -> String { latency.map(Report.micros) ?? "" }
        return [point.name, Report.rate(ours.perSecond), shown(ours.p50), shown(ours.p99), shown(ours.p999)]
            + zip(contenders, medians).dropFirst().flatMap { contender, median in
                [Report.rate(median.perSecond)] + (contender.answersEach ? [shown(median.p50)] : [])
                    + [Report.ratio(ours.perSecond / median.perSecond)]
            }
    }
}

extension DaemonProcess: Contender {
    var name: String { "meterd" }

    func run(_ point: Point, seconds: Double) throws -> Measured {
        var plan = plan
        (plan.connections, plan.window, plan.seconds, plan.orgs) = (
            point.connections, point.window, seconds, point.orgs
        )
        return Measured(try Load(plan).run())
    }
}

extension PlainSQLite: Contender {
    var name: String { "SQLite, no server" }
    var answersEach: Bool { false }

    /// What is in flight is one batch; nobody waits for a record.
    func run(_ point: Point, seconds: Double) throws -> Measured {
        let rate = try run(min(2048, point.connections * point.window), orgs: point.orgs, seconds)
        return Measured(perSecond: rate.perSecond)
    }

    func stop() {}
}
