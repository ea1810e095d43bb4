import ArgumentParser
import Foundation

/// What the daemon can do on this machine, beside yardsticks of the same machine. See `make bench`.
@main
struct DaemonBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon-benchmark", abstract: "Measure meterd on this machine.",
        subcommands: [
            GridCommand.self, VariantsCommand.self, GrowthCommand.self, PartsCommand.self, HeldCommand.self,
            SoakCommand.self, MaintenanceCommand.self,
        ])
}

/// What every measurement needs.
struct CommonOptions: ParsableArguments {
    @Option(help: "The daemon's program.") var meterd = ".build/release/meterd"
    @Option(help: "The rate document.") var rates = "config/rates.yaml"
    @Option(help: "A folder on the disk to be measured; a folder is made in it and removed.") var directory = "var"
    @Option(help: "Orgs that records are spread over.") var orgs = 1000
    @Option(help: "Times that each point is measured; the median counts.") var repeats = 3
    @Option(help: "Seconds a point.") var seconds = 5.0

    func validate() throws {
        guard orgs > 0, repeats > 0, seconds > 0.5 else {
            throw ValidationError("--orgs, --repeats and --seconds are positive, and seconds more than half a one")
        }
    }

    /// Calls `body` with a folder of its own, and removes it.
    func withDirectory(_ body: (String) throws -> Void) throws {
        let path = URL(fileURLWithPath: directory).path + "/bench-\(getpid())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }
}

/// Why a measurement ended early.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
