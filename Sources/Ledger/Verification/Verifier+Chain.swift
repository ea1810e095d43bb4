import Metering

extension Verifier {
    /// Makes each commit's digest anew from its rows and the digest before, and each row's own from its detail.
    mutating func followChain() throws(SQLiteError) {
        var rows = try ChainRows(connection)
        var previous = CommitChain.Link()
        let commits = try connection.prepare("SELECT * FROM ledger_commit ORDER BY number")
        while try commits.step() {
            let link = CommitChain.Link(
                number: commits.int(0), at: commits.int(1),
                last: CommitChain.Last(
                    transfer: commits.int(2), usage: commits.int(3), hold: commits.int(4), grant: commits.int(5),
                    correction: commits.int(6), erasure: commits.int(7), org: commits.int(8), card: commits.int(9),
                    alias: commits.int(11), change: commits.int(12), payment: commits.int(13), invoice: commits.int(14),
                    note: commits.int(15), quarantine: commits.int(16), quarantineStep: commits.int(17),
                    orgAlias: commits.int(18), refund: commits.int(19), moneyReturn: commits.int(20),
                    audit: commits.int(21)),
                digest: commits.blob(10))
            report.commits += 1
            if link.number != report.commits {
                report.add("commit \(link.number) stands where commit \(report.commits) is due: one is missing")
                report.commits = link.number
            }
            let kinds = try rows.take(through: link.last, erasedThrough) { row in
                report.add("\(row): it is not what its own digest says; commit \(link.number) made it")
            }
            let digest = CommitChain.digest(of: link, after: previous.digest, rows: kinds)
            if digest != link.digest {
                report.add(
                    "commit \(link.number) of \(Timestamp(milliseconds: link.at)): its rows are not those that its digest covers"
                )
            }
            // What follows is compared with the digest that stands there, so that one change is told once.
            previous = link
        }
        let rest = try rows.remaining()
        if rest > 0 { report.add("\(rest) rows stand behind the last commit of the chain") }
    }
}

/// The rows of the chain, kind by kind, in step with the commits.
private struct ChainRows {
    private let transfers, usage, holds, grants, corrections, erasures, orgs, cards, aliases: SQLiteStatement
    private let changes, payments, invoices, notes, refunds, returns, audits: SQLiteStatement
    private let refused: RefusedRows
    private var all: [SQLiteStatement] {
        [
            transfers, usage, holds, grants, corrections, erasures, orgs, cards, aliases, changes, payments, invoices,
            notes,
        ] + refused.statements + [refunds, returns, audits]
    }
    private var scratch = RowBytes()

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        transfers = try connection.prepare(
            """
            SELECT id, previous, debit_account, credit_account, amount, code, reference, at, pending, draws FROM transfer
            ORDER BY id
            """)
        usage = try connection.prepare(
            """
            SELECT sequence, previous, org, status, cost, card, balance, held, hold_number, hold_state, transfer, digest,
                usage.id, user, model, provider, at, received, at_given, tier, hold, usage, tags, billed_tier,
                tier_fell_back, lines, uid, pid, sender
            FROM usage LEFT JOIN peer ON peer.id = usage.peer ORDER BY sequence
            """)
        holds = try connection.prepare(
            """
            SELECT number, org, ttl, amount, balance, available, created, expires, transfer, digest, id, user, model,
                provider, tier, usage, terms, worst
            FROM hold ORDER BY number
            """)
        grants = try connection.prepare(
            """
            SELECT id, org, amount, source, priority, expires, reason, key, transfer, balance_after, created
            FROM credit_grant ORDER BY id
            """)
        corrections = try connection.prepare(
            """
            SELECT correction.number, correction.usage, correction.previous, kind, correction.at, correction.cost,
                correction.card, correction.transfer, correction.digest, reason, actor, raw, correction.billed_tier,
                correction.tier_fell_back, correction.lines, usage.org, usage.usage = ''
            FROM correction LEFT JOIN usage ON usage.sequence = correction.usage ORDER BY correction.number
            """)
        erasures = try connection.prepare("SELECT number, org, last_sequence, at FROM erasure ORDER BY number")
        orgs = try connection.prepare(
            """
            SELECT org.id, name, created, account.id FROM org LEFT JOIN account ON account.org = org.id AND kind = 1
            ORDER BY org.id
            """)
        cards = try connection.prepare("SELECT id, hash, effective, recorded FROM rate_card ORDER BY id")
        aliases = try connection.prepare(
            "SELECT id, alias, model, provider, recorded, actor FROM rate_alias ORDER BY id")
        changes = try connection.prepare(
            "SELECT number, org, previous, at, kind, actor, state FROM billing_change ORDER BY number")
        payments = try connection.prepare(
            "SELECT id, org, amount, product, net, tax, invoice, key, gateway, body, created, from_balance, member FROM payment ORDER BY id"
        )
        invoices = try connection.prepare(
            """
            SELECT id, org, kind, series, number, net, tax, net_due, tax_due, refers_to, body, issued FROM invoice
            ORDER BY id
            """)
        notes = try connection.prepare(
            "SELECT number, invoice, at, kind, actor, text FROM invoice_note ORDER BY number")
        refunds = try connection.prepare(
            "SELECT id, org, payment, cause, net, tax, note, gateway, reason, created FROM refund ORDER BY id")
        returns = try connection.prepare(
            """
            SELECT id, org, payment, kind, reinstated, amount, credits, tax, carried, fee, excess, reference, reason, created
            FROM payment_return ORDER BY id
            """)
        audits = try connection.prepare(
            "SELECT number, org, at, action, uid, member, subject, change, digest, detail FROM audit ORDER BY number")
        let erasures = try connection.prepare(
            """
            SELECT org, subject, max(number) FROM audit WHERE action = '\(SQLiteStore.erasure)' GROUP BY org, subject
            """)
        while try erasures.step() {
            if let subject = erasures.optionalInt(1) {
                erasedSubjects[subject] = max(erasedSubjects[subject] ?? 0, erasures.int(2))
            } else {
                erasedTeams[erasures.int(0)] = erasures.int(2)
            }
        }
        refused = try RefusedRows(connection)
        for statement in all { ahead.append(try statement.step()) }
    }

    // The newest audit rows that say that detail was erased: by subject, and by org.
    private var erasedSubjects: [Int64: Int64] = [:]
    private var erasedTeams: [Int64: Int64] = [:]

    // Whether each statement, in that order, stands on a row.
    private var ahead: [Bool] = []

    private mutating func each(
        _ kind: Int, _ rows: SQLiteStatement, through last: Int64, _ body: (inout RowBytes, inout RowBytes) -> Void
    ) throws(SQLiteError) -> RowBytes {
        var bytes = RowBytes()
        while ahead[kind], rows.int(0) <= last {
            body(&bytes, &scratch)
            ahead[kind] = try rows.step()
        }
        return bytes
    }

    mutating func take(
        through last: CommitChain.Last, _ erasedThrough: [Int64: Int64], _ problem: (String) -> Void
    ) throws(SQLiteError) -> [RowBytes] {
        func check(_ what: @autoclosure () -> String, _ stored: [UInt8], _ scratch: inout RowBytes) {
            if scratch.digest != stored { problem(what()) }
            scratch.removeAll()
        }
        let (erasedSubjects, erasedTeams) = (erasedSubjects, erasedTeams)
        // Whether a later row says that this one's detail was erased: of its subject, or of everybody of its org.
        func isErased(_ row: AuditRow) -> Bool {
            guard let subject = row.subject else { return false }
            return erasedSubjects[subject] ?? 0 > row.number || row.org.flatMap { erasedTeams[$0] } ?? 0 > row.number
        }
        func mayBeErased(_ org: Int64, _ sequence: Int64) -> Bool { sequence <= erasedThrough[org] ?? 0 }
        return [
            try each(0, transfers, through: last.transfer) { [transfers] bytes, _ in
                TransferRow(
                    id: transfers.int(0), previous: transfers.int(1), debit: transfers.int(2),
                    credit: transfers.int(3), amount: transfers.int(4), code: transfers.int(5),
                    reference: transfers.int(6), at: transfers.int(7), pending: transfers.int(8),
                    draws: transfers.optionalBlob(9)
                ).append(to: &bytes)
            },
            try each(1, usage, through: last.usage) { [usage] bytes, scratch in
                let row = UsageRow(
                    sequence: usage.int(0), previous: usage.int(1), org: usage.int(2), status: usage.int(3),
                    cost: usage.int(4), card: usage.optionalInt(5), balance: usage.int(6), held: usage.int(7),
                    holdNumber: usage.optionalInt(8), holdState: usage.optionalInt(9),
                    transfer: usage.optionalInt(10), digest: usage.blob(11))
                row.append(to: &bytes)
                if !Self.areFlags(usage.int(18), usage.int(24)) { problem("usage record \(row.sequence)") }
                if usage.text(21) == "", mayBeErased(row.org, row.sequence) { return }
                UsageDetail(
                    id: usage.text(12) ?? "", user: usage.text(13), model: usage.text(14) ?? "",
                    provider: usage.text(15), at: usage.int(16), received: usage.int(17),
                    isAtGiven: usage.int(18) == 1, tier: usage.int(19), hold: usage.text(20),
                    usage: usage.text(21) ?? "", tags: usage.text(22), billedTier: usage.int(23),
                    tierFellBack: usage.int(24) == 1, lines: usage.blob(25),
                    peer: usage.optionalInt(26).map {
                        Peer(
                            uid: UInt32(truncatingIfNeeded: $0), pid: Int32(truncatingIfNeeded: usage.int(27)),
                            sender: usage.text(28))
                    }
                ).append(to: &scratch)
                check("usage record \(row.sequence)", row.digest, &scratch)
            },
            try each(2, holds, through: last.hold) { [holds] bytes, scratch in
                let row = HoldRow(
                    number: holds.int(0), org: holds.int(1), ttl: holds.int(2), amount: holds.int(3),
                    balance: holds.int(4), available: holds.int(5), created: holds.int(6), expires: holds.int(7),
                    transfer: holds.optionalInt(8), digest: holds.blob(9))
                row.append(to: &bytes)
                HoldDetail(
                    id: holds.text(10) ?? "", user: holds.text(11), model: holds.text(12), provider: holds.text(13),
                    tier: holds.int(14), usage: holds.text(15), terms: holds.text(16), worst: holds.optionalInt(17)
                ).append(to: &scratch)
                check("hold \(row.number)", row.digest, &scratch)
            },
            try each(3, grants, through: last.grant) { [grants] bytes, _ in
                GrantRow(
                    id: grants.int(0), org: grants.int(1), amount: grants.int(2), source: grants.int(3),
                    priority: grants.int(4), expires: grants.optionalInt(5), reason: grants.text(6),
                    key: grants.text(7) ?? "", transfer: grants.int(8), balanceAfter: grants.int(9),
                    created: grants.int(10)
                ).append(to: &bytes)
            },
            try each(4, corrections, through: last.correction) { [corrections] bytes, scratch in
                let row = CorrectionRow(
                    number: corrections.int(0), usage: corrections.int(1), previous: corrections.int(2),
                    kind: corrections.int(3), at: corrections.int(4), cost: corrections.int(5),
                    card: corrections.optionalInt(6), transfer: corrections.optionalInt(7),
                    digest: corrections.blob(8))
                row.append(to: &bytes)
                if !Self.areFlags(corrections.int(13), 0) { problem("correction \(row.number)") }
                if corrections.int(16) == 1, mayBeErased(corrections.int(15), row.usage) { return }
                CorrectionDetail(
                    reason: corrections.text(9), actor: corrections.text(10), raw: corrections.text(11),
                    billedTier: corrections.int(12), tierFellBack: corrections.int(13) == 1,
                    lines: corrections.blob(14)
                ).append(to: &scratch)
                check("correction \(row.number)", row.digest, &scratch)
            },
            try each(5, erasures, through: last.erasure) { [erasures] bytes, _ in
                ErasureRow(
                    number: erasures.int(0), org: erasures.int(1), lastSequence: erasures.int(2), at: erasures.int(3)
                ).append(to: &bytes)
            },
            try each(6, orgs, through: last.org) { [orgs] bytes, _ in
                OrgRow(id: orgs.int(0), name: orgs.text(1) ?? "", created: orgs.int(2), account: orgs.int(3))
                    .append(to: &bytes)
            },
            try each(7, cards, through: last.card) { [cards] bytes, _ in
                CardRow(id: cards.int(0), hash: cards.text(1) ?? "", effective: cards.int(2), recorded: cards.int(3))
                    .append(to: &bytes)
            },
            try each(8, aliases, through: last.alias) { [aliases] bytes, _ in
                AliasRow(
                    id: aliases.int(0), alias: aliases.text(1) ?? "", model: aliases.text(2),
                    provider: aliases.text(3), recorded: aliases.int(4), actor: aliases.text(5) ?? ""
                ).append(to: &bytes)
            },
            try each(9, changes, through: last.change) { [changes] bytes, _ in
                ChangeRow(
                    number: changes.int(0), org: changes.int(1), previous: changes.int(2), at: changes.int(3),
                    kind: changes.text(4) ?? "", actor: changes.text(5) ?? "", state: changes.text(6) ?? ""
                ).append(to: &bytes)
            },
            try each(10, payments, through: last.payment) { [payments] bytes, _ in
                PaymentRow(
                    id: payments.int(0), org: payments.int(1), amount: payments.int(2),
                    product: payments.optionalInt(3), net: payments.optionalInt(4), tax: payments.optionalInt(5),
                    invoice: payments.optionalInt(6), key: payments.text(7) ?? "", gateway: payments.text(8) ?? "",
                    body: payments.text(9) ?? "", created: payments.int(10), fromBalance: payments.int(11),
                    member: payments.optionalInt(12)
                ).append(to: &bytes)
            },
            try each(11, invoices, through: last.invoice) { [invoices] bytes, _ in
                InvoiceRow(
                    id: invoices.int(0), org: invoices.int(1), kind: invoices.int(2), series: invoices.text(3) ?? "",
                    number: invoices.int(4), net: invoices.int(5), tax: invoices.int(6), netDue: invoices.int(7),
                    taxDue: invoices.int(8), refersTo: invoices.optionalInt(9), body: invoices.text(10) ?? "",
                    issued: invoices.int(11)
                ).append(to: &bytes)
            },
            try each(12, notes, through: last.note) { [notes] bytes, _ in
                NoteRow(
                    number: notes.int(0), invoice: notes.int(1), at: notes.int(2), kind: notes.int(3),
                    actor: notes.text(4) ?? "", text: notes.text(5) ?? ""
                ).append(to: &bytes)
            },
            try each(13, refused.lines, through: last.quarantine) { [refused] bytes, scratch in
                guard let digest = refused.appendLine(to: &bytes, &scratch) else { return }
                check("quarantined line \(refused.lines.int(0))", digest, &scratch)
            },
            try each(14, refused.steps, through: last.quarantineStep) { [refused] bytes, _ in
                refused.appendStep(to: &bytes)
            },
            try each(15, refused.aliases, through: last.orgAlias) { [refused] bytes, _ in
                refused.appendAlias(to: &bytes)
            },
            try each(16, refunds, through: last.refund) { [refunds] bytes, _ in
                RefundRow(
                    id: refunds.int(0), org: refunds.int(1), payment: refunds.int(2), cause: refunds.int(3),
                    net: refunds.int(4), tax: refunds.int(5), note: refunds.optionalInt(6),
                    gateway: refunds.text(7) ?? "", reason: refunds.text(8) ?? "", created: refunds.int(9)
                ).append(to: &bytes)
            },
            try each(17, returns, through: last.moneyReturn) { [returns] bytes, _ in
                ReturnRow(
                    id: returns.int(0), org: returns.int(1), payment: returns.int(2), kind: returns.int(3),
                    reinstated: returns.int(4), amount: returns.int(5), credits: returns.int(6), tax: returns.int(7),
                    carried: returns.int(8), fee: returns.int(9), excess: returns.int(10), reference: returns.text(11),
                    reason: returns.text(12) ?? "", created: returns.int(13)
                ).append(to: &bytes)
            },
            try each(18, audits, through: last.audit) { [audits] bytes, scratch in
                let row = AuditRow(
                    number: audits.int(0), org: audits.optionalInt(1), at: audits.int(2), action: audits.text(3) ?? "",
                    uid: audits.optionalInt(4), member: audits.optionalInt(5), subject: audits.optionalInt(6),
                    change: audits.optionalInt(7), digest: audits.blob(8))
                row.append(to: &bytes)
                guard let detail = audits.text(9) else {
                    if !isErased(row) { problem("audit row \(row.number)") }
                    return
                }
                AuditRow.append(detail: detail, to: &scratch)
                check("audit row \(row.number)", row.digest, &scratch)
            },
        ]
    }

    /// Whether both are nothing but yes or no.
    private static func areFlags(_ one: Int64, _ other: Int64) -> Bool { (one | other) >> 1 == 0 }

    /// Rows that no commit covers.
    mutating func remaining() throws(SQLiteError) -> Int {
        var count = 0
        for (kind, statement) in all.enumerated() {
            while ahead[kind] {
                count += 1
                ahead[kind] = try statement.step()
            }
        }
        return count
    }
}
