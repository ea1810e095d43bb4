import Foundation
import Glibc
import Ingest
import Ledger
import LoadGenerator
import Metering

/// What each part of a record's way costs on its own: to decode it, to price it, to commit it. Against yardsticks of the same
/// machine: Foundation's JSONDecoder, and the same rows put into SQLite as plainly as can be, with the ids in a unique index.
///
///     parts-benchmark [--rates FILE] [--directory DIR] [--seconds N] [--orgs N] [--repeats N]
///         [--batches N,N…]
///
/// DIR is on the disk to be measured; a folder is made in it and removed. See `make bench-parts`.
@main
enum PartsBenchmark {
    static func main() throws {
        let arguments = try Arguments(CommandLine.arguments.dropFirst())
        let directory = arguments.directory + "/parts-\(getpid())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }

        let source = try RecordSource(arguments.rates, directory: directory + "/book", orgs: arguments.orgs)
        try reportReading(source, arguments)
        try reportCommits(source, arguments, directory)
    }

    // MARK: Off the disk

    private static func reportReading(_ source: RecordSource, _ arguments: Arguments) throws {
        let lines = source.lines(20_000)
        print(
            "CPU time a record, median of \(arguments.repeats) (best in brackets), \(lines.count) records of "
                + "\(lines.reduce(0) { $0 + $1.count } / lines.count) bytes")
        report("decode the line", arguments.repeats, lines.count) {
            for line in lines where source.record(line) == nil { throw BenchmarkError("a record was refused") }
        }
        let decoder = JSONDecoder()
        report("the same by JSONDecoder", arguments.repeats, lines.count) {
            for line in lines { _ = try decoder.decode(DecodedByFoundation.self, from: Data(line)) }
        }
        let records = lines.compactMap(source.record)
        var preparer = ChargePreparer()
        report("price it, line items and digest", arguments.repeats, lines.count) {
            for record in records where preparer.prepare(record, received: source.now, book: source.book) == nil {
                throw BenchmarkError("a record has no price")
            }
        }
    }

    private static func report(_ words: String, _ repeats: Int, _ count: Int, _ body: () throws -> Void) {
        var times: [Double] = []
        for _ in 0..<repeats {
            let start = Load.now(CLOCK_THREAD_CPUTIME_ID)
            do { try body() } catch { return print("\(words): \(error)") }
            times.append((Load.now(CLOCK_THREAD_CPUTIME_ID) - start) / Double(count) * 1e6)
        }
        times.sort()
        print(String(format: "  %@ %6.2f us (%.2f)", padded(words, 34), times[times.count / 2], times[0]))
    }

    // MARK: On the disk

    /// Each batch size in turn with the plain rows, so that both meet the same disk.
    private static func reportCommits(
        _ source: RecordSource, _ arguments: Arguments, _ directory: String
    ) throws {
        print(
            "\nrecords/s and CPU a record of durable commits, random ids, \(arguments.orgs) orgs; the ratio is ours to the plain rows'"
        )
        print("  batch       the ledger            plain rows in SQLite     ratio")
        for batch in arguments.batches {
            var ours: [Rate] = []
            var plain: [Rate] = []
            for turn in 0..<arguments.repeats {
                let path = directory + "/\(batch)-\(turn)"
                ours.append(try LedgerCommits(source, path, orgs: arguments.orgs).run(batch, arguments.seconds))
                plain.append(try PlainCommits(path + ".db", orgs: arguments.orgs).run(batch, arguments.seconds))
                try FileManager.default.removeItem(atPath: path)
            }
            let (left, right) = (Rate.median(ours), Rate.median(plain))
            print(
                String(
                    format: "  %5d  %8.0f/s %7.1f us   %8.0f/s %7.1f us   %5.2f", batch, left.perSecond, left.cpuMicros,
                    right.perSecond, right.cpuMicros, left.perSecond / right.perSecond))
        }
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text.padding(toLength: width, withPad: " ", startingAt: 0)
    }
}

/// How fast something went.
struct Rate {
    let perSecond: Double
    /// Of the thread that did it, a record.
    let cpuMicros: Double

    static func median(_ rates: [Rate]) -> Rate { rates.sorted { $0.perSecond < $1.perSecond }[rates.count / 2] }

    /// Repeats a batch until the time is over.
    static func measure(_ batch: Int, _ seconds: Double, _ body: () throws -> Void) rethrows -> Rate {
        for _ in 0..<3 { try body() }
        let (start, cpu) = (Load.now(), Load.now(CLOCK_THREAD_CPUTIME_ID))
        var count = 0
        while Load.now() - start < seconds {
            try body()
            count += batch
        }
        return Rate(
            perSecond: Double(count) / (Load.now() - start),
            cpuMicros: (Load.now(CLOCK_THREAD_CPUTIME_ID) - cpu) / Double(count) * 1e6)
    }
}

/// What the command line asks for.
struct Arguments {
    var rates = "config/rates.yaml"
    var directory = "var"
    var seconds = 2.0
    var orgs = 1000
    var repeats = 5
    var batches = [1, 8, 64, 512, 2048]

    init(_ words: ArraySlice<String>) throws {
        var rest = words
        while let flag = rest.popFirst() {
            guard let value = rest.popFirst() else { throw BenchmarkError("\(flag) takes a value") }
            switch flag {
            case "--rates": rates = value
            case "--directory": directory = value
            case "--seconds": seconds = Double(value) ?? seconds
            case "--orgs": orgs = Int(value) ?? orgs
            case "--batches": batches = value.split(separator: ",").compactMap { Int($0) }
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

/// A record as Foundation decodes it, usage object included.
private struct DecodedByFoundation: Decodable {
    struct Usage: Decodable {
        let input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens: Int64
        let service_tier: String
    }
    let op, id, org, user, model, provider, at: String
    let usage: Usage
}
