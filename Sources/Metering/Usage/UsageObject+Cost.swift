// What a usage object says the request cost. A cost that can't be read is none: it never costs a record.
extension UsageObject {
    func readCost(
        _ part: UsageMember.CostMember, _ cursor: inout JSONCursor, _ place: Origin, _ depth: Int
    ) throws {
        switch part {
        case .dollars(let source):
            if cursor.peek() == UInt8(ascii: "{") { return try readCostObject(&cursor, place, depth) }
            guard let text = try Self.decimal(&cursor), let amount = Money(roundingDecimal: text) else { return }
            if let found = ReportedCost(amount, source: source) { cost = cost ?? found }
        case .ticks:
            guard let text = try Self.decimal(&cursor), let amount = Money(roundingDecimal: text, timesTenTo: -10)
            else { return }
            if let found = ReportedCost(amount, source: .ticks) { cost = cost ?? found }
        case .upstream:
            guard let text = try Self.decimal(&cursor) else { return }
            upstreamCost = Money(roundingDecimal: text)
        case .currency:
            guard cursor.peek() == UInt8(ascii: "\"") else { return _ = try cursor.skipValue() }
            isForeignCurrency = try Self.word(&cursor, place).uppercased() != "USD"
        }
    }

    /// Perplexity's `{"total_cost":0.0123,"currency":"USD", …}`.
    private func readCostObject(_ cursor: inout JSONCursor, _ place: Origin, _ depth: Int) throws {
        let table = UsageMembers.tables[UsageMember.Container.cost.rawValue]
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            guard let index = table.index(of: key, cursor), case .cost(let part) = table.entries[index].member else {
                _ = try cursor.text(key)
                try cursor.skipValue()
                continue
            }
            if cursor.peek() == UInt8(ascii: "{") || cursor.peek() == UInt8(ascii: "[") {
                try cursor.skipValue()
            } else {
                try readCost(part, &cursor, place, depth + 1)
            }
        }
    }

    /// The text of a number, or of a string that may hold one; nil for everything else.
    private static func decimal(_ cursor: inout JSONCursor) throws -> String? {
        switch cursor.peek() {
        case UInt8(ascii: "\"")?: return try cursor.text(try cursor.string())
        case UInt8(ascii: "-")?, (48...57)?:
            let range = try cursor.number()
            return String(decoding: UnsafeBufferPointer(rebasing: cursor.bytes[range]), as: UTF8.self)
        default:
            try cursor.skipValue()
            return nil
        }
    }

    /// What the request cost in all: with the caller's own key OpenRouter's `cost` is its fee alone.
    /// <https://openrouter.ai/docs/use-cases/byok>
    var reportedCost: ReportedCost? {
        guard !isForeignCurrency else { return nil }
        guard isOwnKey else { return cost }
        guard let upstreamCost, let sum = (cost?.amount ?? .zero).adding(upstreamCost) else { return nil }
        return ReportedCost(sum, source: .usageCost)
    }
}
