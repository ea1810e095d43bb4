import Metering

/// One way of adding up, with the parts that came of it.
struct UsageWay {
    let dimensions: [UsageDimension]
    private var parts: [Part] = []
    private var places: PlaceTable
    /// The part of the row before: rows are in the order of days and users, so that it is often this one's as well.
    private var last: (key: Key, place: Int)?

    /// A part's values, one per dimension: names by their numbers, times by their first day. There are six dimensions at most.
    typealias Key = SIMD8<Int32>

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

    init(_ dimensions: [UsageDimension]) {
        self.dimensions = dimensions
        places = PlaceTable(valuesPerKey: max(1, dimensions.count))
    }

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
        let place = places.place(of: key, next: parts.count)
        if place == parts.count { parts.append(Part(key: key)) }
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

/// Where the part of a key is: a hash table with open addressing, since the standard dictionary's hash, which withstands chosen keys, was a
/// fifth of the work. Keys are made of numbers that this program gives out.
struct PlaceTable {
    private var keys: [UsageWay.Key] = []
    /// By slot: the place of its key; -1 if it is empty.
    private var places: [Int32]
    private let valuesPerKey: Int

    /// - Parameter valuesPerKey: how many of a key's values are used.
    init(valuesPerKey: Int) {
        self.valuesPerKey = valuesPerKey
        places = Array(repeating: -1, count: 64)
        keys = Array(repeating: UsageWay.Key(), count: 64)
    }

    private var count = 0

    /// The place of a key.
    ///
    /// - Parameter next: the place that a new key gets.
    mutating func place(of key: UsageWay.Key, next: Int) -> Int {
        if 2 * count >= places.count { grow() }
        let slot = slot(of: key)
        if places[slot] >= 0 { return Int(places[slot]) }
        (keys[slot], places[slot]) = (key, Int32(clamping: next))
        count += 1
        return next
    }

    /// The key's slot, or the free one that it gets.
    private func slot(of key: UsageWay.Key) -> Int {
        var hash: UInt64 = 0
        for index in 0..<valuesPerKey {
            // Fibonacci hashing, see Knuth, The Art of Computer Programming, volume 3, section 6.4.
            hash = (hash ^ UInt64(UInt32(bitPattern: key[index]))) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
        var slot = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[slot] >= 0, keys[slot] != key { slot = (slot + 1) & (places.count - 1) }
        return slot
    }

    private mutating func grow() {
        let (oldKeys, oldPlaces) = (keys, places)
        places = Array(repeating: -1, count: 2 * oldPlaces.count)
        keys = Array(repeating: UsageWay.Key(), count: 2 * oldPlaces.count)
        for (key, place) in zip(oldKeys, oldPlaces) where place >= 0 {
            let slot = slot(of: key)
            (keys[slot], places[slot]) = (key, place)
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
    ///
    /// - Parameter model: whether the models are read; a name that isn't is nobody's. `provider` is the same for providers.
    mutating func point(
        _ row: SQLiteStatement, day: Int64, from first: Int32, model: Bool, provider: Bool
    ) -> UsageWay.Point {
        point(day: day) { names, column in
            if column == 1, !model { return nil }
            if column == 2, !provider { return nil }
            // To make a text of each row's names would be half of the work.
            return row.isText(first + Int32(column), names.last[column].name)
                ? nil : row.text(first + Int32(column)) ?? ""
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
