import Testing

@testable import Metering

@Suite struct JSONTests {
    private func isValid(_ text: String) -> Bool {
        (try? JSONValue(text.utf8)) != nil
    }

    @Test(arguments: [
        "{}", "[]", "[[],{}]", #"{"a":[1,-0.5e+3,"x",true,false,null]}"#, " 1 ", #""\ud83d\ude00""#, #""\u00e9\n""#,
    ])
    func whatRFC8259AllowsIsRead(text: String) {
        #expect(isValid(text))
    }

    @Test(arguments: [
        "", "{", "}", "[1,]", "{\"a\"}", "{\"a\":1,}", "[1 2]", "01", "1.", ".5", "+1", "1e", "NaN", "Infinity", "tru",
        "nulll", "\"a", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\u{1}\"", "{a:1}", "'a'", "1 1", "[", "-",
        "\"\\u12\"", "[}", "{]",
    ])
    func whatItDoesNotIsRefused(text: String) {
        #expect(!isValid(text))
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        #expect((try? JSONValue([0x22, 0xFF, 0x22])) == nil)
        #expect((try? JSONValue([0x7B, 0x22, 0xC3, 0x22, 0x3A, 0x31, 0x7D])) == nil)
    }

    @Test func nestingEndsAtItsLimit() {
        let limit = JSONCursor.depthMax
        #expect(isValid(String(repeating: "[", count: limit) + String(repeating: "]", count: limit)))
        #expect(!isValid(String(repeating: "[", count: limit + 1) + String(repeating: "]", count: limit + 1)))
        #expect(!isValid(String(repeating: "[", count: 1_000_000)))
    }

    @Test(arguments: [
        (#"{"a":1,"b":[1,2]}"#, #"{ "b" : [1, 2], "a" : 1.0 }"#, true),
        ("1200", "1.2e3", true), ("0", "-0.0", true), ("0.10", "1e-1", true), (#""\u0041""#, #""A""#, true),
        ("1", "10", false), ("1", "-1", false), ("[1,2]", "[2,1]", false), (#"{"a":1}"#, #"{"a":1,"b":null}"#, false),
        ("1", "\"1\"", false), ("123456789012345678901234567890", "123456789012345678901234567891", false),
    ])
    func valuesAreComparedByWhatTheySay(left: String, right: String, areEqual: Bool) throws {
        #expect((try JSONValue(left.utf8) == JSONValue(right.utf8)) == areEqual)
    }

    /// Eight bytes are looked at together: what ends, escapes or spoils a string is found at each place among them.
    @Test func everyByteOfAStringIsSeenWhereverItStands() {
        let odd: [UInt8] = [0x00, 0x1F, 0x21, 0x22, 0x23, 0x5B, 0x5C, 0x5D, 0x7F, 0x80, 0xFF]
        for before in 0..<20 {
            for (first, second) in odd.flatMap({ first in odd.map { (first, $0) } }) {
                let bytes =
                    [UInt8(ascii: "\"")] + [UInt8](repeating: UInt8(ascii: "a"), count: before) + [first, second]
                    + Array(#"bcdefghij" "#.utf8)
                bytes.withUnsafeBufferPointer { buffer in
                    var cursor = JSONCursor(buffer)
                    let found = try? cursor.string()
                    let expected = Self.string(bytes)
                    #expect(found?.range == expected?.range, "\(bytes)")
                    #expect(found?.escaped == expected?.escaped && found?.isASCII == expected?.isASCII, "\(bytes)")
                }
            }
        }
    }

    /// The string that bytes begin with, looked at one by one.
    private static func string(_ bytes: [UInt8]) -> (range: Range<Int>, escaped: Bool, isASCII: Bool)? {
        var (index, escaped, isASCII) = (1, false, true)
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") { return (1..<index, escaped, isASCII) }
            if byte < 0x20 { return nil }
            if byte >= 0x80 { isASCII = false }
            if byte == UInt8(ascii: "\\") { escaped = true }
            index += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }
}
