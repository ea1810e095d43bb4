/// The form of an org's name. Protocol, section 1.
public enum OrgName {
    /// Bytes of a name at most.
    public static let bytesMax = 64

    /// Whether a text can be an org's name: 1 to 64 of `a-z 0-9 - _ .`
    public static func isValid(_ text: String) -> Bool {
        (1...bytesMax).contains(text.utf8.count)
            && text.isOnly { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
