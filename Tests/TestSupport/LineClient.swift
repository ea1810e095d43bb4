import Foundation
import Glibc

/// What a test's client met.
public struct ClientError: Error, CustomStringConvertible {
    /// In words.
    public let description: String

    init(_ operation: String) {
        description = "\(operation): \(String(cString: strerror(errno)))"
    }
}

/// A blocking client of a Unix stream socket that speaks lines. Reads give up after 30 seconds.
public final class LineClient: @unchecked Sendable {
    // `@unchecked Sendable`: a test hands a client to one task at a time.
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// Connects.
    ///
    /// - Parameter waits: false for a client that gives up at once where nobody can take it in.
    public init(_ path: String, waits: Bool = true) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | (waits ? 0 : Int32(SOCK_NONBLOCK.rawValue)), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // deinit closes the descriptor.
        guard result == 0 else { throw ClientError("connect \(path)") }
        if !waits { _ = fcntl(descriptor, F_SETFL, 0) }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Sends bytes as they are.
    public func write(_ bytes: [UInt8]) throws {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw ClientError("send") }
            offset += count
        }
    }

    /// Sends a line.
    public func send(_ line: String) throws {
        try write(Array((line + "\n").utf8))
    }

    /// The next line that comes; nil where the peer has closed.
    ///
    /// - Parameter includingLast: whether what the peer left without a newline counts as a line.
    public func receive(includingLast: Bool = false) throws -> String? {
        while true {
            if let newline = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeFirst(newline + 1) }
                return String(decoding: buffer[..<newline], as: UTF8.self)
            }
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = piece.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count == 0 {
                guard includingLast, !buffer.isEmpty else { return nil }
                defer { buffer.removeAll() }
                return String(decoding: buffer, as: UTF8.self)
            }
            guard count > 0 else { throw ClientError("receive") }
            buffer += piece[..<count]
        }
    }

    /// Sends a line and gives its reply.
    public func ask(_ line: String) throws -> String {
        try send(line)
        guard let reply = try receive() else { throw ClientError("no reply to \(line.prefix(80))") }
        return reply
    }

    /// Closes the sending side.
    public func endInput() {
        shutdown(descriptor, Int32(SHUT_WR))
    }
}
