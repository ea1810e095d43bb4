import Foundation
import Metering

/// The JSON that the control socket serves and `meterctl` reads: one coder for both.
public enum WireJSON {
    /// Members in snake case, in a stable order.
    public static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// The reverse of ``encode(_:)``.
    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: data)
    }
}

/// An org, as it is shown.
public struct OrgView: Codable, Sendable, Hashable {
    /// Its name.
    public let org: String
    /// What people call it.
    public let displayName: String?
    /// ISO 3166-1 alpha-2.
    public let country: String?
    /// A region of the country.
    public let region: String?
    /// `active`, `suspended` or `closed`.
    public let state: String
    /// When it was founded.
    public let created: String
    /// When it was closed.
    public let closed: String?
    /// Posted credits left, in US dollars.
    public let balance: String
    /// The balance less open holds, in US dollars.
    public let available: String
    /// What may be spent in a month, in US dollars.
    public let monthlyBudget: String?
}

/// Credits that were given, as they are shown.
public struct GrantView: Codable, Sendable, Hashable {
    /// The grant's number.
    public let grant: Int64
    /// Who got them.
    public let org: String
    /// How much, in US dollars.
    public let amount: String
    /// What is left, in US dollars.
    public let remaining: String
    /// `open`, `spent`, `expired` or `voided`.
    public let state: String
    /// `purchase`, `promotion`, `adjustment` or `refund`.
    public let source: String
    /// 0 to 100; the smallest is drawn from first.
    public let priority: Int
    /// When what is unspent expires.
    public let expires: String?
    /// Why.
    public let reason: String?
    /// When.
    public let created: String
    /// The client's key.
    public let key: String
    /// The org's balance after it, in US dollars.
    public let balanceAfter: String
    /// What was taken back by this call, in US dollars.
    public var voided: String?
}

/// One line of a price, as it is shown.
public struct LineView: Codable, Sendable, Hashable {
    /// The unit, or `rounding`.
    public let unit: String
    /// Of which model; nil for the record's own.
    public let model: String?
    /// Where a reported cost stood; nil if a rate priced it.
    public let source: String?
    /// How much; nil for rounding.
    public let quantity: Int64?
    /// US dollars for one unit; nil for rounding.
    public let rate: String?
    /// US dollars, exact, of any length.
    public let amount: String

    /// The lines of a price, and a last one that makes their sum the cost where it isn't.
    public static func lines(of price: Price) -> [LineView] {
        var lines = price.lines.map {
            LineView(
                unit: $0.unit.name, model: $0.model, source: $0.source?.name, quantity: $0.quantity,
                rate: $0.rate.description, amount: $0.amount)
        }
        if let rounding = price.rounding {
            lines.append(
                LineView(unit: "rounding", model: nil, source: nil, quantity: nil, rate: nil, amount: rounding))
        }
        return lines
    }
}

/// A usage record and what it came to, as it is shown.
public struct UsageView: Codable, Sendable, Hashable {
    /// Its place in the order of commits.
    public let sequence: Int64
    /// The request's id.
    public let id: String
    /// Whose credits paid.
    public let org: String
    /// The member who spent.
    public let user: String?
    /// The model.
    public let model: String
    /// Who served it.
    public let provider: String?
    /// When the request ended.
    public let at: String
    /// When the daemon read it.
    public let received: String
    /// The tier it was priced at.
    public let tier: String
    /// True where that tier publishes no price for something that was used, and standard's was taken.
    public let tierFellBack: Bool
    /// `charged`, `unpriced` or `overdrawn`, as it was replied; `voided` where it is not to be paid for any more. `estimated` for what
    /// an expired hold had reserved; `replaced` once usage of that hold has come.
    public let status: String
    /// What it costs, corrections included, in US dollars.
    public let cost: String
    /// The number of its newest correction.
    public let correction: Int64?
    /// SHA-256 of what was reported, kept when that is erased.
    public let digest: String
    /// The org's balance after it, in US dollars; nil for a member who may not see it.
    public var balanceAfter: String?
    /// The hold it names.
    public let hold: String?
    /// The SHA-256 of the rate card it was priced with.
    public let rateCard: String?
    /// The parts of its price.
    public let lines: [LineView]
    /// What was used and has no price yet; nil if everything has.
    public let unpricedUnits: [String]?
    /// What its sender says it cost, in US dollars, whether that was charged or not.
    public let reportedCost: String?
    /// Where that stood: `cost`, `usage.cost`, …
    public let reportedBy: String?
    /// The version of the reader that read its usage object; 1 for charges from before it was kept.
    public let readerVersion: Int?
    /// The provider's usage object, verbatim.
    public let usage: String
    /// Labels, verbatim.
    public let tags: String?
    /// The user whose process handed it in.
    public let peerUid: UInt32?
    /// That process.
    public let peerPid: Int32?
    /// The sender on whose behalf it did so.
    public let sender: String?

    /// What a member sees of their own request: nothing of the org's money.
    public var ownPart: UsageView {
        var part = self
        part.balanceAfter = nil
        return part
    }
}

/// A movement of money, as it is shown.
public struct TransferView: Codable, Sendable, Hashable {
    /// Its number.
    public let transfer: Int64
    /// When it was committed.
    public let at: String
    /// `charge`, `grant`, `hold`, …
    public let code: String
    /// The account it takes from: a kind, and an org where it has one: `org_credits:acme`.
    public let debit: String
    /// The account it gives to.
    public let credit: String
    /// How much, in US dollars.
    public let amount: String
    /// The usage record's sequence number, or the number of the grant, hold or correction.
    public let reference: Int64
    /// The transfer of the hold that it closes.
    public let closes: Int64?
    /// The grants whose remainder it changed.
    public let grants: [DrawView]
}

/// A grant's part in a transfer, as it is shown.
public struct DrawView: Codable, Sendable, Hashable {
    /// The grant's number.
    public let grant: Int64
    /// How much, in US dollars.
    public let amount: String
}

/// A rate card, as it is shown.
public struct RateCardView: Codable, Sendable, Hashable {
    /// The ledger's number.
    public let card: Int64
    /// SHA-256 of the document.
    public let hash: String
    /// From when it holds.
    public let effective: String
    /// When it was recorded.
    public let recorded: String
    /// Where it came from.
    public let source: String
    /// The document; nil in lists.
    public let document: String?

    /// A card as the book has it, without its document.
    public init(_ entry: RateBook.Entry) {
        card = entry.id
        hash = entry.hash
        effective = entry.effective.description
        recorded = entry.recorded.description
        source = entry.source
        document = nil
    }

    init(
        card: Int64, hash: String, effective: String, recorded: String, source: String, document: String?
    ) {
        self.card = card
        self.hash = hash
        self.effective = effective
        self.recorded = recorded
        self.source = source
        self.document = document
    }
}

/// Another name of a model, as it is shown.
public struct ModelAliasView: Codable, Sendable, Hashable {
    /// The name that records bear.
    public let alias: String
    /// The name on the cards; nil where the alias was taken back.
    public let model: String?
    /// Whose model.
    public let provider: String?
    /// When it was given.
    public let recorded: String
    /// Who gave it.
    public let actor: String
}

/// A part of a list, and where it goes on.
public struct Page<Item: Codable & Sendable>: Codable, Sendable {
    /// The items.
    public var items: [Item]
    /// What to ask for next; nil at the end.
    public let nextCursor: String?

    /// A part of a list.
    public init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }
}
