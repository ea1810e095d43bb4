import Metering

/// What the transfers of each payment, invoice, refund and return come to, in nano-dollars.
struct BilledTotals {
    struct Payment: Equatable {
        var seats: Int64 = 0
        var credits: Int64 = 0
        var balance: Int64 = 0
        var tax: Int64 = 0
        var paid: Int64 = 0
        /// What the customer's balance paid; below zero, what was carried over and collected.
        var fromBalance: Int64 = 0
        /// What went back before refunds had rows of their own.
        var refunded: Int64 = 0
    }

    struct Invoice: Equatable {
        var seats: Int64 = 0
        var tax: Int64 = 0
        /// What a credit note gave back as credits, before there was a customer's balance.
        var credits: Int64 = 0
        /// What a credit note gave back to the customer's balance.
        var toBalance: Int64 = 0
        /// What the customer's balance paid; below zero, what was carried over and is collected.
        var fromBalance: Int64 = 0
    }

    struct Refund: Equatable {
        var taken: Int64 = 0
        var credits: Int64 = 0
        var tax: Int64 = 0
        var balance: Int64 = 0
        var paid: Int64 = 0
    }

    /// Of what is taken; what is given again counts below zero.
    struct Return: Equatable {
        var amount: Int64 = 0
        var taken: Int64 = 0
        var credits: Int64 = 0
        var tax: Int64 = 0
        var carried: Int64 = 0
        var fee: Int64 = 0
    }

    var payments: [Int64: Payment] = [:]
    var invoices: [Int64: Invoice] = [:]
    var refunds: [Int64: Refund] = [:]
    var returns: [Int64: Return] = [:]

    // What the rows say, for the rows that they are compared with.

    /// Paid of each invoice, by payments and less returns.
    var paidOfInvoice: [Int64: Int64] = [:]
    /// What went back of each payment: by refunds, and otherwise.
    var refundedOfPayment: [Int64: Int64] = [:]
    var returnedOfPayment: [Int64: Int64] = [:]
    /// Payments in vain that went back by a refund with a row of its own; false while it is still to go.
    var inVain: [Int64: Bool] = [:]
    /// What refunds give back of each credit note.
    var refundedOfNote: [Int64: Int64] = [:]
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
        default:
            if followMoneyBack(code, reference, amount, kind(debit), kind(credit)) { return }
            report.add("transfer \(number) does not move what a \(code.name) moves")
        }
    }

    /// Compares payments and invoices with their transfers, and what each org owes with its open invoices.
    mutating func compareBilling() throws(SQLiteError) {
        var owed: [Int64: Int128] = [:]
        try compareRefunds(&owed)
        try compareReturns()
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
                credit_grant.amount, from_balance, refunded, returned
            FROM payment
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
            let (amount, fromBalance) = (rows.int(2), rows.int(9))
            let received = amount &- fromBalance
            let moved = billed.payments.removeValue(forKey: number) ?? .init()
            var expected = BilledTotals.Payment()
            var granted: Int64?
            let state = PaymentState(rawValue: rows.int(7))
            switch state {
            case .succeeded:
                (expected.paid, expected.fromBalance) = (received, fromBalance)
                switch rows.optionalInt(3).flatMap(SoldProduct.init) {
                case .seats: (expected.seats, expected.tax) = (rows.int(4), rows.int(5))
                case .credits:
                    (expected.credits, expected.tax) = (rows.int(4), rows.int(5))
                    granted = rows.int(4)
                case .balance: (expected.balance, expected.tax) = (rows.int(4), rows.int(5))
                case nil: break
                }
                if let invoice = rows.optionalInt(6) { billed.paidOfInvoice[invoice, default: 0] &+= amount }
            case .refundDue:
                expected.paid = received
                owed[rows.int(1), default: 0] -= Int128(received)
                if billed.inVain[number] == true { report.add("payment \(number) went back, and is due to") }
            case .refunded:
                expected.paid = received
                // Before refunds had rows of their own.
                if billed.inVain[number] == nil { expected.refunded = received }
                if billed.inVain[number] == false { report.add("payment \(number) is refunded, and did not go back") }
            case .pending, .declined, .canceled, nil: break
            }
            if moved != expected || rows.optionalInt(8) != granted {
                report.add(
                    "payment \(number) is \(state?.name ?? "in no state"), and its transfers are not those of it")
            }
            if rows.int(10) != billed.refundedOfPayment[number] ?? 0
                || rows.int(11) != billed.returnedOfPayment[number] ?? 0
            {
                report.add("payment \(number): what went back of it is not what refunds and returns say")
            }
        }
        for number in billed.payments.keys.sorted() { report.add("payment \(number) moved money, and is not there") }
    }

    /// What credit notes took back of each invoice after it had been paid.
    private func paidBack() throws(SQLiteError) -> [Int64: Int64] {
        var sums: [Int64: Int64] = [:]
        let notes = try connection.prepare("SELECT id, refers_to FROM invoice WHERE refers_to IS NOT NULL")
        while try notes.step() {
            let moved = billed.invoices[notes.int(0)] ?? .init()
            let refunded = billed.refundedOfNote[notes.int(0)] ?? 0
            sums[notes.int(1), default: 0] &+= moved.credits &+ moved.toBalance &+ refunded
        }
        return sums
    }

    private mutating func compareInvoices(_ owed: inout [Int64: Int128]) throws(SQLiteError) {
        let paidBack = try paidBack()
        let rows = try connection.prepare(
            """
            SELECT invoice.id, invoice.org, invoice.kind, series, number, invoice.net_due, invoice.tax_due, invoice.state,
                invoice.credited, invoice.settled,
                (SELECT coalesce(sum(note.net_due + note.tax_due), 0) FROM invoice AS note WHERE note.refers_to = invoice.id),
                credit_grant.amount
            FROM invoice
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
            let (credited, settled) = (rows.int(8), rows.int(9))
            let isCreditNote = rows.int(2) == InvoiceKind.creditNote.rawValue
            let asCredits = isCreditNote ? rows.optionalInt(11) ?? 0 : 0
            let goneBack = Int128(moved.toBalance) + Int128(moved.credits) + Int128(billed.refundedOfNote[id] ?? 0)
            if moved.seats != rows.int(5) || moved.tax != rows.int(6) || moved.credits != asCredits
                || (isCreditNote ? moved.fromBalance != 0 || goneBack > due : goneBack != 0)
            {
                report.add("invoice \(id): its transfers are not what it asks for")
            }
            if rows.int(10) != credited {
                report.add("invoice \(id): what was credited of it is not what its credit notes say")
            }
            let paid = (billed.paidOfInvoice[id] ?? 0) &+ moved.fromBalance &- (paidBack[id] ?? 0)
            if settled != (isCreditNote ? 0 : paid) {
                report.add("invoice \(id): what was paid of it is not what payments and refunds say")
            }
            let isOpen = rows.int(7) == InvoiceState.open.rawValue
            let open = isCreditNote ? 0 : due - Int128(credited) - Int128(settled)
            if isOpen { owed[rows.int(1), default: 0] += open }
            if isOpen != (open > 0) || open < 0 {
                report.add("invoice \(id): whether it was paid is not what its payments say")
            }
        }
        for id in billed.invoices.keys.sorted() { report.add("invoice \(id) moved money, and is not there") }
    }
}
