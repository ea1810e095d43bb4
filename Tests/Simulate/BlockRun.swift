import Foundation
import Simulation

/// Runs blocks of seeds, each in a process of its own, several at a time.
///
/// In processes, because each has one disk in memory for all of its seeds, and so that a crash is one block's.
struct BlockRun {
    let seeds: Seeds
    let jobs: Int
    let log: BlockLog?

    private static let size: UInt64 = 250

    /// Runs them; whether nothing was wrong.
    func run() async throws -> Bool {
        let known = log?.finished ?? [:]
        let blocks = seeds.blocks(of: Self.size)
        var done = blocks.compactMap { known[$0] }
        var left = blocks.filter { known[$0] == nil }[...]
        let start = Date()
        let reused = done.count
        try await withThrowingTaskGroup(of: (Block, Int).self) { group in
            for job in 0..<jobs {
                if let next = left.popFirst() { group.addTask { (try await Self.run(next, job), job) } }
            }
            while let (block, job) = try await group.next() {
                done.append(block)
                try log?.note(block)
                for failure in block.failures { Self.tell(failure) }
                let passed = Date().timeIntervalSince(start)
                let share = passed / Double(done.count - reused)
                Self.progress(
                    "\(done.reduce(0) { $0 + $1.seeds.count }) of \(seeds.count) seeds, \(Int(share * Double(blocks.count - done.count))) s left"
                )
                if let next = left.popFirst() { group.addTask { (try await Self.run(next, job), job) } }
            }
        }
        Self.progress("")
        report(done, reused: reused)
        return done.allSatisfy(\.failures.isEmpty)
    }

    private static func run(_ seeds: Seeds, _ job: Int) async throws -> Block {
        let process = Process()
        let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        (process.executableURL, process.arguments) = Processors.command(
            own, [seeds.description, "--block"], keptTo: job)
        // Dictionaries have the same order each time, so that a seed's course is the same.
        process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_DETERMINISTIC_HASHING": "1"]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        return try await withCheckedThrowingContinuation { continuation in
            Thread {
                do {
                    try process.run()
                    let data = output.fileHandleForReading.readDataToEndOfFile()
                    process.waitUntilExit()
                    guard let block = try? JSONDecoder().decode(Block.self, from: data) else {
                        throw BlockError(seeds: seeds, status: process.terminationStatus)
                    }
                    continuation.resume(returning: block)
                } catch {
                    continuation.resume(throwing: error)
                }
            }.start()
        }
    }

    /// A process that ended without saying what came of its seeds.
    struct BlockError: Error, CustomStringConvertible {
        let seeds: Seeds
        let status: Int32
        var description: String {
            "the process of seeds \(seeds) ended with status \(status); run them alone: simulate \(seeds) --block"
        }
    }

    private static func tell(_ failure: Block.Failure) {
        progress("")
        for line in failure.trace { print("    \(line)") }
        print("seed \(failure.seed): \(failure.words)\nagain: .build/release/simulate \(failure.seed) --trace\n")
    }

    private func report(_ blocks: [Block], reused: Int) {
        let counts = blocks.reduce(SimulationReport.Counts()) { $0 + $1.counts }
        let failed = blocks.reduce(0) { $0 + $1.failures.count }
        let seconds = blocks.reduce(0) { $0 + $1.processorSeconds }
        let months = Double(counts.days) / 30
        let rows: [(String, String)] = [
            ("seeds", "\(seeds.count)"), ("wrong", "\(failed)"), ("simulated months", "\(Int(months))"),
            ("lives of the process", "\(counts.lives)"), ("faults armed", "\(counts.faults)"),
            ("commits", "\(counts.commits)"), ("answers, each checked", "\(counts.answers)"),
            ("mutations whose answer nobody heard", "\(counts.unheard)"),
            ("looks at everything on record", "\(counts.looks)"), ("proofs of all books", "\(counts.proofs)"),
            ("usage records", "\(counts.records)"),
            ("payments", "\(counts.payments)"), ("questions to the gateway", "\(counts.asked)"),
            ("invoices and credit notes", "\(counts.invoices)"),
            ("refunds", "\(counts.refunds)"), ("chargebacks and what came again", "\(counts.returns)"),
            ("payments that a customer had to confirm", "\(counts.confirmations)"),
            ("invoices and seats that a balance paid, or a carry-over", "\(counts.balances)"),
            ("orgs suspended in the end", "\(counts.suspensions)"),
            ("processor time a month", "\(Int((seconds / max(1, months) * 1000).rounded())) ms"),
        ]
        let width = rows.map(\.0.count).max() ?? 0
        for (name, value) in rows {
            print("| \(name)\(String(repeating: " ", count: width - name.count)) | \(value) |")
        }
        if reused > 0 { print("\(reused) of \(blocks.count) blocks were done before") }
    }

    private static func progress(_ text: String) {
        guard isatty(2) == 1 else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }
}
