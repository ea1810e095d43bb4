import Foundation
import Glibc

/// A folder of backups, named by their times.
public struct BackupFolder: Sendable, Hashable {
    /// Where it is.
    public let path: String

    /// A folder there.
    public init(_ path: String) {
        self.path = path
    }

    /// What can't be done with a folder, and why.
    public struct Unusable: Error, Sendable, CustomStringConvertible {
        /// One line.
        public let description: String

        /// A reason in one line.
        public init(_ description: String) {
            self.description = description
        }
    }

    /// Bytes that are to stay free beside a copy, for usage that comes meanwhile.
    public static let spareBytes: Int64 = 256 << 20

    /// Bytes that must be free on the file system of a state directory for a backup of its ledger: the daemon's copy, and the maker's beside
    /// it if the folder is on the same file system.
    public static func bytesNeeded(ledger: Int64, from directory: String, into folder: String?) -> Int64 {
        var (here, there) = (stat(), stat())
        let isSame = folder.map { stat(directory, &here) == 0 && stat($0, &there) == 0 && here.st_dev == there.st_dev }
        return (isSame == true ? 2 : 1) * ledger + spareBytes
    }

    /// The name of a backup that is made at a time.
    public static func name(at date: Date) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
        return "meterd-\(format.string(from: date)).db"
    }

    /// The names of the backups in it, oldest first. One whose name is of a time to come was made under a clock that was ahead: it is
    /// neither the newest nor any of those that are kept.
    public func backups(at now: Date = Date()) throws(Unusable) -> [String] {
        let tomorrow = Self.name(at: now.addingTimeInterval(86_400))
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
                .filter { $0.wholeMatch(of: /meterd-\d{8}T\d{6}Z\.db/) != nil && $0 <= tomorrow }.sorted()
        } catch {
            throw Unusable("\(path) can't be read: \(error.localizedDescription)")
        }
    }

    /// The path of the newest backup; nil if there is none, or the folder can't be read.
    public var newest: String? {
        (try? backups())?.last.map { "\(path)/\($0)" }
    }

    /// Removes copies that were never finished, by processes that are gone.
    public func removeLeftovers() {
        let folder = path.isEmpty ? "." : path
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard name.firstMatch(of: /\.db\.partial-\d+(-journal|-wal|-shm)?$/) != nil else { continue }
            // Its maker holds a lock on it, wherever that process runs; what is made beside it by a verification goes with it.
            let main = name.replacing(/-(journal|wal|shm)$/, with: "")
            let file = open("\(folder)/\(main)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            defer { if file >= 0 { close(file) } }
            guard file < 0 || flock(file, LOCK_EX | LOCK_NB) == 0 else { continue }
            unlink("\(folder)/\(name)")
        }
    }

    /// Removes the oldest; gives their names.
    public func prune(keeping count: Int) throws(Unusable) -> [String] {
        let old = Array(try backups().dropLast(count))
        for name in old where unlink("\(path)/\(name)") != 0 {
            throw Unusable("\(path)/\(name) can't be removed: \(String(cString: strerror(errno)))")
        }
        return old
    }
}
