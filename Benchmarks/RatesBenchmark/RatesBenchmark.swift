import Foundation
import Metering

/// How long rates take: to read a whole table, to find one, to price by it.
///
/// `rates-benchmark TABLE [METERCTL]`: LiteLLM's table; with meterctl a million records go through `price --stdin` too.
@main
enum RatesBenchmark {
    static func main() throws {
        guard CommandLine.arguments.count > 1 else {
            FileHandle.standardError.write(Data("usage: rates-benchmark TABLE [METERCTL]\n".utf8))
            exit(64)
        }
        let path = CommandLine.arguments[1]
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let table = try RateTable(text, format: .litellm)
        let yaml = RateDocument.yaml(table.card.rates)
        print("\(table.card.rates.count) rates; median of 5, best in brackets\n")

        report("read LiteLLM's table, \(text.utf8.count / 1024) KiB", unit: "ms", 1e6) {
            _ = try RateTable(text, format: .litellm)
        }
        report("read the card that is kept, \(table.document.utf8.count / 1024) KiB of JSON", unit: "ms", 1e6) {
            _ = try RateDocument.parse(table.document)
        }
        report("read the same as YAML, \(yaml.utf8.count / 1024) KiB", unit: "ms", 1e6) {
            _ = try RateDocument.parse(yaml)
        }

        let names = table.card.rates.map { ($0.model, Optional($0.provider)) }
        look("find a rate by model and provider", table.card, names)
        look("find a rate by provider/model", table.card, names.map { ("\($0.1 ?? "")/\($0.0)", nil) })
        look("find a rate by a dated name", table.card, names.map { ("\($0.0)-20261124", $0.1) })
        try price(table.card)
        if CommandLine.arguments.count > 2 { try stream(CommandLine.arguments[2], path, table.card) }
    }

    private static func report(_ words: String, unit: String, _ divisor: Double, _ body: () throws -> Void) {
        var times: [Double] = []
        for _ in 0..<5 {
            let start = DispatchTime.now().uptimeNanoseconds
            guard (try? body()) != nil else { return }
            times.append(Double(DispatchTime.now().uptimeNanoseconds - start))
        }
        times.sort()
        func shown(_ time: Double) -> String { String(format: "%.1f", time / divisor) }
        print("\(words): \(shown(times[2])) \(unit) (\(shown(times[0])))")
    }

    private static func look(_ words: String, _ card: RateCard, _ names: [(String, String?)]) {
        var found = 0
        // In an order that no cache foresees.
        var random = SystemRandomNumberGenerator()
        let mixed = (0..<200_000).compactMap { _ in names.randomElement(using: &random) }
        report(words, unit: "ns", Double(mixed.count)) {
            for (model, provider) in mixed {
                if case .rate = card.resolve(model, provider: provider) { found += 1 }
            }
        }
        if found == 0 { print("nothing was found") }
    }

    private static func price(_ card: RateCard) throws {
        let priced = card.rates.filter { !$0.priceList.isEmpty }
        let usage = """
            {"prompt_tokens":1200,"completion_tokens":350,"prompt_tokens_details":{"cached_tokens":800},
             "completion_tokens_details":{"reasoning_tokens":64}}
            """
        let reading = try UsageReading(json: usage, provider: nil, model: "gpt-5")
        let noon = Timestamp(milliseconds: 1_795_521_600_000)
        var sum: Int64 = 0
        report("price four buckets by a rate", unit: "ns", 200_000) {
            for index in 0..<200_000 {
                let rate = priced[index % priced.count]
                if case .priced(let price) = rate.price(reading.buckets, tier: .standard, at: noon) {
                    sum &+= price.cost.nanos
                }
            }
        }
        if sum == 0 { print("nothing was priced") }
    }

    /// A million usage records through the program, as a script would send them.
    private static func stream(_ meterctl: String, _ table: String, _ card: RateCard) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rates-benchmark-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appendingPathComponent("usage.ndjson")
        var lines: [UInt8] = []
        let priced = card.rates.filter { $0.schedules[.standard]?.prices.base[.output] != nil }
        for number in 0..<1_000_000 {
            let rate = priced[number % priced.count]
            let usage =
                #"{"prompt_tokens":\#(1000 + number % 5000),"completion_tokens":350,"prompt_tokens_details":{"cached_tokens":800}}"#
            lines +=
                #"{"id":"req_\#(number)","model":"\#(rate.model)","provider":"\#(rate.provider)","usage":\#(usage)}"#
                .utf8
            lines.append(UInt8(ascii: "\n"))
        }
        try Data(lines).write(to: input)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // One core, whatever the machine has.
        process.arguments = ["taskset", "-c", "0", meterctl, "price", "--stdin", "--rates", table]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/null")
        let start = DispatchTime.now().uptimeNanoseconds
        try process.run()
        process.waitUntilExit()
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        print(
            String(
                format: "price --stdin, 1,000,000 records on one core: %.2f s, exit %d", seconds,
                process.terminationStatus))
    }
}
