import Ledger
import Metering

// What becomes of payments.
extension Bill {
    /// Whether a payment that its customer has to confirm waits for them: as long as nobody saves another method, and not for ever.
    func confirmation(of payment: PaymentRecord, _ body: PaymentBody) -> Confirmation? {
        guard let template = body.returnURL else { return nil }
        let isOpen =
            isPaidWithPresent(body) && now < payment.created.advanced(bySeconds: Confirmation.seconds)
        return Confirmation(
            returnURL: ReturnURL.fill(template, org: org, payment: payment.payment), isOpen: isOpen)
    }

    /// Whether a payment's method is the one that the org pays with now.
    private func isPaidWithPresent(_ body: PaymentBody) -> Bool { body.method?.id == state.method?.id }

    /// Takes note of a payment that was declined, or that its customer didn't confirm before they saved another method.
    mutating func ended(
        _ payment: PaymentRecord, _ body: PaymentBody, _ reason: DeclineReason, reference: String?, by actor: String
    ) throws(Refusal) -> BillingChange {
        guard body.returnURL != nil, reason == .notConfirmed, !isPaidWithPresent(body) else {
            return try declined(payment, body, reason, reference: reference, by: actor)
        }
        return try canceled(
            payment, body, reason: "another payment method was saved before it was confirmed", by: actor)
    }

    /// What a payment is for.
    func body(of payment: PaymentRecord) throws -> PaymentBody {
        try BillingCoding.decode(PaymentBody.self, payment.body)
    }

    /// Takes note of a payment that succeeded: what it was for happens, or the money goes back.
    mutating func succeeded(
        _ payment: PaymentRecord, _ body: PaymentBody, reference: String?, by actor: String
    ) throws(Refusal) -> BillingChange {
        let paid = BillingEvent(.paymentSucceeded, ["amount": payment.amount.cents], about: .payment(payment.payment))
        if let card = body.method?.card, state.refusedCard?.card == card {
            state.refusedCard = nil
            // Nothing was bought by itself with it; from now on it may be.
            if state.method?.card == card { state.topUps.declines = 0 }
        }
        var events = [paid]
        switch body.purpose {
        case .invoice:
            guard let invoice = payment.invoice,
                let open = record.openInvoices.first(where: { $0.invoice == invoice })?.open, payment.amount <= open
            else {
                // Paid twice, as where an operator recorded what the gateway had taken as well.
                return try returning(payment, reference, "the invoice was paid already", by: actor)
            }
            if payment.amount == open {
                events.append(BillingEvent(.invoicePaid, about: .invoice(invoice)))
                events += restored()
            }
        case .seats(let quantity, let signup, let period):
            guard !isClosed, let subscription = state.subscription, subscription.signup == signup,
                subscription.number == period, today < subscription.period.end,
                subscription.seats + quantity <= terms.plan.seatsMax
            else {
                return try returning(
                    payment, reference, isClosed ? "the org is closed" : "the period it was for is over", by: actor)
            }
            state.subscription = subscription.with(quantity)
            events.append(
                subscription.seats == 0
                    ? BillingEvent(.subscriptionStarted, ["seats": "\(quantity)"]) : seatsChanged)
            state.isBegun = true
        case .credits(let toppedUp):
            settleCredits(payment)
            guard !isClosed else { return try returning(payment, reference, "the org is closed", by: actor) }
            if toppedUp != nil { state.topUps.declines = 0 }
            state.isBegun = true
        case .deposit: break
        }
        return try change(
            "payment_succeeded", by: actor, [.settle(payment: payment.payment, .succeeded(reference: reference))],
            events)
    }

    /// Takes note of money that came for a payment by hand: all of it, a part, or more. A part of an invoice's payment leaves the rest
    /// to be paid; what is too much is added to the customer's balance.
    mutating func came(
        _ amount: Money, of payment: PaymentRecord, _ body: PaymentBody, reference: String?, by actor: String
    ) throws(Refusal) -> BillingChange {
        guard amount > .zero, amount.isWholeCents, amount <= LedgerLimits.paymentMax else {
            throw Refusal(.malformed, "amount must be whole cents, more than zero")
        }
        if amount == payment.asked { return try succeeded(payment, body, reference: reference, by: actor) }
        if amount < payment.asked {
            guard body.purpose == .invoice,
                let invoice = record.openInvoices.first(where: { $0.invoice == payment.invoice })
            else {
                throw Refusal(
                    .conflict,
                    "payment \(payment.payment) buys something, which is to be had for the whole amount only; meterctl payments deposit adds what came to the balance"
                )
            }
            let part = NewPayment(
                purpose: .invoice(invoice.invoice), amount: amount, key: "meterd-part-\(record.change)",
                gateway: terms.gateway, body: payment.body, settlement: .succeeded(reference: reference))
            let rest = Money(nanos: payment.asked.nanos - amount.nanos)
            let anew = asking(
                anew: payment, for: rest, invoice, because: "a part of it came; the rest is asked for by another")
            return try change(
                "payment_in_part", by: actor, Array(anew.prefix(1)) + [.open(part)] + anew.dropFirst(),
                [BillingEvent(.paymentSucceeded, ["amount": amount.cents], about: .payment(nil))])
        }
        var change = try succeeded(payment, body, reference: reference, by: actor)
        let excess = Money(nanos: amount.nanos - payment.asked.nanos)
        change.steps.append(.open(deposit(excess, reference: reference, key: "meterd-excess-\(record.change)")))
        change.events.append(BillingEvent(.paymentSucceeded, ["amount": excess.cents], about: .payment(nil)))
        return change
    }

    /// Takes note of money that came for nothing in particular: it is added to the customer's balance.
    mutating func depositing(
        _ amount: Money, reference: String?, key: String, by actor: String
    ) throws(Refusal) -> BillingChange {
        guard terms.isManual else {
            throw Refusal(.conflict, "\(terms.gateway) collects payments here; only transfers are recorded by hand")
        }
        guard !isClosed else { throw closed }
        guard amount > .zero, amount.isWholeCents, amount <= LedgerLimits.paymentMax else {
            throw Refusal(.malformed, "amount must be whole cents, more than zero")
        }
        return try change(
            "deposited", by: actor, [.open(deposit(amount, reference: reference, key: key))],
            [BillingEvent(.paymentSucceeded, ["amount": amount.cents], about: .payment(nil))])
    }

    private func deposit(_ amount: Money, reference: String?, key: String) -> NewPayment {
        NewPayment(
            purpose: .sale(Sale(product: .balance, net: amount, tax: .zero)), amount: amount, key: key,
            gateway: terms.gateway,
            body: BillingCoding.encode(PaymentBody(purpose: .deposit, lines: [], method: nil)),
            settlement: .succeeded(reference: reference))
    }

    /// Takes note of a payment that was declined. Of a period's invoice: the first begins the grace.
    mutating func declined(
        _ payment: PaymentRecord, _ body: PaymentBody, _ reason: DeclineReason, reference: String?, by actor: String
    ) throws(Refusal) -> BillingChange {
        let data = ["amount": payment.amount.cents, "reason": reason.rawValue, "words": reason.words]
        if reason.meaning == .refusal, let card = body.method?.card {
            state.refusedCard = RefusedCard(card: card, reason: reason)
        }
        var events: [BillingEvent] = []
        if reason.meaning == .obstacle {
            events.append(BillingEvent(.paymentProblem, data, about: .payment(payment.payment)))
        }
        // What no bank was asked for, and is tried again without anybody, is no news to the customer.
        var isSilent = false
        switch body.purpose {
        case .invoice:
            switch reason.meaning {
            case .decline, .refusal:
                state.collection?.notBefore = nil
                events += fallenBehind(payment.invoice)
            case .notAsked, .obstacle:
                isSilent = true
                let seconds =
                    reason.meaning == .obstacle ? CollectionState.obstacleSeconds : CollectionState.spread(org)
                var collection = state.collection ?? CollectionState()
                (collection.isWanted, collection.isFinal) = (true, false)
                // No bank has heard of the attempt, so it doesn't count.
                (collection.lastCard, collection.lastAttempt) = (nil, nil)
                collection.notBefore = now.advanced(bySeconds: seconds)
                state.collection = collection
            }
        case .seats, .deposit: break
        case .credits(let toppedUp):
            settleCredits(payment)
            if let toppedUp {
                state.topUps.purchases.removeAll { $0 == toppedUp }
                isSilent = reason.meaning == .notAsked
                if !isSilent {
                    state.topUps.declines += 1
                    state.topUps.lastDecline = now
                }
            }
        }
        if !isSilent {
            events.insert(BillingEvent(.paymentDeclined, data, about: .payment(payment.payment)), at: 0)
        }
        forgetFirst(payment)
        let settlement = Settlement.declined(reason: reason.rawValue, reference: reference)
        return try change("payment_declined", by: actor, [.settle(payment: payment.payment, settlement)], events)
    }

    /// Takes note that nobody waits for a payment any more.
    mutating func canceled(
        _ payment: PaymentRecord, _ body: PaymentBody, reason: String, by actor: String
    ) throws(Refusal) -> BillingChange {
        if case .credits(let toppedUp) = body.purpose {
            settleCredits(payment)
            state.topUps.purchases.removeAll { $0 == toppedUp }
            if toppedUp != nil {
                // Whoever cancels it doesn't want the next one at once.
                state.topUps.declines += 1
                state.topUps.lastDecline = now
            }
        }
        forgetFirst(payment)
        return try change(
            "payment_canceled", by: actor, [.settle(payment: payment.payment, .canceled(reason: reason))])
    }

    /// Where none of the first orders was paid, the billing day is that of a later one.
    private mutating func forgetFirst(_ payment: PaymentRecord) {
        guard !state.isBegun, !record.openPayments.contains(where: { $0.payment != payment.payment }) else { return }
        state.subscription = nil
    }

    /// Credits that were under way are so no longer.
    private mutating func settleCredits(_ payment: PaymentRecord) {
        let amount = payment.sale?.net ?? .zero
        state.topUps.pending = max(.zero, state.topUps.pending.subtracting(amount) ?? .zero)
    }

    /// The period's invoice was not paid: the grace begins, unless it has.
    mutating func fallenBehind(_ invoice: Int64?) -> [BillingEvent] {
        guard case .current = state.standing else { return [] }
        state.standing = state.standing.declined(at: now)
        var data: [String: String] = [:]
        if case .grace(let arrears) = state.standing {
            data["until"] = arrears.declined.advanced(bySeconds: terms.plan.dunning.graceDays * 86_400).description
        }
        return [BillingEvent(.graceStarted, data, about: .invoice(invoice))]
    }

    /// What was owed is paid: everything is as before, at once. If another invoice is owed, as after a payment went back, it is
    /// asked for next.
    mutating func restored() -> [BillingEvent] {
        let before = state.standing
        state.standing = before.paid
        state.asked = record.openInvoices.count > 1 ? now : nil
        state.collection = nil
        switch before {
        case .current: return []
        case .grace: return [BillingEvent(.orgRestored, ["from": before.name])]
        case .suspended, .erased:
            // Periods that went by are not billed; the present one is, from today on.
            if let subscription = state.subscription, today >= subscription.period.end { state.resumed = today }
            return [BillingEvent(.orgRestored, ["from": before.name])]
        }
    }
}
