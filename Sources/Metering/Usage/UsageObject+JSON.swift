extension UsageObject {
    /// Reads the object that `bytes` hold, in place of what was read before.
    func fill(_ bytes: UnsafeBufferPointer<UInt8>) throws(UsageError) {
        clear()
        do {
            var cursor = JSONCursor(bytes)
            try read(&cursor, Origin(), depth: 0)
            try cursor.expectEnd()
        } catch let error as UsageError {
            throw error
        } catch let error as JSONError {
            throw UsageError("usage is not valid JSON: \(error.message) at byte \(error.offset)")
        } catch {
            throw UsageError("\(error)")
        }
    }

    /// Reads an object; `origin` names the container of its members and the member that holds it.
    func read(_ cursor: inout JSONCursor, _ origin: Origin, depth: Int) throws {
        guard depth < 6 else { throw UsageError("\(origin.path) is nested too deep") }
        try Self.expect("{", &cursor, origin, "an object")
        try cursor.beginObject()
        let table = UsageMembers.tables[origin.container.rawValue]
        while let key = try cursor.nextMember() {
            guard let index = table.index(of: key, cursor) else {
                try readUnknown(key, &cursor, origin)
                continue
            }
            if try cursor.takeNull() { continue }
            var place = origin
            place.member = index
            try read(table.entries[index].member, &cursor, place, depth)
        }
    }

    private func read(
        _ member: UsageMember, _ cursor: inout JSONCursor, _ place: Origin, _ depth: Int
    ) throws {
        switch member {
        case .count(let field): try set(field, try Self.count(&cursor, place), place)
        case .seconds(let field): try set(field, try Self.thousandths(&cursor, place), place)
        case .object(let inner): try read(&cursor, Self.inside(inner, place), depth: depth + 1)
        case .objects(let inner): try readObjects(&cursor, Self.inside(inner, place), depth: depth + 1)
        case .countOrObject(let field, let inner), .objectOrCount(let inner, let field):
            if cursor.peek() == UInt8(ascii: "{") {
                try read(&cursor, Self.inside(inner, place), depth: depth + 1)
            } else {
                try set(field, try Self.count(&cursor, place), place)
            }
        case .objectOrModalities(let inner, let fields):
            if cursor.peek() == UInt8(ascii: "[") {
                try readModalities(&cursor, fields, place)
            } else {
                try read(&cursor, Self.inside(inner, place), depth: depth + 1)
            }
        case .modalities(let fields): try readModalities(&cursor, fields, place)
        case .bedrockCacheDetails: try readBedrockCacheDetails(&cursor, place)
        case .iterations: try readIterations(&cursor, place, depth)
        case .models: try readModels(&cursor, place, depth)
        case .toolCalls: try readToolCalls(&cursor, place)
        case .groundingCounts: try readGroundingCounts(&cursor, place)
        case .titanResults: try readTitanResults(&cursor, place)
        case .tierCount(let field, let tier):
            let count = try Self.count(&cursor, place)
            if count > 0 { servedTier = .tier(tier) }
            try set(field, count, place)
        case .native: try readNative(&cursor, depth)
        case .onlyOne: try readOnlyOne(&cursor, depth)
        case .toolNames: try readToolNames(&cursor, place)
        case .modelList: try readModelList(&cursor, place, depth)
        case .tokenDetails: try readTokenDetails(&cursor, place)
        case .tier: servedTier = ServedTier(try Self.tierWord(&cursor, place))
        case .speed: speed = try Self.word(&cursor, place).lowercased()
        case .geo: geo = try Self.word(&cursor, place).lowercased()
        case .cacheType: isCacheExplicit = try Self.word(&cursor, place) == "ephemeral"
        case .searchContextSize: searchContextSize = try Self.word(&cursor, place).lowercased()
        case .isOwnKey:
            isOwnKey = cursor.peek() == UInt8(ascii: "t")
            try cursor.skipValue()
        case .cost(let part): try readCost(part, &cursor, place, depth)
        case .notBilled: try cursor.skipValue()
        }
    }

    private static func inside(_ container: UsageMember.Container, _ place: Origin) -> Origin {
        var inner = Origin()
        inner.container = container
        // What holds the usage object itself doesn't make its members clearer.
        guard container != .top else { return inner }
        inner.holderContainer = place.container
        inner.holder = place.member
        return inner
    }

    // MARK: Scalars

    static func expect(_ mark: Unicode.Scalar, _ cursor: inout JSONCursor, _ place: Origin, _ what: String) throws {
        guard cursor.peek() == UInt8(ascii: mark) else { throw UsageError("\(place.path) must be \(what)") }
    }

    static func word(_ cursor: inout JSONCursor, _ place: Origin) throws -> String {
        try expect("\"", &cursor, place, "a string")
        return try cursor.text(try cursor.string())
    }

    /// A word, or Bedrock's `{"type":"priority"}`.
    private static func tierWord(_ cursor: inout JSONCursor, _ place: Origin) throws -> String {
        guard cursor.peek() == UInt8(ascii: "{") else { return try word(&cursor, place) }
        var found = ""
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            if cursor.matches(key, "type") { found = try word(&cursor, place) } else { try cursor.skipValue() }
        }
        return found
    }

    /// One count: a whole number of at most 2⁴⁰, also if it is written `1200.0` or `1.2e3`.
    static func count(_ cursor: inout JSONCursor, _ place: Origin) throws -> Int64 {
        guard let first = cursor.peek(), first == UInt8(ascii: "-") || (48...57).contains(first) else {
            throw UsageError("\(place.path) must be a number")
        }
        let text = cursor.bytes[try cursor.number()]
        if text.count <= 13, text.allSatisfy({ (48...57).contains($0) }) {
            let count = text.reduce(0) { $0 * 10 + Int64($1 - 48) }
            guard count <= countMax else { throw UsageError("\(place.path) is above 2^40") }
            return count
        }
        guard first != UInt8(ascii: "-") else { throw UsageError("\(place.path) is negative") }
        let written = String(decoding: text, as: UTF8.self)
        if let whole = ExactDecimal.parse(written, scale: 0) {
            guard whole <= countMax else { throw UsageError("\(place.path) is above 2^40") }
            return Int64(whole)
        }
        let isLarge = !written.contains { ".eE-".contains($0) }
        throw UsageError("\(place.path) is \(isLarge ? "above 2^40" : "not a whole number of at most 2^40")")
    }

    /// A number of seconds in thousandths, rounded up.
    private static func thousandths(_ cursor: inout JSONCursor, _ place: Origin) throws -> Int64 {
        guard let first = cursor.peek(), (48...57).contains(first) else {
            throw UsageError("\(place.path) must be a number that is not negative")
        }
        let text = String(decoding: cursor.bytes[try cursor.number()], as: UTF8.self)
        // Twenty places hold what a binary floating-point number prints of seconds.
        guard let value = ExactDecimal.parse(text, scale: 20) else {
            throw UsageError("\(place.path) is not a number of seconds")
        }
        let unit = ExactDecimal.powerOfTen(17)
        let thousandths = value / unit + (value % unit == 0 ? 0 : 1)
        guard thousandths <= countMax else { throw UsageError("\(place.path) is above 2^40 thousandths") }
        return Int64(thousandths)
    }

    // MARK: Members that nobody knows

    private func readUnknown(_ key: JSONString, _ cursor: inout JSONCursor, _ origin: Origin) throws {
        guard let first = cursor.peek() else { return _ = try cursor.skipValue() }
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "-"), 48...57:
            let name = try cursor.text(key)
            let start = cursor.offset
            try cursor.skipValue()
            var inside = JSONCursor(cursor.bytes, at: start)
            try noteNumbers(&inside, origin.holder >= 0 ? "\(Self.holderName(origin)).\(name)" : name, depth: 0)
        default:
            _ = try cursor.text(key)
            try cursor.skipValue()
        }
    }

    private static func holderName(_ origin: Origin) -> String {
        "\(UsageMembers.tables[origin.holderContainer.rawValue].entries[origin.holder].name)"
    }

    /// Notes every number above zero in a value that was checked for its form already.
    private func noteNumbers(_ cursor: inout JSONCursor, _ path: String, depth: Int) throws {
        guard let first = cursor.peek(), depth < 4, unread.count < Self.unreadMax else {
            return _ = try cursor.skipValue()
        }
        switch first {
        case UInt8(ascii: "{"):
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                try noteNumbers(&cursor, path + "." + (try cursor.text(key)), depth: depth + 1)
            }
        case UInt8(ascii: "["):
            try cursor.beginArray()
            while try cursor.nextElement() { try noteNumbers(&cursor, path, depth: depth + 1) }
        case 48...57:
            let range = try cursor.number()
            if let count = Self.magnitude(cursor.bytes[range]) { note(unread: path, count) }
        default: try cursor.skipValue()
        }
    }

    /// A number's whole part rounded up, at most 2⁴⁰; nil if it is zero.
    private static func magnitude(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Int64? {
        let mantissa = text.prefix { $0 | 0x20 != UInt8(ascii: "e") }
        guard mantissa.contains(where: { (49...57).contains($0) }) else { return nil }
        if text.count <= 13, text.allSatisfy({ (48...57).contains($0) }) {
            return min(countMax, text.reduce(0) { $0 * 10 + Int64($1 - 48) })
        }
        guard let value = ExactDecimal.parse(String(decoding: text, as: UTF8.self), scale: 18) else { return 1 }
        let whole = value / ExactDecimal.powerOfTen(18) + (value % ExactDecimal.powerOfTen(18) == 0 ? 0 : 1)
        return Int64(min(whole, Int128(countMax)))
    }
}
