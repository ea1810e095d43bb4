import Metering

/// What the transfers of each payment and each invoice come to, in nano-dollars.
struct BilledTotals {
    struct Payment: Equatable {
        var seats: Int64 = 0
        var credits: Int64 = 0
        var tax: Int64 = 0
        var paid: Int64 = 0
        var refunded: Int64 = 0
    }

    struct Invoice: Equatable {
        var seats: Int64 = 0
        var tax: Int64 = 0
        /// What a credit note gave back as credits.
        var credits: Int64 = 0
    }

    var payments: [Int64: Payment] = [:]
    var invoices: [Int64: Invoice] = [:]
}

extension Verifier {
    /// Takes a transfer of billing into account, and looks whether it moves what its code says.
    mutating func followBilling(
        _ number: Int64, _ code: TransferCode, _ reference: Int64, _ amount: Int64, debit: Int64, credit: Int64
    ) {
        func kind(_ account: Int64) -> AccountKind? { accounts[account].flatMap { AccountKind(rawValue: $0.kind) } }
        switch (code, kind(debit), kind(credit)) {
        case (.sale, .receivable, .seats): billed.payments[reference, default: .init()].seats &+= amount
        case (.sale, .receivable, .grants): billed.payments[reference, default: .init()].credits &+= amount
        case (.sale, .receivable, .tax): billed.payments[reference, default: .init()].tax &+= amount
        case (.payment, .payments, .receivable): billed.payments[reference, default: .init()].paid &+= amount
        case (.refund, .receivable, .payments): billed.payments[reference, default: .init()].refunded &+= amount
        case (.invoice, .receivable, .seats), (.creditNote, .seats, .receivable):
            billed.invoices[reference, default: .init()].seats &+= amount
        case (.invoice, .receivable, .tax), (.creditNote, .tax, .receivable):
            billed.invoices[reference, default: .init()].tax &+= amount
        case (.creditNote, .receivable, .grants): billed.invoices[reference, default: .init()].credits &+= amount
        default: report.add("transfer \(number) does not move what a \(code.name) moves")
        }
    }

    /// Compares payments and invoices with their transfers, and what each org owes with its open invoices.
    mutating func compareBilling() throws(SQLiteError) {
        var owed: [Int64: Int128] = [:]
        try comparePayments(&owed)
        try compareInvoices(&owed)
        for account in accounts.values where account.kind == AccountKind.receivable.rawValue {
            let due = account.org.flatMap { owed.removeValue(forKey: $0) } ?? 0
            let balance = account.credits - account.debits
            if balance != -due {
                report.add("account \(account.name): it is \(balance) nano-dollars, its open invoices \(due)")
            }
        }
        for org in owed.filter({ $0.value != 0 }).keys.sorted() {
            report.add("org \(org) owes, and has no account of what it owes")
        }
        let newest = try connection.prepare(
            """
            SELECT billing_change.org, max(number), billing.change FROM billing_change
            LEFT JOIN billing ON billing.org = billing_change.org GROUP BY billing_change.org
            """)
        while try newest.step() {
            if newest.optionalInt(2) != newest.int(1) {
                report.add("the bill of org \(newest.int(0)) is not as its newest change left it")
            }
        }
    }

    private mutating func comparePayments(_ owed: inout [Int64: Int128]) throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT payment.id, payment.org, payment.amount, product, payment.net, payment.tax, payment.invoice, payment.state,
                credit_grant.amount, invoice.net_due + invoice.tax_due, invoice.credited
            FROM payment LEFT JOIN invoice ON invoice.id = payment.invoice
            LEFT JOIN credit_grant ON credit_grant.org = payment.org AND credit_grant.key = 'payment-' || payment.id
            ORDER BY payment.id
            """)
        while try rows.step() {
            let number = rows.int(0)
            report.payments += 1
            if number != report.payments {
                report.add("payment \(number) stands where payment \(report.payments) is due: one is missing")
                report.payments = number
            }
            let amount = rows.int(2)
            let moved = billed.payments.removeValue(forKey: number) ?? .init()
            var expected = BilledTotals.Payment()
            var granted: Int64?
            let state = PaymentState(rawValue: rows.int(7))
            switch state {
            case .succeeded:
                expected.paid = amount
                switch rows.optionalInt(3).flatMap(SoldProduct.init) {
                case .seats: (expected.seats, expected.tax) = (rows.int(4), rows.int(5))
                case .credits:
                    (expected.credits, expected.tax) = (rows.int(4), rows.int(5))
                    granted = rows.int(4)
                case nil: break
                }
            case .refundDue:
                expected.paid = amount
                owed[rows.int(1), default: 0] -= Int128(amount)
            case .refunded: (expected.paid, expected.refunded) = (amount, amount)
            case .pending, .declined, .canceled, nil: break
            }
            if moved != expected || rows.optionalInt(8) != granted {
                report.add(
                    "payment \(number) is \(state?.name ?? "in no state"), and its transfers are not those of it")
            }
            // Credit notes may have come before it, or after.
            if let due = rows.optionalInt(9), amount > due || amount < due - rows.int(10) {
                report.add("payment \(number) is not what its invoice asks for")
            }
        }
        for number in billed.payments.keys.sorted() { report.add("payment \(number) moved money, and is not there") }
    }

    private mutating func compareInvoices(_ owed: inout [Int64: Int128]) throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT invoice.id, invoice.org, invoice.kind, series, number, invoice.net_due, invoice.tax_due, invoice.state,
                payment.state, payment.invoice, invoice.credited,
                (SELECT coalesce(sum(note.net_due + note.tax_due), 0) FROM invoice AS note WHERE note.refers_to = invoice.id),
                credit_grant.amount
            FROM invoice LEFT JOIN payment ON payment.id = invoice.payment
            LEFT JOIN credit_grant ON credit_grant.org = invoice.org AND credit_grant.key = 'credit-note-' || invoice.id
            ORDER BY invoice.id
            """)
        var numbers: [String: Int64] = [:]
        while try rows.step() {
            let id = rows.int(0)
            report.invoices += 1
            if id != report.invoices {
                report.add("invoice \(id) stands where invoice \(report.invoices) is due: one is missing")
                report.invoices = id
            }
            let series = rows.text(3) ?? ""
            numbers[series, default: 0] += 1
            if numbers[series] != rows.int(4) {
                report.add("invoice \(InvoiceRecord.number(series, rows.int(4))) does not follow the number before it")
                numbers[series] = rows.int(4)
            }
            let moved = billed.invoices.removeValue(forKey: id) ?? .init()
            let due = Int128(rows.int(5)) + Int128(rows.int(6))
            let (credited, isCreditNote) = (rows.int(10), rows.int(2) == InvoiceKind.creditNote.rawValue)
            let asCredits = isCreditNote ? rows.optionalInt(12) ?? 0 : 0
            if moved != BilledTotals.Invoice(seats: rows.int(5), tax: rows.int(6), credits: asCredits)
                || (asCredits != 0 && Int128(asCredits) != due)
            {
                report.add("invoice \(id): its transfers are not what it asks for")
            }
            if rows.int(11) != credited {
                report.add("invoice \(id): what was credited of it is not what its credit notes say")
            }
            let isOpen = rows.int(7) == InvoiceState.open.rawValue
            if isOpen { owed[rows.int(1), default: 0] += due - Int128(credited) }
            let isPaid = rows.optionalInt(8) == PaymentState.succeeded.rawValue && rows.optionalInt(9) == id
            // An invoice of which nothing is left waits for no payment, nor does a credit note.
            let isRight = due == Int128(credited) || isCreditNote ? !isOpen : isOpen != isPaid
            if !isRight {
                report.add("invoice \(id): whether it was paid is not what its payments say")
            }
        }
        for id in billed.invoices.keys.sorted() { report.add("invoice \(id) moved money, and is not there") }
    }
}
