import Metering

// What operators decide about quarantined lines, and what a retention erases of them.
extension SQLiteStore {
    /// Takes a quarantined line as a usage record, once.
    ///
    /// It is charged as any record is: the cards of its time, the grants, limits and periods of this commit. The moment at which
    /// the line was received stands for a missing `at` and dates the time window.
    mutating func take(
        _ retry: QuarantineRetry, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: "", { .quarantined($0, isReplay: true) }) { return answered }
        guard let line = try quarantinedLine(retry.number) else { return Self.noLine(retry.number) }
        switch line.state {
        case .taken: return .quarantined(try decision(retry.number), isReplay: false)
        case .discarded, .expired:
            return .refused(Refusal(.conflict, "quarantined line \(retry.number) is \(line.state.name) already"))
        case .kept: break
        }
        let outcome = try charge(
            retry.record, nil, received: now, first: Timestamp(milliseconds: line.received), line.peer, nil, now: now)
        guard case .usage(let reply) = outcome else { return outcome }
        let record = retry.record
        guard let org = accounts.orgs[record.org],
            let sequence = try sequence(index.hash(org: org.id, id: record.id), org: org, id: record.id)
        else { throw SQLiteError.damaged("the record of quarantined line \(retry.number) is not there") }
        try decide(
            retry.number, .taken, as: .taken, usage: sequence, newAt: retry.at, newID: retry.id, actor: retry.actor,
            now: now)
        let view = QuarantineDecisionView(
            number: retry.number, state: QuarantineState.taken.name, sequence: sequence, org: record.org, id: record.id,
            status: reply.status.name, cost: reply.cost.description)
        try remember(view, under: key, org: "", now: now)
        return .quarantined(view, isReplay: false)
    }

    /// Decides that a line is nothing to charge.
    mutating func discard(
        _ number: Int64, isErased: Bool, actor: String, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: "", { .quarantined($0, isReplay: true) }) { return answered }
        guard let line = try quarantinedLine(number) else { return Self.noLine(number) }
        switch line.state {
        case .taken: return .refused(Refusal(.conflict, "quarantined line \(number) was taken already"))
        case .kept: try decide(number, .discarded, as: .discarded, actor: actor, now: now)
        case .discarded, .expired: break
        }
        if isErased, line.isThere {
            try erase(number, now: now, actor: actor)
            try didErase()
        }
        let state: QuarantineState = line.state == .expired ? .expired : .discarded
        let view = QuarantineDecisionView(
            number: number, state: state.name, sequence: nil, org: nil, id: nil, status: nil, cost: nil)
        try remember(view, under: key, org: "", now: now)
        return .quarantined(view, isReplay: false)
    }

    private struct QuarantinedLine {
        let state: QuarantineState
        let received: Int64
        let peer: Peer?
        let isThere: Bool
    }

    private func quarantinedLine(_ number: Int64) throws(SQLiteError) -> QuarantinedLine? {
        let select = try kept.statement(
            """
            SELECT state, received, uid, pid, sender, line_hash IS NOT NULL
            FROM quarantine LEFT JOIN peer ON peer.id = quarantine.peer WHERE number = ?
            """)
        select.bind(1, number)
        defer { select.reset() }
        guard try select.step() else { return nil }
        guard let state = QuarantineState(rawValue: select.int(0)) else {
            throw SQLiteError.damaged("the row of quarantined line \(number) is damaged")
        }
        return QuarantinedLine(
            state: state, received: select.int(1),
            peer: select.optionalInt(2).map {
                Peer(
                    uid: UInt32(truncatingIfNeeded: $0), pid: Int32(truncatingIfNeeded: select.int(3)),
                    sender: select.text(4))
            }, isThere: select.int(5) == 1)
    }

    private static func noLine(_ number: Int64) -> Outcome {
        .refused(Refusal(.notFound, "there is no quarantined line \(number); meterctl quarantine list shows them"))
    }

    /// What was decided about a line that was taken before.
    private func decision(_ number: Int64) throws(SQLiteError) -> QuarantineDecisionView {
        let select = try kept.statement(
            """
            SELECT usage.sequence, org.name, usage.id, usage.status, usage.cost
            FROM quarantine JOIN quarantine_step ON quarantine_step.number = quarantine.step
            JOIN usage ON usage.sequence = quarantine_step.usage JOIN org ON org.id = usage.org
            WHERE quarantine.number = ?
            """)
        select.bind(1, number)
        defer { select.reset() }
        guard try select.step() else {
            throw SQLiteError.damaged("the record of quarantined line \(number) is not there")
        }
        return QuarantineDecisionView(
            number: number, state: QuarantineState.taken.name, sequence: select.int(0), org: select.text(1),
            id: select.text(2),
            status: try ChargeStatus(stored: select.int(3), of: "usage record \(select.int(0))").name,
            cost: Money(nanos: select.int(4)).description)
    }

    private mutating func decide(
        _ number: Int64, _ state: QuarantineState, as kind: QuarantineStep, usage: Int64? = nil,
        newAt: Timestamp? = nil, newID: String? = nil, actor: String, now: Timestamp
    ) throws(SQLiteError) {
        let step = try add(
            QuarantineStepRow(
                number: next.quarantineStep, quarantine: number, kind: kind.rawValue, at: now.milliseconds,
                usage: usage, newAt: newAt?.milliseconds, newID: newID, actor: actor))
        let update = try kept.statement("UPDATE quarantine SET state = ?, step = ? WHERE number = ?")
        update.bind(1, state.rawValue)
        update.bind(2, step)
        update.bind(3, number)
        try update.run()
    }

    private mutating func add(_ row: QuarantineStepRow) throws(SQLiteError) -> Int64 {
        let insert = try kept.statement(
            """
            INSERT INTO quarantine_step(number, quarantine, kind, at, usage, new_at, new_id, actor)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?)
            """)
        insert.bind(1, row.number)
        insert.bind(2, row.quarantine)
        insert.bind(3, row.kind)
        insert.bind(4, row.at)
        insert.bind(5, row.usage)
        insert.bind(6, row.newAt)
        insert.bind(7, row.newID)
        insert.bind(8, row.actor)
        try insert.run()
        row.append(to: &chain.quarantineSteps)
        next.quarantineStep += 1
        return row.number
    }

    // MARK: Erasure

    /// Lines whose text is erased in one commit, beside what was asked for.
    private static let erasedAtOnce = 256
    private static let retention = "retention"

    /// Erases the text of the oldest lines whose retention has passed, some in one commit.
    mutating func eraseExpired(_ now: Timestamp) throws(SQLiteError) {
        let due = now.advanced(bySeconds: -options.quarantine.retentionSeconds).milliseconds
        let select = try kept.statement(
            """
            SELECT number, received FROM quarantine INDEXED BY quarantine_detail WHERE line_hash IS NOT NULL
            ORDER BY number LIMIT ?
            """)
        select.bind(1, Int64(Self.erasedAtOnce))
        var numbers: [Int64] = []
        while try select.step(), select.int(1) <= due { numbers.append(select.int(0)) }
        select.reset()
        if let last = numbers.last {
            _ = try add(
                QuarantineStepRow(
                    number: next.quarantineStep, quarantine: last, kind: QuarantineStep.erasedThrough.rawValue,
                    at: now.milliseconds, actor: Self.retention))
        }
        for number in numbers { try eraseText(of: number) }
        try didErase()
    }

    /// Erases the text of some of an org's lines, lines with another name of the org included.
    mutating func eraseQuarantined(
        of name: String, limit: Int, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        let select = try kept.statement(
            """
            SELECT number FROM quarantine INDEXED BY quarantine_by_name WHERE named = ? AND line_hash IS NOT NULL
            ORDER BY number LIMIT ?
            """)
        var numbers: [Int64] = []
        for named in [name] + orgNames.names(of: name) {
            select.bind(1, named)
            select.bind(2, Int64(limit - numbers.count))
            while try select.step() { numbers.append(select.int(0)) }
            select.reset()
        }
        for number in numbers { try erase(number, now: now, actor: Self.retention) }
        if !numbers.isEmpty { try didErase() }
        return .erased(next: numbers.count < limit ? nil : numbers.last)
    }

    private mutating func erase(_ number: Int64, now: Timestamp, actor: String) throws(SQLiteError) {
        _ = try add(
            QuarantineStepRow(
                number: next.quarantineStep, quarantine: number, kind: QuarantineStep.erased.rawValue,
                at: now.milliseconds, actor: actor))
        try eraseText(of: number)
    }

    private mutating func eraseText(of number: Int64) throws(SQLiteError) {
        let length = try kept.statement("SELECT length FROM quarantine WHERE number = ? AND line_hash IS NOT NULL")
        length.bind(1, number)
        guard try length.step() else { return length.reset() }
        quarantine.didErase(length.int(0))
        length.reset()
        let update = try kept.statement(
            """
            UPDATE quarantine SET line_hash = NULL, named = NULL, id = NULL, user = NULL, message = NULL, line = NULL,
                state = CASE state WHEN 1 THEN 4 ELSE state END WHERE number = ?
            """)
        update.bind(1, number)
        try update.run()
    }

    /// Finds the oldest line whose text is left.
    private mutating func didErase() throws(SQLiteError) {
        let select = try kept.statement(
            """
            SELECT number, received FROM quarantine INDEXED BY quarantine_detail WHERE line_hash IS NOT NULL
            ORDER BY number LIMIT 1
            """)
        defer { select.reset() }
        quarantine.setOldest(try select.step() ? (select.int(0), select.int(1)) : nil)
    }
}
