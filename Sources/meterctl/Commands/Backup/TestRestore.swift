import Foundation
import Glibc
import Ledger

/// A restore as after a loss, by the program that would do it, into a folder that is removed.
struct TestRestore {
    let backup: String
    let scratch: String

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
        guard let free = DiskSpace(of: scratch)?.free else { throw failure("\(scratch) can't be looked at") }
        let needed = Int64(file.st_size) + BackupFolder.spareBytes
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
