import Foundation
import Simulation

/// What came of some seeds.
struct Block: Codable {
    /// A seed that something was wrong with.
    struct Failure: Codable {
        let seed: UInt64
        let words: String
        let trace: [String]
    }

    let seeds: Seeds
    var counts = SimulationReport.Counts()
    var failures: [Failure] = []
    /// Of all answers of all seeds.
    var digest: UInt64 = 0
    /// Processor time is what a seed costs, whatever else runs.
    var processorSeconds: Double = 0

    static func run(_ seeds: Seeds) async -> Block {
        var block = Block(seeds: seeds)
        let start = clock()
        for seed in seeds.first...seeds.last {
            let report = await SimulationRun.run(seed: seed)
            block.counts = block.counts + report.counts
            block.digest = (block.digest ^ report.digest) &* 0x100_0000_01b3
            if let words = report.failure {
                block.failures.append(Failure(seed: seed, words: words, trace: report.trace))
            }
        }
        block.processorSeconds = Double(clock() - start) / Double(CLOCKS_PER_SEC)
        return block
    }
}

/// A file with a line for each block that was finished.
struct BlockLog {
    private struct Line: Codable {
        let program: String
        let block: Block
    }

    private let path: String
    private let program: String

    init(_ path: String) throws {
        self.path = path
        // Another program's blocks say nothing of this one.
        let file = try Data(contentsOf: URL(filePath: "/proc/self/exe"))
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        file.withUnsafeBytes { bytes in
            for word in bytes.bindMemory(to: UInt64.self) { hash = (hash ^ word) &* 0x100_0000_01b3 }
        }
        program = String(hash, radix: 16)
        let folder = URL(filePath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Blocks that this program finished before, without a failure.
    var finished: [Seeds: Block] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        let own = lines.filter { $0.program == program && $0.block.failures.isEmpty }.map { ($0.block.seeds, $0.block) }
        return Dictionary(own) { $1 }
    }

    func note(_ block: Block) throws {
        let line = try JSONEncoder().encode(Line(program: program, block: block)) + Data("\n".utf8)
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(filePath: path)) }
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.seekToEnd()
        try file.write(contentsOf: line)
        try file.close()
    }
}
