import Foundation
import NIOCore

/// Finds lines in what was received, without copying them.
struct LineFramer {
    private var received = ByteBuffer()
    /// Bytes from the reader index on that hold no newline.
    private var scanned = 0

    /// What is next in line.
    enum Next<Value> {
        /// A line's value.
        case line(Value)
        /// No whole line is there yet.
        case needsMore
        /// The line has passed its limit.
        case tooLong
    }

    /// Bytes that were received and not taken.
    var readableBytes: Int { received.readableBytes }

    /// Bytes of memory that it holds on to.
    var capacity: Int { received.capacity }

    mutating func append(_ bytes: inout ByteBuffer) {
        if received.readableBytes == 0 {
            received = bytes
            scanned = 0
        } else {
            // What was taken makes room for what comes, once it is more than what is moved for it: a client whose bytes always end in
            // the middle of a line would have everything kept that it ever sent.
            if received.readerIndex > received.readableBytes { received.discardReadBytes() }
            received.writeBuffer(&bytes)
        }
    }

    /// Gives the next line, without its newline, to `body`, and lets go of it.
    mutating func next<Value>(_ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Next<Value> {
        let length = received.withUnsafeReadableBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, scanned < bytes.count,
                let newline = memchr(base + scanned, Int32(UInt8(ascii: "\n")), bytes.count - scanned)
            else { return nil }
            return UnsafeRawPointer(newline) - base
        }
        guard let length else {
            scanned = received.readableBytes
            return scanned >= RequestLimits.lineBytesMax ? .tooLong : .needsMore
        }
        guard length < RequestLimits.lineBytesMax else { return .tooLong }
        let value = received.withUnsafeReadableBytes { bytes in
            body(UnsafeBufferPointer(rebasing: bytes.bindMemory(to: UInt8.self)[..<length]))
        }
        received.moveReaderIndex(forwardBy: length + 1)
        scanned = 0
        if received.readableBytes == 0 { received = ByteBuffer() }
        return .line(value)
    }

    /// Forgets everything.
    mutating func discard() {
        received = ByteBuffer()
        scanned = 0
    }
}
