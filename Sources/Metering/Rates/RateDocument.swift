import Crypto
import Yams

/// Why a rate document was refused, and where.
public struct RateDocumentError: Error, Sendable, CustomStringConvertible {
    /// `line 12, column 5: price.input is not a decimal: "x"`
    public let description: String
}

/// Our own form of a rate card: the YAML that people edit (`format: meterd/1`).
///
/// Numbers are taken as the text that stands in the file and read as decimals; no binary floating point is involved.
public enum RateDocument {
    /// Bytes that are accepted.
    public static let bytesMax = 16 << 20

    /// Reads a whole document, or refuses it whole.
    public static func parse(_ text: String) throws(RateDocumentError) -> RateCard {
        guard text.utf8.count <= bytesMax else {
            throw RateDocumentError(description: "the document is larger than \(bytesMax) bytes")
        }
        do {
            guard let root = try Yams.compose(yaml: text) else { throw failure("the document is empty", nil) }
            let hash = SHA256.hash(data: Array(text.utf8)).map { hex($0) }.joined()
            return try Reader().card(root, hash: hash)
        } catch let error as RateDocumentError {
            throw error
        } catch {
            throw RateDocumentError(description: "not valid YAML: \(oneLine("\(error)"))")
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    fileprivate static func failure(_ message: String, _ node: Node?) -> RateDocumentError {
        guard let mark = node?.mark else { return RateDocumentError(description: message) }
        return RateDocumentError(description: "line \(mark.line), column \(mark.column): \(message)")
    }
}

private struct Reader {
    private struct Seller: Hashable {
        let name: String
        let provider: String
    }

    func card(_ root: Node, hash: String) throws -> RateCard {
        let top = try members(root, of: "the document", allowing: ["format", "effective", "rates"])
        guard let format = top["format"], format.string == "meterd/1" else {
            throw RateDocument.failure("format must be meterd/1", top["format"] ?? root)
        }
        var effective: Timestamp?
        if let node = top["effective"] {
            guard let text = node.scalar?.string, let moment = Timestamp(rfc3339: text) else {
                throw RateDocument.failure("effective must be a time like 2026-01-31T00:00:00Z", node)
            }
            effective = moment
        }
        guard let list = top["rates"]?.sequence else {
            throw RateDocument.failure("rates must be a list", top["rates"] ?? root)
        }
        var seen: Set<Seller> = []
        var rates: [Rate] = []
        for node in list {
            let rate = try rate(node)
            for name in [rate.model] + rate.aliases {
                guard seen.insert(Seller(name: name, provider: rate.provider)).inserted else {
                    throw RateDocument.failure("\(rate.provider) sells '\(name)' twice in this document", node)
                }
            }
            rates.append(rate)
        }
        return RateCard(hash: hash, effective: effective, rates: rates)
    }

    private func rate(_ node: Node) throws -> Rate {
        let members = try members(
            node, of: "a rate", allowing: ["model", "provider", "aliases", "price", "context", "tiers"])
        let model = try text(members["model"], "model", in: node)
        let provider = try text(members["provider"], "provider", in: node)
        guard RateCard.canonicalProvider(provider) == provider else {
            throw RateDocument.failure(
                "provider '\(provider)' is written '\(RateCard.canonicalProvider(provider))'", members["provider"])
        }
        var aliases: [String] = []
        if let list = members["aliases"] {
            guard let sequence = list.sequence else { throw RateDocument.failure("aliases must be a list", list) }
            for alias in sequence { aliases.append(try text(alias, "an alias", in: list)) }
        }
        var schedules = [ServiceTier.standard: try schedule(members, in: node)]
        if let tiers = members["tiers"] {
            let names = ServiceTier.allCases.filter { $0 != .standard }.map(\.name)
            for (name, value) in try self.members(tiers, of: "tiers", allowing: names) {
                guard let tier = ServiceTier(name: name) else { continue }
                let inner = try self.members(value, of: "tiers.\(name)", allowing: ["price", "context"])
                schedules[tier] = try schedule(inner, in: value)
            }
        }
        return Rate(provider: provider, model: model, aliases: aliases, schedules: schedules)
    }

    private func schedule(_ members: [String: Node], in node: Node) throws -> PriceSchedule {
        guard let price = members["price"] else { throw RateDocument.failure("price is missing", node) }
        var schedule = PriceSchedule()
        schedule.base = try sheet(price)
        guard let context = members["context"] else { return schedule }
        guard let list = context.sequence else { throw RateDocument.failure("context must be a list", context) }
        for step in list {
            let members = try self.members(step, of: "a context step", allowing: ["over", "at_least", "price"])
            guard let price = members["price"], (members["over"] == nil) != (members["at_least"] == nil),
                let tokensNode = members["over"] ?? members["at_least"],
                let tokens = tokensNode.scalar.flatMap({ Int64($0.string) }), tokens > 0
            else {
                throw RateDocument.failure(
                    "a context step takes 'over' or 'at_least' with a number of prompt tokens, and a price", step)
            }
            let threshold = ContextThreshold(promptTokens: tokens, isInclusive: members["at_least"] != nil)
            if let last = schedule.context.last?.threshold.promptTokens, last >= tokens {
                throw RateDocument.failure("context steps must ascend", step)
            }
            schedule.context.append((threshold, try sheet(price)))
        }
        return schedule
    }

    private func sheet(_ node: Node) throws -> PriceSheet {
        var sheet = PriceSheet()
        for (name, value) in try members(node, of: "price", allowing: UsageUnit.allCases.map(\.name)) {
            guard let unit = UsageUnit(name: name) else { continue }
            guard let text = value.scalar?.string,
                let price = UnitPrice(decimal: text, perUnits: unit.unitsPerPublishedPrice)
            else {
                throw RateDocument.failure(
                    "price.\(name) must be a decimal of US dollars, not negative, such as 3.00", value)
            }
            sheet[unit] = price
        }
        return sheet
    }

    /// The members of a mapping by name; an error where it is none, has another name, or has one twice.
    private func members(_ node: Node, of what: String, allowing names: [String]) throws -> [String: Node] {
        guard let mapping = node.mapping else { throw RateDocument.failure("\(what) must be a mapping", node) }
        var members: [String: Node] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string, names.contains(name) else {
                throw RateDocument.failure(
                    "\(what) has no member '\(key.scalar?.string ?? "?")'; it takes \(names.joined(separator: ", "))",
                    key)
            }
            guard members.updateValue(value, forKey: name) == nil else {
                throw RateDocument.failure("\(name) is there twice", key)
            }
        }
        return members
    }

    private func text(_ node: Node?, _ name: String, in parent: Node) throws -> String {
        guard let text = node?.scalar?.string, !text.isEmpty, text.utf8.count <= 256 else {
            throw RateDocument.failure("\(name) must be a text of 1 to 256 bytes", node ?? parent)
        }
        return text
    }
}
