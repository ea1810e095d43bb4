/// Text of a mail's body, in lines of at most 76 ASCII characters. See RFC 2045, section 6.7.
enum QuotedPrintable {
    static func encode(_ text: [UInt8]) -> String {
        var encoded: [UInt8] = []
        var column = 0
        let hex = Array("0123456789ABCDEF".utf8)
        func put(_ bytes: [UInt8]) {
            // Room is left for the `=` of a line that goes on.
            if column + bytes.count > 75 {
                encoded += Array("=\r\n".utf8)
                column = 0
            }
            encoded += bytes
            column += bytes.count
        }
        for (index, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "\n"):
                encoded += Array("\r\n".utf8)
                column = 0
            case UInt8(ascii: "\r"): break
            // A blank at a line's end may get lost. A dot at its begin ends a mail that a careless relay takes on.
            case 0x20, 0x09:
                let next = index + 1 < text.count ? text[index + 1] : UInt8(ascii: "\n")
                put(next == UInt8(ascii: "\n") || next == UInt8(ascii: "\r") ? escaped(byte, hex) : [byte])
            case UInt8(ascii: "="): put(escaped(byte, hex))
            case UInt8(ascii: ".") where column == 0: put(escaped(byte, hex))
            case 0x21...0x7E: put([byte])
            default: put(escaped(byte, hex))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func escaped(_ byte: UInt8, _ hex: [UInt8]) -> [UInt8] {
        [UInt8(ascii: "="), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
    }
}
