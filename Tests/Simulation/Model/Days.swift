// Days as numbers since 1970-01-01, and the months of a bill: by the civil calendar, and by nothing of the product's.

/// A day of the civil calendar.
struct Civil: Equatable {
    var year, month, day: Int64

    static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func days(in month: Int64, of year: Int64) -> Int64 {
        month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// By walking: plain rather than fast. Years from 2024 on.
    init(_ number: Int64) {
        var rest = number - 19_723
        (year, month) = (2024, 1)
        while rest >= (Self.isLeap(year) ? 366 : 365) {
            rest -= Self.isLeap(year) ? 366 : 365
            year += 1
        }
        while rest >= Self.days(in: month, of: year) {
            rest -= Self.days(in: month, of: year)
            month += 1
        }
        day = rest + 1
    }

    var number: Int64 {
        var number: Int64 = 19_723
        for earlier in 2024..<year { number += Self.isLeap(earlier) ? 366 : 365 }
        for earlier in 1..<month { number += Self.days(in: earlier, of: year) }
        return number + day - 1
    }
}

/// The first day of the nth period after a signup: the same day of the month, or its last one.
func periodStart(_ signup: Int64, _ months: Int64) -> Int64 {
    let first = Civil(signup)
    let count = first.year * 12 + first.month - 1 + months
    let (year, month) = (count / 12, count % 12 + 1)
    var start = Civil(signup)
    (start.year, start.month) = (year, month)
    start.day = min(first.day, Civil.days(in: month, of: year))
    return start.number
}

/// The period that a day lies in.
func periodOf(_ day: Int64, _ signup: Int64) -> Int64 {
    var number: Int64 = 0
    while periodStart(signup, number + 1) <= day { number += 1 }
    return number
}

func dayOf(_ milliseconds: Int64) -> Int64 { milliseconds / 86_400_000 }

/// A fraction of nano-dollars to the cent, half to even.
func cents(_ numerator: Int64, over denominator: Int64) -> Int64 {
    let divisor = Int128(denominator) * 10_000_000
    let (whole, rest) = Int128(numerator).quotientAndRemainder(dividingBy: divisor)
    let isUp = rest * 2 > divisor || (rest * 2 == divisor && whole % 2 == 1)
    return Int64(whole + (isUp ? 1 : 0)) * 10_000_000
}
