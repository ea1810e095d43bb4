extension Timestamp {
    /// The moment that a decimal number of seconds or milliseconds since 1970 names, or nil.
    ///
    /// Numbers below 10¹¹ are seconds (up to the year 5138), numbers from there to 10¹⁴ are milliseconds (from 1973 on). Larger
    /// ones would be microseconds or nanoseconds, which nobody was seen to send. Fractions finer than a millisecond are cut.
    public init?(epoch text: some StringProtocol) {
        var whole: Int64 = 0
        var thousandths: Int64 = 0
        var place: Int64 = 100
        var digits = 0
        var isFraction = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = Int64(byte - UInt8(ascii: "0"))
                digits += 1
                if isFraction {
                    thousandths += digit * place
                    place /= 10
                } else {
                    guard whole < Self.epochEnd else { return nil }
                    whole = whole * 10 + digit
                }
            case UInt8(ascii: ".") where digits > 0 && !isFraction: isFraction = true
            default: return nil
            }
        }
        guard digits > 0, whole < Self.epochEnd else { return nil }
        self.init(milliseconds: whole < Self.epochSecondsEnd ? whole * 1000 + thousandths : whole)
    }

    private static let epochSecondsEnd: Int64 = 100_000_000_000
    private static let epochEnd: Int64 = 100_000_000_000_000
}
