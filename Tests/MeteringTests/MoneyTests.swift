import Testing

@testable import Metering

@Suite struct MoneyTests {
    @Test(arguments: [
        ("0", 0), ("12", 12_000_000_000), ("-0.25", -250_000_000), ("0.008850000", 8_850_000),
        ("9223372036.854775807", Int64.max), ("-9223372036.854775808", Int64.min), ("2.5e-06", 2500),
        ("1E3", 1_000_000_000_000),
        ("0.0000000010", 1), ("000.5", 500_000_000),
    ])
    func decimalTextIsReadExactly(text: String, nanos: Int64) {
        #expect(Money(decimal: text)?.nanos == nanos)
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "1,5", "0x1", "1e", "e3", "1.2.3", "+1", " 1", "1 ", "NaN", "inf", "0.0000000001",
        "9223372036.854775808", "1e99999", "1e30", "--1", "1e-", "١",
    ])
    func whatIsNoAmountIsRefused(text: String) {
        #expect(Money(decimal: text) == nil)
    }

    @Test(
        arguments: [
            (0, "0.000000000"), (1, "0.000000001"), (-1, "-0.000000001"), (41_990_910_000, "41.990910000"),
            (Int64.max, "9223372036.854775807"), (Int64.min, "-9223372036.854775808"),
        ] as [(Int64, String)])
    func textHasNineDecimals(nanos: Int64, text: String) {
        #expect(Money(nanos: nanos).description == text)
    }

    @Test func arithmeticPastTheRangeIsNilAndNotAWrap() {
        #expect(Money(nanos: .max).adding(Money(nanos: 1)) == nil)
        #expect(Money(nanos: .min).subtracting(Money(nanos: 1)) == nil)
        #expect(Money(nanos: .max).subtracting(Money(nanos: .max)) == .zero)
    }

    @Test func aPublishedPriceBecomesAnExactUnitPrice() {
        #expect(UnitPrice(decimal: "0.125", perUnits: 1_000_000)?.attos == 125_000_000_000)
        #expect(UnitPrice(decimal: "10.00", perUnits: 1000)?.description == "0.01")
        #expect(UnitPrice(decimal: "0.000000000001", perUnits: 1_000_000)?.attos == 1)
        #expect(UnitPrice(decimal: "0.0000000000001", perUnits: 1_000_000) == nil)
        #expect(UnitPrice(decimal: "-1", perUnits: 1_000_000) == nil)
        #expect(UnitPrice(decimal: "1000000000001", perUnits: 1_000_000) == nil)
    }
}
