import GRDB

// Rate cards and aliases.
extension LedgerReader {
    /// Rate cards without their documents, newest first.
    public func rateCards(before cursor: Int64?, limit: Int) async throws -> Page<RateCardView> {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT id, hash, effective, recorded, source, NULL AS document FROM rate_card
                    WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?
                    """, arguments: [cursor, cursor, limit + 1])
            return Self.page(rows, limit: limit, Self.rateCard) { "\($0["id"] as Int64)" }
        }
    }

    /// A rate card with its document.
    public func rateCard(_ id: Int64) async throws -> RateCardView? {
        try await pool.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM rate_card WHERE id = ?", arguments: [id])
                .map(Self.rateCard)
        }
    }

    /// The aliases that count, by name.
    public func aliases() async throws -> [ModelAliasView] {
        try await pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT alias, model, provider, recorded, actor FROM rate_alias
                    WHERE model IS NOT NULL AND id IN (SELECT max(id) FROM rate_alias GROUP BY alias) ORDER BY alias
                    """
            ).map { row in
                ModelAliasView(
                    alias: row["alias"], model: row["model"], provider: row["provider"],
                    recorded: Self.time(row["recorded"]), actor: row["actor"])
            }
        }
    }

    private static func rateCard(_ row: Row) -> RateCardView {
        RateCardView(
            card: row["id"], hash: row["hash"], effective: time(row["effective"]), recorded: time(row["recorded"]),
            source: row["source"], document: row["document"])
    }
}
