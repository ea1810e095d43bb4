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
}
