import ArgumentParser
import Foundation
import LoadGenerator
import Metering

/// A day of a busy proxy at full speed, while everything that can happen to a daemon happens at once; and the same load alone.
struct HeldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "held",
        abstract: "Full load with restarts, kills, reloads, backups, rates imports and slow readers, all at once.",
        discussion: """
            Each record is pushed until it has its answer. At the end the daemon must hold exactly the records that were \
            pushed, each org's balance must be what was granted less what the answers said, and the books must balance.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Records to push.") var records = 10_000_000
    @Option(help: "Records pushed without any disturbance, half of them before and half after.") var baseline =
        1_000_000
    @Option(help: "Clients.") var connections = 64
    @Option(help: "Records in flight of each.") var window = 32
    @Option(help: "Stops as told, each with a start.") var restarts = 3
    @Option(help: "Ends as by kill -9, each with a start.") var kills = 2
    @Option(help: "Rate tables that are imported.") var imports = 3
    @Option(help: "Seconds between two reloads.") var reloadEvery = 5.0
    @Option(help: "Seconds between a backup and the next.") var backupEvery = 20.0
    @Option(help: "Seconds between two commands that read.") var readEvery = 1.0
    @Option(help: "The operator's program.") var meterctl = ".build/release/meterctl"
    @Option(help: "LiteLLM's table, compressed by gzip.") var prices = "Tests/oracle/prices.json.gz"

    func validate() throws {
        guard records > 0, baseline > 1, connections > 0, window > 0, restarts >= 0, kills >= 0, imports >= 0 else {
            throw ValidationError("numbers of things are positive")
        }
    }

    func run() throws {
        // Clients write to a daemon that is gone.
        signal(SIGPIPE, SIG_IGN)
        try common.withDirectory(measure)
    }

    private func measure(_ directory: String) throws {
        print(
            "\(Report.machine); \(connections) clients with \(window) in flight each, \(common.orgs) orgs; the load runs "
                + "on the same cores\n")
        let plain = try lives(directory + "/plain")
        defer { plain.stop() }
        var alone = try measureAlone(plain, "alone, first half", records: baseline / 2, from: 0)
        plain.stop()
        let held = try lives(directory + "/held")
        defer { held.stop() }
        let schedule = Disturbances.Schedule(
            records: records, restarts: restarts, kills: kills, imports: imports, reloadSeconds: reloadEvery,
            backupSeconds: backupEvery, readSeconds: readEvery)
        let disturbances = try Disturbances(
            schedule, orgs: common.orgs, held, meterctl: meterctl, folder: directory + "/held")
        disturbances.start(try RateTables(compressed: prices, folder: directory + "/held"))
        let result: (figures: HeldFigures, done: Disturbances.Done)
        do {
            let (tally, seconds) = try load(records, from: 0).run(held, "held")
            Report.progress("the disturbances end")
            let done = disturbances.end()
            try held.check()
            result = (try HeldFigures(held, tally, seconds: seconds), done)
        } catch {
            if !held.isBroken { held.found("\(error)") }
            _ = disturbances.end()
            throw BenchmarkError(held.book.findings.joined(separator: "\n"))
        }
        let proof = try check(held, result.figures.tally, result.done, directory)
        try plain.start()
        alone.add(try measureAlone(plain, "alone, second half", records: baseline / 2, from: UInt64(baseline / 2)))
        plain.stop()
        try plain.check()
        Report.progress("")
        print(HeldReport(alone: alone, held: result.figures, lives: held.book, done: result.done).text)
        print("\n" + proof)
    }

    private func lives(_ directory: String) throws -> Lives {
        let daemon = try DaemonProcess(common, directory, log: directory + "/log")
        Report.progress("founding \(common.orgs) orgs")
        try daemon.createOrgs(common.orgs)
        return Lives(daemon, log: directory + "/log")
    }

    private func load(_ records: Int, from: UInt64) -> HeldLoad {
        HeldLoad(records: records, connections: connections, window: window, orgs: common.orgs, from: from)
    }

    /// The load without anything else.
    private func measureAlone(_ lives: Lives, _ words: String, records: Int, from: UInt64) throws -> HeldFigures {
        let crew = Crew(lives)
        crew.start("the eye on the daemon") {
            while !crew.isOver {
                lives.look()
                crew.pause(0.2)
            }
        }
        defer { crew.end() }
        let (tally, seconds) = try load(records, from: from).run(lives, words)
        return try HeldFigures(lives, tally, seconds: seconds)
    }

    // MARK: The proof

    /// Whether everything is there once, and every nano-dollar; in words.
    private func check(
        _ lives: Lives, _ tally: HeldTally, _ done: Disturbances.Done, _ directory: String
    ) throws -> String {
        Report.progress("comparing \(common.orgs) balances")
        let count = try lives.status("records")
        guard count == records + done.slow.answered else {
            throw BenchmarkError("\(records + done.slow.answered) records were answered, the daemon holds \(count)")
        }
        for org in 1...common.orgs {
            let answer = try lives.ask("/v1/orgs/org-\(org)/balance")
            let expected = Money(nanos: DaemonProcess.grantNanos - tally.costs[org] - done.slow.costs[org])
            let view = try JSONDecoder().decode(BalanceView.self, from: Data(answer.utf8))
            guard Money(decimal: view.balance) == expected else {
                throw BenchmarkError("org-\(org) has \(view.balance), by the answers it is \(expected)")
            }
        }
        if restarts + kills != lives.book.outages.count {
            throw BenchmarkError("\(lives.book.outages.count) of \(restarts + kills) restarts came about")
        }
        guard lives.logLines("reload refused") == 0 else { throw BenchmarkError("a reload was refused") }
        Report.progress("verifying the books")
        let verified = try Subprocess.run(
            meterctl, ["ledger", "verify", "--socket", lives.controlSocket], output: directory + "/verify.out")
        guard verified.status == 0 else { throw BenchmarkError("ledger verify: \(verified.output)") }
        lives.stop()
        try lives.check()
        return """
            \(count) records there once, \(common.orgs) balances equal to the nano-dollar, the last stop ended with 0
            \(verified.output.trimmingCharacters(in: .whitespacesAndNewlines)) (\(Report.seconds(verified.seconds)))
            """
    }

    private struct BalanceView: Decodable {
        let balance: String
    }
}
