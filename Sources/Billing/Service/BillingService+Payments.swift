import Ledger
import Metering

// What becomes of payments.
extension BillingService {
    /// An org's payments, newest first.
    public func payments(of org: String, before cursor: Int64?, limit: Int) async throws -> Page<PaymentView> {
        let page = try await reader.payments(of: org, before: cursor, limit: limit)
        var views: [PaymentView] = []
        for record in page.items { views.append(PaymentView(record, page: await pages.page(of: record.payment))) }
        return Page(items: views, nextCursor: page.nextCursor)
    }

    /// An org's payment.
    public func payment(_ number: Int64, of org: String) async throws -> PaymentView {
        PaymentView(try await record(ofPayment: number, org), page: await pages.page(of: number))
    }

    /// Asks the gateway now what became of a payment that is open, as when a customer comes back from the gateway's page.
    public func check(_ number: Int64, of org: String) async throws -> PaymentView {
        try await locks.with(org) { try await drive(number, of: org, isRepeat: true) }
        await advanceAfterwards(org)
        return try await payment(number, of: org)
    }

    func record(ofPayment number: Int64, _ org: String) async throws -> PaymentRecord {
        guard let payment = try await reader.payment(number, of: org) else {
            throw Refusal(.notFound, "org '\(org)' has no payment \(number); meterctl payments list \(org) shows them")
        }
        return payment
    }

    /// Gives up a payment that waits for its customer to confirm it.
    public func cancel(
        _ number: Int64, of org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> PaymentView {
        try await locks.with(org) {
            guard try await recall(key, org) == nil else { return }
            let payment = try await record(ofPayment: number, org)
            let bill = try await bill(of: org)
            guard payment.state == .pending, payment.gateway == gateway.name,
                bill.confirmation(of: payment, try bill.body(of: payment)) != nil
            else {
                let hint =
                    payment.state == .pending && payment.gateway == ManualGateway().name
                    ? "; meterctl payments record \(org) \(number) --canceled records that it does not come" : ""
                throw Refusal(
                    .conflict,
                    "payment \(number) is \(payment.state.name) and does not wait for its customer to confirm it\(hint)"
                )
            }
            try await drive(number, of: org, isRepeat: true, givenUp: (key, actor))
            guard try await record(ofPayment: number, org).state != .pending else {
                throw Refusal(
                    .gatewayUnavailable, "the gateway did not say that payment \(number) is given up; try again")
            }
        }
        await advanceAfterwards(org)
        return try await payment(number, of: org)
    }

    /// Asks for what an org owes, once more.
    ///
    /// - Parameters:
    ///   - page: the page that the customer comes to after confirming it, if they have to; nil for the page of the configuration.
    ///   - total: what the customer was shown that is owed; nil if nobody was shown anything. If it is another sum, nothing is charged.
    public func retry(
        _ org: String, expecting total: Money? = nil, returningTo page: ReturnURL? = nil, under key: IdempotencyKey,
        by actor: String
    ) async throws -> PaymentView {
        let payment = try await locks.with(org) {
            if let known = try await recall(key, org)?.payments.first {
                try await drive(known, of: org, isRepeat: true)
                return known
            }
            let bill = try await bill(of: org)
            guard let invoice = bill.record.openInvoices.first else {
                throw Refusal(.conflict, "org '\(org)' owes nothing")
            }
            try bill.check(invoice.open, is: total)
            if let pending = bill.pendingPayment(of: invoice) {
                try await drive(pending.payment, of: org, isRepeat: true)
                return pending.payment
            }
            try bill.requireMethod()
            let applied = try await apply(to: org, under: key) { bill in
                // What is owed may be less meanwhile.
                guard let invoice = bill.record.openInvoices.first else {
                    throw Refusal(.conflict, "org '\(org)' owes nothing")
                }
                try bill.check(invoice.open, is: total)
                return try bill.asking(
                    invoice, key: "retry-\(key.key)", returnURL: (page ?? returnURL)?.template, by: actor)
            }
            guard let payment = applied.payments.first else { throw Self.noPayment }
            try await drive(payment, of: org, isRepeat: false)
            return payment
        }
        // A restored org's present period is billed at once.
        await advanceAfterwards(org)
        return try await self.payment(payment, of: org)
    }

    /// What an operator says of a payment that no gateway collects.
    public enum Record: Sendable, Hashable {
        /// It came, under that name; nil for the whole amount.
        case paid(reference: String?, amount: Money?)
        /// It does not come.
        case declined
        /// Nobody waits for it any more.
        case canceled
    }

    /// Takes note of what an operator says of a payment.
    public func record(
        _ word: Record, of number: Int64, for org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> PaymentView {
        let shown = try await locks.with(org) {
            // Of a payment of which a part came, that part.
            if let known = try await recall(key, org) { return known.isPart ? known.payments.first : nil }
            let payment = try await record(ofPayment: number, org)
            guard payment.gateway == ManualGateway().name else {
                throw Refusal(
                    .conflict,
                    "payment \(number) is collected by \(payment.gateway); meterctl payments retry asks again")
            }
            var isLate = false
            if case .paid = word, payment.state == .canceled { isLate = true }
            guard payment.state.isOpen || isLate else {
                let hint = payment.state == .declined ? "; meterctl payments retry asks for what is owed anew" : ""
                throw Refusal(.conflict, "payment \(number) is \(payment.state.name) already\(hint)")
            }
            if payment.state == .refundDue, case .paid = word { try await openRefund(inVain: payment) }
            let applied = try await apply(to: org, under: key) { bill in
                let body = try bill.body(of: payment)
                switch (payment.state, word) {
                case (.refundDue, .paid(let reference, _)):
                    guard let refund = bill.record.openRefunds.first(where: { $0.payment == number }) else {
                        throw Refusal(.conflict, "payment \(number) has no refund that is open")
                    }
                    return try bill.refundSettled(refund, .succeeded(reference: reference), by: actor)
                case (.refundDue, _):
                    throw Refusal(.conflict, "payment \(number) has to be given back; record that it was")
                case (.canceled, .paid(let reference, _)):
                    return try bill.returning(
                        payment, reference, "it came when nobody waited for it any more", by: actor)
                case (_, .paid(let reference, let amount)):
                    return try bill.came(amount ?? payment.asked, of: payment, body, reference: reference, by: actor)
                case (_, .declined):
                    return try bill.declined(payment, body, .refused, reference: nil, by: actor)
                case (_, .canceled):
                    guard body.purpose != .invoice else {
                        throw Refusal(
                            .conflict, "what an invoice asks for can't be cancelled; decline it, or record it")
                    }
                    return try bill.canceled(payment, body, reason: "cancelled by \(actor)", by: actor)
                }
            }
            return applied.isPart ? applied.payments.first : nil
        }
        await advanceAfterwards(org)
        return try await payment(shown ?? number, of: org)
    }

    /// Takes back what a payment paid for that was recorded by hand: the debit was returned, or it was another org's.
    ///
    /// - Parameter amount: what went back; nil for all of it.
    public func reverse(
        _ number: Int64, amount: Money?, reason: String, for org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> PaymentView {
        try await locks.with(org) {
            guard try await recall(key, org) == nil else { return }
            let payment = try await record(ofPayment: number, org)
            guard payment.gateway == ManualGateway().name else {
                throw Refusal(
                    .conflict,
                    "payment \(number) was collected by \(payment.gateway), which says itself what goes back; only recorded payments are reversed"
                )
            }
            let taxGone = Bill.taxGone(
                of: payment, try await reader.refunds(ofPayment: number),
                try await reader.returns(ofPayment: number).map(\.entry))
            _ = try await apply(to: org, under: key) { bill in
                try bill.reversing(
                    amount ?? payment.refundable, of: payment, taxGone: taxGone, reason: reason, by: actor)
            }
        }
        await advanceAfterwards(org)
        return try await payment(number, of: org)
    }

    /// Takes note of money that came by hand for nothing in particular; it pays what is owed, and later invoices and seats.
    public func deposit(
        _ amount: Money, reference: String?, for org: String, under key: IdempotencyKey, by actor: String
    ) async throws -> PaymentView {
        let payment = try await locks.with(org) {
            if let known = try await recall(key, org)?.payments.first { return known }
            let applied = try await apply(to: org, under: key) { bill in
                try bill.depositing(amount, reference: reference, key: "deposit-\(key.key)", by: actor)
            }
            guard let payment = applied.payments.first else { throw Self.noPayment }
            return payment
        }
        await advanceAfterwards(org)
        return try await self.payment(payment, of: org)
    }

    // MARK: The gateway

    /// Asks the gateway for what is open about a payment, and takes note of what it says. The org's lock is held.
    ///
    /// - Parameters:
    ///   - isRepeat: whether the gateway may have heard of it.
    ///   - givenUp: who doesn't wait any more for its customer to confirm it, and under which key; nil for nobody.
    func drive(
        _ number: Int64, of org: String, isRepeat: Bool, givenUp: (key: IdempotencyKey, actor: String)? = nil
    ) async throws {
        let payment = try await record(ofPayment: number, org)
        if payment.state == .pending, payment.gateway == Bill.balanceGateway {
            _ = try await apply(to: org) { bill in
                try bill.succeeded(payment, try bill.body(of: payment), reference: nil, by: Bill.daemon)
            }
            return
        }
        // What another gateway, or an operator, has to settle stays as it is.
        guard payment.state.isOpen, payment.gateway == gateway.name, !gateway.isManual else { return }
        let bill = try await bill(of: org)
        if payment.state == .refundDue {
            // The version that recorded it may have asked the gateway already.
            for refund in try await openRefund(inVain: payment)?.refunds ?? [] {
                try await drive(refund: refund, of: org, isRepeat: true)
            }
            return
        }
        let body = try bill.body(of: payment)
        let key = "meterd-\(ledgerID)-payment-\(number)"
        var confirmation = bill.confirmation(of: payment, body)
        if givenUp != nil { confirmation = confirmation.map { Confirmation(returnURL: $0.returnURL, isOpen: false) } }
        let request = ChargeRequest(
            org: org, payment: number, key: key, amount: payment.asked, description: Self.description(body, bill),
            customer: bill.state.customer, method: body.method, opened: payment.created, now: clock(),
            confirmation: confirmation)
        let result = await gateway.charge(request, isRepeat: isRepeat)
        contact.took(result, at: clock())
        await pages.set(result.page, of: number)
        switch result {
        case .succeeded(let reference):
            let applied = try await apply(to: org) { bill in
                try bill.succeeded(payment, body, reference: reference, by: Bill.daemon)
            }
            await polls.forget(.payment(number))
            // It may have come in vain.
            try await drive(refundsOf: applied, of: org)
        case .declined(let reason, let reference):
            _ = try await apply(to: org, under: givenUp?.key) { bill in
                if reason == .notConfirmed, let givenUp {
                    let reason = "cancelled by \(givenUp.actor)"
                    return try bill.canceled(payment, body, reason: reason, by: givenUp.actor)
                }
                return try bill.ended(payment, body, reason, reference: reference, by: Bill.daemon)
            }
            await polls.forget(.payment(number))
        case .impossible(let reason, let words):
            onTrouble(org, words)
            _ = try await apply(to: org) { bill in
                try bill.declined(payment, body, reason, reference: nil, by: Bill.daemon)
            }
            await polls.forget(.payment(number))
        case .pending, .waitsForCustomer: await polls.postpone(.payment(number), now: clock())
        case .unknown(let words):
            onTrouble(org, words)
            await polls.postpone(.payment(number), now: clock())
        }
    }

    /// Takes a webhook in: whatever it says, the gateway is asked itself.
    ///
    /// - Parameter now: the time by the system's clock.
    public func takeWebhook(_ body: [UInt8], signature: String, now: Timestamp) async throws {
        let news: GatewayNews
        do throws(GatewayProblem) {
            news = try gateway.news(body, signature: signature, now: now)
        } catch {
            throw Refusal(.malformed, error.words)
        }
        webhooks.count(news)
        if case .returns = news { return await takeNewsOfReturns() }
        guard case .payment(let number) = news, let org = try await reader.org(ofPayment: number) else { return }
        await polls.hasten(.payment(number))
        try await locks.with(org) { try await drive(number, of: org, isRepeat: true) }
        try await advance(org)
    }

    private static func description(_ body: PaymentBody, _ bill: Bill) -> String {
        switch body.purpose {
        case .invoice: "\(bill.terms.plan.seller.name): subscription of \(bill.org)"
        case .seats(let quantity, _, _): "\(bill.terms.plan.seller.name): \(quantity) seats for \(bill.org)"
        case .credits: "\(bill.terms.plan.seller.name): credits for \(bill.org)"
        case .deposit: "\(bill.terms.plan.seller.name): balance of \(bill.org)"
        }
    }
}

extension BillingApplied {
    /// Whether it recorded a part of a payment: that part, and the payment of the rest.
    fileprivate var isPart: Bool { payments.count == 2 }
}
