import Metering

// Keys of control-plane mutations, with the answer that was given under each.
extension SQLiteStore {
    /// What was answered under a key before: the answer again, a conflict where something else was asked, or nil.
    func replay<Answer: Decodable>(
        _ key: IdempotencyKey, org: String, _ outcome: (Answer) -> Outcome
    ) throws(SQLiteError) -> Outcome? {
        let select = try kept.statement(
            "SELECT body, answer FROM idempotency WHERE route = ? AND org = ? AND key = ?")
        select.bind(1, key.route)
        select.bind(2, org)
        select.bind(3, key.key)
        defer { select.reset() }
        guard try select.step() else { return nil }
        guard select.text(0) == key.body else { return .refused(Self.conflict(key)) }
        guard let answer = KeptAnswer.read(Answer.self, select.blob(1)) else { return .refused(Self.unreadable(key)) }
        return outcome(answer)
    }

    /// The mutation was carried out and stays so; only what was said of it is lost.
    private static func unreadable(_ key: IdempotencyKey) -> Refusal {
        var refusal = Refusal(
            .unknownOutcome,
            "the idempotency key '\(key.key)' was used before, and this version can't read the answer that was kept; look at what it asked for before you send it under another key"
        )
        // It will not be read the next time either.
        refusal.isFinal = true
        return refusal
    }

    static func conflict(_ key: IdempotencyKey) -> Refusal {
        Refusal(.idConflict, "the idempotency key '\(key.key)' was already used for a different request")
    }

    func remember(
        _ answer: some Encodable, under key: IdempotencyKey, org: String, now: Timestamp
    ) throws(SQLiteError) {
        if !isTimeInDoubt {
            let prune = try kept.statement("DELETE FROM idempotency WHERE created < ?")
            prune.bind(1, now.advanced(bySeconds: -TimeWindow.keySecondsMin).milliseconds)
            try prune.run()
        }
        let encoded: [UInt8]
        do {
            encoded = try KeptAnswer.bytes(answer)
        } catch {
            throw SQLiteError(code: 1, extendedCode: 1, message: "an answer can't be encoded")
        }
        let insert = try kept.statement("INSERT INTO idempotency VALUES(?, ?, ?, ?, ?, ?)")
        insert.bind(1, key.route)
        insert.bind(2, org)
        insert.bind(3, key.key)
        insert.bind(4, key.body)
        insert.bind(5, blob: encoded)
        insert.bind(6, now.milliseconds)
        try insert.run()
    }
}
