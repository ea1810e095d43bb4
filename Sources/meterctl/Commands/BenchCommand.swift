import ArgumentParser
import Control
import Foundation
import Ledger
import LoadGenerator
import Metering

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Pushes usage as fast as it goes, or at a rate, and takes the time of each reply.",
        discussion: """
            Examples: meterctl bench --connections 8 --window 256
                      meterctl bench --connections 32 --rate 2000 --duration 30 --json

            The records are real: they are charged to orgs named bench-1, bench-2, …, which are made with credits. So it \
            refuses a ledger in which there are other orgs, unless --force. With --rate a late reply counts from when its \
            record was due (no coordinated omission). The first half second is not counted.
            """)

    @Option(help: "The ingest socket (or METERD_INGEST_SOCKET).") var ingestSocket: String?
    @Option(help: "Connections.") var connections = 8
    @Option(help: "Records in flight on each connection.") var window = 32
    @Option(help: "Records a second in all, sent when they are due; as many as go if absent.") var rate: Double?
    @Option(help: "Seconds.") var duration = 10.0
    @Option(help: "random ids, as providers' are, or ordered by time.") var ids = "random"
    @Option(help: "Orgs, evenly charged; 1 for one hot org.") var orgs = 100
    @Option(help: "Of a hundred records, those that are authorized first and settle their hold.") var holds = 0
    @Flag(help: "Also where the ledger has other orgs.") var force = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard LoadPlan.Ids(rawValue: ids) != nil else { throw ValidationError("--ids takes random or ordered") }
        guard (1...4096).contains(connections), (1...4096).contains(window), (1...100_000).contains(orgs),
            (0...100).contains(holds), duration > 1, duration <= 86_400, rate ?? 1 > 0
        else {
            throw ValidationError(
                "--connections and --window take 1 to 4096, --orgs 1 to 100000, --holds 0 to 100, --duration 1 to 86400"
            )
        }
    }

    func run() async throws {
        try await orExit {
            try await prepareOrgs()
            var plan = LoadPlan(
                socket: ingestSocket ?? ProcessInfo.processInfo.environment["METERD_INGEST_SOCKET"]
                    ?? "/run/meterd/ingest.sock")
            (plan.connections, plan.window, plan.rate, plan.seconds) = (connections, window, rate, duration)
            (plan.orgs, plan.orgPrefix, plan.holdsPercent) = (orgs, Self.prefix, holds)
            plan.ids = LoadPlan.Ids(rawValue: ids) ?? .random
            let progress = ProgressBar(total: nil)
            let result: LoadResult
            do {
                result = try Load(plan).run { seconds, count in
                    progress.update(count, ", \(Int(seconds)) of \(Int(duration)) s")
                }
            } catch let error as LoadError {
                progress.clear()
                throw Failure(status: .refused, message: error.description)
            }
            progress.clear()
            try common.show(Report(plan, result), Self.text)
        }
    }

    private static let prefix = "bench-"

    /// Makes the orgs that are not there, each with credits that outlast any run.
    private func prepareOrgs() async throws {
        let there = try await common.client.list(OrgView.self, ["v1", "orgs"], limit: .max).items
        let others = there.filter { !$0.org.hasPrefix(Self.prefix) }
        guard others.isEmpty || force else {
            throw Failure(
                status: .refused,
                message: """
                    this ledger has other orgs (\(others[0].org)): the records of a benchmark would stay in it
                    meterctl: run it on a daemon of its own, or say --force
                    """)
        }
        let names = Set(there.map(\.org))
        for number in 1...orgs where !names.contains("\(Self.prefix)\(number)") {
            let name = "\(Self.prefix)\(number)"
            let body = CreateOrgBody(org: name, displayName: nil, country: nil, region: nil)
            _ = try await common.client.post(OrgView.self, ["v1", "orgs"], body: body, key: "bench-org-\(number)")
            let grant = GrantBody(
                amount: "1000000", source: nil, priority: nil, expires: nil, reason: "benchmark")
            _ = try await common.client.post(
                GrantView.self, ["v1", "orgs", name, "grants"], body: grant, key: "bench-grant-\(number)")
        }
    }

    /// What is printed; times in microseconds.
    private struct Report: Encodable {
        let connections, window, orgs, holdsPercent: Int
        let rate: Double?
        let ids: String
        let seconds: Double
        let acknowledged: Int
        let perSecond: Int
        let p50Us, p90Us, p99Us, p999Us, maxUs: Int

        init(_ plan: LoadPlan, _ result: LoadResult) {
            (connections, window, orgs, holdsPercent) = (plan.connections, plan.window, plan.orgs, plan.holdsPercent)
            (rate, ids, seconds) = (plan.rate, plan.ids.rawValue, plan.seconds - Load.warmUp)
            (acknowledged, perSecond) = (result.acknowledged, Int(result.perSecond))
            func latency(_ percentile: Double) -> Int { Int(result.latency(percentile: percentile)) }
            (p50Us, p90Us, p99Us) = (latency(50), latency(90), latency(99))
            (p999Us, maxUs) = (latency(99.9), latency(100))
        }
    }

    private static func text(_ report: Report) -> String {
        func time(_ micros: Int) -> String {
            micros < 10_000 ? "\(micros) µs" : "\(micros / 1000).\(micros / 100 % 10) ms"
        }
        let loop =
            report.rate.map { "\(Int($0)) records a second, when they are due" }
            ?? "\(report.window) in flight on each"
        return definitions([
            ("connections", "\(report.connections), \(loop)"),
            ("records", "\(report.acknowledged) on disk in \(report.seconds) s, ids \(report.ids)"),
            ("orgs", "\(report.orgs)"), ("holds", report.holdsPercent > 0 ? "\(report.holdsPercent) %" : nil),
            ("records/s", "\(report.perSecond)"),
            (
                "latency",
                "p50 \(time(report.p50Us))  p90 \(time(report.p90Us))  p99 \(time(report.p99Us))  "
                    + "p99.9 \(time(report.p999Us))  max \(time(report.maxUs))"
            ),
        ])
    }
}
