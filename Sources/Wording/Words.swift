import Metering

/// How pages and mails say sums, times and numbers. Nothing is computed here: the daemon's texts are only made easier to read.
public enum Words {
    /// `1234.5` → `$1,234.50`: the decimal as it is, with at least two decimals and groups of three digits.
    public static func usd(_ decimal: String) -> String {
        let isNegative = decimal.hasPrefix("-")
        let parts = (isNegative ? decimal.dropFirst() : decimal[...]).split(
            separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        var fraction = parts.count > 1 ? String(parts[1]) : ""
        while fraction.utf8.count > 2, fraction.hasSuffix("0") { fraction.removeLast() }
        while fraction.utf8.count < 2 { fraction += "0" }
        return (isNegative ? "−$" : "$") + grouped(String(parts.first ?? "0")) + "." + fraction
    }

    /// The same of a sum that may be missing.
    public static func usd(_ decimal: String?) -> String { decimal.map { usd($0) } ?? "—" }

    /// `1234567` → `1,234,567`
    public static func count(_ number: Int64) -> String {
        number < 0 ? "−" + grouped(String(number.magnitude)) : grouped(String(number))
    }

    private static func grouped(_ digits: String) -> String {
        var grouped: [Character] = []
        for (index, digit) in digits.reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { grouped.append(",") }
            grouped.append(digit)
        }
        return String(grouped.reversed())
    }

    /// `1 seat`, `2 seats`
    public static func count(_ number: Int64, _ one: String, _ many: String) -> String {
        "\(count(number)) \(number == 1 ? one : many)"
    }

    /// `2026-11-30T14:05:09.123Z` → `2026-11-30 14:05 UTC`
    public static func timeText(_ rfc3339: String) -> String {
        guard rfc3339.utf8.count >= 16 else { return rfc3339 }
        return rfc3339.prefix(10) + " " + rfc3339.dropFirst(11).prefix(5) + " UTC"
    }

    /// The day of a time.
    public static func day(_ rfc3339: String) -> String { String(rfc3339.prefix(10)) }

    /// The last day of a period that ends before a day: `2026-12-10` → `2026-12-09`.
    public static func lastDay(before day: String) -> String {
        CalendarDay(day).map { $0.advanced(byDays: -1).description } ?? day
    }

    /// A sum for a field that people edit: `500.000000000` → `500.00`.
    public static func field(_ decimal: String?) -> String? {
        decimal.map { usd($0).replacing(",", with: "").replacing("$", with: "").replacing("−", with: "-") }
    }

    /// A sentence of the daemon's as a page says it: it begins with a capital and ends with a full stop.
    public static func sentence(_ words: String) -> String {
        guard let first = words.first else { return words }
        let begun = first.uppercased() + words.dropFirst()
        return ".!?".contains(begun.last ?? ".") ? begun : begun + "."
    }

    /// A state as people call it.
    public static func state(_ name: String) -> String { name == "current" ? "Active" : label(name) }

    /// `not_found` → `Not found`
    public static func label(_ name: String) -> String { sentenceCase(name.replacing("_", with: " ")) }

    private static func sentenceCase(_ text: String) -> String {
        (text.first?.uppercased() ?? "") + text.dropFirst()
    }
}

extension Words {
    /// `setMemberRole` → `Set member role`
    public static func spaced(_ name: String) -> String {
        var words = ""
        for character in name {
            if character.isUppercase { words += " " }
            words += character.lowercased()
        }
        return label(words)
    }
}
