import ArgumentParser
import Control
import Foundation
import Ledger

/// What happens now, by org and model, until it is interrupted.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "What is charged now, by org and model; drawn anew until Ctrl-C.",
        discussion: """
            Examples: meterctl top
                      meterctl top --interval 5 --once --json     (one look over five seconds)
            """)

    @Option(help: "Seconds between two looks.") var interval = 2.0
    @Flag(help: "One look, and the end.") var once = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0.2...3600).contains(interval) else { throw ValidationError("--interval is from 0.2 to 3600 seconds") }
    }

    func run() async throws {
        try await orExit {
            var through = try await activity(after: nil).through
            while true {
                let start = ContinuousClock.now
                try await Task.sleep(for: .seconds(interval))
                let activity = try await activity(after: through)
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                through = activity.through
                if common.json {
                    try common.show(activity) { _ in "" }
                } else {
                    let status = try await common.client.get(StatusView.self, ["v1", "status"])
                    draw(activity, status, seconds)
                }
                if once { return }
            }
        }
    }

    private func activity(after: Int64?) async throws -> ActivityView {
        try await common.client.get(ActivityView.self, ["v1", "usage", "activity"], ["after": after.map { "\($0)" }])
    }

    private func draw(_ activity: ActivityView, _ status: StatusView, _ seconds: Double) {
        let total = activity.items.reduce(0) { $0 + $1.records }
        var lines = [
            "meterd \(status.version): \(status.degradedReason ?? status.state), \(Self.rate(Double(total) / seconds)) records/s"
                + (status.latency99Ms.map { ", p99 \($0) ms" } ?? "")
                + ", queue \(status.queued)/\(status.queueCapacity), \(status.connections) connections", "",
        ]
        var table = Table(
            ("ORG", .left), ("MODEL", .left), ("RECORDS/S", .right), ("", .left), ("USD/MIN", .right))
        let most = activity.items.first?.records ?? 1
        for item in activity.items.prefix(Terminal.rows - 5) {
            let width = Int((Double(item.records) / Double(most) * 20).rounded(.up))
            table.rows.append([
                item.org, item.model, Self.rate(Double(item.records) / seconds), String(repeating: "▇", count: width),
                Self.dollarsAMinute(item.cost, seconds),
            ])
        }
        lines.append(activity.items.isEmpty ? "nothing was charged in these \(Int(seconds.rounded())) s" : table.text)
        if activity.isPartial { lines.append("there was more than one look counts; ask more often") }
        // Home and clear, so that what is drawn stands still.
        let clear = Terminal.isOutputATerminal ? "\u{1B}[H\u{1B}[2J" : ""
        Terminal.write((clear + lines.joined(separator: "\n") + "\n").utf8)
    }

    private static func rate(_ value: Double) -> String { String(format: value < 10 ? "%.1f" : "%.0f", value) }

    /// Of what is shown only: nothing is charged by it.
    private static func dollarsAMinute(_ cost: String, _ seconds: Double) -> String {
        String(format: "%.4f", (Double(cost) ?? 0) / seconds * 60)
    }
}
