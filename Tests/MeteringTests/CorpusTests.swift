import Foundation
import Testing

@testable import Metering

/// Usage objects from providers' references, from the code of tools that rewrite them, from LiteLLM's own dumps and from
/// public reports, each with what it means and where it was seen.
@Suite struct CorpusTests {
    struct Entry: CustomTestStringConvertible, Sendable {
        var id, usage, model: String
        var provider: String?
        var units: [String: Int64]
        var models: [String: [String: Int64]]
        var unread: [String]
        var isRefused: Bool

        var testDescription: String { id }
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    /// The entries of a file. The usage object is taken as it stands, byte for byte.
    static func entries(_ name: String) throws -> [Entry] {
        let text = try String(contentsOf: folder.appending(path: "Corpus/\(name).jsonl"), encoding: .utf8)
        return try text.split(separator: "\n").map { line in
            var copy = String(line)
            return try copy.withUTF8 { bytes in
                var cursor = JSONCursor(bytes)
                var entry = Entry(
                    id: "", usage: "", model: "", provider: nil, units: [:], models: [:], unread: [], isRefused: false)
                try cursor.beginObject()
                while let key = try cursor.nextMember() {
                    let name = try cursor.text(key)
                    let range = try cursor.skipValue()
                    let value = String(decoding: bytes[range], as: UTF8.self)
                    switch (name, try JSONValue(value.utf8)) {
                    case ("id", .string(let text)): entry.id = text
                    case ("usage", _): entry.usage = value
                    case ("model", .string(let text)): entry.model = text
                    case ("provider", .string(let text)): entry.provider = RateCard.canonicalProvider(text)
                    case ("expect", .object(let members)):
                        entry.isRefused = members["refused"] != nil
                        entry.units = counts(members["units"])
                        if case .object(let models)? = members["models"] { entry.models = models.mapValues(counts) }
                        if case .array(let names)? = members["unread"] {
                            entry.unread = names.compactMap { if case .string(let name) = $0 { name } else { nil } }
                        }
                    default: break
                    }
                }
                return entry
            }
        }
    }

    private static func counts(_ value: JSONValue?) -> [String: Int64] {
        guard case .object(let members)? = value else { return [:] }
        return members.compactMapValues { value in
            guard case .number(_, let digits, let exponent) = value else { return nil }
            return Int64(digits.isEmpty ? "0" : digits + String(repeating: "0", count: max(0, exponent)))
        }
    }

    static func units(_ buckets: UsageBuckets) -> [String: Int64] {
        Dictionary(uniqueKeysWithValues: buckets.used.map { ($0.unit.name, $0.quantity) })
    }

    private func check(_ file: String, atLeast count: Int) throws {
        let entries = try Self.entries(file)
        #expect(entries.count >= count)
        for entry in entries {
            do throws(UsageError) {
                let reading = try UsageReading(json: entry.usage, provider: entry.provider, model: entry.model)
                #expect(!entry.isRefused, "\(entry.id) was read")
                #expect(Self.units(reading.buckets) == entry.units, "\(entry.id)")
                let models = Dictionary(uniqueKeysWithValues: reading.parts.map { ($0.model, Self.units($0.buckets)) })
                #expect(models == entry.models, "\(entry.id)")
                #expect(Set(reading.unread.map(\.name)) == Set(entry.unread), "\(entry.id)")
            } catch {
                #expect(entry.isRefused, "\(entry.id): \(error.message)")
            }
        }
    }

    @Test func everyProviderOfLiteLLMAndGenaiPricesIsReadByItsOwnRule() throws {
        try check("providers", atLeast: 600)
    }

    @Test func objectsThatSDKsAndToolsRewriteMeanTheSame() throws {
        try check("tools", atLeast: 145)
    }

    @Test func objectsOfPublicReportsAreReadOrRefused() throws {
        try check("reports", atLeast: 84)
    }

    @Test func whatWasReadBeforeInTheSameRoomChangesNothing() throws {
        let entries = try ["providers", "tools", "reports", "cases"].flatMap { try Self.entries($0) }
        let scratch = UsageScratch()
        func read(_ entry: Entry, _ scratch: UsageScratch?) -> Result<UsageReading, UsageError> {
            var copy = entry.usage
            return copy.withUTF8 { bytes in
                Result { () throws(UsageError) in
                    try UsageReading(json: bytes, provider: entry.provider, model: entry.model, scratch: scratch)
                }
            }
        }
        for entry in entries.shuffled() { #expect(read(entry, scratch) == read(entry, nil), "\(entry.id)") }
    }

    @Test func bucketsHoldWhatWasPutIn() {
        var buckets = UsageBuckets()
        var plain: [UsageUnit: Int64] = [:]
        for _ in 0..<20_000 {
            let unit = UsageUnit.allCases.randomElement() ?? .input
            let quantity = Int64.random(in: 0...3)
            buckets[unit] = quantity
            plain[unit] = quantity == 0 ? nil : quantity
            #expect(UsageUnit.allCases.allSatisfy { buckets[$0] == plain[$0] ?? 0 })
            #expect(buckets.used.map(\.unit) == plain.keys.sorted { $0.rawValue < $1.rawValue })
            #expect(buckets.promptTokens == plain.reduce(0) { $0 + ($1.key.isPrompt ? $1.value : 0) })
            // At times nearly empty, at times nearly full.
            if Int.random(in: 0..<200) == 0 { (buckets, plain) = (UsageBuckets(), [:]) }
        }
    }
}

/// What the documentation says of members that are not billed.
@Suite struct UsageDocumentTests {
    @Test func everyMemberThatIsNotBilledIsInTheDocumentWithItsReason() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../docs/usage.md")
        let text = try String(contentsOf: path.standardized, encoding: .utf8)
        let rows = Dictionary(
            NotBilled.allCases.map { reason in
                (reason, text.split(separator: "\n").first { $0.hasPrefix("| \(reason.rawValue) |") } ?? "")
            }, uniquingKeysWith: { first, _ in first })
        for table in UsageMembers.tables {
            for entry in table.entries {
                guard case .notBilled(let reason) = entry.member else { continue }
                #expect(rows[reason]?.contains("`\(entry.name)`") == true, "\(entry.name): \(reason.rawValue)")
            }
        }
    }
}
