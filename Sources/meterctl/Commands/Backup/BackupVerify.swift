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
            let contents: LedgerContents
            let report: VerificationReport
            do {
                contents = try LedgerContents(databaseFile: path)
                report = try Verification.run(databaseFile: path)
            } catch {
                throw Failure(status: .refused, message: "\(path) is no backup that can be read: \(error)")
            }
            guard report.ok else {
                throw Failure(
                    status: .refused,
                    message: "the books of \(path) don't balance: \(report.problems.prefix(3).joined(separator: "; "))")
            }
            return BackupProof(
                path: path, records: contents.records, committed: contents.committed, isRestored: false)
        }

        /// Tells the daemon of a test restore, for its metrics; a daemon that can't be told is no failure of the test.
        private func tell(_ report: BackupReport) async {
            guard restore else { return }
            var report = report
            report.restoreTest = true
            _ = try? await common.client.post(
                [String: Bool].self, ["v1", "ledger", "backup-reports"], body: report, key: nil)
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

/// A restore as after a loss, by the program that would do it, into a folder that is removed.
private struct TestRestore {
    let backup: String
    let scratch: String

    /// Bytes that must be free beside the copy's own.
    private static let spareBytes = 256 << 20

    func run() throws -> BackupProof {
        try checkRoom()
        removeLeftovers()
        var name = Array("\(scratch)/meterd-restore-test.XXXXXX".utf8CString)
        guard let made = mkdtemp(&name) else { throw failure("no folder can be made in \(scratch)") }
        let folder = String(cString: made)
        // For as long as it is held, nobody takes the folder for left over.
        let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        flock(lock, LOCK_EX | LOCK_NB)
        defer {
            try? FileManager.default.removeItem(atPath: folder)
            close(lock)
        }
        try restore(into: folder)
        let contents: LedgerContents
        let original: LedgerContents
        do {
            contents = try LedgerContents(databaseFile: folder + "/meterd.db")
            original = try LedgerContents(databaseFile: backup)
        } catch {
            throw Failure(status: .refused, message: "\(backup): what was restored can't be read: \(error)")
        }
        guard contents.ledger == original.ledger, contents.records == original.records else {
            throw Failure(
                status: .refused,
                message: "\(backup) has \(original.records) records, and what was restored has \(contents.records)")
        }
        return BackupProof(path: backup, records: contents.records, committed: contents.committed, isRestored: true)
    }

    /// Removes folders of tests that were cut off. Others may put anything into a folder like /var/tmp: only our own are looked at.
    private func removeLeftovers() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: scratch)) ?? []
        where name.hasPrefix("meterd-restore-test.") {
            let folder = open("\(scratch)/\(name)", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard folder >= 0 else { continue }
            defer { close(folder) }
            var owner = stat()
            guard fstat(folder, &owner) == 0, owner.st_uid == geteuid(), flock(folder, LOCK_EX | LOCK_NB) == 0 else {
                continue
            }
            try? FileManager.default.removeItem(atPath: "\(scratch)/\(name)")
        }
    }

    private func checkRoom() throws {
        var file = stat()
        guard stat(backup, &file) == 0 else { throw failure("\(backup) can't be read") }
        var disk = statvfs()
        guard statvfs(scratch, &disk) == 0 else { throw failure("\(scratch) can't be looked at") }
        let free = Int(clamping: UInt64(disk.f_bavail) * UInt64(disk.f_frsize))
        let needed = Int(file.st_size) + Self.spareBytes
        guard free >= needed else {
            throw Failure(
                status: .refused,
                message:
                    "a test restore takes \(needed >> 20) MiB in \(scratch), and \(free >> 20) MiB are free; --scratch names another folder"
            )
        }
    }

    private func restore(into folder: String) throws {
        let process = Process()
        process.executableURL = try Self.program()
        process.arguments = ["restore", backup, "--state-dir", folder, "--config", "/dev/null"]
        // Its settings are those above, whatever the daemon's are.
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("METERD_") }
        let errors = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        do {
            try process.run()
        } catch {
            throw Failure(status: .refused, message: "meterd can't be run: \(error.localizedDescription)")
        }
        let words = (try? errors.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let text = String(decoding: words, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw Failure(
                status: .refused,
                message: text.isEmpty ? "meterd restore ended with \(process.terminationStatus)" : text)
        }
    }

    /// The daemon's program, beside this one.
    private static func program() throws -> URL {
        let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = ((own ?? "") as NSString).deletingLastPathComponent + "/meterd"
        guard access(path, X_OK) == 0 else {
            throw Failure(
                status: .refused, message: "\(path) is not there: a test restore needs meterd beside meterctl")
        }
        return URL(fileURLWithPath: path)
    }

    private func failure(_ words: String) -> Failure {
        Failure(status: .refused, message: "\(words): \(String(cString: strerror(errno)))")
    }
}
