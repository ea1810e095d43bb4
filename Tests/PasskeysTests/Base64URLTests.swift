import Testing

@testable import Passkeys

@Suite("Base64url")
struct Base64URLTests {
    @Test("the examples of RFC 4648 §10 are written and read without padding")
    func examples() {
        for (plain, text) in [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Base64URL.encode(plain.utf8) == text)
            #expect(Base64URL.decode(text) == Array(plain.utf8))
        }
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
    }

    @Test("bytes of every length up to 300 come back as they were")
    func roundTrips() {
        var random = SplitMix(state: 1)
        for count in 0...300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }

    @Test(
        "padding, other characters, impossible lengths and unused bits are refused",
        arguments: ["Zg==", "Zg=", "A", "AAAAA", "+_8", "-/8", "Zm 9", "Zm9v\n", "Zh", "Zm9", "é", "\u{0}AA", "ＡＡ"])
    func refused(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }
}
