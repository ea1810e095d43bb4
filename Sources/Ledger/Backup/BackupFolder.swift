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

    /// The name of a backup that is made at a time.
    public static func name(at date: Date) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
        return "meterd-\(format.string(from: date)).db"
    }

    /// The names of the backups in it, oldest first.
    public func backups() throws(Unusable) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
                .filter { $0.wholeMatch(of: /meterd-\d{8}T\d{6}Z\.db/) != nil }.sorted()
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
            guard let match = name.firstMatch(of: /\.db\.partial-(\d+)(-journal|-wal|-shm)?$/),
                let process = pid_t(match.1),
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
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
