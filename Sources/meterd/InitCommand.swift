import ArgumentParser
import Foundation
import Glibc
import Ledger

/// Makes the ledger that a daemon runs on: no start makes one by itself.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes a new, empty ledger in the state directory.",
        discussion: """
            Example: meterd init --state-dir ./var

            A daemon that starts without a ledger doesn't run: its disk may not be mounted, or it may be lost. A ledger that is there \
            stays as it is. If something says that there was one (history.json, backups), --anew begins anew all the same; \
            history.json is kept under another name then.
            """)

    @ArgumentParser.Flag(help: "Begin with an empty ledger, although there was one before.") var anew = false
    @OptionGroup var options: SettingsOptions

    func run() async throws {
        umask(0o077)
        let settings = try await options.load()
        let directory = settings.stateDirectory
        let path = directory + "/meterd.db"
        do throws(LedgerOpenError) {
            if access(path, F_OK) != 0 { try makeRoom(in: directory, path, settings.backupFolder) }
            let database = try LedgerDatabase(in: directory, makesLedger: true)
            try Self.giveAway(database.path, in: directory)
            print(
                database.isNew
                    ? "a new, empty ledger is in \(directory)"
                    : "there is a ledger in \(directory) already; it stays as it is")
        } catch {
            throw ExitStatus(error.kind).ending(error.description)
        }
    }

    /// Sees that no ledger was here, or that it is to be forgotten.
    private func makeRoom(in directory: String, _ path: String, _ backups: BackupFolder?) throws(LedgerOpenError) {
        let missing = MissingLedger(reason: "\(path) is not there", stateDirectory: directory, backups: backups)
        guard let traces = missing.traces else { return }
        guard anew else {
            throw LedgerOpenError(
                kind: .missing,
                description:
                    "there was a ledger before: \(traces). Put it back, or a backup (meterd restore); meterd init --anew begins without it"
            )
        }
        let history = directory + "/history.json"
        guard access(history, F_OK) == 0 else { return }
        let kept = history + ".\(Int(Date().timeIntervalSince1970))"
        guard rename(history, kept) == 0 else {
            throw LedgerOpenError(
                kind: .unwritable, description: "\(history) can't be renamed: \(String(cString: strerror(errno)))")
        }
        print("what was known of the ledger before is kept in \(kept)")
    }

    /// Has the files belong to whom the directory belongs to: root may make a ledger for the daemon's user.
    private static func giveAway(_ path: String, in directory: String) throws(LedgerOpenError) {
        var owner = stat()
        guard getuid() == 0, stat(directory, &owner) == 0, owner.st_uid != 0 else { return }
        for file in [path, path + "-wal", path + "-shm"] where access(file, F_OK) == 0 {
            guard chown(file, owner.st_uid, owner.st_gid) == 0 else {
                throw LedgerOpenError(
                    kind: .unwritable,
                    description: "\(file) can't be given to its directory's owner: \(String(cString: strerror(errno)))")
            }
        }
    }
}
