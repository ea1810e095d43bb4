import Foundation
import Glibc

/// Stands where systemd stands: the datagram socket that `NOTIFY_SOCKET` names. See sd_notify(3).
public final class NotifyListener: @unchecked Sendable {
    // `@unchecked Sendable`: a test listens on one task at a time.
    private let descriptor: Int32

    /// The socket's path, for the environment of the service.
    public let path: String

    /// Binds a socket in a folder.
    public init(in directory: TemporaryDirectory) throws {
        path = directory.path + "/notify"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        unlink(path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = path
        let descriptor = descriptor
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw ClientError("bind \(path)") }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// The next message.
    public func next() throws -> String {
        var piece = [UInt8](repeating: 0, count: 8192)
        let count = piece.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { throw ClientError("no message on the notify socket") }
        return String(decoding: piece[..<count], as: UTF8.self)
    }

    /// Waits for a message with that word in it, and gives it.
    public func wait(for word: String) throws -> String {
        while true {
            let message = try next()
            if message.contains(word) { return message }
        }
    }
}
