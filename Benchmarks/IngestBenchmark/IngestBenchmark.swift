import Foundation
import Glibc
import LoadGenerator

/// Measures the built daemon: durable acknowledged records a second, latency, memory; with a yardstick of the same disk.
///
///     ingest-benchmark [--meterd PATH] [--rates FILE] [--directory DIR] [--seconds N] [--orgs N]
///         [--repeats N] [--holds PERCENT] [--holds-only]
///
/// DIR is on the disk to be measured; a folder is made in it and removed. See `make bench`.
@main
struct IngestBenchmark {
    static func main() throws {
        let arguments = try Arguments(CommandLine.arguments.dropFirst())
        let directory = arguments.directory + "/bench-\(getpid())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try report(arguments, directory)
    }

    private static func report(_ arguments: Arguments, _ directory: String) throws {
        print("machine: \(machine())")
        let disk = try DiskYardstick.measure(in: directory, rounds: 1000)
        print(
            """
            yardstick, median of 1000: one fdatasync of 512 appended bytes \(micros(disk.syncMicros)), one SQLite \
            transaction of the same rows \(micros(disk.transactionMicros))
            """)
        let daemon = try DaemonProcess(arguments, directory)
        defer { daemon.stop() }
        try daemon.createOrgs(arguments.orgs)

        if !arguments.isHoldsOnly { try reportGrid(arguments, daemon, disk) }
        if arguments.holdsPercent > 0 { try reportHolds(arguments, daemon) }
        print("books: \(try daemon.verify())")
    }

    private static func reportGrid(
        _ arguments: Arguments, _ daemon: DaemonProcess, _ disk: DiskYardstick
    ) throws {
        print("connections x window   records/s      p50       p99     p99.9       max   peak RSS")
        for (connections, window) in [(1, 1), (8, 1), (64, 1), (8, 32), (8, 256)] {
            var results: [LoadResult] = []
            for _ in 0..<arguments.repeats {
                let plan = plan(arguments, daemon, connections: connections, window: window)
                results.append(try Load(plan).run())
            }
            let median = results.sorted { $0.perSecond < $1.perSecond }[results.count / 2]
            let name = "\(connections) x \(window)".padding(toLength: 20, withPad: " ", startingAt: 0)
            print(
                "\(name) \(right("\(Int(median.perSecond))", 11)) \(right(micros(median.latency(percentile: 50)), 8)) "
                    + "\(right(micros(median.latency(percentile: 99)), 9)) "
                    + "\(right(micros(median.latency(percentile: 99.9)), 9)) "
                    + "\(right(micros(median.latency(percentile: 100)), 9)) "
                    + "\(right("\(daemon.peakResidentMebibytes) MiB", 10))")
            if connections == 1, window == 1 {
                let yardstick = disk.syncMicros + disk.transactionMicros
                let ratio = (median.latency(percentile: 50) / yardstick * 100).rounded() / 100
                print("  p50 is \(ratio) times one fdatasync plus one transaction (\(micros(yardstick)))")
            }
        }
        print("disk: \(try daemon.bytesPerRecord()) bytes a record, log included")
    }

    /// The same load without and with holds, in pairs whose order changes, so that both meet the same disk and the same
    /// growth of the table; the ratio is the median of the pairs'.
    private static func reportHolds(_ arguments: Arguments, _ daemon: DaemonProcess) throws {
        let pairs = arguments.repeats + 1
        print(
            "records/s without holds, and with \(arguments.holdsPercent) % of the records authorized before; \(pairs) pairs"
        )
        for (connections, window) in [(64, 1), (8, 32), (8, 256)] {
            func run(_ percent: Int) throws -> Double {
                var plan = plan(arguments, daemon, connections: connections, window: window)
                plan.holdsPercent = percent
                return try Load(plan).run().perSecond
            }
            var results: [(without: Double, with: Double)] = []
            for pair in 0..<pairs {
                if pair % 2 == 0 {
                    let without = try run(0)
                    results.append((without, try run(arguments.holdsPercent)))
                } else {
                    let with = try run(arguments.holdsPercent)
                    results.append((try run(0), with))
                }
            }
            func median(_ values: [Double]) -> Double {
                let sorted = values.sorted()
                return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
            }
            let ratio = median(results.map { $0.with / $0.without })
            let name = "\(connections) x \(window)".padding(toLength: 20, withPad: " ", startingAt: 0)
            print(
                "\(name) \(right("\(Int(median(results.map(\.without))))", 11)) "
                    + "\(right("\(Int(median(results.map(\.with))))", 11))   \(Int((ratio * 100).rounded())) %")
        }
    }

    private static func plan(
        _ arguments: Arguments, _ daemon: DaemonProcess, connections: Int, window: Int
    ) -> LoadPlan {
        var plan = LoadPlan(socket: daemon.ingestSocket)
        plan.connections = connections
        plan.window = window
        plan.seconds = arguments.seconds
        plan.orgs = arguments.orgs
        return plan
    }

    private static func machine() -> String {
        let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
        let memory = ProcessInfo.processInfo.physicalMemory >> 30
        return "\(ProcessInfo.processInfo.activeProcessorCount) cores (\(cpu ?? "unknown")), \(memory) GiB"
    }

    private static func micros(_ value: Double) -> String {
        value < 1000 ? "\(Int(value)) us" : "\((value / 100).rounded() / 10) ms"
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// What the command line asks for.
struct Arguments {
    var meterd = ".build/release/meterd"
    var rates = "config/rates.yaml"
    var directory = "var"
    var seconds = 10.0
    var orgs = 1000
    var repeats = 3
    var holdsPercent = 10
    var isHoldsOnly = false

    init(_ words: ArraySlice<String>) throws {
        var rest = words
        while let flag = rest.popFirst() {
            if flag == "--holds-only" {
                isHoldsOnly = true
                continue
            }
            guard let value = rest.popFirst() else { throw BenchmarkError("\(flag) takes a value") }
            switch flag {
            case "--meterd": meterd = value
            case "--rates": rates = value
            case "--directory": directory = value
            case "--seconds": seconds = Double(value) ?? seconds
            case "--orgs": orgs = Int(value) ?? orgs
            case "--holds": holdsPercent = Int(value) ?? holdsPercent
            case "--repeats": repeats = Int(value) ?? repeats
            default: throw BenchmarkError("unknown flag \(flag)")
            }
        }
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
