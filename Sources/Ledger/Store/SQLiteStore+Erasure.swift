import Metering

// Detail that a retention erases: what was reported, by whom. Money, ids and digests stay.
extension SQLiteStore {
    /// Erases the detail of some of an org's records, newest first.
    ///
    /// - Parameters:
    ///   - start: where to begin: nil for the newest record, then what the step before returned.
    ///   - last: the record up to which, oldest to newest, detail may go. It is kept, so that verification knows.
    mutating func eraseDetail(
        of name: String, from start: Int64?, through last: Int64, limit: Int, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[name] else { return Self.unknownOrg(name) }
        try allowErasure(of: org, through: last, now)
        let previous = try kept.statement(
            """
            SELECT previous, status = 2 AND correction = 0 AND usage <> '' FROM usage WHERE sequence = ? AND org = ?
            """)
        let erase = try kept.statement(
            """
            UPDATE usage SET user = NULL, hold = NULL, usage = '', tags = NULL, lines = x'', missing = 0 WHERE sequence = ?
            """)
        let eraseCorrections = try kept.statement(
            "UPDATE correction SET reason = NULL, actor = NULL, raw = NULL, lines = x'' WHERE usage = ?")
        var sequence = start ?? org.account.state.lastUsage
        for _ in 0..<limit where sequence > 0 {
            previous.bind(1, sequence)
            previous.bind(2, org.id)
            guard try previous.step() else { return .refused(Refusal(.malformed, "from is no record of this org")) }
            let (before, isUnpriced) = (previous.int(0), previous.int(1) == 1)
            previous.reset()
            if sequence <= last {
                let erased = sequence
                try keepingSums(of: erased) { () throws(SQLiteError) in
                    erase.bind(1, erased)
                    try erase.run()
                    eraseCorrections.bind(1, erased)
                    try eraseCorrections.run()
                }
                if isUnpriced {
                    // Nothing can price it any more: it waits for no rate.
                    accounts.touch(org.account)
                    org.account.state.unpriced -= 1
                }
            }
            sequence = before
        }
        return .erased(next: sequence > 0 ? sequence : nil)
    }

    private mutating func allowErasure(of org: Org, through last: Int64, _ now: Timestamp) throws(SQLiteError) {
        let allowed = try kept.statement("SELECT 1 FROM erasure WHERE org = ? AND last_sequence >= ?")
        allowed.bind(1, org.id)
        allowed.bind(2, last)
        defer { allowed.reset() }
        guard try !allowed.step() else { return }
        let row = ErasureRow(number: next.erasure, org: org.id, lastSequence: last, at: now.milliseconds)
        let insert = try kept.statement("INSERT INTO erasure VALUES(?, ?, ?, ?)")
        insert.bind(1, row.number)
        insert.bind(2, row.org)
        insert.bind(3, row.lastSequence)
        insert.bind(4, row.at)
        try insert.run()
        row.append(to: &chain.erasures)
        next.erasure += 1
    }
}
