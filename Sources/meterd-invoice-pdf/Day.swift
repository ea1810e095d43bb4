import FoundationEssentials

/// A day as `2026-02-28`, also where a time of that day was given.
struct Day: Decodable {
    private let year: Int
    private let month: Int
    private let day: Int

    private init(year: Int, month: Int, day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let match = text.wholeMatch(of: /([0-9]{4})-([0-9]{2})-([0-9]{2})(T[0-9:.]{1,24}Z)?/),
            let year = Int(match.1), let month = Int(match.2), let day = Int(match.3), (1...12).contains(month),
            day >= 1,
            day <= Self.days(of: month, in: year)
        else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "this is not a day or a time") }
        self.init(year: year, month: month, day: day)
    }

    /// The day before.
    var before: Day {
        if day > 1 { return Day(year: year, month: month, day: day - 1) }
        let (year, month) = month > 1 ? (year, month - 1) : (year - 1, 12)
        return Day(year: year, month: month, day: Self.days(of: month, in: year))
    }

    var text: String {
        func padded(_ number: Int, _ digits: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    private static func days(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
