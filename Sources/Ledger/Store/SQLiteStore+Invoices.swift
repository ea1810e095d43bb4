import Metering

// Invoices, credit notes, and what is said about them.
extension SQLiteStore {
    mutating func issue(_ new: NewInvoice, of org: Org, _ now: Timestamp) throws(SQLiteError) -> Int64 {
        let last = try kept.statement("SELECT max(number) FROM invoice WHERE series = ?")
        last.bind(1, new.series)
        _ = try last.step()
        let number = last.int(0) + 1
        last.reset()
        let row = InvoiceRow(
            id: next.invoice, org: org.id, kind: new.kind.rawValue, series: new.series, number: number,
            net: new.net.nanos, tax: new.tax.nanos, netDue: new.netDue.nanos, taxDue: new.taxDue.nanos,
            refersTo: new.refersTo, body: new.body, issued: now.milliseconds)
        let insert = try kept.statement(
            "INSERT INTO invoice VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0, NULL, NULL, 0)")
        insert.bind(1, row.id)
        insert.bind(2, row.org)
        insert.bind(3, row.kind)
        insert.bind(4, row.series)
        insert.bind(5, row.number)
        insert.bind(6, row.net)
        insert.bind(7, row.tax)
        insert.bind(8, row.netDue)
        insert.bind(9, row.taxDue)
        insert.bind(10, row.refersTo)
        insert.bind(11, row.body)
        insert.bind(12, row.issued)
        let isDue = new.kind == .invoice && (row.netDue > 0 || row.taxDue > 0)
        insert.bind(13, (isDue ? InvoiceState.open : .paid).rawValue)
        insert.bind(14, isDue ? nil : now.milliseconds)
        try insert.run()
        row.append(to: &chain.invoices)
        next.invoice += 1

        let receivable = try receivable(of: org)
        let first = next.transfer
        switch new.kind {
        case .invoice:
            try move(row.netDue, receivable, accounts.seats, .invoice, row.id, org, now)
            try move(row.taxDue, receivable, accounts.tax, .invoice, row.id, org, now)
        case .creditNote:
            try move(row.netDue, accounts.seats, receivable, .creditNote, row.id, org, now)
            try move(row.taxDue, accounts.tax, receivable, .creditNote, row.id, org, now)
            try credit(row, of: org, now)
        }
        if next.transfer > first {
            let update = try kept.statement("UPDATE invoice SET first_transfer = ?, last_transfer = ? WHERE id = ?")
            update.bind(1, first)
            update.bind(2, next.transfer - 1)
            update.bind(3, row.id)
            try update.run()
        }
        let stand = try kept.statement(
            "UPDATE payment SET stands_on = ? WHERE id = ? AND org = ? AND stands_on IS NULL")
        for payment in new.payments {
            stand.bind(1, row.id)
            stand.bind(2, payment)
            stand.bind(3, org.id)
            try stand.run()
        }
        return row.id
    }

    /// Takes what a credit note says off its invoice: first of what is open. What was paid is not due any more; the change says where
    /// it goes.
    mutating func credit(_ note: InvoiceRow, of org: Org, _ now: Timestamp) throws(SQLiteError) {
        let amount = note.netDue + note.taxDue
        guard amount > 0 else { return }
        let select = try kept.statement(
            "SELECT net_due + tax_due - credited - settled FROM invoice WHERE id = ? AND kind = 1")
        select.bind(1, note.refersTo)
        guard try select.step() else { throw SQLiteError.damaged("an invoice that is credited is missing") }
        let open = max(0, select.int(0))
        select.reset()
        let update = try kept.statement(
            """
            UPDATE invoice SET credited = credited + ?, settled = settled - ?, state = ?, paid = coalesce(paid, ?)
            WHERE id = ?
            """)
        let isSettled = amount >= open
        update.bind(1, amount)
        update.bind(2, max(0, amount - open))
        update.bind(3, (isSettled ? InvoiceState.paid : .open).rawValue)
        update.bind(4, isSettled ? now.milliseconds : nil)
        update.bind(5, note.refersTo)
        try update.run()
    }

    /// What is left to be credited of an invoice; nil where the org has no such one.
    func uncredited(of invoice: Int64, _ org: Org) throws(SQLiteError) -> Int64? {
        let row = try kept.statement(
            "SELECT net_due + tax_due - credited FROM invoice WHERE id = ? AND org = ? AND kind = ?")
        row.bind(1, invoice)
        row.bind(2, org.id)
        row.bind(3, InvoiceKind.invoice.rawValue)
        defer { row.reset() }
        return try row.step() ? row.int(0) : nil
    }

    mutating func note(
        _ invoice: Int64, _ kind: NoteKind, _ text: String, by actor: String, _ now: Timestamp
    ) throws(SQLiteError) {
        let row = NoteRow(
            number: next.note, invoice: invoice, at: now.milliseconds, kind: kind.rawValue, actor: actor, text: text)
        let insert = try kept.statement("INSERT INTO invoice_note VALUES(?, ?, ?, ?, ?, ?)")
        for (position, value) in [row.number, row.invoice, row.at, row.kind].enumerated() {
            insert.bind(Int32(position) + 1, value)
        }
        insert.bind(5, row.actor)
        insert.bind(6, row.text)
        try insert.run()
        row.append(to: &chain.notes)
        next.note += 1
    }

    func number(ofInvoice id: Int64) throws(SQLiteError) -> String? {
        let row = try kept.statement("SELECT series, number FROM invoice WHERE id = ?")
        row.bind(1, id)
        defer { row.reset() }
        return try row.step() ? InvoiceRecord.number(row.text(0) ?? "", row.int(1)) : nil
    }
}
