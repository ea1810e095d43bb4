/// A JSON text as a value, so that two texts can be compared by what they say.
///
/// Objects are equal whatever the order of their members, numbers by their exact decimal value (`1200` is `1.2e3`).
/// Off the hot path: it serves the question whether a resent record is the same.
public enum JSONValue: Sendable, Hashable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number: `digits × 10^exponent`, digits without leading or trailing zeros.
    case number(negative: Bool, digits: String, exponent: Int)
    /// A string, unescaped.
    case string(String)
    /// An array, in its order.
    case array([JSONValue])
    /// An object. Of a key that stands twice the last value counts.
    case object([String: JSONValue])

    /// The value of a whole text; an error where it is not JSON or nests more than ``JSONCursor/depthMax`` deep.
    public init(_ bytes: some Collection<UInt8>) throws(JSONError) {
        let copy = ContiguousArray(bytes)
        let result = copy.withUnsafeBufferPointer { buffer -> Result<JSONValue, JSONError> in
            do throws(JSONError) {
                var whole = JSONCursor(buffer)
                try whole.skipValue()
                try whole.expectEnd()
                var cursor = JSONCursor(buffer)
                return .success(try Self.value(&cursor))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    // The depth was bounded by skipValue() before this recursion begins.
    private static func value(_ cursor: inout JSONCursor) throws(JSONError) -> JSONValue {
        switch cursor.peek() {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                members[try cursor.text(key)] = try value(&cursor)
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try cursor.beginArray()
            while try cursor.nextElement() { elements.append(try value(&cursor)) }
            return .array(elements)
        case UInt8(ascii: "\""):
            return .string(try cursor.text(try cursor.string()))
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            let word = cursor.bytes[try cursor.skipValue()]
            return word.first == UInt8(ascii: "n") ? .null : .bool(word.first == UInt8(ascii: "t"))
        default:
            return number(cursor.bytes[try cursor.number()])
        }
    }

    private static func number(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> JSONValue {
        var digits: [UInt8] = []
        var exponent = 0
        var afterPoint = false
        var index = text.startIndex
        scan: while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "-"): break
            case UInt8(ascii: "."): afterPoint = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                let written = String(decoding: text[(index + 1)...], as: UTF8.self)
                exponent += Int(written) ?? (written.hasPrefix("-") ? Int.min / 4 : Int.max / 4)
                break scan
            case let digit:
                digits.append(digit)
                if afterPoint { exponent -= 1 }
            }
            index += 1
        }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        let significant = digits.drop { $0 == UInt8(ascii: "0") }
        guard !significant.isEmpty else { return .number(negative: false, digits: "", exponent: 0) }
        return .number(
            negative: text.first == UInt8(ascii: "-"), digits: String(decoding: significant, as: UTF8.self),
            exponent: exponent)
    }
}
