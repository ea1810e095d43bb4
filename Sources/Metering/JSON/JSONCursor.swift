/// Why bytes are not the JSON that was expected, and where.
public struct JSONError: Error, Sendable, Equatable {
    /// What was wrong, in words that can follow "not valid JSON: ".
    public let message: String
    /// The byte, from zero, at which it was seen.
    public let offset: Int
}

/// A string literal that was passed over: where its content lies, and whether it has to be unescaped.
public struct JSONString: Sendable {
    /// The bytes between the quotes.
    public let range: Range<Int>
    /// True where the content has a backslash.
    public let escaped: Bool
    /// True where all bytes of the content are ASCII; an escape may still stand for something else.
    public let isASCII: Bool
}

/// A reader that walks over JSON bytes once, without building a tree (RFC 8259).
///
/// It stands for known members only: what the caller doesn't ask for is checked for its form and skipped. It reads
/// no byte past its buffer, never recurses, and allows at most ``depthMax`` levels of nesting.
public struct JSONCursor {
    /// Levels of nesting that are accepted.
    public static let depthMax = 64

    /// The bytes walked over. They outlive the cursor: it is used inside `withUnsafeBytes`.
    public let bytes: UnsafeBufferPointer<UInt8>
    /// Where the next byte is read.
    public private(set) var offset: Int

    /// A cursor at the first of `bytes`.
    public init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        offset = 0
    }

    /// A cursor at `offset` of `bytes`.
    public init(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    /// The next byte that is not white space, not consumed; nil at the end.
    @inline(__always)
    public mutating func peek() -> UInt8? {
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): offset += 1
            case let byte: return byte
            }
        }
        return nil
    }

    /// Consumes `byte` where it is the next one.
    @inline(__always)
    public mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        offset += 1
        return true
    }

    /// Fails with `message` at the present place.
    public func failure(_ message: String) -> JSONError {
        JSONError(message: message, offset: offset)
    }

    /// Requires that nothing but white space is left.
    public mutating func expectEnd() throws(JSONError) {
        guard peek() == nil else { throw failure("something follows the value") }
    }

    /// Begins an object. Then call ``nextMember()`` until it gives nil, consuming one value after each.
    public mutating func beginObject() throws(JSONError) {
        guard take(UInt8(ascii: "{")) else { throw failure("expected an object") }
        atStart = true
    }

    /// Begins an array. Then call ``nextElement()`` until it gives false, consuming one value after each.
    public mutating func beginArray() throws(JSONError) {
        guard take(UInt8(ascii: "[")) else { throw failure("expected an array") }
        atStart = true
    }

    /// True right after a `{` or `[`: no comma is due.
    private var atStart = false

    /// The next member's key, its colon consumed; nil at the object's end.
    public mutating func nextMember() throws(JSONError) -> JSONString? {
        if take(UInt8(ascii: "}")) {
            atStart = false
            return nil
        }
        if !atStart {
            guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or '}'") }
        }
        atStart = false
        let key = try string()
        guard take(UInt8(ascii: ":")) else { throw failure("expected ':'") }
        return key
    }

    /// Whether another element follows in the array.
    public mutating func nextElement() throws(JSONError) -> Bool {
        if take(UInt8(ascii: "]")) {
            atStart = false
            return false
        }
        if !atStart {
            guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or ']'") }
        }
        atStart = false
        return true
    }

    /// Passes over a string literal and says where its content is.
    public mutating func string() throws(JSONError) -> JSONString {
        guard take(UInt8(ascii: "\"")) else { throw failure("expected a string") }
        let start = offset
        var (escaped, isASCII) = (false, true)
        while true {
            skipPlain()
            guard offset < bytes.count else { break }
            switch bytes[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return JSONString(range: start..<(offset - 1), escaped: escaped, isASCII: isASCII)
            case UInt8(ascii: "\\"):
                escaped = true
                offset = min(offset + 2, bytes.count)
            case 0x80...:
                isASCII = false
                offset += 1
            case 0x20...: offset += 1
            default: throw failure("a control character in a string must be escaped")
            }
        }
        throw failure("a string that does not end")
    }

    /// Passes over bytes of a string that mean nothing but themselves, eight at a time, as long as there are eight.
    @inline(__always)
    private mutating func skipPlain() {
        guard let base = bytes.baseAddress else { return }
        while offset + 8 <= bytes.count {
            let word = UnsafeRawPointer(base).loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
            let special = Self.special(word)
            guard special == 0 else {
                offset += special.trailingZeroBitCount >> 3
                return
            }
            offset += 8
        }
    }

    /// The high bit of the first byte in a word that ends a string, escapes, must be escaped, or is not ASCII; zero if no byte is.
    /// The bits above the first one that is set say nothing, as a subtraction may borrow from the next byte.
    @inline(__always)
    private static func special(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let found = ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
        let control = (word &- ones &* 0x20) & ~word
        return (found | control | word) & (ones &* 0x80)
    }

    /// Consumes `null` where it is next.
    public mutating func takeNull() throws(JSONError) -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    /// Passes over a number and gives its bytes.
    public mutating func number() throws(JSONError) -> Range<Int> {
        guard let first = peek() else { throw failure("expected a number") }
        let start = offset
        if first == UInt8(ascii: "-") { offset += 1 }
        let digitsStart = offset
        skipDigits()
        guard offset > digitsStart else { throw JSONError(message: "expected a number", offset: start) }
        if bytes[digitsStart] == UInt8(ascii: "0"), offset > digitsStart + 1 {
            throw JSONError(message: "a number can't begin with 0", offset: start)
        }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            offset += 1
            let fraction = offset
            skipDigits()
            guard offset > fraction else { throw failure("a digit must follow '.'") }
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            offset += 1
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") {
                offset += 1
            }
            let exponent = offset
            skipDigits()
            guard offset > exponent else { throw failure("a digit must follow the exponent's 'e'") }
        }
        return start..<offset
    }

    /// Passes over one value of any kind and gives its bytes, checked for their form (strings for their escapes too).
    @discardableResult
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        _ = peek()
        let start = offset
        // One bit a level: 1 where the container is an object.
        var containers: UInt64 = 0
        var depth = 0
        repeat {
            guard let byte = peek() else { throw failure("the text ends too early") }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth < Self.depthMax else { throw failure("nested more than \(Self.depthMax) deep") }
                containers = containers << 1 | (byte == UInt8(ascii: "{") ? 1 : 0)
                depth += 1
                offset += 1
                atStart = true
            case UInt8(ascii: "\""): try checkEscapes(try string())
            case UInt8(ascii: "t"): try literal("true")
            case UInt8(ascii: "f"): try literal("false")
            case UInt8(ascii: "n"): try literal("null")
            default: _ = try number()
            }
            // Leave every container that ends here, then stand at the next value.
            while depth > 0 {
                if containers & 1 == 1 {
                    if let key = try nextMember() {
                        try checkEscapes(key)
                        break
                    }
                } else if try nextElement() {
                    break
                }
                containers >>= 1
                depth -= 1
            }
        } while depth > 0
        return start..<offset
    }

    private mutating func skipDigits() {
        while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) { offset += 1 }
    }

    private mutating func literal(_ word: StaticString) throws(JSONError) {
        let length = word.utf8CodeUnitCount
        guard offset + length <= bytes.count else { throw failure("expected \(word)") }
        for index in 0..<length where bytes[offset + index] != word.utf8Start[index] {
            throw failure("expected \(word)")
        }
        offset += length
    }
}
