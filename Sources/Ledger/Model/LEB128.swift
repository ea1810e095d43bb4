/// Integers as bytes of seven bits, the lowest first, each but the last with its high bit set: small ones take one byte.
/// See DWARF 5, section 7.6.
enum LEB128 {
    /// Puts a value in that is not negative.
    static func append(_ value: Int128, to bytes: inout [UInt8]) {
        if var rest = UInt64(exactly: value) {
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: rest))
            return
        }
        var rest = UInt128(truncatingIfNeeded: value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Takes the next value out; nil where the bytes end in the middle or the value is too large.
    static func take(_ bytes: inout ArraySlice<UInt8>) -> Int128? {
        var value: UInt128 = 0
        var shift: UInt128 = 0
        while let byte = bytes.popFirst() {
            guard shift < 126 else { return nil }
            value |= UInt128(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return Int128(value) }
            shift += 7
        }
        return nil
    }
}
