import Crypto
import Metering

// Refused usage that is kept: a line that was refused for good may be somebody's money.
extension SQLiteStore {
    /// What became of a record: if it was refused for good and its line is there, the line is kept in the same transaction.
    mutating func keepingRefused(
        _ outcome: Outcome, _ record: UsageRecord, _ received: Timestamp, _ peer: Peer?, _ line: KeptLine?,
        now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        guard case .refused(let refusal) = outcome else { return outcome }
        if refusal.code == .idConflict {
            quarantine.count { $0.addConflict(org: record.org, user: record.user, now: now) }
        }
        guard let line, Refusal.quarantinedCodes.contains(refusal.code) else { return outcome }
        return try keep(
            RefusedLine(
                refusal: refusal, id: record.id, org: record.org, user: record.user, received: received, peer: peer,
                line: line), now: now)
    }

    /// Keeps a refused line, once: an equal one is counted. What was refused stays refused, or becomes retryable if there is no
    /// room to keep it.
    mutating func keep(_ refused: RefusedLine, now: Timestamp) throws(SQLiteError) -> Outcome {
        let line = refused.line.bytes
        let hash = Array(SHA256.hash(data: line))
        let org = refused.org.flatMap { accounts.orgs[$0] }
        var answer = refused.refusal
        answer.isQuarantined = true
        if let number = try quarantined(hash) {
            quarantine.didRepeat(number, at: now)
            quarantine.count { $0.addRepeat(org: org?.name ?? "", now: now) }
            return .refused(answer)
        }
        let sender = refused.peer.map { $0.sender ?? "uid \($0.uid)" } ?? "nobody"
        guard
            quarantine.admit(Int64(line.count), org: org?.id, sender: sender, options.quarantine, now: now)
        else { return .refused(.quarantineFull) }
        let detail = QuarantineDetail(
            named: refused.org, id: refused.id, user: refused.user,
            message: String(refused.refusal.message.prefix(Self.messageMax)), line: line, peer: refused.peer)
        let row = QuarantineRow(
            number: next.quarantine, received: refused.received.milliseconds, org: org?.id,
            code: refused.refusal.code.rawValue, length: Int64(line.count),
            digest: chain.digest { detail.append(to: &$0) })
        let peer = try refused.peer.map { peer throws(SQLiteError) in try number(of: peer) }
        let insert = try kept.statement(
            """
            INSERT INTO quarantine(number, received, org, code, length, peer, digest, state, line_hash, named, id, user,
                message, line)
            VALUES(?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
            """)
        insert.bind(1, row.number)
        insert.bind(2, row.received)
        insert.bind(3, row.org)
        insert.bind(4, row.code)
        insert.bind(5, row.length)
        insert.bind(6, peer)
        insert.bind(7, blob: row.digest)
        insert.bind(8, blob: hash)
        insert.bind(9, detail.named)
        insert.bind(10, detail.id)
        insert.bind(11, detail.user)
        insert.bind(12, detail.message)
        insert.bind(13, blob: line)
        try insert.run()
        row.append(to: &chain.quarantines)
        next.quarantine += 1
        quarantine.didKeep(row.number, received: refused.received)
        quarantine.count { $0.addKept(refused.refusal.code, org: org?.name ?? "", now: now) }
        return .refused(answer)
    }

    /// Characters of a refusal's words that are kept.
    private static let messageMax = 500

    /// The line with that hash that waits. One that was decided about takes no further ones in: they are new lines.
    private func quarantined(_ hash: [UInt8]) throws(SQLiteError) -> Int64? {
        let select = try kept.statement("SELECT number FROM quarantine WHERE line_hash = ? AND state = 1")
        select.bind(1, blob: hash)
        defer { select.reset() }
        return try select.step() ? select.int(0) : nil
    }

    /// Writes how often equal lines came in the present batch.
    mutating func writeRepeats() throws(SQLiteError) {
        guard !quarantine.repeats.isEmpty else { return }
        let update = try kept.statement(
            "UPDATE quarantine SET repeats = repeats + ?, repeated = max(coalesce(repeated, 0), ?) WHERE number = ?")
        for (number, repeats) in quarantine.repeats {
            update.bind(1, repeats.count)
            update.bind(2, repeats.latest)
            update.bind(3, number)
            try update.run()
        }
    }

    // MARK: What time brings

    /// How long until something is to be erased or told; nil for never.
    var timeToTendQuarantine: Duration? {
        let due = [quarantine.erasureDue(options.quarantine), quarantine.tally.due].compactMap { $0 }.min()
        return due.map { .milliseconds(max(0, $0.milliseconds - options.clock().milliseconds)) }
    }

    /// Erases what is due, some lines in one commit, and tells of the hour that is over.
    mutating func tendQuarantine(_ now: Timestamp) throws(SQLiteError) {
        if !isTimeInDoubt, let due = quarantine.erasureDue(options.quarantine), due <= now { try eraseExpired(now) }
        if let due = quarantine.tally.due, due <= now || isClosing { try tellOfRefusals(now) }
    }

    /// Tells of what was refused since the last time, at the end: nobody would hear of it otherwise.
    mutating func tellTheRest() throws(StorageFailure) {
        guard !quarantine.tally.isEmpty else { return }
        isClosing = true
        _ = try commit(lots: [])
    }

    private mutating func tellOfRefusals(_ now: Timestamp) throws(SQLiteError) {
        let tally = quarantine.tally
        quarantine.count { $0 = RefusalTally() }
        let since = tally.since ?? now
        for (org, kept) in tally.kept.sorted(by: { $0.key < $1.key }) {
            var data = ["since": since.description, "lines": "\(kept.byCode.values.reduce(0, +))"]
            for (code, count) in kept.byCode { data[code.rawValue] = "\(count)" }
            if kept.repeats > 0 { data["repeats"] = "\(kept.repeats)" }
            try raise(.usageQuarantined, org, at: now, data)
        }
        for (org, users) in tally.conflicts.sorted(by: { $0.key < $1.key }) {
            // Names come from outside: escaped, and in quotes, so that none looks like another's count.
            let words = users.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { user, count in
                switch user {
                case "": "nobody: \(count)"
                case RefusalTally.others: "others: \(count)"
                default: "'\(PrintableText.escaped(user, isOneLine: true))': \(count)"
                }
            }
            try raise(
                .idConflicts, org, at: now,
                [
                    "since": since.description, "conflicts": "\(users.values.reduce(0, +))",
                    "users": words.joined(separator: ", "),
                ])
        }
    }
}
