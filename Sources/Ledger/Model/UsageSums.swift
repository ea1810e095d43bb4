import Metering

/// Records added up.
struct UsageSums: Equatable {
    var records: Int64 = 0
    /// Of them, those that have no rate.
    var unpriced: Int64 = 0
    /// What they cost, in nano-dollars.
    var cost: Int64 = 0
    /// Tokens of prompts, those of caches included.
    var input: Int64 = 0
    /// Of those, what was read from a cache.
    var cacheRead: Int64 = 0
    /// Of those, what was written to a cache.
    var cacheWrite: Int64 = 0
    /// Tokens of answers, those of reasoning included.
    var output: Int64 = 0
    /// Of those, what was reasoning.
    var reasoning: Int64 = 0

    /// Tokens beyond that are not counted: a sum must stay a number of 64 bits.
    static let tokensMax: Int64 = 4_000_000_000_000_000_000

    mutating func add(_ other: UsageSums) {
        records += other.records
        unpriced += other.unpriced
        cost &+= other.cost
        input = min(input, Self.tokensMax) &+ other.input
        cacheRead = min(cacheRead, Self.tokensMax) &+ other.cacheRead
        cacheWrite = min(cacheWrite, Self.tokensMax) &+ other.cacheWrite
        output = min(output, Self.tokensMax) &+ other.output
        reasoning = min(reasoning, Self.tokensMax) &+ other.reasoning
    }

    /// Adds so many of a unit.
    mutating func add(_ quantity: Int64, of unit: UsageUnit) {
        switch unit.isOfThePrompt {
        case true?: input &+= quantity
        case false?: output &+= quantity
        case nil: return
        }
        switch unit {
        case .cacheRead, .cacheReadExplicit, .audioCacheRead, .imageCacheRead: cacheRead &+= quantity
        case .cacheWrite5m, .cacheWrite1h, .cacheWrite12h: cacheWrite &+= quantity
        case .reasoning: reasoning &+= quantity
        default: break
        }
    }

    var negated: UsageSums {
        UsageSums(
            records: -records, unpriced: -unpriced, cost: -cost, input: -input, cacheRead: -cacheRead,
            cacheWrite: -cacheWrite, output: -output, reasoning: -reasoning)
    }

    /// The pairs of a record's tags.
    static func tags(_ json: String?) -> [(name: String, value: String)] {
        guard let json, case .object(let members)? = try? JSONValue(json.utf8) else { return [] }
        return members.compactMap { name, value in
            guard case .string(let text) = value else { return nil }
            return (name, text)
        }.sorted { $0.name < $1.name }
    }
}

extension UsageUnit {
    /// Whether its quantity is tokens of a prompt, or else of an answer; nil if it counts something else.
    var isOfThePrompt: Bool? {
        if isPrompt { return true }
        return isTokens && self != .citation ? false : nil
    }
}
