import ArgumentParser
import Foundation
import Glibc
import Ingest
import Ledger
import LoadGenerator
import Metering

/// What each part of a record's way costs on its own: to decode it, to price it, to commit it. Against Foundation's JSONDecoder,
/// and against the same rows put into SQLite as plainly as can be, with the ids in a unique index.
struct PartsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parts", abstract: "Decode, price, commit: each part of a record's way alone.")

    @OptionGroup var common: CommonOptions
    @Option(help: "Records a commit, with commas.") var batches = "1,8,64,512,2048"

    func run() throws {
        let batches = try self.batches.split(separator: ",").map { text throws -> Int in
            guard let batch = Int(text), batch > 0 else { throw ValidationError("\(text) is no number of records") }
            return batch
        }
        try common.withDirectory { directory in
            print(Report.machine)
            let source = try RecordSource(common.rates, directory: directory + "/book", orgs: common.orgs)
            try reportReading(source)
            try reportCommits(source, batches, directory)
        }
    }

    // MARK: Off the disk

    private func reportReading(_ source: RecordSource) throws {
        let lines = source.lines(20_000)
        print(
            "CPU time a record, median of \(common.repeats) (best in brackets), \(lines.count) records of "
                + "\(lines.reduce(0) { $0 + $1.count } / lines.count) bytes")
        try report("decode the line", lines.count) {
            for line in lines where source.record(line) == nil { throw BenchmarkError("a record was refused") }
        }
        let decoder = JSONDecoder()
        try report("the same by JSONDecoder", lines.count) {
            for line in lines { _ = try decoder.decode(DecodedByFoundation.self, from: Data(line)) }
        }
        let records = lines.compactMap(source.record)
        var preparer = ChargePreparer()
        try report("price it, line items and digest", records.count) {
            for record in records where preparer.prepare(record, received: source.now, book: source.book) == nil {
                throw BenchmarkError("a record has no price")
            }
        }
    }

    private func report(_ words: String, _ count: Int, _ body: () throws -> Void) throws {
        var times: [Double] = []
        for _ in 0..<common.repeats {
            let start = Load.now(CLOCK_THREAD_CPUTIME_ID)
            try body()
            times.append((Load.now(CLOCK_THREAD_CPUTIME_ID) - start) / Double(count) * 1e6)
        }
        let best = times.min() ?? 0
        print(String(format: "  %@ %6.2f us (%.2f)", Report.left(words, 34), Report.median(times), best))
    }

    // MARK: On the disk

    /// Each batch size in turn with the plain rows, so that both meet the same disk.
    private func reportCommits(_ source: RecordSource, _ batches: [Int], _ directory: String) throws {
        print(
            "\ndurable commits, random ids, \(common.orgs) orgs; the ratio is the ledger's records/s to the plain rows'\n"
        )
        let rows = try batches.map { batch -> [String] in
            var ours: [Rate] = []
            var plain: [Rate] = []
            for turn in 0..<common.repeats {
                Report.progress("batches of \(batch): \(turn + 1) of \(common.repeats)")
                let path = directory + "/\(batch)-\(turn)"
                ours.append(try LedgerCommits(source, path, orgs: common.orgs).run(batch, common.seconds))
                plain.append(
                    try PlainSQLite(path + ".db", orgs: common.orgs).run(batch, orgs: common.orgs, common.seconds))
                try FileManager.default.removeItem(atPath: path)
            }
            let (left, right) = (Rate.median(ours), Rate.median(plain))
            return [
                "\(batch)", Report.rate(left.perSecond), String(format: "%.1f us", left.cpuMicros),
                Report.rate(right.perSecond), String(format: "%.1f us", right.cpuMicros),
                Report.ratio(left.perSecond / right.perSecond),
            ]
        }
        Report.progress("")
        print(Report.table(["records a commit", "ledger/s", "CPU each", "plain SQLite/s", "CPU each", "ratio"], rows))
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

/// A record as Foundation decodes it, usage object included.
private struct DecodedByFoundation: Decodable {
    struct Usage: Decodable {
        let input_tokens, cache_creation_input_tokens, cache_read_input_tokens, output_tokens: Int64
        let service_tier: String
    }
    let op, id, org, user, model, provider, at: String
    let usage: Usage
}
