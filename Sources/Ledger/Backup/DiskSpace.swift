import Glibc

/// How much room a file system has. See statvfs(3).
public struct DiskSpace: Sendable, Hashable {
    /// Bytes that unprivileged users may still fill.
    public let free: Int64
    /// Bytes in all.
    public let size: Int64

    /// The file system that a path is on; nil if it can't be looked at.
    public init?(of path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        free = Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
        size = Int64(clamping: UInt64(status.f_blocks) * UInt64(status.f_frsize))
    }
}
