/// A moment in UTC, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// The text form is RFC 3339 with three decimals. Finer fractions are cut when read.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Milliseconds since the epoch.
    public let milliseconds: Int64

    /// A moment so many milliseconds after the epoch.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The moment an RFC 3339 text names, in UTC or with an offset, or nil.
    ///
    /// Years 1970 to 9999. A leap second (`:60`) is read as the second that follows it.
    /// See <https://www.rfc-editor.org/rfc/rfc3339#section-5.6>.
    public init?(rfc3339 text: some StringProtocol) {
        var copy = String(text)
        let parsed = copy.withUTF8 { Self.parse($0) }
        guard let parsed else { return nil }
        self = parsed
    }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The moment `seconds` later (earlier where negative).
    public func advanced(bySeconds seconds: Int64) -> Timestamp {
        Timestamp(milliseconds: milliseconds + seconds * 1000)
    }

    /// Reads `2026-11-24T09:58:24.123Z` from bytes; the fast form of ``init(rfc3339:)``.
    public static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        guard bytes.count >= 20 else { return nil }
        func number(_ start: Int, _ count: Int) -> Int64? {
            var value: Int64 = 0
            for index in start..<(start + count) {
                guard index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else {
                    return nil
                }
                value = value * 10 + Int64(bytes[index] - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] | 0x20 == UInt8(ascii: "t") || bytes[10] == UInt8(ascii: " "),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            year >= 1970, (1...12).contains(month), day >= 1, day <= daysInMonth(month, year: year),
            hour <= 23, minute <= 59, second <= 60
        else { return nil }

        var index = 19
        var milliseconds: Int64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            var place: Int64 = 100
            let start = index
            while index < bytes.count, let digit = number(index, 1) {
                milliseconds += digit * place
                place /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard index < bytes.count else { return nil }
        var offsetMinutes: Int64 = 0
        switch bytes[index] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            guard index + 1 == bytes.count else { return nil }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard index + 6 == bytes.count, bytes[index + 3] == UInt8(ascii: ":"),
                let hours = number(index + 1, 2), let minutes = number(index + 4, 2), hours <= 23, minutes <= 59
            else { return nil }
            offsetMinutes = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
        default:
            return nil
        }
        let days = daysSinceEpoch(year: year, month: month, day: day)
        let seconds = ((days * 24 + hour) * 60 + minute - offsetMinutes) * 60 + second
        let moment = Timestamp(milliseconds: seconds * 1000 + milliseconds)
        // With its offset it may lie in the year 10000, which has no such form.
        return moment.milliseconds < yearTenThousand ? moment : nil
    }

    private static let yearZero = daysSinceEpoch(year: 0, month: 1, day: 1) * 86_400_000
    private static let yearTenThousand = daysSinceEpoch(year: 10_000, month: 1, day: 1) * 86_400_000
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-11-24T09:58:24.123Z`. A moment before the year 0 or after 9999, which only a damaged row
    /// has, is shown as the first or the last of them.
    public var description: String {
        withText { String(decoding: $0, as: UTF8.self) }
    }

    /// Gives the bytes of ``description`` without making a string.
    public func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let shown = Timestamp(milliseconds: min(max(milliseconds, Self.yearZero), Self.yearTenThousand - 1))
        let inDay = shown.milliseconds - shown.day * 86_400_000
        let (year, month, dayOfMonth) = Self.civil(daysSinceEpoch: shown.day)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { text in
            func put(_ value: Int64, _ start: Int, _ count: Int) {
                var rest = value
                for position in (start..<start + count).reversed() {
                    text[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
            }
            put(year, 0, 4)
            text[4] = UInt8(ascii: "-")
            put(month, 5, 2)
            text[7] = UInt8(ascii: "-")
            put(dayOfMonth, 8, 2)
            text[10] = UInt8(ascii: "T")
            put(inDay / 3_600_000, 11, 2)
            text[13] = UInt8(ascii: ":")
            put(inDay / 60_000 % 60, 14, 2)
            text[16] = UInt8(ascii: ":")
            put(inDay / 1000 % 60, 17, 2)
            text[19] = UInt8(ascii: ".")
            put(inDay % 1000, 20, 3)
            text[23] = UInt8(ascii: "Z")
            return body(UnsafeBufferPointer(text))
        }
    }
}

// The proleptic Gregorian calendar on eras of 400 years that begin in March, so that the leap day ends a year.
extension Timestamp {
    static func daysInMonth(_ month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.flooredQuotient(400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func civil(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
            month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }
}

extension Int64 {
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

extension Timestamp {
    /// Whole days in UTC since 1970-01-01.
    public var day: Int64 { milliseconds.flooredQuotient(86_400_000) }

    /// Whole months in UTC since the year 0: the same for all moments of one calendar month.
    public var month: Int64 {
        let (year, month, _) = Self.civil(daysSinceEpoch: day)
        return year * 12 + month - 1
    }

    /// The first moment of this moment's day in UTC.
    public var startOfDay: Timestamp { Timestamp(milliseconds: day * 86_400_000) }

    /// The first moment of this moment's calendar month in UTC.
    public var startOfMonth: Timestamp {
        let (year, month, _) = Self.civil(daysSinceEpoch: day)
        return Timestamp(milliseconds: Self.daysSinceEpoch(year: year, month: month, day: 1) * 86_400_000)
    }
}
