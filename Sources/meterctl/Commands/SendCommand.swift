import ArgumentParser
import Foundation
import Ledger

struct SendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Pushes NDJSON usage records to the ingest socket.",
        discussion: """
            Examples: meterctl send usage.ndjson
                      zcat old.ndjson.gz | meterctl send --window 1024

            Records keep their order and are answered when they are on disk. After a lost connection what was not answered \
            is sent again; nothing is counted twice, so the same file can be sent again as well. Exits 1 where a record was \
            refused for good, 69 where the daemon couldn't be reached for --patience seconds.
            """)

    @Argument(help: "A file of usage records, one a line; standard input if absent.") var file: String?
    @Option(help: "The ingest socket (or METERD_INGEST_SOCKET).") var ingestSocket: String?
    @Option(help: "Records in flight.") var window = 256
    @Option(help: "Seconds to keep trying while the daemon can't be reached or takes nothing.") var patience = 30.0
    @Option(help: "Refused lines to show.") var showRefused = 10
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        guard (1...65_536).contains(window) else { throw ValidationError("--window must be 1 to 65536") }
    }

    func run() async throws {
        try await orExit {
            let input = try open()
            let path = ingestSocket ?? ProcessInfo.processInfo.environment["METERD_INGEST_SOCKET"]
            let bar = ProgressBar(total: Terminal.isErrorATerminal ? file.flatMap(Self.lines) : nil)
            var shown = 0
            var sender = IngestSender(
                path: path ?? "/run/meterd/ingest.sock", window: window, patienceSeconds: patience,
                onRefusal: { line, message in
                    shown += 1
                    guard shown <= showRefused else { return }
                    bar.clear()
                    Terminal.complain("line \(line): \(message)")
                },
                onProgress: { summary in
                    let trouble = summary.refused > 0 ? ", \(summary.refused) refused" : ""
                    bar.update(summary.sent, trouble)
                })
            defer { bar.clear() }
            let summary = try sender.send(LineReader(input))
            bar.clear()
            try show(summary)
            if summary.refused > showRefused {
                Terminal.complain("\(summary.refused - showRefused) more lines were refused; --show-refused shows more")
            }
            if summary.refused > 0 { throw ExitCode(Failure.Status.refused.rawValue) }
        }
    }

    private func open() throws -> FileHandle {
        guard let file else { return .standardInput }
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw Failure(status: .refused, message: "\(file) can't be read: \(String(cString: strerror(errno)))")
        }
        return handle
    }

    private func show(_ summary: IngestSender.Summary) throws {
        if json {
            Terminal.print(String(decoding: try WireJSON.encode(summary), as: UTF8.self))
            return
        }
        let rate = Int(Double(summary.sent) / max(summary.seconds, 0.001))
        Terminal.print(
            definitions([
                ("answered", "\(summary.sent) in \((summary.seconds * 100).rounded() / 100) s (\(rate)/s)"),
                ("charged", "\(summary.charged)"),
                ("overdrawn", summary.overdrawn > 0 ? "\(summary.overdrawn)" : nil),
                ("unpriced", summary.unpriced > 0 ? "\(summary.unpriced)" : nil),
                ("duplicates", summary.duplicates > 0 ? "\(summary.duplicates), taken before" : nil),
                ("other replies", summary.otherReplies > 0 ? "\(summary.otherReplies)" : nil),
                ("refused", summary.refused > 0 ? "\(summary.refused)" : nil),
                ("reconnects", summary.reconnects > 0 ? "\(summary.reconnects)" : nil),
                ("cost", "USD " + dollars(summary.cost)),
            ]))
    }

    /// Lines of a file, for the bar; nil for what is no plain file.
    private static func lines(_ path: String) -> Int? {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) else { return nil }
        return data.withUnsafeBytes { bytes in bytes.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 } }
    }
}
