/// What is looked for in a document before it is read.
enum JSONBytes {
    /// Whether a document writes a NUL, which SQLite takes for a text's end: what is kept would not be what was answered.
    static func holdNUL(_ bytes: some Sequence<UInt8>) -> Bool {
        let escape = Array("u0000".utf8)
        var isEscaped = false
        var matched = 0
        for byte in bytes {
            if byte == 0 { return true }
            if isEscaped, byte == escape[matched] {
                matched += 1
                if matched == escape.count { return true }
                continue
            }
            // A backslash that is escaped itself begins nothing.
            isEscaped = byte == UInt8(ascii: "\\") && !(isEscaped && matched == 0)
            matched = 0
        }
        return false
    }
}
