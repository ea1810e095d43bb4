/// Text from outside, made safe to show: on a terminal, in the journal, in a mail.
public enum PrintableText {
    /// A text without characters that would act on whatever shows it; they become visible escapes such as `\u{1b}`.
    ///
    /// Those are control characters, and format characters such as the marks that turn the direction of text, which could show a
    /// name as another.
    ///
    /// - Parameter isOneLine: whether ends of lines are escaped too.
    public static func escaped(_ text: String, isOneLine: Bool) -> String {
        func acts(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control: isOneLine || scalar != "\n"
            case .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        guard text.unicodeScalars.contains(where: acts) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if acts(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    /// Bytes as one line of text, escaped as ``escaped(_:isOneLine:)`` does; bytes that are no UTF-8 become `\x{ff}`.
    public static func escaped(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return escaped(text, isOneLine: true) }
        var result = ""
        var rest = bytes[...]
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            if let character = String(validating: rest.prefix(length), as: UTF8.self) {
                result += escaped(character, isOneLine: true)
                rest = rest.dropFirst(length)
            } else {
                result += "\\x{\(String(first, radix: 16))}"
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
