import CSystemd
import Foundation
import Glibc

/// Why a socket can't be listened on. The message says what to do.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    /// True where the configuration is wrong, false where something on this machine is in the way.
    public let isConfiguration: Bool
    /// One line: what, and what to do.
    public let description: String

    /// An error of the configuration, in those words.
    public init(_ words: String) { self.init(isConfiguration: true, description: words) }

    init(isConfiguration: Bool, description: String) {
        self.isConfiguration = isConfiguration
        self.description = description
    }
}

/// A Unix stream socket that listens: handed over by systemd, or bound here.
public struct ListeningSocket: Sendable {
    /// The listening descriptor. Whoever serves it closes it.
    public let descriptor: Int32
    /// The path that was bound and is to be removed at the end; nil where systemd holds the socket.
    public let ownedPath: String?

    /// A descriptor that listens already.
    ///
    /// - Parameter ownedPath: the file to remove at the end; nil for none.
    public init(descriptor: Int32, ownedPath: String? = nil) {
        self.descriptor = descriptor
        self.ownedPath = ownedPath
    }

    /// Bytes of a path that fit `sockaddr_un`, its closing zero not counted. See unix(7).
    public static let pathBytesMax = 107

    /// The sockets that systemd passed, by `FileDescriptorName=`: several of a name, if its unit listens on several addresses. See
    /// sd_listen_fds_with_names(3).
    ///
    /// The environment variables that announce them are removed, so that no child process takes them for its own.
    ///
    /// - Parameters:
    ///   - known: the names that somebody serves. A socket of another name, or one that isn't a Unix stream socket that
    ///     listens, would be accepted on by the kernel and answered by nobody: it is an error.
    ///   - allowsTCP: whether it may be a TCP socket as well.
    public static func inherited(
        _ known: [String], allowsTCP: Bool = false
    ) throws(ListenError) -> [String: [ListeningSocket]] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        guard count > 0, let names else { return [:] }
        let passed = (0..<Int(count)).map { names[$0].map { String(cString: $0) } ?? "" }
        for index in 0..<Int(count) { free(names[index]) }
        free(names)
        var sockets: [String: [ListeningSocket]] = [:]
        for (index, name) in passed.enumerated() {
            let descriptor = Int32(3 + index)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            guard known.contains(name) else {
                throw ListenError(
                    isConfiguration: true,
                    description:
                        "systemd passed a socket named '\(name)', which nobody here serves: FileDescriptorName= in its unit must be \(known.joined(separator: " or "))"
                )
            }
            let stream = Int32(SOCK_STREAM.rawValue)
            guard
                sd_is_socket_unix(descriptor, stream, 1, nil, 0) > 0
                    || (allowsTCP && sd_is_socket_inet(descriptor, AF_UNSPEC, stream, 1, 0) > 0)
            else {
                throw ListenError(
                    isConfiguration: true,
                    description:
                        "what systemd passed as '\(name)' is not a Unix stream socket that listens: ListenStream= in its unit must be a path\(allowsTCP ? ", or an address and a port" : "")"
                )
            }
            sockets[name, default: []].append(ListeningSocket(descriptor: descriptor, ownedPath: nil))
        }
        return sockets
    }

    /// The most connections that may wait to be accepted; the kernel's own limit is the same by default, `net.core.somaxconn`.
    private static let waitingMax: Int32 = 4096

    /// Has so many connections wait at a socket that a server has begun to accept on: SwiftNIO listens anew with 128, whatever it is
    /// told and whatever `Backlog=` said, and a client that doesn't wait itself would be turned away in a burst. See listen(2).
    public static func letMoreWait(on descriptor: Int32) {
        _ = listen(descriptor, waitingMax)
    }

    /// Binds a path and listens on it. A socket file that nobody listens on any more is replaced.
    ///
    /// - Parameters:
    ///   - mode: the file's permissions; nobody can connect before they are set.
    ///   - group: whose the file is; nil for the process's own group.
    public static func bind(path: String, mode: mode_t, group: String? = nil) throws(ListenError) -> ListeningSocket {
        guard !path.isEmpty, path.utf8.count <= pathBytesMax else {
            throw ListenError(
                isConfiguration: true,
                description: "socket path is \(path.utf8.count) bytes long, at most \(pathBytesMax) fit: \(path)")
        }
        try removeStale(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(path, "no socket is to be had") }
        // The file gets the permissions of the socket itself: nobody's, until they are set.
        let isClosedOff = fchmod(descriptor, 0) == 0
        let bound = isClosedOff ? withAddress(of: path) { Glibc.bind(descriptor, $0, $1) } : -1
        let cause = errno
        guard bound == 0 else {
            close(descriptor)
            errno = cause
            throw failure(path, "can't be bound")
        }
        if let group {
            guard let entry = getgrnam(group), chown(path, uid_t.max, entry.pointee.gr_gid) == 0 else {
                let error = failure(
                    path,
                    "can't be given to group '\(group)': the daemon's user must be a member of it, and under the shipped unit no file can be given away: leave socket_group out there; the system says"
                )
                close(descriptor)
                unlink(path)
                throw error
            }
        }
        guard chmod(path, mode) == 0, listen(descriptor, 4096) == 0 else {
            let error = failure(path, "can't be listened on")
            close(descriptor)
            unlink(path)
            throw error
        }
        return ListeningSocket(descriptor: descriptor, ownedPath: path)
    }

    /// Removes the socket file, where it is ours.
    public func removeFile() {
        if let ownedPath { unlink(ownedPath) }
    }

    private static func removeStale(_ path: String) throws(ListenError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ListenError(
                isConfiguration: false,
                description: "\(path) is there and is not a socket; move it away or choose another socket path")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(probe) }
        if withAddress(of: path, { connect(probe, $0, $1) }) == 0 {
            throw ListenError(
                isConfiguration: false,
                description: "\(path) is in use: another process listens on it; stop that one or choose another path")
        }
        guard errno == ECONNREFUSED else { throw failure(path, "can't be checked for a live listener") }
        guard unlink(path) == 0 else { throw failure(path, "is stale and can't be removed") }
    }

    private static func failure(_ path: String, _ words: String) -> ListenError {
        ListenError(isConfiguration: false, description: "socket \(path) \(words): \(String(cString: strerror(errno)))")
    }

    private static func withAddress(
        of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
