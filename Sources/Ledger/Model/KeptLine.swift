/// A line as it came, for as long as it is not known whether it is taken.
///
/// Most lines are taken and forgotten. So lines share pieces of memory (``LineKeeper``): to keep one costs a copy of its bytes,
/// and no allocation of its own.
public struct KeptLine: Sendable {
    private let chunk: LineChunk
    private let start: Int
    /// Its length in bytes.
    public let count: Int

    fileprivate init(_ chunk: LineChunk, start: Int, count: Int) {
        self.chunk = chunk
        self.start = start
        self.count = count
    }

    /// A line of those bytes, in memory of its own.
    public init(_ bytes: some Collection<UInt8>) {
        var keeper = LineKeeper()
        self = Array(bytes).withUnsafeBufferPointer { keeper.keep($0) }
    }

    /// Its bytes, without a newline.
    public var bytes: [UInt8] {
        Array(UnsafeBufferPointer(start: chunk.base + start, count: count))
    }
}

/// Keeps lines, one behind the other, in pieces of memory that are freed with the last line in them.
public struct LineKeeper {
    private static let chunkBytes = 16_384

    private var chunk: LineChunk?
    private var used = 0

    /// Nothing kept yet.
    public init() {}

    /// Copies a line.
    public mutating func keep(_ line: UnsafeBufferPointer<UInt8>) -> KeptLine {
        let room = (chunk?.capacity ?? 0) - used
        let chunk: LineChunk
        if let present = self.chunk, line.count <= room {
            chunk = present
        } else {
            chunk = LineChunk(capacity: max(Self.chunkBytes, line.count))
            self.chunk = chunk
            used = 0
        }
        if let from = line.baseAddress { (chunk.base + used).update(from: from, count: line.count) }
        defer { used += line.count }
        return KeptLine(chunk, start: used, count: line.count)
    }
}

/// A piece of memory with lines in it.
///
/// `@unchecked Sendable`: only one ``LineKeeper`` writes to it, each byte once, before it makes the ``KeptLine`` that covers the
/// byte; a line's readers see only its own bytes.
private final class LineChunk: @unchecked Sendable {
    let base: UnsafeMutablePointer<UInt8>
    let capacity: Int

    init(capacity: Int) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit {
        base.deallocate()
    }
}
