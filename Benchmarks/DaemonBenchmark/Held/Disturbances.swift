import Foundation
import LoadGenerator
import Synchronization

/// Everything that goes on at once while the load runs, and how often it did.
final class Disturbances: Sendable {
    /// How much of it.
    struct Schedule: Sendable {
        let records: Int
        let restarts: Int
        let kills: Int
        let imports: Int
        let reloadSeconds: Double
        let backupSeconds: Double
        let readSeconds: Double
    }

    /// What was done.
    struct Done: Sendable {
        var backups: [(seconds: Double, records: Int, bytes: Int)] = []
        var backupsGivenUp = 0
        var imports: [Double] = []
        var reads = 0
        var slowestRead = (seconds: 0.0, words: "")
        var slow: HeldTally
        var journalBytes = 0
    }

    private let schedule: Schedule
    private let orgs: Int
    private let lives: Lives
    private let crew: Crew
    private let control: Operator
    private let folder: String
    private let done: Mutex<Done>

    init(_ schedule: Schedule, orgs: Int, _ lives: Lives, meterctl: String, folder: String) throws {
        (self.schedule, self.orgs, self.lives, self.folder) = (schedule, orgs, lives, folder)
        crew = Crew(lives)
        control = Operator(program: meterctl, lives: lives, folder: folder)
        done = Mutex(Done(slow: HeldTally(orgs: orgs)))
        try FileManager.default.createDirectory(atPath: backups, withIntermediateDirectories: true)
    }

    private var backups: String { folder + "/backups" }

    /// Begins all of it.
    func start(_ tables: RateTables) {
        crew.start("the eye on the daemon") { [self] in
            while !crew.isOver {
                lives.look()
                crew.pause(0.2)
            }
        }
        crew.start("restarts", interrupt)
        crew.start("reloads") { [self] in
            while !crew.isOver {
                lives.reload()
                crew.pause(schedule.reloadSeconds)
            }
        }
        crew.start("backups", backUp)
        crew.start("imports") { [self] in try importRates(tables) }
        crew.start("reads", read)
        crew.start("the slow proxy") { [self] in
            let tally = try SlowProxy(lives, crew, orgs: orgs).run()
            done.withLock { $0.slow = tally }
        }
        crew.start("the slow reader") { [self] in
            let bytes = try SlowReader(lives, crew).run()
            done.withLock { $0.journalBytes = bytes }
        }
    }

    /// Ends all of it, when the load is through.
    func end() -> Done {
        crew.end()
        return done.withLock { $0 }
    }

    /// Stops and kills in turn, at even distances.
    private func interrupt() throws {
        let count = schedule.restarts + schedule.kills
        var left = (restarts: schedule.restarts, kills: schedule.kills)
        for number in 0..<count {
            guard crew.wait(for: schedule.records / (count + 1) * (number + 1)) else { return }
            let isKill = left.restarts == 0 || (left.kills > 0 && number % 2 == 1)
            if isKill { left.kills -= 1 } else { left.restarts -= 1 }
            try lives.interrupt(isKill: isKill)
        }
    }

    private struct BackupView: Decodable {
        let bytes: Int
        let records: Int
    }

    /// One after the other; each holds at least what was acknowledged before it began.
    private func backUp() throws {
        var isLast = false
        while !isLast {
            isLast = crew.isOver
            let before = lives.records
            switch try control.run("backup", ["backup", "--into", backups, "--keep", "1", "--json"]) {
            case .interrupted: done.withLock { $0.backupsGivenUp += 1 }
            case .done(let ended):
                let view = try JSONDecoder().decode(BackupView.self, from: Data(ended.output.utf8))
                guard view.records >= before else {
                    throw BenchmarkError("a backup has \(view.records) records, and \(before) were acknowledged before")
                }
                done.withLock { $0.backups.append((ended.seconds, view.records, view.bytes)) }
            }
            // Names go by the second.
            crew.pause(max(1, schedule.backupSeconds))
        }
    }

    /// Each table is another one, and is imported until that is answered.
    private func importRates(_ tables: RateTables) throws {
        for number in 0..<schedule.imports {
            _ = crew.wait(for: schedule.records / (schedule.imports + 1) * (number + 1))
            let file = try tables.write(number, in: folder)
            var isDone = false
            while !isDone {
                guard
                    case .done(let ended) = try control.run(
                        "import", ["rates", "import", file, "--id", "table-\(number)"])
                else { continue }
                isDone = true
                done.withLock { $0.imports.append(ended.seconds) }
            }
        }
    }

    /// What people and dashboards ask for.
    private func read() throws {
        let org = "org-\(1 + orgs / 2)"
        let commands = [
            ["usage", "summary", org, "--by", "user,model"], ["usage", "list", org, "--limit", "200"],
            ["balance", org],
            ["status"], ["ledger", "list", org], ["rates", "show", "claude-sonnet-4-5"], ["usage", "forecast", org],
        ]
        var number = 0
        while !crew.isOver {
            let command = commands[number % commands.count]
            if case .done(let ended) = try control.run("read", command) {
                done.withLock {
                    $0.reads += 1
                    if ended.seconds > $0.slowestRead.seconds {
                        $0.slowestRead = (ended.seconds, command.joined(separator: " "))
                    }
                }
            }
            number += 1
            crew.pause(schedule.readSeconds)
        }
    }
}

/// A full table, each time with another price of the model that the load is of.
struct RateTables: Sendable {
    private let before: Substring
    private let after: Substring

    init(compressed path: String, folder: String) throws {
        let ended = try Subprocess.run("/usr/bin/env", ["gzip", "-dc", path], output: folder + "/prices.json")
        let mark = "\"input_cost_per_token\": 3e-06"
        guard ended.status == 0, let model = ended.output.range(of: "\"claude-sonnet-4-5\": {"),
            let price = ended.output.range(of: mark, range: model.upperBound..<ended.output.endIndex)
        else { throw BenchmarkError("\(path) is no table with claude-sonnet-4-5") }
        (before, after) = (ended.output[..<price.lowerBound], ended.output[price.upperBound...])
    }

    /// Writes the table of a number; gives its path.
    func write(_ number: Int, in folder: String) throws -> String {
        let path = "\(folder)/table-\(number).json"
        let price = "\"input_cost_per_token\": 3.\(String(format: "%03d", number + 1))e-06"
        try (before + price + after).write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }
}
