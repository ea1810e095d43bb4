import Glibc

/// Who is at the other end of a Unix socket, by the kernel's word: as they were when they connected. See SO_PEERCRED and
/// SO_PEERGROUPS in unix(7) and socket(7).
public struct PeerCredentials: Sendable, Hashable {
    /// The user.
    public let uid: UInt32
    /// Their groups, the supplementary ones included.
    public let groups: Set<UInt32>
    /// The process.
    public let pid: Int32

    /// Credentials, as told.
    public init(uid: UInt32, groups: Set<UInt32>, pid: Int32) {
        self.uid = uid
        self.groups = groups
        self.pid = pid
    }

    /// The peer of a connected Unix socket; nil where it is none.
    public init?(descriptor: Int32) {
        // `struct ucred`, which glibc declares for _GNU_SOURCE only: pid, uid, gid, of 32 bits each.
        var credentials: [UInt32] = [0, 0, 0]
        var size = socklen_t(12)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0, size == 12 else { return nil }
        pid = Int32(bitPattern: credentials[0])
        uid = credentials[1]
        groups = Self.supplementaryGroups(descriptor).union([credentials[2]])
    }

    private static func supplementaryGroups(_ descriptor: Int32) -> Set<UInt32> {
        // The kernel says ERANGE, and how many bytes it takes, where there are more.
        var groups = [UInt32](repeating: 0, count: 64)
        for _ in 0..<2 {
            var size = socklen_t(groups.count * MemoryLayout<UInt32>.size)
            if getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, &groups, &size) == 0 {
                return Set(groups.prefix(Int(size) / MemoryLayout<UInt32>.size))
            }
            guard errno == ERANGE else { break }
            groups = [UInt32](repeating: 0, count: Int(size) / MemoryLayout<UInt32>.size)
        }
        return []
    }
}
