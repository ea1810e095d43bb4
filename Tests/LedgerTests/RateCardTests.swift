import Foundation
import GRDB
import Ledger
import Metering
import Testing

/// Cards and aliases in the ledger.
@Suite struct RateCardTests {
    private func document(_ price: Int, _ more: String = "", effective: String? = nil) -> String {
        let time = effective.map { "effective: \($0)\n" } ?? ""
        return "format: meterd/1\n\(time)rates:\n  - {model: m, provider: p, price: {input: \(price)}}\n\(more)"
    }

    private func imported(
        _ ledger: LedgerFixture, _ document: String, key: String, effective: Timestamp? = nil
    ) throws -> (card: RateCardView, isNew: Bool) {
        let new = NewCard(
            document: document, card: try RateDocument.parse(document), source: "import", effective: effective)
        guard case .card(let card, let isNew) = try ledger.one(.recordCard(new, ledger.key(key))) else {
            throw Unexpected()
        }
        return (card, isNew)
    }

    private struct Unexpected: Error {}

    private func name(_ ledger: LedgerFixture, _ alias: ModelAlias, key: String) throws -> Outcome {
        try ledger.one(.nameModel(alias, actor: "ops", ledger.key(key)))
    }

    @Test func anImportIsRecordedOnceUnderItsKeyAndNotAgainWhileItIsTheNewest() throws {
        let ledger = try LedgerFixture()
        let first = try imported(ledger, document(1), key: "a")
        #expect(first.isNew)
        let replayed = try imported(ledger, document(1), key: "a")
        #expect(!replayed.isNew && replayed.card == first.card)
        #expect(try !imported(ledger, document(1), key: "b").isNew)
        #expect(try imported(ledger, document(2), key: "c").isNew)
        // An old table again is a new decision.
        #expect(try imported(ledger, document(1), key: "d").isNew)
        // So is the same table from another time on.
        #expect(try imported(ledger, document(1), key: "e", effective: Timestamp(milliseconds: 5)).isNew)
        #expect(ledger.store.book.entries.count == 5)
    }

    @Test func anImportWithoutATimeHoldsFromNowEvenIfItWaitsForLater() throws {
        let ledger = try LedgerFixture()
        let later = ledger.clock.now.advanced(bySeconds: 1_000_000)
        #expect(try imported(ledger, document(1), key: "a", effective: later).isNew)
        #expect(try !imported(ledger, document(1), key: "b", effective: later).isNew)
        let now = try imported(ledger, document(1), key: "c")
        #expect(now.isNew && now.card.effective == ledger.clock.now.description)
        // In force, and so nothing to do.
        #expect(try !imported(ledger, document(1), key: "d").isNew)
    }

    @Test func aFileThatDidNotChangeDoesNotTakeOverFromAnImport() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        _ = try imported(ledger, document(7_000), key: "a", effective: Timestamp(rfc3339: "2026-02-01T00:00:00Z"))
        // As at every start and reload.
        try ledger.recordRates(LedgerFixture.rates)
        #expect(ledger.store.book.entries.count == 2)
        #expect(try ledger.reply(try ledger.record("r")).cost.description == "0.007000000")
    }

    @Test func aCardFromThePastPricesWhatComesAndNotWhatWasCharged() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        let earlier = ledger.clock.now.advanced(bySeconds: -3600)
        #expect(try ledger.reply(try ledger.record("before", at: earlier)).cost.description == "0.001000000")
        _ = try imported(ledger, document(5_000), key: "a", effective: earlier.advanced(bySeconds: -60))
        #expect(try ledger.reply(try ledger.record("after", at: earlier)).cost.description == "0.005000000")
        #expect(
            try ledger.reply(try ledger.record("older", at: earlier.advanced(bySeconds: -120))).cost.description
                == "0.001000000")
        #expect(try ledger.reply(try ledger.record("before", at: earlier)).cost.description == "0.001000000")
    }

    @Test func manyCardsAreReadOnlyWhenTheyAreNeeded() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "100")
        let start = ledger.clock.now
        for number in 1...40 {
            let effective = start.advanced(bySeconds: Int64(number) * 60 - 3600)
            _ = try imported(ledger, document(number * 1000), key: "\(number)", effective: effective)
        }
        try ledger.reopen()
        for number in [40, 1, 20, 3, 39, 2, 40] {
            let at = start.advanced(bySeconds: Int64(number) * 60 - 3600 + 30)
            let cost = try ledger.reply(try ledger.record("\(number)-\(UUID())", at: at)).cost
            #expect(cost == Money(nanos: Int64(number) * 1_000_000))
        }
    }

    @Test func aCardOfABatchPricesTheRecordsBehindItAndRollsBackWithIt() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        var batch: [Mutation] = []
        for number in 1...6 {
            let text = document(number * 1000)
            let card = NewCard(
                document: text, card: try RateDocument.parse(text), source: "import",
                effective: Timestamp(rfc3339: "2026-02-0\(number)T00:00:00Z"))
            batch.append(.recordCard(card, ledger.key("\(number)")))
        }
        for number in 1...6 {
            batch.append(.usage(try ledger.record("r\(number)"), received: ledger.clock.now))
        }
        let outcomes = try ledger.store.commit(batch)
        for outcome in outcomes.suffix(6) {
            guard case .usage(let reply) = outcome else { throw Unexpected() }
            #expect(reply.cost.description == "0.006000000")
        }
        // A full disk takes a card back, and what it would have charged.
        try ledger.reopen(pagesMax: 1)
        let large = document(9_000, "# " + String(repeating: "x", count: 100_000), effective: "2026-03-01T00:00:00Z")
        let new = NewCard(document: large, card: try RateDocument.parse(large), source: "import")
        #expect(try ledger.refusal(try ledger.one(.recordCard(new, ledger.key("full")))).code == .storageUnavailable)
        #expect(ledger.store.book.entries.count == 7)
        try ledger.reopen(pagesMax: nil)
        #expect(try ledger.reply(try ledger.record("after")).cost.description == "0.006000000")
    }

    @Test func aPreparedChargeCountsWhileTheBookIsTheOneItWasMadeBy() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        var preparer = ChargePreparer()
        func prepared(_ id: String, model: String = "m") throws -> (mutation: Mutation, isPrepared: Bool) {
            let record = try ledger.record(id, model: model)
            let charge = preparer.prepare(record, received: ledger.clock.now, book: ledger.store.book)
            return (.usage(record, received: ledger.clock.now, prepared: charge), charge != nil)
        }
        func cost(_ outcome: Outcome) throws -> String {
            guard case .usage(let reply) = outcome else { throw Unexpected() }
            return reply.cost.description
        }
        let (first, second, third) = (try prepared("a"), try prepared("b"), try prepared("c"))
        #expect(first.isPrepared)
        #expect(try cost(try ledger.one(first.mutation)) == "0.001000000")
        // A card in the same batch, and one in a batch before.
        let text = document(3_000, effective: "2026-01-02T00:00:00Z")
        let new = NewCard(document: text, card: try RateDocument.parse(text), source: "import")
        let outcomes = try ledger.store.commit([.recordCard(new, ledger.key("k")), second.mutation])
        #expect(try cost(outcomes[1]) == "0.003000000")
        #expect(try cost(try ledger.one(third.mutation)) == "0.003000000")
        #expect(try cost(try ledger.one(try prepared("d").mutation)) == "0.003000000")
        // What has no price is left to the writer.
        let unknown = try prepared("e", model: "unheard-of")
        #expect(!unknown.isPrepared)
        guard case .usage(let reply) = try ledger.one(unknown.mutation) else { throw Unexpected() }
        #expect(reply.status == .unpriced)
        #expect(try ledger.verify().ok)
    }

    @Test func anAliasChargesWhatWaitedForItAndIsChained() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "10")
        #expect(try ledger.reply(try ledger.record("r", model: "ours")).status == .unpriced)
        let alias = ModelAlias(alias: "ours", model: "m", provider: "p")
        guard case .alias(let view, false) = try name(ledger, alias, key: "a") else { throw Unexpected() }
        #expect(view.model == "m" && view.actor == "ops")
        guard case .alias(_, true) = try name(ledger, alias, key: "a") else { throw Unexpected() }
        #expect(try ledger.balance().description == "9.999000000")
        #expect(try ledger.reply(try ledger.record("s", model: "ours")).cost.description == "0.001000000")
        try ledger.reopen()
        #expect(try ledger.reply(try ledger.record("t", model: "ours")).cost.description == "0.001000000")
        #expect(try await ledger.reading { try await $0.aliases().map(\.alias) } == ["ours"])

        guard
            case .alias = try name(ledger, ModelAlias(alias: "ours", model: nil, provider: nil), key: "b")
        else { throw Unexpected() }
        #expect(try ledger.reply(try ledger.record("u", model: "ours")).status == .unpriced)
        #expect(try await ledger.reading { try await $0.aliases().isEmpty })
        let copy = try ledger.copy()
        #expect(try Verification.run(databaseFile: copy).problems == [])
        try await DatabaseQueue(path: copy).write {
            try $0.execute(
                sql: "DROP TRIGGER rate_alias_is_never_updated; UPDATE rate_alias SET model = 'x' WHERE id = 1")
        }
        #expect(try !Verification.run(databaseFile: copy).ok)
    }

    @Test func anAliasThatWouldMeanNothingOrSomethingElseIsRefused() throws {
        let ledger = try LedgerFixture()
        func code(_ alias: String, _ model: String?, _ provider: String? = nil) throws -> Refusal.Code {
            let outcome = try name(
                ledger, ModelAlias(alias: alias, model: model, provider: provider), key: UUID().uuidString)
            return try ledger.refusal(outcome).code
        }
        #expect(try code("m", "m") == .idConflict)
        #expect(try code("ours", "nope") == .unknownModel)
        #expect(try code("ours", "m", "q") == .unknownModel)
        #expect(try code("ours", nil) == .notFound)
    }
}
