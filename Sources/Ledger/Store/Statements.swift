/// The statements that every batch uses, compiled once.
struct Statements {
    let begin: SQLiteStatement
    let commit: SQLiteStatement
    let insertUsage: SQLiteStatement
    let selectUsageKey: SQLiteStatement
    let selectUsage: SQLiteStatement
    let insertTransfer: SQLiteStatement
    let updateAccount: SQLiteStatement
    let updateMember: SQLiteStatement
    let updateGrant: SQLiteStatement
    let insertHold: SQLiteStatement
    let closeHold: SQLiteStatement
    let selectHoldKey: SQLiteStatement
    let selectHold: SQLiteStatement
    let insertCommit: SQLiteStatement
    let addUsageDay, addUsageMonth, findTagDay, countTagDays, addTagDay: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        insertUsage = try connection.prepare(
            """
            INSERT INTO usage(sequence, previous, org, id, user, model, provider, at, at_given, received, tier, hold,
                usage, tags, billed_tier, tier_fell_back, status, cost, card, lines, balance, held, hold_number,
                hold_state, transfer, digest, peer, missing)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        selectUsageKey = try connection.prepare("SELECT 1 FROM usage WHERE sequence = ? AND org = ? AND id = ?")
        selectUsage = try connection.prepare(
            """
            SELECT user, model, provider, at, at_given, tier, hold, usage, tags, status, cost, balance, held,
                hold_number, hold_state, lines
            FROM usage WHERE sequence = ?
            """)
        insertTransfer = try connection.prepare("INSERT INTO transfer VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        updateAccount = try connection.prepare(
            """
            UPDATE account SET debits = ?, credits = ?, debits_high = ?, credits_high = ?, pending = ?, front_grant = ?,
                front_remaining = ?, month = ?, month_spend = ?, last_usage = ?, last_transfer = ?
            WHERE id = ?
            """)
        updateMember = try connection.prepare(
            """
            UPDATE member SET day = ?1, day_spend = ?2, month = ?3, month_spend = ?4, last_used = ?5,
                seal = row_digest('member', id, ?1, ?2, ?3, ?4, ?5)
            WHERE id = ?6
            """)
        updateGrant = try connection.prepare("UPDATE credit_grant SET state = ?, remaining = ? WHERE id = ?")
        insertHold = try connection.prepare(
            """
            INSERT INTO hold(number, org, id, user, model, provider, tier, usage, ttl, amount, balance, available,
                created, expires, transfer, digest, state, terms, worst)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
            """)
        closeHold = try connection.prepare("UPDATE hold SET state = ?, closed = ?, settled_by = ? WHERE number = ?")
        selectHoldKey = try connection.prepare("SELECT 1 FROM hold WHERE number = ? AND org = ? AND id = ?")
        selectHold = try connection.prepare(
            """
            SELECT user, model, provider, tier, usage, ttl, amount, balance, available, expires, state, terms,
                estimated_by
            FROM hold WHERE number = ?
            """)
        insertCommit = try connection.prepare(
            """
            INSERT INTO ledger_commit(number, at, last_transfer, last_usage, last_hold, last_grant, last_correction,
                last_erasure, last_org, last_card, last_alias, last_change, last_payment, last_invoice, last_note,
                last_quarantine, last_quarantine_step, last_org_alias, last_refund, last_return, last_audit, digest)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        addUsageDay = try connection.prepare(
            """
            INSERT INTO usage_day VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
            ON CONFLICT DO UPDATE SET records = records + ?7, unpriced = unpriced + ?8, cost = cost + ?9,
                input = min(input, \(UsageSums.tokensMax)) + ?10,
                cache_read = min(cache_read, \(UsageSums.tokensMax)) + ?11,
                cache_write = min(cache_write, \(UsageSums.tokensMax)) + ?12,
                output = min(output, \(UsageSums.tokensMax)) + ?13,
                reasoning = min(reasoning, \(UsageSums.tokensMax)) + ?14
            """)
        addUsageMonth = try connection.prepare(
            """
            INSERT INTO usage_month VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            ON CONFLICT DO UPDATE SET records = records + ?6, unpriced = unpriced + ?7, cost = cost + ?8,
                input = min(input, \(UsageSums.tokensMax)) + ?9,
                cache_read = min(cache_read, \(UsageSums.tokensMax)) + ?10,
                cache_write = min(cache_write, \(UsageSums.tokensMax)) + ?11,
                output = min(output, \(UsageSums.tokensMax)) + ?12,
                reasoning = min(reasoning, \(UsageSums.tokensMax)) + ?13
            """)
        findTagDay = try connection.prepare(
            "SELECT 1 FROM usage_tag_day WHERE org = ? AND day = ? AND name = ? AND value = ?")
        countTagDays = try connection.prepare("SELECT count(*) FROM usage_tag_day WHERE org = ? AND day = ?")
        addTagDay = try connection.prepare(
            """
            INSERT INTO usage_tag_day VALUES(?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT DO UPDATE SET records = records + ?5, cost = cost + ?6
            """)
    }
}
