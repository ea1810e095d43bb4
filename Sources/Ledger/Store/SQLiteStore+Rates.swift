import Metering

// Rate cards and aliases: recorded, never changed.
extension SQLiteStore {
    /// Puts a document on record, unless it is there already: a file's, where it is what the file said last; an import,
    /// where it is the card in force, or the newest from the time that it names.
    mutating func record(
        _ new: NewCard, _ key: IdempotencyKey?, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let key, let answered = try replay(key, org: "", { .card($0, isNew: false) }) { return answered }
        if let known = entry(alreadyOf: new, isFile: key == nil, now) {
            let view = RateCardView(known)
            if let key { try remember(view, under: key, org: "", now: now) }
            return .card(view, isNew: false)
        }
        // The first card of all holds for the past as well, where its document names no time.
        let effective = new.effective ?? (bookInBatch.entries.isEmpty ? Timestamp(milliseconds: 0) : now)
        let entry = RateBook.Entry(
            id: next.card, hash: new.card.hash, effective: effective, recorded: now, source: new.source)
        let insert = try kept.statement(
            """
            INSERT INTO rate_card(hash, effective, recorded, source, document, id) VALUES(?, ?, ?, ?, ?, ?)
            """)
        insert.bind(1, entry.hash)
        insert.bind(2, effective.milliseconds)
        insert.bind(3, now.milliseconds)
        insert.bind(4, entry.source)
        insert.bind(5, new.document)
        insert.bind(6, entry.id)
        try insert.run()
        CardRow(
            id: entry.id, hash: entry.hash, effective: effective.milliseconds, recorded: now.milliseconds
        ).append(to: &chain.cards)
        next.card += 1
        bookInBatch = bookInBatch.adding(entry, new.card)
        isBookTouched = true
        sweptTo = 0
        let view = RateCardView(entry)
        if let key { try remember(view, under: key, org: "", now: now) }
        return .card(view, isNew: true)
    }

    private func entry(alreadyOf new: NewCard, isFile: Bool, _ now: Timestamp) -> RateBook.Entry? {
        func newest(_ isMeant: (RateBook.Entry) -> Bool) -> RateBook.Entry? {
            bookInBatch.entries.filter(isMeant).max { $0.id < $1.id }
        }
        if isFile, let last = newest({ $0.source == new.source }), last.hash == new.card.hash { return last }
        // Without a time an import means: from now on. Only the card in force says that already.
        let known = new.effective == nil ? bookInBatch.entry(at: now) : newest { $0.effective == new.effective }
        return known?.hash == new.card.hash ? known : nil
    }

    /// Gives a model another name, or takes one back.
    mutating func name(
        _ alias: ModelAlias, actor: String, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: "", { .alias($0, isReplay: true) }) { return answered }
        if let refusal = try refusal(of: alias, now) { return .refused(refusal) }
        let insert = try kept.statement(
            "INSERT INTO rate_alias(id, alias, model, provider, recorded, actor) VALUES(?, ?, ?, ?, ?, ?)")
        insert.bind(1, next.alias)
        insert.bind(2, alias.alias)
        insert.bind(3, alias.model)
        insert.bind(4, alias.provider)
        insert.bind(5, now.milliseconds)
        insert.bind(6, actor)
        try insert.run()
        AliasRow(
            id: next.alias, alias: alias.alias, model: alias.model, provider: alias.provider,
            recorded: now.milliseconds, actor: actor
        ).append(to: &chain.aliases)
        next.alias += 1
        bookInBatch = bookInBatch.adding(alias)
        isBookTouched = true
        sweptTo = 0
        let view = ModelAliasView(
            alias: alias.alias, model: alias.model, provider: alias.provider, recorded: now.description, actor: actor)
        try remember(view, under: key, org: "", now: now)
        return .alias(view, isReplay: false)
    }

    private func refusal(of alias: ModelAlias, _ now: Timestamp) throws(SQLiteError) -> Refusal? {
        guard let target = alias.model else {
            return bookInBatch.aliases[alias.alias]?.model == nil
                ? Refusal(
                    .notFound, "there is no alias '\(alias.alias)'; meterctl rates alias list shows those there are")
                : nil
        }
        guard let entry = bookInBatch.entry(at: now) else {
            return Refusal(.unknownModel, "no rate card is in force; meterctl rates import puts one on record")
        }
        let card: RateCard
        do {
            card = try bookInBatch.card(entry)
        } catch {
            throw SQLiteError(error)
        }
        if case .rate(let rate, _) = card.exactly(alias.alias, provider: alias.provider) {
            return Refusal(.idConflict, "the card in force has a rate of that name: \(rate.provider)'s \(rate.model)")
        }
        switch card.resolve(target, provider: alias.provider) {
        case .rate: return nil
        case .unknown:
            let seller = alias.provider.map { " of \($0)" } ?? ""
            return Refusal(.unknownModel, "the card in force has no model '\(target)'\(seller)")
        case .severalSellers(let providers):
            return Refusal(
                .malformed, "'\(target)' is sold by \(providers.joined(separator: ", ")); say whose with provider")
        }
    }

    /// What a request costs by the cards on record.
    func price(
        model: String, provider: String?, _ reading: UsageReading, tier: ServiceTier, at moment: Timestamp
    ) throws(SQLiteError) -> RateBook.Priced? {
        do {
            return try bookInBatch.price(model: model, provider: provider, reading, tier: tier, at: moment)
        } catch {
            throw SQLiteError(error)
        }
    }

    /// What a record costs by the cards on record and by what its sender reports.
    func price(
        _ record: UsageRecord, from sender: String?, at moment: Timestamp
    ) throws(SQLiteError) -> RateBook.Priced? {
        do {
            return try bookInBatch.price(
                model: record.model, provider: record.provider, record.reading, tier: record.billedTier, at: moment,
                reported: record.reported, policy: record.costPolicy(bookInBatch, sender: sender))
        } catch {
            throw SQLiteError(error)
        }
    }

    /// Takes over other policies for reported costs, with the next commit.
    mutating func setCostPolicies(_ policies: CostPolicies) -> Outcome {
        guard policies != bookInBatch.costPolicies else { return .alive }
        bookInBatch = bookInBatch.with(policies)
        isBookTouched = true
        // What has no price may have one by its sender's word now.
        sweptTo = 0
        return .alive
    }

    /// Why it has no price, in words.
    func reasonWithoutPrice(
        model: String, provider: String?, _ reading: UsageReading, tier: ServiceTier, at moment: Timestamp
    ) throws(SQLiteError) -> String {
        do {
            return try bookInBatch.reasonWithoutPrice(
                model: model, provider: provider, reading, tier: tier, at: moment)
        } catch {
            throw SQLiteError(error)
        }
    }

    /// Cards and aliases as they are on record. The card in force is read at once, the others when they are asked for.
    static func loadBook(
        _ connection: SQLiteConnection, path: String, now: Timestamp
    ) throws(SQLiteError) -> RateBook {
        let rows = try connection.prepare("SELECT id, hash, effective, recorded, source FROM rate_card")
        var entries: [RateBook.Entry] = []
        while try rows.step() {
            entries.append(
                RateBook.Entry(
                    id: rows.int(0), hash: rows.text(1) ?? "", effective: Timestamp(milliseconds: rows.int(2)),
                    recorded: Timestamp(milliseconds: rows.int(3)), source: rows.text(4) ?? ""))
        }
        let names = try connection.prepare("SELECT alias, model, provider FROM rate_alias ORDER BY id")
        var aliases: [ModelAlias] = []
        while try names.step() {
            aliases.append(ModelAlias(alias: names.text(0) ?? "", model: names.text(1), provider: names.text(2)))
        }
        let book = RateBook(
            entries, aliases: aliases, cards: RateCards { id throws(RateCardUnavailable) in try card(id, path: path) })
        do {
            if let inForce = book.entry(at: now) { _ = try book.card(inForce) }
        } catch {
            throw SQLiteError(error)
        }
        return book
    }

    /// Reads a card's document through a connection of its own: whoever asks may be on any thread.
    private static func card(_ id: Int64, path: String) throws(RateCardUnavailable) -> RateCard {
        do {
            let connection = try SQLiteConnection(path: path)
            let row = try connection.prepare("SELECT hash, document FROM rate_card WHERE id = ?")
            row.bind(1, id)
            defer { row.reset() }
            guard try row.step(), let hash = row.text(0), let document = row.text(1) else {
                throw RateCardUnavailable("rate card \(id) is not there")
            }
            let card = try RateDocument.parse(document)
            guard card.hash == hash else {
                throw RateCardUnavailable("rate card \(id): its document is not the one its hash names")
            }
            return card
        } catch let unavailable as RateCardUnavailable {
            throw unavailable
        } catch let error as SQLiteError where !error.isDamage {
            throw RateCardUnavailable("rate card \(id): \(error)", isDamage: false)
        } catch {
            throw RateCardUnavailable("rate card \(id): \(error)")
        }
    }
}
