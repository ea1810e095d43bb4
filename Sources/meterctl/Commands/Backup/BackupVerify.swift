import ArgumentParser
import Background
import Control
import Foundation
import Glibc
import Ledger
import ServiceUnits

extension BackupCommand {
    /// Proves a backup, also by restoring it.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Proves a backup: every balance, digest and page; with --restore by a restore beside the ledger.",
            discussion: """
                Examples: meterctl backup verify
                          meterctl backup verify --restore
                          meterctl backup verify /var/backups/meterd/meterd-20261124T030000Z.db

                Without a name it takes the newest backup in the daemon's backup.folder. --restore has meterd restore put it into a \
                folder of its own, as after a loss, proves what came out, and removes it. That takes as much room as the backup is \
                large. meterd-restore-test.timer does so weekly.
                """)

        @Argument(help: "The backup.") var path: String?
        @Flag(help: "Restore it into a folder of its own, and remove that.") var restore = false
        @Option(help: "In which folder that one is made.") var scratch = "/var/tmp"
        @OptionGroup var common: CommonOptions

        func run() async throws {
            BackgroundThread.becomeProcess()
            try await orExit {
                let began = ContinuousClock.now
                var bytes = 0
                do {
                    let (path, ledger) = try await backup()
                    try Self.check(path, isOf: ledger)
                    bytes = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
                    let view = try restore ? TestRestore(backup: path, scratch: scratch).run() : Self.verify(path)
                    await tell(
                        BackupReport(ok: true, bytes: bytes, seconds: (ContinuousClock.now - began) / .seconds(1)))
                    try common.show(view) { view in
                        definitions([
                            ("backup", view.path), ("records", "\(view.records), the books balance"),
                            ("up to", view.committed ?? "nothing yet"),
                            ("restored", view.isRestored ? "into a folder of its own, which is removed again" : nil),
                        ])
                    }
                } catch {
                    let words = (error as? Failure)?.message ?? "\(error)"
                    await tell(
                        BackupReport(
                            ok: false, bytes: bytes, seconds: (ContinuousClock.now - began) / .seconds(1), error: words)
                    )
                    throw error
                }
            }
        }

        /// The backup that is meant, and which ledger it has to be of, if that is known.
        private func backup() async throws -> (path: String, ledger: String?) {
            if let path { return (path, nil) }
            let folder: String
            var ledger: String?
            do {
                let status = try await common.client.get(StatusView.self, ["v1", "status"])
                guard let own = status.backupFolder else {
                    throw Failure(
                        status: .refused,
                        message: "the daemon has no backup.folder; name a backup, or set backup.folder")
                }
                (folder, ledger) = (own, status.ledger)
            } catch let failure as Failure where failure.status == .unreachable {
                folder = UnitNames(controlSocket: common.client.socketPath).backupFolder
            }
            do throws(BackupFolder.Unusable) {
                guard let newest = try BackupFolder(folder).backups().last else {
                    throw BackupFolder.Unusable("there is no backup in \(folder); meterctl backup makes one")
                }
                return ("\(folder)/\(newest)", ledger)
            } catch {
                throw Failure(status: .refused, message: error.description)
            }
        }

        /// Refuses a backup of another ledger than the daemon's.
        private static func check(_ path: String, isOf ledger: String?) throws {
            guard let ledger, let contents = try? LedgerContents(databaseFile: path), contents.ledger != ledger else {
                return
            }
            throw Failure(
                status: .refused,
                message: "\(path) is a backup of ledger \(contents.ledger), and the daemon has ledger \(ledger)")
        }

        private static func verify(_ path: String) throws -> BackupProof {
            guard access(path, R_OK) == 0 else {
                throw Failure(status: .refused, message: "\(path) can't be read: \(String(cString: strerror(errno)))")
            }
            let contents = try BackupProof.contents(of: path)
            return BackupProof(
                path: path, records: contents.records, committed: contents.committed, isRestored: false)
        }

        private func tell(_ report: BackupReport) async {
            guard restore else { return }
            var report = report
            report.restoreTest = true
            await common.client.tell(report)
        }
    }
}

/// A backup that is proven.
struct BackupProof: Codable {
    let path: String
    let records: Int64
    let committed: String?
    /// Whether it was restored as well.
    let isRestored: Bool
}

extension BackupProof {
    /// What is in a copy of the ledger whose every balance, digest and page is proven.
    static func contents(of path: String) throws -> LedgerContents {
        let contents: LedgerContents
        let report: VerificationReport
        do {
            contents = try LedgerContents(databaseFile: path)
            report = try Verification.run(databaseFile: path)
        } catch {
            throw Failure(status: .refused, message: "\(path) is no copy of a ledger that can be read: \(error)")
        }
        guard report.ok else {
            throw Failure(
                status: .refused,
                message: "the books of \(path) don't balance: \(report.problems.prefix(3).joined(separator: "; "))")
        }
        return contents
    }
}

extension ControlClient {
    /// Tells the daemon what became of a backup or a test restore, for its metrics. A daemon that can't be told is no failure of that.
    func tell(_ report: BackupReport) async {
        _ = try? await post([String: Bool].self, ["v1", "ledger", "backup-reports"], body: report, key: nil)
    }
}
