import Billing
import Metering
import Testing

@Suite struct BillingPeriodTests {
    private func day(_ year: Int64, _ month: Int64, _ day: Int64) throws -> CalendarDay {
        try #require(CalendarDay(year: year, month: month, day: day))
    }

    @Test func aThirtyFirstFallsOnTheLastDayAndComesBack() throws {
        let signup = try day(2027, 12, 31)
        let starts = (Int64(0)..<6).map { "\(BillingPeriod(number: $0, signup: signup).start)" }
        #expect(starts == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"])
    }

    @Test func aDayOfFebruaryInALeapYearIsThatDayLater() throws {
        let signup = try day(2028, 2, 29)
        #expect("\(BillingPeriod(number: 12, signup: signup).start)" == "2029-02-28")
        #expect("\(BillingPeriod(number: 48, signup: signup).start)" == "2032-02-29")
    }

    @Test func everyDayOfFiveYearsIsInExactlyOnePeriodOfEverySignup() throws {
        // Every day of a year that is none of a leap and of one that is.
        for offset in 0..<(365 + 366) {
            let signup = try day(2027, 1, 1).advanced(byDays: Int64(offset))
            var expected = BillingPeriod(number: 0, signup: signup)
            #expect(expected.start == signup)
            for passed in 0..<(5 * 366) {
                let day = signup.advanced(byDays: Int64(passed))
                if day == expected.end {
                    let next = BillingPeriod(number: expected.number + 1, signup: signup)
                    guard next.start == expected.end, (28...31).contains(next.days) else {
                        Issue.record("\(signup): period \(next.number) begins on \(next.start), not \(expected.end)")
                        return
                    }
                    expected = next
                }
                guard BillingPeriod(of: day, signup: signup) == expected else {
                    Issue.record("\(day) is not in period \(expected.number) of \(signup)")
                    return
                }
            }
            #expect(BillingPeriod(of: signup.advanced(byDays: -1), signup: signup) == nil)
        }
    }

    @Test func partsNeverExceedTheWholeWhateverTheDay() throws {
        let price = Money(nanos: 29_000_000_000)
        for offset in 0..<366 {
            let signup = try day(2027, 3, 1).advanced(byDays: Int64(offset))
            for number in Int64(0)..<14 {
                let period = BillingPeriod(number: number, signup: signup)
                for quantity in [Int64(1), 2, 3, 7, 1000] {
                    let whole = price.nanos * quantity
                    var before = whole
                    for passed in 0...period.days {
                        let day = period.start.advanced(byDays: passed)
                        let rest = try #require(
                            Proration.amount(of: price, quantity: quantity, from: day, in: period)
                        ).nanos
                        // What is left, and what has passed, priced as if it were left.
                        let mirrored = period.end.advanced(byDays: -passed)
                        let gone = try #require(
                            Proration.amount(of: price, quantity: quantity, from: mirrored, in: period)
                        ).nanos
                        guard rest <= before, rest >= 0, rest % Proration.nanosPerCent == 0, rest + gone == whole else {
                            Issue.record("\(quantity) seats from \(day) of \(period): \(rest) and \(gone) of \(whole)")
                            return
                        }
                        before = rest
                    }
                    #expect(before == 0)
                }
            }
        }
    }

    @Test func aPartIsRoundedOnceHalfToEven() throws {
        let period = BillingPeriod(number: 0, signup: try day(2026, 11, 1))
        #expect(period.days == 30)
        func cents(_ price: Int64, _ quantity: Int64, _ day: Int64) throws -> Int64? {
            Proration.amount(
                of: Money(nanos: price * Proration.nanosPerCent), quantity: quantity, from: try self.day(2026, 11, day),
                in: period
            ).map { $0.nanos / Proration.nanosPerCent }
        }
        #expect(try cents(2900, 1, 1) == 2900)
        #expect(try cents(2900, 1, 16) == 1450)
        #expect(try cents(2900, 1, 30) == 97)
        // 96.67 each: three are 290, not three times 97.
        #expect(try cents(2900, 3, 30) == 290)
        // 0.5 and 1.5 cents.
        #expect(try cents(1, 1, 16) == 0)
        #expect(try cents(3, 1, 16) == 2)
        #expect(
            Proration.amount(of: Money(nanos: .max), quantity: .max, from: period.start, in: period) == nil)
    }
}
