extension JSONCursor {
    /// The text of a string literal, unescaped; an error where it is no valid UTF-8 or has a lone surrogate.
    public func text(_ string: JSONString) throws(JSONError) -> String {
        guard string.escaped else {
            let content = UnsafeBufferPointer(rebasing: bytes[string.range])
            if string.isASCII { return String(decoding: content, as: UTF8.self) }
            guard let text = String(validating: content, as: UTF8.self)
            else {
                throw JSONError(message: "a string that is not UTF-8", offset: string.range.lowerBound)
            }
            return text
        }
        return try unescape(string)
    }

    /// Whether a key is `name`; the fast way for keys, which are hardly ever escaped.
    @inline(__always)
    public func matches(_ string: JSONString, _ name: StaticString) -> Bool {
        guard string.range.count == name.utf8CodeUnitCount, !string.escaped else {
            return string.escaped && (try? unescape(string)) == "\(name)"
        }
        let start = string.range.lowerBound
        for index in 0..<name.utf8CodeUnitCount where bytes[start + index] != name.utf8Start[index] {
            return false
        }
        return true
    }

    /// Requires a skipped string's escapes and UTF-8 to be well formed, so that what is kept can be read again.
    func checkEscapes(_ string: JSONString) throws(JSONError) {
        if string.escaped {
            _ = try unescape(string)
        } else if !string.isASCII {
            _ = try text(string)
        }
    }

    private func unescape(_ string: JSONString) throws(JSONError) -> String {
        var plain: [UInt8] = []
        plain.reserveCapacity(string.range.count)
        var index = string.range.lowerBound
        let end = string.range.upperBound
        while index < end {
            guard bytes[index] == UInt8(ascii: "\\") else {
                plain.append(bytes[index])
                index += 1
                continue
            }
            guard index + 1 < end else { throw JSONError(message: "an escape that does not end", offset: index) }
            index += 2
            switch bytes[index - 1] {
            case UInt8(ascii: "\""): plain.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): plain.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "/"): plain.append(UInt8(ascii: "/"))
            case UInt8(ascii: "b"): plain.append(0x08)
            case UInt8(ascii: "f"): plain.append(0x0C)
            case UInt8(ascii: "n"): plain.append(0x0A)
            case UInt8(ascii: "r"): plain.append(0x0D)
            case UInt8(ascii: "t"): plain.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = try unicodeEscape(&index, end: end)
                plain.append(contentsOf: String(Character(scalar)).utf8)
            default:
                throw JSONError(message: "an unknown escape in a string", offset: index - 2)
            }
        }
        guard let text = String(validating: plain, as: UTF8.self) else {
            throw JSONError(message: "a string that is not UTF-8", offset: string.range.lowerBound)
        }
        return text
    }

    /// The scalar that the four digits at `index` name, with its second half where it is a surrogate pair.
    private func unicodeEscape(_ index: inout Int, end: Int) throws(JSONError) -> Unicode.Scalar {
        let start = index - 2
        let first = try hexDigits(&index, end: end)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800...0xDBFF).contains(first), index + 1 < end, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw JSONError(message: "a lone surrogate in a string", offset: start) }
        index += 2
        let second = try hexDigits(&index, end: end)
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONError(message: "a lone surrogate in a string", offset: start) }
        return scalar
    }

    private func hexDigits(_ index: inout Int, end: Int) throws(JSONError) -> UInt32 {
        guard index + 4 <= end else { throw JSONError(message: "an escape that does not end", offset: index) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, bytes[index] < 0x80 else {
                throw JSONError(message: "four hexadecimal digits must follow \\u", offset: index)
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
