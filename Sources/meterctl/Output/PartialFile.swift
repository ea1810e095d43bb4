import Background
import Foundation
import Glibc

/// A file that gets its name when it is whole: written beside it, synced, renamed. Nobody else can read it.
struct PartialFile {
    /// Where it is being written.
    let path: String
    private(set) var bytes = 0
    private let target: String
    private var descriptor: Int32
    private var writeBack: WriteBack

    init(_ target: String) throws(Failure) {
        self.target = target
        path = "\(target).partial-\(getpid())"
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path, "can't be created") }
        // For as long as it is open, nobody takes it for left over.
        flock(descriptor, LOCK_EX | LOCK_NB)
        writeBack = WriteBack(descriptor)
    }

    mutating func write(_ piece: some Collection<UInt8>) throws(Failure) {
        let piece = Array(piece)
        var offset = 0
        while offset < piece.count {
            let count = piece.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset)
            }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Self.failure(path, "can't be written")
            }
            offset += count
        }
        writeBack.wrote(piece.count, at: Int64(bytes))
        bytes += piece.count
    }

    func sync() throws(Failure) {
        guard fsync(descriptor) == 0 else { throw Self.failure(path, "can't be synced") }
    }

    /// Gives it its name, for good; where something has got that name meanwhile, it is left alone.
    mutating func commit() throws(Failure) {
        guard link(path, target) == 0 else { throw Self.failure(target, "can't be made") }
        unlink(path)
        defer { close() }
        let folder = open((target as NSString).deletingLastPathComponent + "/.", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.failure(target, "can't be synced") }
        defer { Glibc.close(folder) }
        guard fsync(folder) == 0 else { throw Self.failure(target, "can't be synced") }
    }

    /// Removes what was written, if it has no name yet; whether that was so.
    @discardableResult
    mutating func discard() -> Bool {
        guard descriptor >= 0 else { return false }
        unlink(path)
        close()
        return true
    }

    private mutating func close() {
        Glibc.close(descriptor)
        descriptor = -1
    }

    private static func failure(_ path: String, _ words: String) -> Failure {
        let isBackup = path.hasPrefix("/var/backups/meterd/")
        let cure =
            errno == EACCES ? "; \(isBackup ? "that folder is the daemon's: " : "")use sudo, or another folder" : ""
        return Failure(status: .refused, message: "\(path) \(words): \(String(cString: strerror(errno)))\(cure)")
    }
}
