/// Public keys of Ed25519 for which anybody can make signatures.
///
/// swift-crypto accepts every 32 bytes as a key. For a point of small order, a signature can be found without a private
/// key (RFC 8032 §8 and <https://eprint.iacr.org/2020/823>). These are all of its encodings, without the sign bit.
///
/// Bytes that are no point at all are accepted at registration. No signature ever verifies with them.
enum Ed25519Points {
    private static let ones = [UInt8](repeating: 0xFF, count: 30)
    private static let zeros = [UInt8](repeating: 0, count: 31)

    private static let smallOrder: [[UInt8]] = [
        [0] + zeros,
        [1] + zeros,
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
            0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
        // p - 1, p and p + 1, where p is 2^255 - 19.
        [0xEC] + ones + [0x7F],
        [0xED] + ones + [0x7F],
        [0xEE] + ones + [0x7F],
    ]

    /// Whether a key of 32 bytes is one of them.
    static func hasSmallOrder(_ key: [UInt8]) -> Bool {
        var key = key
        if let last = key.popLast() { key.append(last & 0x7F) }
        return smallOrder.contains(key)
    }
}
