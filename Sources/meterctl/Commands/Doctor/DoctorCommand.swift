import ArgumentParser
import Control
import Foundation
import ServiceUnits

/// Looks at everything that an operator would look at, and says what to do about it.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks for what is wrong or will be, and says what to do; exits 1 if something is.",
        discussion: """
            It works with the daemon down as well: then it says what systemd, the journal and the files know.

            Examples: meterctl doctor
                      meterctl doctor --backups /srv/backups/meterd
            """)

    @Option(help: "The folder that backups are made in (default: the daemon's backup.folder).") var backups: String?
    @Option(help: "Where the ledger lies, if the daemon can't be asked (default: what its configuration says).")
    var stateDir: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await orExit {
            let findings: [Finding]
            let units = UnitNames(controlSocket: common.client.socketPath)
            do {
                // One that starts, or hangs, is looked at from outside.
                var client = common.client
                client.patience = 10
                let status = try await client.get(StatusView.self, ["v1", "status"])
                findings =
                    Examination(
                        status: status, socket: common.client.socketPath, units: units,
                        backups: backups ?? status.backupFolder
                    ).findings()
            } catch let failure as Failure where failure.status == .unreachable {
                let places = ConfiguredPlaces(units)
                findings =
                    OfflineExamination(
                        reason: failure.message, units: units, stateDirectory: stateDir ?? places.stateDirectory,
                        assumption: stateDir == nil ? places.assumption : nil,
                        backups: backups ?? places.backups
                    ).findings()
            }
            try common.show(findings) { findings in
                var table = Table(("", .left), ("WHAT", .left), ("FOUND", .left))
                table.rows = findings.map { [$0.level.mark, $0.what, $0.found] }
                let advice = findings.compactMap { finding in finding.advice.map { "\(finding.what): \($0)" } }
                return table.text + (advice.isEmpty ? "" : "\n\n" + advice.joined(separator: "\n"))
            }
            if findings.contains(where: { $0.level == .wrong }) { throw ExitCode(Failure.Status.refused.rawValue) }
        }
    }
}

/// One thing that was looked at.
struct Finding: Codable {
    enum Level: String, Codable {
        case good
        case notice
        case wrong

        var mark: String {
            switch self {
            case .good: "✓"
            case .notice: "!"
            case .wrong: "✗"
            }
        }
    }

    let what: String
    let level: Level
    let found: String
    /// What to do.
    var advice: String?
}
