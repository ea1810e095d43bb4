import ArgumentParser
import Foundation
import Glibc
import Ledger

/// Puts a backup in the place of a ledger that is not there.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Puts a backup into the state directory, and says what is missing in it.",
        discussion: """
            Example: systemctl stop meterd meterd-ingest.socket meterd-control.socket
                     mv /var/lib/meterd/meterd.db* /var/tmp/        (never overwritten: it may hold what the backup lacks)
                     meterd restore /var/backups/meterd/meterd-20261124T030000Z.db
                     systemctl start meterd-ingest.socket meterd-control.socket meterd
            """)

    @Argument(help: "A backup that meterctl backup made.") var backup: String
    @OptionGroup var options: SettingsOptions

    func run() async throws {
        umask(0o077)
        let settings = try await options.load()
        let target = settings.stateDirectory + "/meterd.db"
        // Held to the end: no daemon may run on what is being put in place.
        let lock: StateLock
        do throws(LedgerOpenError) {
            lock = try StateLock(settings.stateDirectory)
        } catch {
            throw ExitStatus.cannotCreate.ending(error.description)
        }
        defer { withExtendedLifetime(lock) {} }
        for path in [target, target + "-wal"] where access(path, F_OK) == 0 {
            throw ExitStatus.cannotCreate.ending(
                "\(path) is there and is not overwritten; move it away if it is to be replaced")
        }
        try Self.check(backup)
        let partial = target + ".restoring"
        defer { unlink(partial) }
        let contents: LedgerContents
        do throws(ListedError) {
            try copy(to: partial, settings.stateDirectory)
        } catch {
            throw ExitStatus.cannotCreate.ending(error.words)
        }
        do {
            // The copy is proven, not what it was made of; one that an older version made is of this version's form then.
            try LedgerDatabase.bringUp(databaseFile: partial)
            contents = try LedgerContents(databaseFile: partial)
            let report = try Verification.run(databaseFile: partial)
            guard report.ok else {
                throw ExitStatus.data.ending(
                    "\(backup) is not restored, its books don't balance: "
                        + report.problems.prefix(3).joined(separator: "; "))
            }
        } catch let error as ExitCode {
            throw error
        } catch {
            throw ExitStatus.data.ending("\(backup) is no ledger that this meterd can read: \(error)")
        }
        guard Self.syncFile(partial), link(partial, target) == 0, Self.syncFolder(settings.stateDirectory) else {
            throw ExitStatus.cannotCreate.ending("\(target) can't be made: \(String(cString: strerror(errno)))")
        }
        forgetAnother(contents.ledger, in: settings.stateDirectory)
        print("restored: \(contents.records) records, \(contents.transfers) transfers; the books balance")
        guard let committed = contents.committed else { return print("there was nothing in it yet") }
        print(
            """
            the gap: what was acknowledged after \(committed) is not in it (\(Self.age(committed)) ago). Have proxies send what they kept \
            since then again: what is in the ledger already is recognised by its id and counted once.
            """)
    }

    /// Puts aside what was noted of another ledger, as of the empty one of a new machine.
    private func forgetAnother(_ ledger: String, in directory: String) {
        let history = directory + "/history.json"
        guard let mark = LedgerHistory.kept(in: directory)?.mark, mark.ledger != ledger else { return }
        let kept = history + ".\(mark.ledger)"
        guard rename(history, kept) == 0 else { return }
        print("this is another ledger than the one that was there; what was known of that one is kept in \(kept)")
    }

    /// Refuses what is no whole backup: missing, no plain file, or with a log beside it that belongs to it.
    private static func check(_ backup: String) throws {
        var file = stat()
        guard stat(backup, &file) == 0 else {
            throw ExitStatus.cannotCreate.ending("\(backup) can't be read: \(String(cString: strerror(errno)))")
        }
        guard file.st_mode & S_IFMT == S_IFREG else {
            throw ExitStatus.data.ending("\(backup) is not a plain file; name a backup that meterctl backup made")
        }
        for ending in ["-wal", "-journal"] {
            guard stat(backup + ending, &file) == 0, file.st_size > 0 else { continue }
            throw ExitStatus.data.ending(
                """
                \(backup)\(ending) belongs to it and holds what is not in it: this is a state directory's file, no backup. Move both back \
                into a state directory and start meterd there
                """)
        }
    }

    /// Copies into a file that belongs to whoever the state directory belongs to, and syncs it.
    private func copy(to partial: String, _ directory: String) throws(ListedError) {
        let from = open(backup, O_RDONLY | O_CLOEXEC)
        guard from >= 0 else { throw ListedError(backup, "can't be opened") }
        defer { close(from) }
        let to = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard to >= 0 else { throw ListedError(partial, "can't be created") }
        defer { close(to) }
        var owner = stat()
        guard stat(directory, &owner) == 0 else { throw ListedError(directory, "can't be looked at") }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(from, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw ListedError(backup, "can't be read") }
            guard count > 0 else { break }
            var offset = 0
            while offset < count {
                let written = buffer.withUnsafeBytes { write(to, $0.baseAddress.map { $0 + offset }, count - offset) }
                guard written > 0 else { throw ListedError(partial, "can't be written") }
                offset += written
            }
        }
        if getuid() == 0, fchown(to, owner.st_uid, owner.st_gid) != 0 {
            throw ListedError(partial, "can't be given away")
        }
        guard fsync(to) == 0 else { throw ListedError(partial, "can't be synced") }
    }

    private static func syncFile(_ path: String) -> Bool {
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return fsync(file) == 0
    }

    private static func syncFolder(_ directory: String) -> Bool {
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return false }
        defer { close(folder) }
        return fsync(folder) == 0
    }

    private static func age(_ time: String) -> String {
        guard let then = try? Date(time, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
        else {
            return "some time"
        }
        let seconds = Int(Date().timeIntervalSince(then))
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) days"
        }
    }

    private struct ListedError: Error {
        let words: String
        init(_ path: String, _ words: String) {
            self.words = "\(path) \(words): \(String(cString: strerror(errno)))"
        }
    }
}
