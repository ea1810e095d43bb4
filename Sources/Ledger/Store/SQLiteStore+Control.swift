import Foundation
import Metering

// What operators change: orgs, grants, rate cards. Rare, so its statements are compiled when used.
extension SQLiteStore {
    mutating func create(_ org: NewOrg, _ key: IdempotencyKey, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: org.name, { .org($0, isReplay: true) }) { return answered }
        guard accounts.orgs[org.name] == nil else {
            return .refused(Refusal(.idConflict, "org '\(org.name)' exists already"))
        }
        let insertOrg = try connection.prepare(
            """
            INSERT INTO org(name, display_name, country, region, state, created) VALUES(?, ?, ?, ?, ?, ?) RETURNING id
            """)
        insertOrg.bind(1, org.name)
        insertOrg.bind(2, org.displayName)
        insertOrg.bind(3, org.country)
        insertOrg.bind(4, org.region)
        insertOrg.bind(5, OrgState.active.rawValue)
        insertOrg.bind(6, now.milliseconds)
        let orgID = try returned(by: insertOrg)
        let insertAccount = try connection.prepare("INSERT INTO account(org, kind) VALUES(?, ?) RETURNING id")
        insertAccount.bind(1, orgID)
        insertAccount.bind(2, AccountKind.orgCredits.rawValue)
        let account = Account(id: try returned(by: insertAccount))
        accounts.add(Org(id: orgID, name: org.name, state: .active, account: account))

        let view = OrgView(
            org: org.name, displayName: org.displayName, country: org.country, region: org.region,
            state: OrgState.active.name, created: now.description, closed: nil, balance: Money.zero.description,
            available: Money.zero.description)
        try remember(view, under: key, org: org.name, now: now)
        return .org(view, isReplay: false)
    }

    mutating func close(_ name: String, _ key: IdempotencyKey, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: name, { .org($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        if org.state != .closed {
            let update = try connection.prepare("UPDATE org SET state = ?, closed = ? WHERE id = ?")
            update.bind(1, OrgState.closed.rawValue)
            update.bind(2, now.milliseconds)
            update.bind(3, org.id)
            try update.run()
            accounts.change(org, to: .closed)
        }
        let row = try connection.prepare("SELECT display_name, country, region, created, closed FROM org WHERE id = ?")
        row.bind(1, org.id)
        defer { row.reset() }
        _ = try row.step()
        let view = OrgView(
            org: name, displayName: row.text(0), country: row.text(1), region: row.text(2), state: org.state.name,
            created: Timestamp(milliseconds: row.int(3)).description,
            closed: row.isNull(4) ? nil : Timestamp(milliseconds: row.int(4)).description,
            balance: org.account.balance.description, available: org.available.description)
        try remember(view, under: key, org: name, now: now)
        return .org(view, isReplay: false)
    }

    mutating func give(_ grant: NewGrant, _ key: IdempotencyKey, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: grant.org, { .grant($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[grant.org] else { return Self.unknownOrg(grant.org) }
        guard org.state == .active else {
            return .refused(Refusal(.orgClosed, "org '\(grant.org)' is closed: it takes no more credits"))
        }
        let insert = try connection.prepare(
            """
            INSERT INTO credit_grant(org, amount, reason, key, balance_after, created) VALUES(?, ?, ?, ?, ?, ?)
            RETURNING id
            """)
        // The sum is checked by the transfer below; here only its text is needed in the row.
        guard let balanceAfter = org.account.balance.adding(grant.amount),
            org.account.canCredit(grant.amount.nanos), accounts.grants.canDebit(grant.amount.nanos)
        else { return .refused(Refusal(.malformed, "amount would take the ledger past what an account can hold")) }
        insert.bind(1, org.id)
        insert.bind(2, grant.amount.nanos)
        insert.bind(3, grant.reason)
        insert.bind(4, key.key)
        insert.bind(5, balanceAfter.nanos)
        insert.bind(6, now.milliseconds)
        let number = try returned(by: insert)
        _ = try transfer(
            grant.amount, debit: accounts.grants, credit: org.account, org: org.account, code: .grant,
            reference: number, now: now)
        let view = GrantView(
            grant: number, org: grant.org, amount: grant.amount.description, reason: grant.reason,
            created: now.description, key: key.key, balanceAfter: balanceAfter.description)
        try remember(view, under: key, org: grant.org, now: now)
        return .grant(view, isReplay: false)
    }

    /// Puts a document in force, unless it is the one that was recorded last.
    mutating func record(_ new: NewCard, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let latest = bookInBatch.entries.max(by: { $0.id < $1.id }), latest.card.hash == new.card.hash {
            return .card(latest, isNew: false)
        }
        // The first card of all holds for the past as well, where its document names no time.
        let effective = new.card.effective ?? (bookInBatch.entries.isEmpty ? Timestamp(milliseconds: 0) : now)
        let insert = try connection.prepare(
            """
            INSERT INTO rate_card(hash, effective, recorded, source, document) VALUES(?, ?, ?, ?, ?) RETURNING id
            """)
        insert.bind(1, new.card.hash)
        insert.bind(2, effective.milliseconds)
        insert.bind(3, now.milliseconds)
        insert.bind(4, new.source)
        insert.bind(5, new.document)
        let entry = RateBook.Entry(
            id: try returned(by: insert), effective: effective, recorded: now, card: new.card)
        bookInBatch = RateBook(bookInBatch.entries + [entry])
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
                throw SQLiteError(code: 11, extendedCode: 11, message: "rate card \(rows.int(0)): \(error)")
            }
            entries.append(
                RateBook.Entry(
                    id: rows.int(0), effective: Timestamp(milliseconds: rows.int(1)),
                    recorded: Timestamp(milliseconds: rows.int(2)), card: card))
        }
        return RateBook(entries)
    }

    private func returned(by statement: SQLiteStatement) throws(SQLiteError) -> Int64 {
        guard try statement.step() else {
            throw SQLiteError(code: 1, extendedCode: 1, message: "an insert returned no row")
        }
        let value = statement.int(0)
        // RETURNING is done only when stepped to its end.
        while try statement.step() {}
        statement.reset()
        return value
    }

    // MARK: Idempotency

    /// What was answered under a key before: the answer again, a conflict where something else was asked, or nil.
    private func replay<Answer: Decodable>(
        _ key: IdempotencyKey, org: String, _ outcome: (Answer) -> Outcome
    ) throws(SQLiteError) -> Outcome? {
        let select = try connection.prepare(
            "SELECT body, answer FROM idempotency WHERE route = ? AND org = ? AND key = ?")
        select.bind(1, key.route)
        select.bind(2, org)
        select.bind(3, key.key)
        defer { select.reset() }
        guard try select.step() else { return nil }
        guard select.text(0) == key.body else {
            return .refused(
                Refusal(.idConflict, "the idempotency key '\(key.key)' was already used for a different request"))
        }
        do {
            return outcome(try WireJSON.decode(Answer.self, from: Data(select.blob(1))))
        } catch {
            throw SQLiteError(code: 11, extendedCode: 11, message: "an answer kept for a key is damaged")
        }
    }

    private func remember(
        _ answer: some Encodable, under key: IdempotencyKey, org: String, now: Timestamp
    ) throws(SQLiteError) {
        let prune = try connection.prepare("DELETE FROM idempotency WHERE created < ?")
        prune.bind(1, now.advanced(bySeconds: -TimeWindow.keySecondsMin).milliseconds)
        try prune.run()
        let encoded: [UInt8]
        do {
            encoded = Array(try WireJSON.encode(answer))
        } catch {
            throw SQLiteError(code: 1, extendedCode: 1, message: "an answer can't be encoded")
        }
        let insert = try connection.prepare("INSERT INTO idempotency VALUES(?, ?, ?, ?, ?, ?)")
        insert.bind(1, key.route)
        insert.bind(2, org)
        insert.bind(3, key.key)
        insert.bind(4, key.body)
        insert.bind(5, blob: encoded)
        insert.bind(6, now.milliseconds)
        try insert.run()
    }
}
