import ArgumentParser
import Billing
import Control

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What the daemon does, on one screen; exits 1 if it takes no usage.",
        discussion: """
            Examples: meterctl status
                      meterctl status --ready      (a probe: prints nothing, exits 0 if usage is taken)
            """)

    @Flag(help: "Print nothing; the exit status says whether usage is taken.") var ready = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await orExit {
            let status = try await common.client.get(StatusView.self, ["v1", "status"])
            let takesUsage = status.state == "ready"
            guard !ready else {
                guard takesUsage else { throw ExitCode(Failure.Status.refused.rawValue) }
                return
            }
            try common.show(status) { status in
                definitions([
                    ("state", status.degradedReason.map { "\(status.state): \($0)" } ?? status.state),
                    (
                        "clock",
                        status.clockJumpSeconds.map { seconds in
                            "\(abs(seconds) / 86_400) days \(seconds > 0 ? "ahead of" : "behind") the time that was expected; nothing is billed until it is confirmed"
                        }
                    ),
                    ("version", "meterd \(status.version), SQLite \(status.sqlite)"),
                    ("started", "\(status.started), \(Self.span(status.uptimeSeconds)) ago"),
                    ("records", "\(status.records), now \(status.recordsPerSecond)/s"),
                    ("refused", status.refused > 0 ? "\(status.refused) requests since the start" : nil),
                    ("quarantine", status.quarantine.flatMap(QuarantineCommand.describe)),
                    ("payments", status.payments.map(Self.describe)),
                    ("transfers", "\(status.transfers)"),
                    ("orgs", "\(status.orgs)"),
                    ("connections", "\(status.connections)"),
                    ("latency", status.latency99Ms.map { "p99 \($0) ms from coming to durable" }),
                    ("last commit", status.lastCommitSeconds.map { "\(Int($0)) s ago" }),
                    (
                        "gap",
                        status.gap.map {
                            "from \($0.since ?? "the beginning") to \($0.until) at least: \($0.records) records, \($0.transfers) transfers; noticed \($0.noticed)"
                        }
                    ),
                    ("queue", "\(status.queued) of \(status.queueCapacity)"),
                    ("rates", status.rateCard.map { "\(status.rates) models, card \($0.prefix(12))" } ?? "none"),
                    ("database", "\(Self.size(status.databaseBytes)) and \(Self.size(status.walBytes)) of log"),
                    (
                        "disk",
                        status.diskFreeBytes.flatMap { free in
                            status.diskBytes.map { "\(Self.size(free)) free of \(Self.size($0))" }
                        }
                    ),
                ])
            }
            if !takesUsage { throw ExitCode(Failure.Status.refused.rawValue) }
        }
    }

    static func describe(_ payments: PaymentsStatus) -> String {
        var parts = ["\(payments.pending) to be settled by \(payments.gateway)"]
        if let since = payments.failingSince { parts.append("no answer from it since \(since)") }
        if payments.refundsDue > 0 { parts.append("\(payments.refundsDue) refunds due") }
        if payments.refundsFailed > 0 { parts.append("\(payments.refundsFailed) refunds failed") }
        if payments.chargebacks > 0 { parts.append("\(payments.chargebacks) chargebacks open") }
        return parts.joined(separator: ", ")
    }

    private static func span(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) days"
        }
    }

    private static func size(_ bytes: Int64) -> String {
        bytes < 10 << 20 ? "\(bytes >> 10) KiB" : bytes < 10 << 30 ? "\(bytes >> 20) MiB" : "\(bytes >> 30) GiB"
    }
}
