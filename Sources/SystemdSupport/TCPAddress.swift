import CSystemd
import Foundation
import Glibc

/// An address of this machine with a port: `127.0.0.1:9464`, `0.0.0.0:8080` or `[::1]:9464`.
public struct TCPAddress: Sendable, Hashable {
    /// Whether only this machine can reach it.
    public let isLoopback: Bool
    private let host: String
    private let isSix: Bool
    private let port: UInt16

    /// Reads it; nil if it is not well formed. A name is not looked up.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        let host = text[..<colon]
        var four = in_addr()
        var six = in6_addr()
        if host.hasPrefix("["), host.hasSuffix("]"), inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &six) == 1
        {
            self.host = String(host.dropFirst().dropLast())
            isSix = true
            isLoopback = withUnsafeBytes(of: six) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
        } else if inet_pton(AF_INET, String(host), &four) == 1 {
            self.host = String(host)
            isSix = false
            isLoopback = UInt32(bigEndian: four.s_addr) >> 24 == 127
        } else {
            return nil
        }
        self.port = port
    }

    /// Binds it and listens.
    public func listen() throws(ListenError) -> Int32 {
        let descriptor = socket(
            isSix ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("no socket is to be had (AF_INET may be forbidden to the unit)") }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor) == 0, Glibc.listen(descriptor, 64) == 0 else {
            let error = failure("can't be listened on")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private func bind(_ descriptor: Int32) -> Int32 {
        if isSix {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            return Self.bind(descriptor, address)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return Self.bind(descriptor, address)
    }

    private static func bind<Address>(_ descriptor: Int32, _ address: Address) -> Int32 {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    private func failure(_ words: String) -> ListenError {
        ListenError(
            isConfiguration: false, description: "\(host) port \(port) \(words): \(String(cString: strerror(errno)))")
    }
}
