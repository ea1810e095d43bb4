import ArgumentParser
import Foundation
import Simulation

/// Runs the simulation over a range of seeds, several at a time, and goes on where it was ended. See `make simulate`.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Simulate months of usage and bills over the real ledger, with faults, and check every answer.",
        discussion: "A seed's course is the same each time. Where one fails, run it alone with --trace.")

    @Argument(help: "A seed, or a range of them: 17 or 1-1000.") var seeds: Seeds
    @Option(help: "Seeds that are run at the same time.") var jobs = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "Where finished blocks are noted; those of the same program are not run again.") var log: String?
    @Flag(help: "Print what is done while it is done; with one seed.") var trace = false
    @Flag(help: .hidden) var block = false

    func validate() throws {
        guard jobs > 0 else { throw ValidationError("--jobs is 1 or more") }
        guard !trace || seeds.first == seeds.last else { throw ValidationError("--trace is for one seed") }
    }

    func run() async throws {
        if block {
            let result = await Block.run(seeds)
            print(String(decoding: try JSONEncoder().encode(result), as: UTF8.self))
        } else if trace {
            try await follow()
        } else {
            let run = BlockRun(seeds: seeds, jobs: jobs, log: try log.map(BlockLog.init))
            guard try await run.run() else { throw ExitCode.failure }
        }
    }

    private func follow() async throws {
        let report = await SimulationRun.run(seed: seeds.first, isTold: true)
        print(
            "seed \(seeds.first), digest \(String(report.digest, radix: 16)): \(report.failure ?? "nothing is wrong")")
        if report.failure != nil { throw ExitCode.failure }
    }
}

/// A range of seeds.
struct Seeds: ExpressibleByArgument, Codable, Hashable, CustomStringConvertible {
    let first, last: UInt64

    init(_ first: UInt64, _ last: UInt64) { (self.first, self.last) = (first, last) }

    init?(argument: String) {
        let bounds = argument.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
        guard (1...2).contains(bounds.count), let first = bounds.first ?? nil, let last = bounds.last ?? nil,
            first <= last
        else { return nil }
        self.init(first, last)
    }

    var count: Int { Int(last - first) + 1 }
    var description: String { first == last ? "\(first)" : "\(first)-\(last)" }

    /// Ranges of so many at most, with even bounds, so that another range's blocks are the same ones.
    func blocks(of size: UInt64) -> [Seeds] {
        var blocks: [Seeds] = []
        var from = first
        while from <= last {
            let end = min(last, ((from - 1) / size + 1) * size)
            blocks.append(Seeds(from, end))
            from = end + 1
        }
        return blocks
    }
}
