import Foundation
import Ledger
import Metering

extension Timestamp {
    static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}

extension RateBook {
    /// A book of one card for all times: a table's file.
    init(file path: String) throws {
        let table = try RateFile.table(path)
        let always = Timestamp(milliseconds: 0)
        self.init(
            [Entry(id: 1, hash: table.card.hash, effective: always, recorded: always, source: path)],
            cards: RateCards(capacity: 1) { _ in table.card })
    }

    /// The daemon's cards: the one in force at a moment and all later ones; and its aliases.
    init(from client: ControlClient, inForceFrom moment: Timestamp) async throws {
        let listed = try await client.list(RateCardView.self, ["v1", "rates", "cards"], limit: .max).items
        let entries = try listed.map { view in
            guard let effective = Timestamp(rfc3339: view.effective), let recorded = Timestamp(rfc3339: view.recorded)
            else { throw Failure(status: .refused, message: "meterd gave a rate card without its times") }
            return Entry(
                id: view.card, hash: view.hash, effective: effective, recorded: recorded, source: view.source)
        }
        let first = RateBook(
            entries,
            cards: RateCards { _ throws(RateCardUnavailable) in
                throw RateCardUnavailable("it was not asked for")
            }
        ).entry(at: moment)
        var cards: [Int64: RateCard] = [:]
        for entry in entries where entry.id == first?.id || entry.effective > moment {
            let view = try await client.get(RateCardView.self, ["v1", "rates", "cards", "\(entry.id)"])
            do throws(RateDocumentError) {
                cards[entry.id] = try RateDocument.parse(view.document ?? "")
            } catch {
                throw Failure(status: .configuration, message: "card \(entry.id): \(error)")
            }
        }
        let aliases = try await client.get(Page<ModelAliasView>.self, ["v1", "rates", "aliases"]).items
        let loaded = cards
        self.init(
            entries.filter { loaded[$0.id] != nil },
            aliases: aliases.map { ModelAlias(alias: $0.alias, model: $0.model, provider: $0.provider) },
            cards: RateCards(capacity: max(1, loaded.count)) { id throws(RateCardUnavailable) in
                guard let card = loaded[id] else { throw RateCardUnavailable("card \(id) was not asked for") }
                return card
            })
    }
}
