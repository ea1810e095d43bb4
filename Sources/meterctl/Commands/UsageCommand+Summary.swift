import ArgumentParser
import CSV
import Control
import Foundation
import Ledger
import Metering

// Usage added up.
extension UsageCommand {
    struct RangeOptions: ParsableArguments {
        @Option(help: "The first day (UTC); the month's first if absent.") var since: String?
        @Option(help: "The first day that isn't counted; tomorrow if absent.") var until: String?
        @Flag(help: "Print comma-separated values.") var csv = false
    }

    struct Summary: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds an org's usage up by member, model, provider, day, week, month or tag.",
            discussion: """
                Examples: meterctl usage summary acme --by model
                          meterctl usage summary acme --by user,model --since 2026-11-01 --until 2026-12-01 --csv
                          meterctl usage summary acme --by month,provider --user ana --since 2026-01-01
                          meterctl usage summary acme --by tag:project

                On a terminal the costs are drawn as bars.
                """)

        @Argument(help: "The org.") var org: String
        @Option(help: "user, model, provider, day, week, month or tag:NAME; several with commas, a tag alone.")
        var by = "model"
        @Option(help: "Only requests of this name.") var user: String?
        @Option(help: "Only requests of this model.") var model: String?
        @Option(help: "Only requests to this provider.") var provider: String?
        @OptionGroup var range: RangeOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(
                    UsageSummaryView.self, ["v1", "orgs", org, "summary"],
                    [
                        "by": by, "since": range.since, "until": range.until, "user": user, "model": model,
                        "provider": provider,
                    ])
                try UsageCommand.show(view, range, common)
            }
        }
    }

    struct Statement: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What was charged in a billing period, by model and member.",
            discussion: """
                Examples: meterctl usage statement acme --invoice INV-000012
                          meterctl usage statement acme --since 2026-11-01 --until 2026-12-01
                """)

        @Argument(help: "The org.") var org: String
        @Option(help: "The invoice whose period is meant.") var invoice: String?
        @OptionGroup var range: RangeOptions
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(
                    UsageSummaryView.self, ["v1", "orgs", org, "statement"],
                    ["invoice": invoice, "since": range.since, "until": range.until])
                try UsageCommand.show(view, range, common)
            }
        }
    }

    struct Forecast: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "When the credits run out at the pace of the last seven days.",
            discussion: "Example: meterctl usage forecast acme")

        @Argument(help: "The org.") var org: String
        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await orExit {
                let view = try await common.client.get(ForecastView.self, ["v1", "orgs", org, "forecast"])
                try common.show(view) { view in
                    definitions([
                        ("org", view.org), ("balance", "USD " + dollars(view.balance)),
                        (
                            "pace",
                            view.days == 0
                                ? "nothing was spent in the last seven days"
                                : "USD \(dollars(view.perDay)) a day over the last \(view.days) days"
                        ),
                        ("runs out", view.runsOut.map { "\($0), in \(view.daysLeft ?? 0) days" } ?? "not at this pace"),
                        (
                            "this month",
                            "USD \(dollars(view.spentThisMonth)) so far, \(dollars(view.monthAtThisPace)) at this pace"
                        ),
                        ("budget", view.monthlyBudget.map { "USD " + dollars($0) + " a month" }),
                    ])
                }
            }
        }
    }

    static func show(_ view: UsageSummaryView, _ range: RangeOptions, _ common: CommonOptions) throws {
        if range.csv {
            Terminal.print(csv(view))
        } else {
            try common.show(view) { table($0) }
        }
    }

    private static func csv(_ view: UsageSummaryView) -> String {
        let head =
            view.by + [
                "requests", "unpriced", "cost_usd", "input_tokens", "output_tokens", "average_cost_usd", "users",
                "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
            ]
        func text(_ number: Int64?) -> String { number.map { "\($0)" } ?? "" }
        let rows = view.items.map { item -> [String] in
            var row = item.key + ["\(item.records)", "\(item.unpriced)", item.cost]
            row += [text(item.inputTokens), text(item.outputTokens), item.averageCost ?? "", text(item.users)]
            row += [text(item.cacheReadTokens), text(item.cacheWriteTokens), text(item.reasoningTokens)]
            return row
        }
        return ([head] + rows).map { $0.map(field).joined(separator: ",") }.joined(separator: "\r\n")
    }

    /// A field of a CSV file. Such a file is looked at in terminals too.
    static func field(_ text: String) -> String { CSV.field(Terminal.printable(text, lines: false)) }

    private static func table(_ view: UsageSummaryView) -> String {
        let names = view.by.map { $0.uppercased() }
        var columns: [(String, Table.Alignment)] = names.map { ($0, .left) }
        let hasUsers = view.total.users != nil && view.items.allSatisfy { $0.users != nil }
        columns.append(("REQUESTS", .right))
        if hasUsers { columns.append(("USERS", .right)) }
        columns += [("INPUT", .right), ("OUTPUT", .right), ("COST", .right)]
        let isDrawn = Terminal.isOutputATerminal
        if isDrawn { columns.append(("", .left)) }
        var table = Table(columns: columns)
        let largest = view.items.map { nanos($0.cost) }.max() ?? 0
        table.rows = view.items.map { item in
            var row = item.key.map { $0.isEmpty ? "(none)" : $0 }
            row.append("\(item.records)" + (item.unpriced > 0 ? " (\(item.unpriced) unpriced)" : ""))
            if hasUsers { row.append(item.users.map { "\($0)" } ?? "") }
            row += [
                item.inputTokens.map { "\($0)" } ?? "", item.outputTokens.map { "\($0)" } ?? "", dollars(item.cost),
            ]
            if isDrawn { row.append(bar(nanos(item.cost), of: largest)) }
            return row
        }
        let estimated = view.estimated.map {
            "; USD \(dollars($0.cost)) of it estimated for \($0.records) holds that expired without usage"
        }
        let total = "USD \(dollars(view.total.cost)) for \(view.total.records) requests" + (estimated ?? "")
        return "\(view.org), \(view.since) to \(view.until): \(total)\n\n\(table.text)"
    }

    private static func nanos(_ amount: String) -> Int64 { Money(decimal: amount)?.nanos ?? 0 }

    /// A bar of at most 30 characters, an eighth of one at least where there is something.
    private static func bar(_ value: Int64, of largest: Int64) -> String {
        guard value > 0, largest > 0 else { return "" }
        let eighths = max(1, Int(Int128(value) * 240 / Int128(largest)))
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    }
}
