/// Files for spreadsheets.
public enum CSV {
    /// A field as RFC 4180 has it. A text that a spreadsheet would take for a formula gets an apostrophe before it.
    ///
    /// It works on Unicode scalars: a quotation mark and a combining mark behind it are one `Character`, which is not `"`.
    public static func field(_ text: String) -> String {
        var scalars = Array(text.unicodeScalars)
        if let first = scalars.first, formulaSigns.contains(first), !isNumber(scalars) { scalars.insert("'", at: 0) }
        var field = String.UnicodeScalarView()
        for scalar in scalars { field.append(contentsOf: scalar == "\"" ? [scalar, scalar] : [scalar]) }
        let isQuoted = scalars.contains { "\",\r\n".unicodeScalars.contains($0) }
        return isQuoted ? "\"" + String(field) + "\"" : String(field)
    }

    // How formulas begin. <https://owasp.org/www-community/attacks/CSV_Injection>
    private static let formulaSigns = "=+-@\t\r\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars

    /// Whether it is a sign, digits, and at most one point between digits.
    private static func isNumber(_ scalars: [Unicode.Scalar]) -> Bool {
        let unsigned = scalars.first == "-" || scalars.first == "+" ? scalars.dropFirst() : scalars[...]
        let parts = unsigned.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { ("0"..."9").contains($0) } }
    }
}
