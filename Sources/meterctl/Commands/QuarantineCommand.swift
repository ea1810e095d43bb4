import ArgumentParser
import Control
import Foundation
import Ledger

/// Usage lines that were refused for good and are kept. The daemon has escaped what came from outside.
struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Usage that was refused for good, kept until you decide.",
        subcommands: [List.self, Show.self, Retry.self, Discard.self])

    /// What waits, in words; nil if nothing does.
    static func describe(_ summary: QuarantineSummary) -> String? {
        guard summary.total > 0 else { return nil }
        let codes = summary.kept.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return "\(summary.total) refused lines wait (\(codes))"
            + (summary.oldest.map { ", the oldest from \($0)" } ?? "")
    }

    struct FilterOptions: ParsableArguments {
        @Option(help: "Only of that refusal: malformed, unknown_org, id_conflict or time_out_of_range.")
        var code: String?
        @Option(help: "Only of that org.") var org: String?
        @Option(help: "Only of that sender, or of processes of that uid.") var sender: String?

        var query: [String: String?] { ["code": code, "org": org, "sender": sender] }
        var isEmpty: Bool { code == nil && org == nil && sender == nil }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists refused usage lines, newest first.",
            discussion: """
                Examples: meterctl quarantine list
                          meterctl quarantine list --code unknown_org --sender team-red
                """)

        @OptionGroup var filter: FilterOptions
        @Option(help: "kept, taken, discarded, expired or all.") var state = "kept"
        @Option(help: "Lines at most.") var limit = 50
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let query = filter.query.merging(["state": state]) { $1 }
                let page = try await common.client.list(
                    QuarantineView.self, ["v1", "quarantine"], query, limit: limit)
                try common.show(page: page) { page in
                    var table = Table(
                        ("NUMBER", .right), ("RECEIVED", .left), ("ORG", .left), ("CODE", .left), ("ID", .left),
                        ("SENDER", .left), ("STATE", .left), ("TIMES", .right), ("WHY", .left))
                    table.rows = page.items.map {
                        [
                            "\($0.number)", $0.received, $0.org ?? "", $0.code, $0.id ?? "",
                            $0.sender ?? $0.peerUid.map { "uid \($0)" } ?? "", $0.state, "\($0.repeats + 1)",
                            $0.message ?? "",
                        ]
                    }
                    return table.rows.isEmpty ? "no refused usage waits" : table.text
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows a refused usage line: who sent it, why it was refused, its text.",
            discussion: """
                Example: meterctl quarantine show 7

                What would act on a terminal is shown as an escape. --json has the line's exact bytes in line_base64.
                """)

        @Argument(help: "The line's number.") var number: Int64
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(QuarantineView.self, ["v1", "quarantine", "\(number)"])
                try common.show(view) { view in
                    definitions([
                        ("number", "\(view.number)"), ("received", view.received),
                        ("org", view.org.map { view.isOrgKnown ? $0 : "\($0) (there was none of that name)" }),
                        ("code", view.code), ("why", view.message), ("id", view.id), ("user", view.user),
                        ("sender", view.sender),
                        ("peer", view.peerUid.map { "uid \($0), process \(view.peerPid ?? 0)" }),
                        ("times", view.repeats > 0 ? "\(view.repeats + 1), last \(view.repeated ?? "")" : nil),
                        ("state", view.state), ("decided", view.decided.map { "\($0) by \(view.actor ?? "")" }),
                        ("record", view.sequence.map { "\($0)" }), ("new at", view.newAt), ("new id", view.newId),
                        ("digest", view.digest), ("line", view.line ?? "erased"),
                    ])
                }
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes refused usage lines as records, by the present reader and rates.",
            discussion: """
                Examples: meterctl quarantine retry 7
                          meterctl quarantine retry --org 'Acme Inc.'      (after: meterctl org alias add acme 'Acme Inc.')
                          meterctl quarantine retry 7 --at 2026-11-24T09:58:24Z --id req_01JD8Y-2

                A line becomes one record at most, however often it is retried. --at and --id replace the line's own; \
                both are kept with your name. A line that still can't be taken stays where it is; then the exit status is 1.
                """)

        @Argument(help: "The lines' numbers; without them, all that the filters leave.") var numbers: [Int64] = []
        @OptionGroup var filter: FilterOptions
        @Flag(help: "All lines that wait, if there is neither a number nor a filter.") var all = false
        @Option(help: "The time to take in place of the line's own, RFC 3339.") var at: String?
        @Option(help: "The id to take in place of the line's own.") var id: String?
        @OptionGroup var actor: ActorOption
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard numbers.count == 1 || (at == nil && id == nil) else {
                throw ValidationError("--at and --id take one line's number")
            }
            try QuarantineCommand.validate(numbers, filter, all)
        }

        func run() async throws {
            let body = QuarantineRetryBody(at: at, id: id, actor: actor.name)
            try await QuarantineCommand.decide(common, numbers, filter, "retry", body) { view in
                "line \(view.number) is record \(view.sequence ?? 0) of org \(view.org ?? ""): \(view.status ?? ""), USD \(dollars(view.cost ?? "0"))"
            }
        }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Closes refused usage lines that are nothing to charge.",
            discussion: """
                Examples: meterctl quarantine discard 7
                          meterctl quarantine discard --code id_conflict --org acme --erase
                """)

        @Argument(help: "The lines' numbers; without them, all that the filters leave.") var numbers: [Int64] = []
        @OptionGroup var filter: FilterOptions
        @Flag(help: "All lines that wait, if there is neither a number nor a filter.") var all = false
        @Flag(help: "Erase their text at once; their digest stays.") var erase = false
        @OptionGroup var actor: ActorOption
        @OptionGroup var common: CommonOptions

        func validate() throws {
            try QuarantineCommand.validate(numbers, filter, all)
        }

        func run() async throws {
            let body = QuarantineDiscardBody(erase: erase, actor: actor.name)
            try await QuarantineCommand.decide(common, numbers, filter, "discard", body) {
                "line \($0.number) is \($0.state)"
            }
        }
    }

    private static func validate(_ numbers: [Int64], _ filter: FilterOptions, _ all: Bool) throws {
        let ways = [!numbers.isEmpty, !filter.isEmpty, all].count { $0 }
        guard ways == 1 else { throw ValidationError("name lines by number, or by filters, or all of them with --all") }
    }

    /// What came of one line.
    private struct Answer: Codable {
        let number: Int64
        var decision: QuarantineDecisionView?
        var error: String?
    }

    /// Decides about lines one by one, oldest first; a line that is refused doesn't keep the others.
    private static func decide(
        _ common: CommonOptions, _ numbers: [Int64], _ filter: FilterOptions, _ verb: String,
        _ body: some Encodable, _ words: (QuarantineDecisionView) -> String
    ) async throws {
        try await orExit {
            var numbers = numbers
            if numbers.isEmpty {
                let page = try await common.client.list(
                    QuarantineView.self, ["v1", "quarantine"], filter.query, limit: .max)
                numbers = page.items.map(\.number).sorted()
            }
            var answers: [Answer] = []
            for number in numbers {
                do {
                    // A decision is made once whatever its key.
                    let view = try await common.client.post(
                        QuarantineDecisionView.self, ["v1", "quarantine", "\(number)", verb], body: body,
                        key: UUID().uuidString.lowercased())
                    answers.append(Answer(number: number, decision: view))
                } catch let failure as Failure where failure.status == .refused {
                    answers.append(Answer(number: number, error: failure.message))
                }
            }
            try common.show(answers) { answers in
                answers.isEmpty
                    ? "no line waits that the filters leave"
                    : answers.map { answer in
                        answer.decision.map(words) ?? "line \(answer.number) stays: \(answer.error ?? "")"
                    }.joined(separator: "\n")
            }
            if answers.contains(where: { $0.error != nil }) { throw ExitCode(Failure.Status.refused.rawValue) }
        }
    }
}
