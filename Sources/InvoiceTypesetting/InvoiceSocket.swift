import Foundation
import Glibc

/// The program that makes a PDF of an invoice, started by systemd for each connection to a socket (systemd.socket(5), `Accept=`), as a
/// user of its own: what draws strangers' letters has no business in the process that has the ledger.
public struct InvoiceSocket: Sendable {
    private let path: String

    /// Bytes of a PDF at most.
    private static let answerBytesMax = 32 << 20
    /// Seconds that it may be silent.
    private static let silenceSecondsMax = 20

    /// The socket at a path.
    public init(_ path: String) { self.path = path }

    /// Whether there is a socket.
    public var isThere: Bool { access(path, F_OK) == 0 }

    /// Makes the PDF of an invoice's JSON document.
    public func pdf(of document: Data) throws(TypesettingError) -> Data {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("can't be used") }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: Self.silenceSecondsMax, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        try connect(descriptor)
        try send(document, descriptor)
        let pdf = try receive(descriptor)
        guard pdf.starts(with: Data("%PDF-".utf8)) else {
            throw TypesettingError(
                description: "no PDF could be made; journalctl -u 'meterd-invoice-pdf@*' says why")
        }
        return pdf
    }

    private func connect(_ descriptor: Int32) throws(TypesettingError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room else { throw TypesettingError(description: "\(path) is too long for a socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else {
            throw failure("can't be reached; systemctl enable --now meterd-invoice-pdf.socket begins it")
        }
    }

    private func send(_ document: Data, _ descriptor: Int32) throws(TypesettingError) {
        var rest = document[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { throw failure("took no invoice (journalctl -u 'meterd-invoice-pdf@*' says why)") }
            rest = rest.dropFirst(sent)
        }
        // It reads to the end.
        shutdown(descriptor, Int32(SHUT_WR))
    }

    private func receive(_ descriptor: Int32) throws(TypesettingError) -> Data {
        var answer = Data()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("gave no PDF (journalctl -u 'meterd-invoice-pdf@*' says why)") }
            guard count > 0 else { return answer }
            answer.append(contentsOf: buffer[..<count])
            guard answer.count <= Self.answerBytesMax else {
                throw TypesettingError(description: "\(path) gave more than \(Self.answerBytesMax) bytes")
            }
        }
    }

    private func failure(_ words: String) -> TypesettingError {
        TypesettingError(description: "\(path) \(words): \(String(cString: strerror(errno)))")
    }
}
