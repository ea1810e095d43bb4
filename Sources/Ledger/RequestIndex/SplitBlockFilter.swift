/// A Bloom filter whose probes all fall in one block of 32 bytes: one cache line says that a hash is not there.
///
/// The layout is Parquet's split block filter (<https://parquet.apache.org/docs/file-format/bloomfilter/>). With 16 bits
/// a hash about one lookup in a thousand finds a hash that was never put in.
struct SplitBlockFilter {
    private static let bitsPerHash = 16
    private static let salts = SIMD8<UInt32>(
        0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31)

    private var blocks: [SIMD8<UInt32>]

    /// An empty filter for so many hashes.
    init(capacity: Int) {
        blocks = Array(repeating: .zero, count: max(1, (capacity * Self.bitsPerHash + 255) / 256))
    }

    /// A filter as ``bytes`` wrote it; nil where the bytes can't be one.
    init?(bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count % 32 == 0 else { return nil }
        blocks = bytes.withUnsafeBytes { raw in
            (0..<raw.count / 32).map { block in
                Self.inOrder(raw.loadUnaligned(fromByteOffset: block * 32, as: SIMD8<UInt32>.self))
            }
        }
    }

    /// The filter's bytes, the same on every machine.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(blocks.count * 32)
        for block in blocks { withUnsafeBytes(of: Self.inOrder(block)) { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// Lanes as they lie in the file, little end first, from lanes as this machine has them; and the other way round.
    private static func inOrder(_ block: SIMD8<UInt32>) -> SIMD8<UInt32> {
        var lanes = block
        for lane in 0..<8 { lanes[lane] = block[lane].littleEndian }
        return lanes
    }

    mutating func insert(_ hash: UInt64) {
        blocks[position(hash)] |= Self.mask(hash)
    }

    mutating func insert(_ hashes: [UInt64]) {
        for hash in hashes { insert(hash) }
    }

    func mayContain(_ hash: UInt64) -> Bool {
        let mask = Self.mask(hash)
        return blocks[position(hash)] & mask == mask
    }

    /// Loads the block that a hash belongs to into the processor's caches, and gives a part of it so that it is not left out.
    @inline(__always)
    func touch(_ hash: UInt64) -> UInt32 {
        blocks[position(hash)][0]
    }

    private func position(_ hash: UInt64) -> Int {
        Int(((hash >> 32) * UInt64(blocks.count)) >> 32)
    }

    private static func mask(_ hash: UInt64) -> SIMD8<UInt32> {
        let products = salts &* SIMD8(repeating: UInt32(truncatingIfNeeded: hash))
        return SIMD8(repeating: 1) &<< (products &>> 27)
    }
}
