import ArgumentParser
import Background
import Control
import Foundation
import Ledger
import Metering

extension RatesCommand {
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts a table of rates on record as a new card.",
            discussion: """
                Examples: meterctl rates import model_prices_and_context_window.json --format litellm --dry-run
                          meterctl rates import rates.yaml --effective 2026-12-01T00:00:00Z

                Nothing that was charged changes: meterctl rates reprice does that. What no usage record can report yet, \
                and what could not be read, is counted and named; --verbose lists it all.
                """)

        @Argument(help: "The table's file; - for standard input.") var file: String
        @Option(help: "meterd (YAML or JSON of ours) or litellm; told from the file if absent.") var format: String?
        @Option(help: "From when its rates hold (RFC 3339); what the table says, or else now.") var effective: String?
        @Flag(help: "Show what would change, and change nothing.") var dryRun = false
        @Flag(name: .shortAndLong, help: "List everything that the report counts.") var verbose = false
        @OptionGroup var actor: ActorOption
        @OptionGroup var key: KeyOption
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if let format, RateFormat(rawValue: format) == nil {
                let names = RateFormat.allCases.map(\.rawValue).joined(separator: " or ")
                throw ValidationError("--format takes \(names)")
            }
        }

        func run() async throws {
            BackgroundThread.becomeProcess()
            try await orExit {
                let body = RateImportBody(
                    document: try RateFile.text(of: file), format: format, effective: effective,
                    source: file == "-" ? "standard input" : (file as NSString).lastPathComponent, actor: actor.name,
                    dryRun: dryRun)
                let result = try await common.client.post(
                    RateImportView.self, ["v1", "rates", "cards"], body: body, key: key.key)
                try common.show(result) { ImportText(result: $0, isVerbose: verbose).text }
            }
        }
    }
}

/// What an import did, in words.
struct ImportText {
    let result: RateImportView
    let isVerbose: Bool

    private static let shown = 5

    var text: String {
        var parts = [outcome]
        if let report = result.report { parts.append(describe(report)) }
        return parts.joined(separator: "\n\n")
    }

    private var outcome: String {
        let changes = "\(result.added) added, \(result.changed) changed, \(result.removed) removed"
        var lines: [String] = []
        if let card = result.card {
            lines.append(
                result.isNew
                    ? "\(result.rates) rates are on record as " + RatesCommand.describe(card)
                    : "unchanged: it is on record already as " + RatesCommand.describe(card))
            if let other = result.otherInForce {
                lines.append(
                    "it is not what is charged by now: " + RatesCommand.describe(other)
                        + " is; --effective sets another time")
            }
        } else {
            lines.append("nothing was changed: \(result.rates) rates would be on record")
        }
        if result.card == nil || result.isNew { lines.append("against the card that was in force: \(changes)") }
        let count = result.added + result.changed + result.removed
        if !result.changes.isEmpty, isVerbose || count <= Self.changesShown {
            let more = count > result.changes.count ? "\n… and \(count - result.changes.count) more rates" : ""
            lines.append("\n" + RatesCommand.text(result.changes) + more)
        }
        return lines.joined(separator: "\n")
    }

    /// Changes that are listed without being asked for.
    private static let changesShown = 20

    private func describe(_ report: LiteLLMReport) -> String {
        var lines = [
            "\(report.entries) entries: \(report.rates) rates with \(report.prices) prices, \(report.aliases) aliases, "
                + "\(report.repeated) said twice, \(report.withoutPrice.count) without any price"
        ]
        lines += counts("kept, but no usage record can report it yet", report.unused)
        lines += counts("no price", report.descriptive)
        lines += counts("provider's rule for all its models", report.providerRules)
        if report.reasoningAsOutput > 0 {
            lines.append(
                "\(report.reasoningAsOutput) reasoning prices equal to output's: reasoning follows output there")
        }
        lines += list("numbers cleaned of floating-point noise, or rounded to 18 decimals", report.cleaned) {
            "\($0.model): \($0.member) \($0.written) → \($0.taken)"
        }
        lines += list("entries without any price", report.withoutPrice) { $0 }
        lines += list("top-level members that are no models", report.notModels) { $0 }
        lines += list("entries that contradict each other", report.disagreements, describe)
        lines += list("could not be read; their rates are left out", report.unreadable, describe)
        if !isVerbose { lines.append("--verbose lists everything") }
        return lines.joined(separator: "\n")
    }

    private func describe(_ note: LiteLLMReport.Note) -> String {
        note.model + (note.member.map { " \($0)" } ?? "") + ": " + note.note
    }

    private func counts(_ words: String, _ counts: [String: Int]) -> [String] {
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let total = counts.values.reduce(0, +)
        guard total > 0 else { return [] }
        return list("\(words): \(total) times, members", sorted) { "\($0.value) × \($0.key)" }
    }

    private func list<Item>(_ words: String, _ items: [Item], _ text: (Item) -> String) -> [String] {
        guard !items.isEmpty else { return [] }
        let shown = isVerbose ? items[...] : items.prefix(Self.shown)
        let more = items.count > shown.count ? ["    … and \(items.count - shown.count) more"] : []
        return ["\(words) (\(items.count)):"] + shown.map { "    " + text($0) } + more
    }
}

/// A table's file.
enum RateFile {
    static func text(of path: String) throws -> String {
        do {
            if path == "-" {
                let data = try FileHandle.standardInput.readToEnd() ?? Data()
                guard let text = String(validating: data, as: UTF8.self) else {
                    throw Failure(status: .configuration, message: "standard input is not UTF-8 text")
                }
                return text
            }
            guard let text = String(validating: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self) else {
                throw Failure(status: .configuration, message: "\(path) is not UTF-8 text")
            }
            return text
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(
                status: .configuration, message: "\(path) can't be read: \((error as NSError).localizedDescription)")
        }
    }
}
