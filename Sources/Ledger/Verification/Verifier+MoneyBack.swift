import Metering

// Money that went back, and the customer's balance.
extension Verifier {
    /// Takes a transfer of money that goes back into account; false if it moves none of that.
    mutating func followMoneyBack(
        _ code: TransferCode, _ reference: Int64, _ amount: Int64, _ debit: AccountKind?, _ credit: AccountKind?
    ) -> Bool {
        switch (code, debit, credit) {
        case (.sale, .receivable, .customerBalance): billed.payments[reference, default: .init()].balance &+= amount
        case (.balancePayment, .customerBalance, .receivable):
            billed.payments[reference, default: .init()].fromBalance &+= amount
        case (.balancePayment, .receivable, .customerBalance):
            billed.payments[reference, default: .init()].fromBalance &-= amount
        case (.balanceApplied, .customerBalance, .receivable):
            billed.invoices[reference, default: .init()].fromBalance &+= amount
        case (.balanceApplied, .receivable, .customerBalance):
            billed.invoices[reference, default: .init()].fromBalance &-= amount
        case (.creditNote, .receivable, .customerBalance):
            billed.invoices[reference, default: .init()].toBalance &+= amount
        case (.creditsRefunded, .orgCredits, .grants): billed.refunds[reference, default: .init()].taken &+= amount
        case (.saleReversed, .grants, .receivable): billed.refunds[reference, default: .init()].credits &+= amount
        case (.saleReversed, .tax, .receivable): billed.refunds[reference, default: .init()].tax &+= amount
        case (.saleReversed, .customerBalance, .receivable):
            billed.refunds[reference, default: .init()].balance &+= amount
        case (.refundPaid, .receivable, .payments): billed.refunds[reference, default: .init()].paid &+= amount
        case (.creditsReturned, .orgCredits, .grants): billed.returns[reference, default: .init()].taken &+= amount
        case (.paymentReturned, .receivable, .payments): billed.returns[reference, default: .init()].amount &+= amount
        case (.paymentReturned, .payments, .receivable): billed.returns[reference, default: .init()].amount &-= amount
        case (.saleReturned, .grants, .receivable): billed.returns[reference, default: .init()].credits &+= amount
        case (.saleReturned, .receivable, .grants): billed.returns[reference, default: .init()].credits &-= amount
        case (.saleReturned, .tax, .receivable): billed.returns[reference, default: .init()].tax &+= amount
        case (.saleReturned, .receivable, .tax): billed.returns[reference, default: .init()].tax &-= amount
        case (.saleReturned, .customerBalance, .receivable):
            billed.returns[reference, default: .init()].carried &+= amount
        case (.saleReturned, .receivable, .customerBalance):
            billed.returns[reference, default: .init()].carried &-= amount
        case (.gatewayFee, .gatewayFees, .receivable): billed.returns[reference, default: .init()].fee &+= amount
        case (.gatewayFee, .receivable, .gatewayFees): billed.returns[reference, default: .init()].fee &-= amount
        default: return false
        }
        return true
    }

    /// Compares refunds with their transfers, and notes what they say of payments and credit notes.
    mutating func compareRefunds(_ owed: inout [Int64: Int128]) throws(SQLiteError) {
        let rows = try connection.prepare(
            "SELECT id, org, payment, cause, net, tax, note, state FROM refund ORDER BY id")
        var due: Int64 = 0
        while try rows.step() {
            due += 1
            let (id, payment, net, tax) = (rows.int(0), rows.int(2), rows.int(4), rows.int(5))
            if id != due {
                report.add("refund \(id) stands where refund \(due) is due: one is missing")
                due = id
            }
            let (amount, state) = (net &+ tax, RefundState(rawValue: rows.int(7)))
            var expected = BilledTotals.Refund()
            switch RefundCause(rawValue: rows.int(3)) {
            case .credits: (expected.taken, expected.credits, expected.tax) = (net, net, tax)
            case .balance: expected.balance = amount
            case .creditNote: billed.refundedOfNote[rows.int(6), default: 0] &+= amount
            case .inVain: billed.inVain[payment] = state == .succeeded
            case nil: report.add("refund \(id) gives back what there is not")
            }
            if state == .succeeded { expected.paid = amount }
            if state == nil || (billed.refunds.removeValue(forKey: id) ?? .init()) != expected {
                report.add("refund \(id) is \(state?.name ?? "in no state"), and its transfers are not those of it")
            }
            billed.refundedOfPayment[payment, default: 0] &+= amount
            if state != .succeeded, rows.int(3) != RefundCause.inVain.rawValue {
                owed[rows.int(1), default: 0] -= Int128(amount)
            }
        }
        for id in billed.refunds.keys.sorted() { report.add("refund \(id) moved money, and is not there") }
    }

    /// Compares returns with their transfers, and notes what they say of payments and invoices.
    mutating func compareReturns() throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT payment_return.id, payment_return.payment, reinstated, payment_return.amount, credits,
                payment_return.tax, carried, fee + excess, payment.invoice, credit_grant.amount
            FROM payment_return LEFT JOIN payment ON payment.id = payment_return.payment
            LEFT JOIN credit_grant ON credit_grant.org = payment_return.org
                AND credit_grant.key = 'return-' || payment_return.id
            ORDER BY payment_return.id
            """)
        var due: Int64 = 0
        while try rows.step() {
            due += 1
            let (id, payment, isAgain) = (rows.int(0), rows.int(1), rows.int(2) == 1)
            if id != due {
                report.add("return \(id) stands where return \(due) is due: one is missing")
                due = id
            }
            let sign: Int64 = isAgain ? -1 : 1
            let (amount, credits, tax, carried) = (rows.int(3), rows.int(4), rows.int(5), rows.int(6))
            let expected = BilledTotals.Return(
                amount: sign &* (amount &+ rows.int(7)), taken: isAgain ? 0 : credits, credits: sign &* credits,
                tax: sign &* tax,
                carried: sign &* carried, fee: sign &* rows.int(7))
            let granted = rows.optionalInt(9) ?? 0
            if (billed.returns.removeValue(forKey: id) ?? .init()) != expected || granted != (isAgain ? credits : 0) {
                report.add("return \(id): its transfers are not those of it")
            }
            billed.returnedOfPayment[payment, default: 0] &+= sign &* amount
            let rest = amount &- credits &- tax &- carried
            if let invoice = rows.optionalInt(8) {
                billed.paidOfInvoice[invoice, default: 0] &-= sign &* rest
            } else if rest != 0 {
                report.add("return \(id) is more than what it took back")
            }
        }
        for id in billed.returns.keys.sorted() { report.add("return \(id) moved money, and is not there") }
    }
}
