import Glibc

/// Which file a path led to when the ledger was opened.
///
/// Whoever moves the file away, removes it, or mounts something over its folder leaves the process with a file that nobody finds
/// again. Nothing may be acknowledged then.
struct FileIdentity: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// The file that a path leads to now; nil if it leads to none, as in a test whose disk is in memory.
    init?(of path: String) {
        var file = stat()
        guard stat(path, &file) == 0 else { return nil }
        (self.path, device, inode) = (path, file.st_dev, file.st_ino)
    }

    /// Throws if the path leads elsewhere by now.
    func check() throws(StorageFailure) {
        var file = stat()
        if stat(path, &file) == 0, file.st_dev == device, file.st_ino == inode { return }
        throw StorageFailure(
            description:
                "\(path) was moved, removed or replaced while it was open; nothing is acknowledged any more. Put back the file that was there, with its -wal"
        )
    }
}
