import Foundation
import Glibc

/// A state directory that this process holds alone, for as long as the value lives.
public final class StateLock: Sendable {
    private let descriptor: Int32

    /// Takes the directory.
    ///
    /// - Parameter makesDirectory: whether a directory that is not there is made.
    public init(_ directory: String, makesDirectory: Bool = true) throws(LedgerOpenError) {
        if makesDirectory, mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw Self.failure(directory, "can't be created")
        }
        let path = directory + "/lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure(path, "can't be opened") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let cause = errno
            close(file)
            errno = cause
            guard cause == EWOULDBLOCK else { throw Self.failure(path, "can't be locked") }
            throw LedgerOpenError(
                kind: .locked,
                description: "state directory \(directory) is in use by another meterd; stop that one first")
        }
        // What root locks here (a restore) the daemon's user must be able to lock afterwards.
        var owner = stat()
        if geteuid() == 0, stat(directory, &owner) == 0 { _ = fchown(file, owner.st_uid, owner.st_gid) }
        descriptor = file
    }

    deinit {
        // Unlocked by name: a child process that is just being started may hold a copy of the descriptor.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func failure(_ path: String, _ words: String) -> LedgerOpenError {
        LedgerOpenError(kind: .unwritable, description: "\(path) \(words): \(String(cString: strerror(errno)))")
    }
}
