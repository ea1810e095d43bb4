import GRDB
import Metering

// Bills: what billing works from, and what is shown of it.
extension LedgerReader {
    /// All that is on record of an org's bill at a moment; nil if there is no such org.
    public func billing(of org: String, at moment: Timestamp) async throws -> BillingRecord? {
        try await pool.read { database in
            guard let row = try Row.fetchOne(database, kept: Self.orgSQL + " WHERE org.name = ?", [org])
            else { return nil }
            let id: Int64 = row["id"]
            let newest = try Row.fetchOne(
                database,
                kept: """
                    SELECT change, state FROM billing JOIN billing_change ON number = change WHERE billing.org = ?
                    """, [id])
            let members = try Row.fetchOne(
                database,
                kept: """
                    SELECT count(*) AS count FROM member
                    WHERE org = ?1 AND (state = \(MemberState.active.rawValue) OR state = \(MemberState.invited.rawValue)
                        AND EXISTS(SELECT 1 FROM invitation WHERE member = member.id AND state = 1 AND expires > ?2))
                    """, [id, moment.milliseconds])
            return BillingRecord(
                change: newest?["change"] ?? 0, state: newest?["state"], org: try Self.org(row),
                balance: Money(nanos: row["balance"]), customerBalance: try Self.customerBalance(database, id),
                members: members?["count"] ?? 0, lastUsage: row["last_usage"],
                openPayments: try Self.payments(database, "payment.org = ? AND payment.state IN (1, 5)", [id]),
                openRefunds: try Self.refunds(database, "refund.org = ? AND refund.state <> 4", [id]),
                uninvoiced: try Self.payments(
                    database,
                    """
                    payment.org = ? AND payment.state = 2 AND payment.product IN (1, 2) AND payment.stands_on IS NULL
                    """, [id]),
                openInvoices: try Self.invoices(database, "invoice.org = ? AND invoice.state = 1", [id]))
        }
    }

    /// The steps of an org's bill that changed its subscription, newest first, each with the state before and after it.
    public func subscriptionSteps(of org: String, before cursor: Int64?, limit: Int) async throws -> Page<BillStep> {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                kept: """
                    SELECT step.number, step.at, step.kind, step.actor, step.state, earlier.state AS earlier
                    FROM billing_change AS step LEFT JOIN billing_change AS earlier ON earlier.number = step.previous
                    WHERE step.org = (SELECT id FROM org WHERE name = ?) AND step.number < ?
                        AND (json_extract(step.state, '$.subscription') IS NOT json_extract(earlier.state, '$.subscription')
                            OR json_extract(step.state, '$.cancellation') IS NOT json_extract(earlier.state, '$.cancellation'))
                    ORDER BY step.number DESC LIMIT ?
                    """, [org, cursor ?? Int64.max, limit + 1])
            return try Self.page(
                rows, limit: limit,
                {
                    BillStep(
                        number: $0["number"], at: Timestamp(milliseconds: $0["at"]), kind: $0["kind"],
                        actor: $0["actor"], before: $0["earlier"], after: $0["state"])
                }, { "\($0["number"] as Int64)" })
        }
    }

    /// What tells this ledger from all others, for names that are to be unique in the world.
    public func ledgerID() async throws -> String {
        try await pool.read { try String.fetchOne($0, sql: "SELECT value FROM meta WHERE name = 'ledger_id'") ?? "" }
    }

    /// Open payments of all orgs, without the ones of a gateway. It gives their numbers alone: a damaged row of one org is in no
    /// other's way.
    public func openPayments(notOf gateway: String, limit: Int) async throws -> [(payment: Int64, org: String)] {
        try await pool.read { database in
            try Row.fetchAll(
                database,
                kept: """
                    SELECT payment.id, org.name FROM payment JOIN org ON org.id = payment.org
                    WHERE payment.state IN (1, 5) AND payment.gateway <> ? ORDER BY payment.id LIMIT \(limit)
                    """, [gateway]
            ).map { ($0["id"], $0["name"]) }
        }
    }

    /// Orgs for which time has brought a step of their bill, the longest due first.
    public func dueBills(at now: Timestamp, limit: Int) async throws -> [String] {
        try await pool.read { database in
            try Row.fetchAll(
                database,
                kept: """
                    SELECT org.name FROM billing JOIN org ON org.id = billing.org WHERE due <= ? ORDER BY due LIMIT ?
                    """, [now.milliseconds, limit]
            ).map { $0["name"] }
        }
    }

    /// When time brings the next step of any org's bill; nil for never.
    public func nextBillDue() async throws -> Timestamp? {
        try await pool.read { database in
            try Row.fetchOne(database, kept: "SELECT min(due) AS due FROM billing WHERE due IS NOT NULL", [])?["due"]
                as Int64?
        }.map(Timestamp.init(milliseconds:))
    }

    /// An org's payments, newest first.
    public func payments(
        of org: String, before cursor: Int64?, limit: Int
    ) async throws -> (items: [PaymentRecord], nextCursor: String?) {
        let payments = try await pool.read { database in
            try Self.payments(
                database, "org.name = ? AND payment.id < ?", [org, cursor ?? Int64.max],
                "ORDER BY payment.id DESC LIMIT \(limit + 1)")
        }
        let shown = Array(payments.prefix(limit))
        return (shown, payments.count > limit ? shown.last.map { "\($0.payment)" } : nil)
    }

    /// An org's payment of that number.
    public func payment(_ number: Int64, of org: String) async throws -> PaymentRecord? {
        try await pool.read { try Self.payments($0, "org.name = ? AND payment.id = ?", [org, number]).first }
    }

    /// An org's invoices and credit notes, newest first.
    public func invoices(
        of org: String, before cursor: Int64?, limit: Int
    ) async throws -> (items: [InvoiceRecord], nextCursor: String?) {
        let invoices = try await pool.read { database in
            try Self.invoices(
                database, "org.name = ? AND invoice.id < ?", [org, cursor ?? Int64.max],
                "ORDER BY invoice.id DESC LIMIT \(limit + 1)")
        }
        let shown = Array(invoices.prefix(limit))
        return (shown, invoices.count > limit ? shown.last.map { "\($0.invoice)" } : nil)
    }

    /// An org's invoice, by what people call it or by the ledger's number.
    public func invoice(_ name: String, of org: String) async throws -> InvoiceRecord? {
        try await pool.read { database in
            // A series may end with digits, so that the number is what it is called, whole.
            let id =
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT invoice.id, series, number FROM invoice JOIN org ON org.id = invoice.org
                        WHERE org.name = ? AND substr(?, 1, length(series)) = series
                        """, arguments: [org, name]
                ).first { InvoiceRecord.number($0["series"], $0["number"]) == name }?["id"] as Int64?
            guard let id = id ?? Int64(name) else { return nil }
            return try Self.invoices(database, "org.name = ? AND invoice.id = ?", [org, id]).first
        }
    }

    /// The credit notes that take back a part of an invoice, the oldest first.
    public func creditNotes(of invoice: Int64) async throws -> [InvoiceRecord] {
        try await pool.read { try Self.invoices($0, "invoice.refers_to = ?", [invoice]) }
    }

    /// Whose payment that is; nil where there is none of that number.
    public func org(ofPayment number: Int64) async throws -> String? {
        try await pool.read {
            try String.fetchOne(
                $0, sql: "SELECT name FROM payment JOIN org ON org.id = payment.org WHERE payment.id = ?",
                arguments: [number])
        }
    }

    /// The payments whose sales stand on an invoice, and those that paid it or were to pay it, the oldest first.
    public func payments(ofInvoice id: Int64) async throws -> [PaymentRecord] {
        try await pool.read { try Self.payments($0, "payment.stands_on = ? OR payment.invoice = ?", [id, id]) }
    }

    static func payments(
        _ database: Database, _ condition: String, _ arguments: StatementArguments,
        _ order: String = "ORDER BY payment.id"
    ) throws -> [PaymentRecord] {
        try Row.fetchAll(
            database,
            kept: """
                SELECT payment.*, org.name AS org_name FROM payment JOIN org ON org.id = payment.org
                WHERE \(condition) \(order)
                """, arguments
        ).map { row in
            let words = "payment \(row["id"] as Int64)"
            let product = try SoldProduct(stored: row["product"] as Int64?, of: words)
            return PaymentRecord(
                payment: row["id"], org: row["org_name"],
                sale: product.map { Sale(product: $0, net: Money(nanos: row["net"]), tax: Money(nanos: row["tax"])) },
                invoice: row["invoice"] ?? row["stands_on"], amount: Money(nanos: row["amount"]),
                fromBalance: Money(nanos: row["from_balance"]), refunded: Money(nanos: row["refunded"]),
                returned: Money(nanos: row["returned"]), key: row["key"],
                gateway: row["gateway"], body: row["body"],
                state: try PaymentState(stored: row["state"] as Int64, of: words),
                reference: row["reference"], reason: row["reason"], created: Timestamp(milliseconds: row["created"]),
                settled: (row["settled"] as Int64?).map(Timestamp.init(milliseconds:)))
        }
    }

    private static func invoices(
        _ database: Database, _ condition: String, _ arguments: StatementArguments,
        _ order: String = "ORDER BY invoice.id"
    ) throws -> [InvoiceRecord] {
        try Row.fetchAll(
            database,
            kept: """
                SELECT invoice.*, org.name AS org_name FROM invoice JOIN org ON org.id = invoice.org
                WHERE \(condition) \(order)
                """, arguments
        ).map { row throws in
            let words = "invoice \(row["id"] as Int64)"
            let (net, tax): (Int64, Int64) = (row["net_due"], row["tax_due"])
            let notes = try Row.fetchAll(
                database, kept: "SELECT at, kind, actor, text FROM invoice_note WHERE invoice = ? ORDER BY number",
                [row["id"] as Int64])
            let payment: Int64? = row["payment"]
            let paidBy = try payment.flatMap { try Self.payments(database, "payment.id = ?", [$0]).first }
            return InvoiceRecord(
                invoice: row["id"], org: row["org_name"],
                kind: try InvoiceKind(stored: row["kind"] as Int64, of: words),
                number: InvoiceRecord.number(row["series"], row["number"]), net: Money(nanos: row["net"]),
                tax: Money(nanos: row["tax"]), due: Money(nanos: net + tax), refersTo: row["refers_to"],
                body: row["body"], issued: Timestamp(milliseconds: row["issued"]),
                state: try InvoiceState(stored: row["state"] as Int64, of: words),
                paid: (row["paid"] as Int64?).map(Timestamp.init(milliseconds:)), payment: payment,
                paidBy: paidBy,
                credited: Money(nanos: row["credited"]), settled: Money(nanos: row["settled"]),
                notes: try notes.map { note in
                    InvoiceNote(
                        at: Self.time(note["at"]),
                        kind: try NoteKind(stored: note["kind"] as Int64, of: "a note of \(words)").name,
                        actor: note["actor"], text: note["text"])
                })
        }
    }
}

extension Row {
    /// The rows of a statement that the connection keeps compiled: for what is asked again and again.
    static func fetchAll(_ database: Database, kept sql: String, _ arguments: StatementArguments) throws -> [Row] {
        try SQLRequest<Row>(sql: sql, arguments: arguments, cached: true).fetchAll(database)
    }

    /// The first of them.
    static func fetchOne(_ database: Database, kept sql: String, _ arguments: StatementArguments) throws -> Row? {
        try SQLRequest<Row>(sql: sql, arguments: arguments, cached: true).fetchOne(database)
    }
}
