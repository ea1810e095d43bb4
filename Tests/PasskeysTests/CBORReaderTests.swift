import Testing

@testable import Passkeys

@Suite("CBOR")
struct CBORReaderTests {
    private func expect(_ fault: CBORFault, _ bytes: [UInt8]) {
        #expect(throws: PasskeyError.malformedCBOR(fault)) { try CBORReader.read(all: bytes) }
    }

    @Test("integers of every width are read, also in a form that is not the shortest")
    func integers() throws {
        for number in [0, 23, 24, 255, 256, 65535, 65536, 1 << 32, Int.max, -1, -24, -25, -257, Int.min] {
            #expect(try CBORReader.read(all: CBOR.int(number).encoded).integer == number)
        }
        #expect(try CBORReader.read(all: [0x1B, 0, 0, 0, 0, 0, 0, 0, 1]).integer == 1)
        #expect(try CBORReader.read(all: [0x1B] + [UInt8](repeating: 0xFF, count: 8)) == .unsigned(.max))
        #expect(try CBORReader.read(all: [0x3B] + [UInt8](repeating: 0xFF, count: 8)).integer == nil)
    }

    @Test("strings, lists, maps and simple values are read")
    func values() throws {
        let value = CBOR.map([
            (.int(-3), .array([.bytes([1, 2]), .text("ü"), .bool(true), .bool(false), .raw([0xF6])])),
            (.text("x"), .map([])),
        ])
        #expect(
            try CBORReader.read(all: value.encoded)
                == .map([
                    .init(-3): .array([.bytes([1, 2]), .text(Array("ü".utf8)), .bool(true), .bool(false), .null]),
                    .init("x"): .map([:]),
                ]))
    }

    @Test("a length beyond the input is refused at once, up to 2^64 - 1")
    func hugeLengths() {
        for major in UInt8(2)...5 {
            for length in [5, 1 << 16, 1 << 31, 1 << 32, 1 << 62, 1 << 63, UInt64.max] {
                expect(.truncated, CBOR.head(major, length) + [0, 0])
                expect(.truncated, [0x81] + CBOR.head(major, length))
            }
        }
    }

    @Test("nesting is read up to 8 levels and refused beyond, also at 60000")
    func nesting() throws {
        #expect(throws: Never.self) { try CBORReader.read(all: [UInt8](repeating: 0x81, count: 7) + [0]) }
        for depth in [8, 9, 100, 60000] {
            expect(.tooDeep, [UInt8](repeating: 0x81, count: depth) + [0])
            expect(.tooDeep, (0..<depth).flatMap { _ in [0xA1, 0x00] as [UInt8] } + [0])
        }
    }

    @Test("up to 4096 items are read")
    func itemCount() throws {
        #expect(throws: Never.self) {
            try CBORReader.read(all: CBOR.array([CBOR](repeating: .int(0), count: 4095)).encoded)
        }
        expect(.tooManyItems, CBOR.array([CBOR](repeating: .int(0), count: 4096)).encoded)
    }

    @Test("a label that comes twice is refused, also in another form")
    func duplicates() {
        expect(.duplicateLabel, CBOR.map([(.int(1), .int(1)), (.int(1), .int(2))]).encoded)
        expect(.duplicateLabel, CBOR.map([(.text("fmt"), .int(1)), (.text("fmt"), .int(1))]).encoded)
        expect(.duplicateLabel, CBOR.map([(.int(1), .int(1)), (.raw([0x18, 1]), .int(2))]).encoded)
        // Equal for Unicode, but not the same bytes.
        #expect(throws: Never.self) {
            try CBORReader.read(all: CBOR.map([(.text("\u{E9}"), .int(1)), (.text("e\u{301}"), .int(1))]).encoded)
        }
    }

    @Test("types and forms outside the subset are refused")
    func unsupported() {
        for first: UInt8 in [0x5F, 0x7F, 0x9F, 0xBF] { expect(.indefiniteLength, [first, 0xFF]) }
        // Tags, undefined, simple values, floats, break.
        for bytes: [UInt8] in [
            [0xC0, 0], [0xF7], [0xE0], [0xF8, 0x20], [0xF9, 0, 0], [0xFA, 0, 0, 0, 0], [0xFF], [0x1C], [0x5E],
            [0xA1, 0x40, 0], [0xA1, 0x80, 0], [0xA1, 0xF5, 0],
        ] { expect(.unsupportedType, bytes) }
        expect(.invalidText, [0x61, 0xFF])
        expect(.invalidText, [0x62, 0xC0, 0x80])
        expect(.invalidText, [0x63, 0xED, 0xA0, 0x80])
        expect(.truncated, [])
        expect(.trailingBytes, [0, 0])
    }

    @Test("every input of up to two bytes is read or refused")
    func shortInputs() {
        var read = 0
        for first in UInt8.min...255 {
            if (try? CBORReader.read(all: [first])) != nil { read += 1 }
            for second in UInt8.min...255 where (try? CBORReader.read(all: [first, second])) != nil { read += 1 }
        }
        // One byte: 24 + 24 integers, 4 empty values, 3 simple ones.
        #expect(read > 55)
    }
}
