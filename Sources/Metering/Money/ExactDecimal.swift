/// Decimal text to scaled integer and back, without ever passing through binary floating point.
enum ExactDecimal {
    /// `10^exponent`, for exponents that `Int128` can hold.
    static func powerOfTen(_ exponent: Int) -> Int128 {
        var result: Int128 = 1
        for _ in 0..<exponent { result *= 10 }
        return result
    }

    /// The integer `value × 10^scale` of a plain decimal (`-12.50`) or one with an exponent (`2.5e-06`).
    ///
    /// Nil where the text is no such decimal, has a non-zero digit past `scale` places, or does not fit.
    static func parse(_ text: some StringProtocol, scale: Int) -> Int128? {
        var rest = Array(text.utf8)[...]
        let negative = rest.first == UInt8(ascii: "-")
        if negative { rest.removeFirst() }
        let mantissa = rest.prefix { $0 | 0x20 != UInt8(ascii: "e") }
        var exponent = 0
        if mantissa.count < rest.count {
            guard let written = parseExponent(rest.dropFirst(mantissa.count + 1)) else { return nil }
            exponent = written
        }
        let parts = mantissa.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) }) else {
            return nil
        }
        var fraction = parts.count == 2 ? parts[1] : []
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        let digits = (parts[0] + fraction).drop { $0 == UInt8(ascii: "0") }
        guard !digits.isEmpty else { return 0 }

        // value = digits × 10^(exponent − places), so the result is digits × 10^shift.
        let shift = scale + exponent - fraction.count
        var kept = digits
        if shift < 0 {
            guard kept.count > -shift, kept.suffix(-shift).allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
            kept.removeLast(-shift)
        }
        guard kept.count + max(0, shift) <= 38 else { return nil }
        let value = kept.reduce(Int128(0)) { $0 * 10 + Int128($1 - UInt8(ascii: "0")) } * powerOfTen(max(0, shift))
        return negative ? -value : value
    }

    /// The text of `value / 10^scale`: with all its places, or without the zeros that end it.
    static func text(_ value: Int128, scale: Int, trimmed: Bool) -> String {
        var bytes: [UInt8] = []
        append(value, scale: scale, trimmed: trimmed, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the bytes of ``text(_:scale:trimmed:)``.
    static func append(_ value: Int128, scale: Int, trimmed: Bool, to text: inout [UInt8]) {
        // 39 digits and a zero before the point are the most there are; scales are at most 18.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digits in
            var rest = value.magnitude
            var start = digits.count
            // 18 digits at a time: dividing 128 bits by ten is slow.
            repeat {
                let (quotient, low) = rest.quotientAndRemainder(dividingBy: 1_000_000_000_000_000_000)
                var part = UInt64(low)
                let end = start
                while part > 0 || (quotient > 0 && end - start < 18) {
                    start -= 1
                    digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: part % 10)
                    part /= 10
                }
                rest = quotient
            } while rest > 0
            while digits.count - start <= scale {
                start -= 1
                digits[start] = UInt8(ascii: "0")
            }
            let point = digits.count - scale
            var end = digits.count
            if trimmed { while end > point, digits[end - 1] == UInt8(ascii: "0") { end -= 1 } }
            if value < 0 { text.append(UInt8(ascii: "-")) }
            text.append(contentsOf: digits[start..<point])
            guard end > point else { return }
            text.append(UInt8(ascii: "."))
            text.append(contentsOf: digits[point..<end])
        }
    }

    /// The integer after an `e`, bounded so that no arithmetic on it can overflow.
    private static func parseExponent(_ text: ArraySlice<UInt8>) -> Int? {
        let digits = text.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard text.count - digits.count <= 1, (1...4).contains(digits.count), digits.allSatisfy(isDigit) else {
            return nil
        }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return text.first == UInt8(ascii: "-") ? -value : value
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
