import Foundation
import Glibc

/// Reads lines from a file or a pipe in large pieces.
struct LineReader {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    private static let pieceBytes = 1 << 20

    init(_ file: FileHandle) {
        descriptor = file.fileDescriptor
    }

    /// The next line without its newline, also where the last one has none; nil at the end.
    mutating func next() throws -> ArraySlice<UInt8>? {
        var scanned = start
        while true {
            if let newline = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = newline + 1 }
                return buffer[start..<newline]
            }
            scanned = buffer.count
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                return buffer[start...]
            }
            scanned -= start
            buffer.removeFirst(start)
            start = 0
            try fill()
        }
    }

    /// Calls `body` with each line.
    func forEach(_ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
        var copy = self
        while let line = try copy.next() { try line.withUnsafeBufferPointer(body) }
    }

    private mutating func fill() throws {
        let old = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.pieceBytes))
        let count = buffer.withUnsafeMutableBytes { bytes in
            read(descriptor, bytes.baseAddress.map { $0 + old }, Self.pieceBytes)
        }
        buffer.removeLast(Self.pieceBytes - max(0, count))
        if count < 0 {
            if errno == EINTR { return }
            throw Failure(status: .refused, message: "the input can't be read: \(String(cString: strerror(errno)))")
        }
        if count == 0 { isAtEnd = true }
    }
}
