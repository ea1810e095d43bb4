/// Binary floating point's traces in decimal text: `9.499999999999999e-07` where `9.5e-07` was meant.
///
/// A binary64 number keeps 15 significant decimal digits for certain; a program that prints one exactly may add a 16th and
/// 17th, which come from the conversion. So: a number of 16 or more significant digits whose first 15, rounded, need no
/// more than 12 is noise, and the rounded one is taken. Other numbers stay as they are written, however long
/// (`2.384185791015625e-08`, a price per pixel, is exact).
enum FloatNoise {
    /// The number without noise; nil where it has none.
    static func cleaned(_ text: String) -> String? {
        let mantissa = text.prefix { $0 != "e" && $0 != "E" }
        let exponent = text.dropFirst(mantissa.count)
        let sign = mantissa.hasPrefix("-") ? "-" : ""
        let parts = mantissa.dropFirst(sign.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return nil }
        var digits = (parts[0] + parts[1]).utf8.map { Int($0) - 48 }
        let leading = digits.prefix { $0 == 0 }.count
        let significant = digits.count - leading - digits.reversed().prefix { $0 == 0 }.count
        guard significant >= 16 else { return nil }

        let end = leading + 15
        var carries = digits[end] >= 5
        for index in end..<digits.count { digits[index] = 0 }
        var place = end - 1
        while carries, place >= 0 {
            digits[place] += 1
            carries = digits[place] == 10
            if carries { digits[place] = 0 }
            place -= 1
        }
        if carries { digits.insert(1, at: 0) }
        let first = digits.prefix { $0 == 0 }.count
        let left = digits.count - first - digits.reversed().prefix { $0 == 0 }.count
        guard left <= 12 else { return nil }

        let point = parts[0].utf8.count + (carries ? 1 : 0)
        let written = digits.map(String.init)
        var result = written[..<point].joined()
        var fraction = written[point...]
        while fraction.last == "0" { fraction.removeLast() }
        while result.hasPrefix("0"), result.count > 1 { result.removeFirst() }
        if !fraction.isEmpty { result += "." + fraction.joined() }
        return sign + result + exponent
    }
}
