import Metering

/// One way of adding up, with the parts that came of it.
struct UsageWay {
    let dimensions: [UsageDimension]
    private var parts: [Part] = []
    private var places: [Key: Int] = [:]
    /// The part of the row before: rows are in the order of days and users, so that it is often this one's as well.
    private var last: (key: Key, place: Int)?

    /// A part's values, one per dimension: names by their numbers, times by their first day. There are six dimensions at most.
    private typealias Key = SIMD8<Int32>

    private struct Part {
        var key: Key
        var sums = UsageSums()
        var users = NumberSet()
    }

    /// Where a sum belongs.
    struct Point {
        var day, week, month: Int32
        var user, model, provider: Int32
        /// Whether somebody is named.
        var hasUser: Bool
    }

    init(_ dimensions: [UsageDimension]) { self.dimensions = dimensions }

    var isByTag: Bool { dimensions.contains(where: \.isTag) }
    /// Whether it is told how many names made a part.
    private var countsUsers: Bool { !isByTag && !dimensions.contains(.user) }

    mutating func add(_ sums: UsageSums, at point: Point) {
        var key = Key()
        for (index, dimension) in dimensions.enumerated() {
            key[index] =
                switch dimension {
                case .user: point.user
                case .model: point.model
                case .provider: point.provider
                case .day: point.day
                case .week: point.week
                case .month: point.month
                case .tag: 0
                }
        }
        let place = place(of: key)
        parts[place].sums.add(sums)
        if point.hasUser, sums.records > 0 { parts[place].users.insert(point.user) }
    }

    mutating func add(_ sums: UsageSums, tag value: Int32) {
        parts[place(of: Key(value, 0, 0, 0, 0, 0, 0, 0))].sums.add(sums)
    }

    private mutating func place(of key: Key) -> Int {
        if let last, last.key == key { return last.place }
        let place: Int
        if let known = places[key] {
            place = known
        } else {
            place = parts.count
            places[key] = place
            parts.append(Part(key: key))
        }
        last = (key, place)
        return place
    }

    /// The parts in order: the most expensive first, times in order.
    func items(_ names: UsageNames) -> [UsageSummaryItem] {
        let isByTime = dimensions.first?.isTime == true
        return parts.filter { $0.sums.records != 0 }.map { part in
            (key: dimensions.indices.map { text(dimensions[$0], part.key[$0], names) }, part: part)
        }.sorted { left, right in
            if !isByTime {
                let (one, other) = (left.part.sums, right.part.sums)
                if one.cost != other.cost { return one.cost > other.cost }
                if one.records != other.records { return one.records > other.records }
            }
            return left.key.lexicographicallyPrecedes(right.key)
        }.map { key, part in
            UsageSummaryItem(
                key: key, part.sums, users: countsUsers ? part.users.count : nil, hasTokens: !isByTag)
        }
    }

    private func text(_ dimension: UsageDimension, _ value: Int32, _ names: UsageNames) -> String {
        switch dimension {
        case .user, .model, .provider, .tag: names[value]
        case .day, .week: CalendarDay(daysSinceEpoch: Int64(value)).description
        case .month: String(CalendarDay(daysSinceEpoch: Int64(value)).description.prefix(7))
        }
    }
}

/// Names by numbers. Rows come in the order of users, so that the same name often follows.
struct UsageNames {
    private var numbers: [String: Int32] = [:]
    private var names: [String] = []
    private var last: [(name: String, number: Int32)] = []
    /// The day of the row before, with its week and its month.
    private var days: (day: Int64, week: Int32, month: Int32) = (.min, 0, 0)

    init() {
        let nobody = number(of: "")
        last = Array(repeating: ("", nobody), count: 3)
    }

    subscript(_ number: Int32) -> String { names[Int(number)] }

    /// The numbers of a record's names, and when it was.
    mutating func point(_ key: SQLiteStore.Contribution.Key, day: Int64) -> UsageWay.Point {
        point(day: day) { names, column in
            let name = [key.user, key.model, key.provider][column]
            return names.last[column].name == name ? nil : name
        }
    }

    /// The same of a row with user, model and provider in these columns.
    mutating func point(_ row: SQLiteStatement, day: Int64, from first: Int32) -> UsageWay.Point {
        point(day: day) { names, column in
            // To make a text of each row's names would be half of the work.
            row.isText(first + Int32(column), names.last[column].name) ? nil : row.text(first + Int32(column)) ?? ""
        }
    }

    /// - Parameter changed: a column's name, if it isn't that of the row before.
    private mutating func point(
        day: Int64, _ changed: (UsageNames, Int) -> String?
    ) -> UsageWay.Point {
        for column in 0..<3 {
            if let name = changed(self, column) { last[column] = (name, number(of: name)) }
        }
        if days.day != day {
            // Day 0 was a Thursday.
            days = (
                day, Int32(clamping: day - (day + 3) % 7),
                Int32(clamping: CalendarDay(daysSinceEpoch: day).firstOfMonth.daysSinceEpoch)
            )
        }
        return UsageWay.Point(
            day: Int32(clamping: day), week: days.week, month: days.month, user: last[0].number,
            model: last[1].number, provider: last[2].number, hasUser: !last[0].name.isEmpty)
    }

    mutating func number(of name: String) -> Int32 {
        if let number = numbers[name] { return number }
        let number = Int32(names.count)
        numbers[name] = number
        names.append(name)
        return number
    }
}

/// A set of small numbers.
struct NumberSet {
    private var bits: [UInt64] = []

    mutating func insert(_ number: Int32) {
        let word = Int(number) / 64
        if word >= bits.count { bits += Array(repeating: 0, count: word + 1 - bits.count) }
        bits[word] |= 1 << UInt64(Int(number) % 64)
    }

    var count: Int64 { Int64(bits.reduce(0) { $0 + $1.nonzeroBitCount }) }
}
