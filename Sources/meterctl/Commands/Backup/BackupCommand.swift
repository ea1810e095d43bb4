import ArgumentParser
import Background
import Control
import Foundation
import Glibc
import Ledger

/// Copies of the ledger.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copies the ledger while the daemon works, and proves copies.",
        subcommands: [Make.self, Verify.self], defaultSubcommand: Make.self)
}

extension BackupCommand {
    /// A copy of the ledger, proven before it gets its name.
    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copies the ledger while the daemon works, and proves the copy.",
            discussion: """
                Examples: meterctl backup --keep 14
                          meterctl backup /var/tmp/before-upgrade.db

                Without a name the copy goes into the daemon's backup.folder. It is of one moment. It is written beside its name, opened \
                again, verified (every balance, every digest, every page), synced, and only then named: what bears the name is good. \
                meterd restore puts it back.
                """)

        @Argument(help: "The file to write; it must not be there.") var path: String?
        @Option(help: "A folder in which the copy is named by its time (default: the daemon's backup.folder).")
        var into: String?
        @Option(help: "Copies to keep in that folder; older ones are removed when the new one is proven.") var keep:
            Int?
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if path?.isEmpty == true || into?.isEmpty == true { throw ValidationError("the name is empty") }
            guard path == nil || into == nil else { throw ValidationError("name a file, or a folder with --into") }
            if let keep, keep < 1 { throw ValidationError("--keep is at least 1") }
            if keep != nil, path != nil { throw ValidationError("--keep goes with a folder, not with a file") }
        }

        /// The folder that the copy goes into; nil if a file is named.
        private func folder(_ status: StatusView) throws -> String? {
            guard path == nil else { return nil }
            if let into { return into }
            guard let folder = status.backupFolder else {
                throw Failure(
                    status: .refused,
                    message:
                        "the daemon has no backup.folder; name a file, or a folder with --into, or set backup.folder")
            }
            return folder
        }

        /// Sees that there is room: the daemon's copy is there as long as this one is being written, perhaps on the same disk.
        private func checkRoom(_ folder: String, _ status: StatusView) throws {
            guard let free = DiskSpace(of: folder)?.free else { return }
            let needed = BackupFolder.bytesNeeded(
                ledger: status.databaseBytes + status.walBytes, from: status.stateDirectory ?? folder, into: folder)
            guard free >= needed else {
                throw Failure(
                    status: .refused,
                    message:
                        "a backup takes \(needed >> 20) MiB on the file system of \(folder), and \(free >> 20) MiB are free: make room, or name a folder elsewhere"
                )
            }
        }

        func run() async throws {
            BackgroundThread.becomeProcess()
            try await orExit {
                let status = try await common.client.get(StatusView.self, ["v1", "status"])
                let folder = try folder(status)
                if let into = folder, access(into, F_OK) != 0, errno == ENOENT {
                    throw Failure(status: .refused, message: "the folder \(into) is not there; make it first")
                }
                let target = path ?? "\(folder ?? "")/\(BackupFolder.name(at: Date()))"
                guard access(target, F_OK) != 0 else {
                    throw Failure(status: .refused, message: "\(target) is there already; choose another name")
                }
                let parent = (target as NSString).deletingLastPathComponent
                BackupFolder(parent).removeLeftovers()
                let began = ContinuousClock.now
                do {
                    try checkRoom(parent.isEmpty ? "." : parent, status)
                } catch let failure as Failure {
                    await tell(false, 0, since: began, failure.message)
                    throw failure
                }
                var file = try PartialFile(target)
                let bar = ProgressBar(total: nil, unit: "bytes")
                do {
                    bar.update(0, ", the daemon makes its copy")
                    try await common.client.text(["v1", "ledger", "backup"]) { piece in
                        try file.write(piece.readableBytesView)
                        bar.update(file.bytes, "")
                    }
                    try file.sync()
                    bar.update(file.bytes, ", verifying")
                    let contents = try BackupProof.contents(of: file.path)
                    bar.clear()
                    try file.commit()
                    // It is good, whatever becomes of older ones.
                    await tell(true, file.bytes, since: began)
                    let removed: [String]
                    do {
                        removed = try folder.map { try prune(BackupFolder($0)) } ?? []
                    } catch let failure as Failure {
                        throw Failure(
                            status: .refused, message: "\(target) is made and good; but \(failure.message)")
                    }
                    try common.show(
                        BackupView(
                            path: target, bytes: file.bytes, records: contents.records, commit: contents.commit,
                            committed: contents.committed, removed: removed)
                    ) { view in
                        definitions([
                            ("backup", view.path), ("size", "\(view.bytes) bytes"),
                            ("records", "\(view.records), the books balance"),
                            ("up to", view.committed ?? "nothing yet"),
                            ("removed", view.removed.isEmpty ? nil : view.removed.joined(separator: ", ")),
                        ])
                    }
                } catch {
                    bar.clear()
                    if file.discard() {
                        let words = (error as? Failure)?.message ?? "\(error)"
                        await tell(false, file.bytes, since: began, words)
                    }
                    throw error
                }
            }
        }
    }
}

extension BackupCommand.Make {
    private func tell(
        _ isGood: Bool, _ bytes: Int, since began: ContinuousClock.Instant, _ error: String? = nil
    ) async {
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        await common.client.tell(BackupReport(ok: isGood, bytes: bytes, seconds: seconds, error: error))
    }

    private func prune(_ folder: BackupFolder) throws -> [String] {
        guard let keep else { return [] }
        do throws(BackupFolder.Unusable) {
            return try folder.prune(keeping: keep)
        } catch {
            throw Failure(status: .refused, message: error.description)
        }
    }
}

/// A backup that was made.
struct BackupView: Codable {
    let path: String
    let bytes: Int
    let records: Int64
    let commit: Int64
    let committed: String?
    let removed: [String]
}
