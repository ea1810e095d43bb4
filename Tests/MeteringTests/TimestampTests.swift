import Testing

@testable import Metering

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-24T09:58:24.123Z", 1_795_514_304_123),
            ("2024-02-29T23:59:59.9999Z", 1_709_251_199_999), ("2000-03-01T00:00:00Z", 951_868_800_000),
            ("2026-11-24T11:58:24.123+02:00", 1_795_514_304_123), ("2026-11-23T23:58:24-10:00", 1_795_514_304_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            ("2026-11-24t09:58:24.1z", 1_795_514_304_100),
        ] as [(String, Int64)])
    func rfc3339IsRead(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026-11-24", "2026-11-24T09:58:24", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-11-24T24:00:00Z", "2026-11-24T09:60:00Z", "2026-11-24T09:58:24.Z", "2026-11-24T09:58:24Zx",
        "2026-11-24T09:58:24+2:00", "1969-12-31T23:59:59Z", "2026-11-31T00:00:00Z", "20261124T095824Z0000000",
        "2026-11-24T09:58:24.123456789123456789", "2026-00-10T00:00:00Z", "2026-01-00T00:00:00Z",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func textAndBackIsTheSameOnEveryDayOfFourCenturies() {
        for day in stride(from: Int64(0), through: 146_097, by: 1) {
            let moment = Timestamp(milliseconds: day * 86_400_000 + 12_345)
            #expect(Timestamp(rfc3339: moment.description) == moment)
        }
    }

    @Test func aMomentThatOnlyADamagedRowHasIsShownAndEndsNothing() {
        #expect(Timestamp(milliseconds: .min).description == "0000-01-01T00:00:00.000Z")
        #expect(Timestamp(milliseconds: .max).description == "9999-12-31T23:59:59.999Z")
    }
}
