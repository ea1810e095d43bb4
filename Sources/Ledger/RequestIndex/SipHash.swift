/// SipHash-1-3 with a key of the database's own: the 64-bit hash that request ids are looked up by.
///
/// The key makes collisions impossible to aim at; a collision by chance costs one more row to look at, never a wrong
/// answer. Aumasson and Bernstein, "SipHash: a fast short-input PRF", <https://www.aumasson.jp/siphash/siphash.pdf>.
struct SipHash: Sendable {
    private let key0: UInt64
    private let key1: UInt64

    /// A hash under a key of sixteen bytes.
    init(key: [UInt8]) {
        func word(_ start: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(start + $1 < key.count ? key[start + $1] : 0) << (8 * UInt64($1)) }
        }
        key0 = word(0)
        key1 = word(8)
    }

    /// The hash of a number followed by a text's bytes.
    func hash(_ number: Int64, _ text: String) -> UInt64 {
        var copy = text
        return copy.withUTF8 { hash(UInt64(bitPattern: number), $0) }
    }

    private func hash(_ first: UInt64, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var state = State(key0, key1)
        state.absorb(first)
        let raw = UnsafeRawBufferPointer(bytes)
        var offset = 0
        while offset + 8 <= raw.count {
            state.absorb(UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        var last = UInt64(truncatingIfNeeded: raw.count + 8) << 56
        var shift: UInt64 = 0
        while offset < raw.count {
            last |= UInt64(raw[offset]) << shift
            shift += 8
            offset += 1
        }
        state.absorb(last)
        return state.finish()
    }

    private struct State {
        var a, b, c, d: UInt64

        init(_ key0: UInt64, _ key1: UInt64) {
            a = key0 ^ 0x736f_6d65_7073_6575
            b = key1 ^ 0x646f_7261_6e64_6f6d
            c = key0 ^ 0x6c79_6765_6e65_7261
            d = key1 ^ 0x7465_6462_7974_6573
        }

        @inline(__always)
        mutating func absorb(_ word: UInt64) {
            d ^= word
            round()
            a ^= word
        }

        mutating func finish() -> UInt64 {
            c ^= 0xff
            round()
            round()
            round()
            return a ^ b ^ c ^ d
        }

        @inline(__always)
        private mutating func round() {
            a = a &+ b
            b = rotate(b, 13) ^ a
            a = rotate(a, 32)
            c = c &+ d
            d = rotate(d, 16) ^ c
            a = a &+ d
            d = rotate(d, 21) ^ a
            c = c &+ b
            b = rotate(b, 17) ^ c
            c = rotate(c, 32)
        }

        @inline(__always)
        private func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
            word << count | word >> (64 - count)
        }
    }
}
