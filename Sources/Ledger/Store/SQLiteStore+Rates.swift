import Metering

// Rate cards: recorded, never changed.
extension SQLiteStore {
    /// Puts a document in force, unless it is the one that was recorded last.
    mutating func record(_ new: NewCard, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let latest = bookInBatch.entries.max(by: { $0.id < $1.id }), latest.card.hash == new.card.hash {
            return .card(latest, isNew: false)
        }
        // The first card of all holds for the past as well, where its document names no time.
        let effective = new.card.effective ?? (bookInBatch.entries.isEmpty ? Timestamp(milliseconds: 0) : now)
        let insert = try connection.prepare(
            """
            INSERT INTO rate_card(hash, effective, recorded, source, document, id) VALUES(?, ?, ?, ?, ?, ?)
            """)
        insert.bind(1, new.card.hash)
        insert.bind(2, effective.milliseconds)
        insert.bind(3, now.milliseconds)
        insert.bind(4, new.source)
        insert.bind(5, new.document)
        insert.bind(6, next.card)
        try insert.run()
        let entry = RateBook.Entry(id: next.card, effective: effective, recorded: now, card: new.card)
        CardRow(
            id: entry.id, hash: entry.card.hash, effective: effective.milliseconds, recorded: now.milliseconds
        ).append(to: &chain.cards)
        next.card += 1
        bookInBatch = RateBook(bookInBatch.entries + [entry])
        sweptTo = 0
        return .card(entry, isNew: true)
    }

    static func loadBook(_ connection: SQLiteConnection) throws(SQLiteError) -> RateBook {
        let rows = try connection.prepare("SELECT id, effective, recorded, document FROM rate_card")
        var entries: [RateBook.Entry] = []
        while try rows.step() {
            let card: RateCard
            do {
                card = try RateDocument.parse(rows.text(3) ?? "")
            } catch {
                throw SQLiteError.damaged("rate card \(rows.int(0)): \(error)")
            }
            entries.append(
                RateBook.Entry(
                    id: rows.int(0), effective: Timestamp(milliseconds: rows.int(1)),
                    recorded: Timestamp(milliseconds: rows.int(2)), card: card))
        }
        return RateBook(entries)
    }
}
