import Ledger
import Metering

// What operators ask for.
extension Bill {
    /// Seats that are to be added: what they cost, and until when.
    struct SeatOrder {
        /// Seats that were to be removed and stay: they are paid for until the period ends.
        let kept: Int64
        /// Seats that are bought; nil if all that are wanted are kept.
        let bought: Purchase?
        let subscription: Subscription?

        struct Purchase {
            let quantity: Int64
            let period: BillingPeriod
            let line: InvoiceLine
            let purpose: PaymentBody.Purpose
        }
    }

    /// What more seats cost for the days that remain. Seats that are about to be removed are taken back first, for nothing. The
    /// first seats of an org begin its subscription.
    func seatOrder(_ quantity: Int64) throws(Refusal) -> SeatOrder {
        guard state.standing.isServed else { throw suspended }
        try requirePlace()
        if let subscription = state.subscription {
            guard quantity > 0 else { throw words(of: .nothing) }
            let kept = subscription.returning(of: quantity)
            guard kept < quantity else { return SeatOrder(kept: kept, bought: nil, subscription: subscription) }
            let addition = try seats { () throws(Subscription.ChangeError) in
                try subscription.adding(quantity - kept, on: today, terms.plan)
            }
            let line = InvoiceLine(
                .seats(BillingPeriodDays(subscription.period, from: today)), quantity: addition.quantity,
                unitPrice: terms.plan.seatPrice, try taxed(addition.amount, for: .seats))
            return SeatOrder(
                kept: kept,
                bought: SeatOrder.Purchase(
                    quantity: addition.quantity, period: subscription.period, line: line,
                    purpose: .seats(
                        addition.quantity, signup: subscription.signup, period: subscription.number)),
                subscription: subscription)
        }
        guard quantity > 0, quantity <= terms.plan.seatsMax else {
            throw words(of: quantity > 0 ? .tooMany(max: terms.plan.seatsMax) : .nothing)
        }
        let period = BillingPeriod(number: 0, signup: today)
        guard let price = Proration.amount(of: terms.plan.seatPrice, quantity: quantity, from: today, in: period) else {
            throw Self.tooMuch
        }
        let line = InvoiceLine(
            .seats(BillingPeriodDays(period, from: today)), quantity: quantity, unitPrice: terms.plan.seatPrice,
            try taxed(price, for: .seats))
        return SeatOrder(
            kept: 0,
            bought: SeatOrder.Purchase(
                quantity: quantity, period: period, line: line,
                purpose: .seats(quantity, signup: today, period: 0)),
            subscription: nil)
    }

    /// Takes back a pending removal as far as it goes, and asks for the payment of the other seats.
    mutating func addingSeats(
        _ quantity: Int64, expecting total: Money? = nil, key: String, returnURL: String? = nil, by actor: String
    ) throws(Refusal) -> BillingChange {
        guard !isClosed else { throw closed }
        try requireFuture()
        let order = try seatOrder(quantity)
        try check(order.bought?.line.gross ?? .zero, is: total)
        let seats = (state.subscription?.nextSeats ?? 0) + quantity
        guard record.members <= seats else {
            throw Refusal(
                .seatsFull,
                "org '\(org)' has \(record.members) members, and would have \(seats) seats; buy \(record.members - seats) more, or meterctl member remove"
            )
        }
        state.subscription = order.subscription?.takingBack(order.kept)
        guard let bought = order.bought else {
            return try change("seats_kept", by: actor, [], [seatsChanged])
        }
        let payment = payment(for: bought.line, bought.purpose, key: key, returnURL: returnURL)
        if payment.gateway != Self.balanceGateway { try requireMethod() }
        begin()
        return try change(
            "seats_ordered", by: actor, [.open(payment)], order.kept > 0 ? [seatsChanged] : [])
    }

    /// Fewer seats from the next period on.
    mutating func removeSeats(_ quantity: Int64, by actor: String) throws(Refusal) -> BillingChange {
        guard !isClosed else { throw closed }
        try requireFuture()
        guard let subscription = state.subscription, subscription.seats > 0 else { throw noSubscription }
        let members = record.members
        let new = try seats { () throws(Subscription.ChangeError) in
            try subscription.removing(quantity, members: members)
        }
        state.subscription = new
        return try change("seats_removed", by: actor, [], [seatsChanged])
    }

    /// All seats stay.
    mutating func keepSeats(by actor: String) throws(Refusal) -> BillingChange {
        guard !isClosed else { throw closed }
        guard let subscription = state.subscription else { throw noSubscription }
        state.subscription = try seats { () throws(Subscription.ChangeError) in try subscription.cancellingRemoval() }
        return try change("removal_cancelled", by: actor, [], [seatsChanged])
    }

    /// Ends the subscription with its present period: the org is closed then.
    mutating func cancel(by actor: String) throws(Refusal) -> BillingChange {
        guard !isClosed else { throw closed }
        guard let subscription = state.subscription, subscription.seats > 0 else { throw noSubscription }
        guard state.cancellation == nil else {
            throw Refusal(
                .conflict, "org '\(org)' has cancelled already; its subscription ends on \(subscription.period.end)")
        }
        state.cancellation = Cancellation(at: now, actor: actor)
        return try change(
            "subscription_canceled", by: actor, [],
            [BillingEvent(.subscriptionCanceled, ["ends": subscription.period.end.description])])
    }

    /// Has a subscription that was cancelled go on.
    mutating func resume(by actor: String) throws(Refusal) -> BillingChange {
        guard !isClosed else { throw closed }
        guard state.cancellation != nil else { throw Refusal(.conflict, "org '\(org)' has not cancelled") }
        state.cancellation = nil
        return try change("subscription_resumed", by: actor, [], [BillingEvent(.subscriptionResumed)])
    }

    /// What the seats of the next period cost, at the present price and tax; nil for none.
    func nextSeatsLine() throws(Refusal) -> InvoiceLine? {
        guard let next = state.subscription?.renewed(), next.seats > 0 else { return nil }
        guard
            let price = Proration.amount(
                of: terms.plan.seatPrice, quantity: next.seats, from: next.period.start, in: next.period)
        else { throw Self.tooMuch }
        return InvoiceLine(
            .seats(BillingPeriodDays(next.period, from: next.period.start)), quantity: next.seats,
            unitPrice: terms.plan.seatPrice, try taxed(price, for: .seats))
    }

    /// Throws if the subscription is about to end: seats of later periods are nobody's then.
    private func requireFuture() throws(Refusal) {
        guard state.cancellation != nil else { return }
        throw Refusal(
            .conflict, "org '\(org)' has cancelled; meterctl subscription resume \(org) takes that back first")
    }

    /// Throws if something costs other than the customer was shown.
    func check(_ total: Money, is shown: Money?) throws(Refusal) {
        guard let shown, shown != total else { return }
        throw Refusal(
            .priceChanged,
            "it comes to USD \(total.cents), and USD \(shown.cents) was shown; nothing was charged: look at the price again"
        )
    }

    var seatsChanged: BillingEvent {
        let subscription = state.subscription
        return BillingEvent(
            .seatsChanged,
            ["seats": "\(subscription?.seats ?? 0)", "next_seats": "\(subscription?.nextSeats ?? 0)"])
    }

    /// Asks for the payment of credits.
    mutating func buyingCredits(
        _ amount: Money, expecting total: Money? = nil, key: String, returnURL: String? = nil, by actor: String
    ) throws(Refusal) -> BillingChange {
        let line = try creditOrder(1, of: amount)
        try check(line.gross, is: total)
        return try buying(line, isTopUp: false, key: key, returnURL: returnURL, by: actor)
    }

    /// What credits cost now.
    func creditOrder(_ packs: Int64, of amount: Money) throws(Refusal) -> InvoiceLine {
        guard terms.plan.sells(amount), amount <= LedgerLimits.purchaseMax else {
            let packs = terms.plan.packs.map(\.cents).joined(separator: ", ")
            throw Refusal(
                .malformed,
                "credits are sold as \(packs), or any larger amount up to \(LedgerLimits.purchaseMax.cents), in whole cents"
            )
        }
        guard state.standing.isServed else { throw suspended }
        try requirePlace()
        try requireMethod()
        // At most `purchaseMax`, so that it fits.
        let total = Money(nanos: amount.nanos * packs)
        return InvoiceLine(.credits, quantity: packs, unitPrice: amount, try taxed(total, for: .credits))
    }

    /// Asks for the payment of packs that are bought without anybody ordering them.
    mutating func toppingUp(_ topUp: TopUp, packs: Int64, key: String) throws(Refusal) -> BillingChange {
        let most = LedgerLimits.purchaseMax.nanos / max(1, topUp.amount.nanos)
        let line = try creditOrder(max(1, min(packs, most)), of: topUp.amount)
        return try buying(line, isTopUp: true, key: key, by: Self.daemon)
    }

    private mutating func buying(
        _ line: InvoiceLine, isTopUp: Bool, key: String, returnURL: String? = nil, by actor: String
    ) throws(Refusal) -> BillingChange {
        begin()
        if isTopUp {
            let recent = state.topUps.purchases.filter { now < $0.advanced(bySeconds: 86_400) }
            state.topUps.purchases = recent + Array(repeating: now, count: Int(line.quantity))
        }
        let total = Money(nanos: line.unitPrice.nanos * line.quantity)
        state.topUps.pending = state.topUps.pending.adding(total) ?? state.topUps.pending
        return try change(
            isTopUp ? "top_up_ordered" : "credits_ordered", by: actor,
            [.open(payment(for: line, .credits(toppedUp: isTopUp ? now : nil), key: key, returnURL: returnURL))])
    }

    /// Sets what is bought by itself; nil for nothing.
    mutating func setTopUp(_ topUp: TopUp?, by actor: String) throws(Refusal) -> BillingChange {
        if let topUp {
            guard !isClosed else { throw closed }
            guard terms.plan.sells(topUp.amount), topUp.amount <= LedgerLimits.purchaseMax else {
                throw Refusal(.malformed, "amount must be a pack that is sold, or more than the largest")
            }
            guard topUp.threshold > .zero else { throw Refusal(.malformed, "threshold must be more than zero") }
            guard (1...terms.plan.topUp.perDayMax).contains(topUp.perDayMax) else {
                throw Refusal(.malformed, "per_day_max must be from 1 to \(terms.plan.topUp.perDayMax)")
            }
            try requireMethod()
        }
        state.topUp = topUp
        // Whoever changes it wants it tried.
        state.topUps.declines = 0
        return try change("top_up_set", by: actor)
    }

    /// Sets what it pays with.
    mutating func setMethod(
        _ saved: SavedMethod, returnURL: String? = nil, by actor: String
    ) throws(Refusal) -> BillingChange {
        state.customer = saved.customer
        state.method = saved.method
        if !isRefused(saved.method) { state.refusedCard = nil }
        if !record.openInvoices.isEmpty {
            var collection = state.collection ?? CollectionState()
            (collection.isWanted, collection.isFinal, collection.returnURL) = (true, false, returnURL)
            state.collection = collection
        }
        // Warnings whose days are over already are not given.
        state.warnings =
            saved.method.expires.map { expires in
                Self.warningDays.count { expires.advanced(byDays: -$0).start <= now }
            } ?? 0
        state.topUps.declines = 0
        return try change("payment_method_set", by: actor)
    }

    /// Sets who buys, as invoices say it.
    ///
    /// - Parameter isSelfService: whether the customer says it, who doesn't lower their own tax: an exemption is an operator's to give, a
    ///   VAT number counts once somebody has verified it, and a place with less tax takes an operator.
    mutating func setBillTo(
        _ billTo: BillTo, isSelfService: Bool = false, by actor: String
    ) throws(Refusal) -> BillingChange {
        if let text = billTo.vatID, VATIdentifier(text) == nil {
            let isGreek = text.uppercased().hasPrefix("GR") && VATIdentifier("EL" + text.dropFirst(2)) != nil
            if isGreek { throw Refusal(.malformed, "VAT numbers of Greece begin with EL, not GR: use EL") }
            throw Refusal(.malformed, "vat_id has the form of no member state's VAT number, such as DE123456789")
        }
        let before = state.billTo
        state.billTo = billTo
        state.billTo.vatID = billTo.vatID.flatMap { VATIdentifier($0)?.description }
        if state.billTo.vatID == nil { state.billTo.vatVerification = nil }
        // The same number stays verified.
        if state.billTo.vatID == before.vatID, billTo.vatVerification == .missing, before.vatVerification != nil {
            state.billTo.vatVerification = before.vatVerification
        }
        if isSelfService {
            state.billTo.exemption = before.exemption
            if state.billTo.vatID != before.vatID {
                state.billTo.vatVerification = state.billTo.vatID == nil ? nil : .missing
            } else {
                state.billTo.vatVerification = before.vatVerification
            }
            let placed = self
            state.billTo = before
            for product in Product.allCases where hasPlace {
                guard placed.taxShare(of: product) < taxShare(of: product) else { continue }
                throw Refusal(
                    .conflict,
                    "that would lower the tax of \(product.rawValue), which an operator has to look at; ask support")
            }
            self = placed
        }
        return try change("bill_to_set", by: actor)
    }

    /// Takes note of what somebody found about the VAT number: only one that is valid changes tax.
    mutating func verifyVAT(isValid: Bool, reference: String?, by actor: String) throws(Refusal) -> BillingChange {
        guard state.billTo.vatID != nil else { throw Refusal(.conflict, "org '\(org)' has no VAT number") }
        state.billTo.vatVerification = VATVerification(
            at: now, actor: actor, isValid: isValid, reference: reference)
        return try change("vat_verified", by: actor)
    }

    // MARK: What orders share

    /// The first order's day is the billing day.
    private mutating func begin() {
        if state.subscription == nil { state.subscription = Subscription(signup: today, seats: 0) }
    }

    var closed: Refusal { Refusal(.orgClosed, "org '\(org)' is closed: nothing of it changes any more") }

    func payment(
        for line: InvoiceLine, _ purpose: PaymentBody.Purpose, key: String, returnURL: String?
    ) -> NewPayment {
        let product: SoldProduct =
            switch line.item.product {
            case .seats: .seats
            case .credits: .credits
            }
        // Credits are money for usage; the balance is for invoices and seats.
        let share = product == .seats ? share(of: line.gross) : .zero
        let isPaid = share == line.gross
        return NewPayment(
            purpose: .sale(Sale(product: product, net: line.net, tax: line.tax)), amount: line.gross,
            fromBalance: share, key: key, gateway: isPaid ? Self.balanceGateway : terms.gateway,
            body: BillingCoding.encode(
                PaymentBody(
                    purpose: purpose, lines: [line], method: isPaid ? nil : state.method,
                    returnURL: isPaid ? nil : returnURL)))
    }

    func requireMethod() throws(Refusal) {
        guard terms.isManual || state.method != nil else {
            throw Refusal(
                .noPaymentMethod,
                "org '\(org)' has no saved payment method; meterctl payment-method set \(org) saves one")
        }
    }

    var suspended: Refusal {
        Refusal(
            .orgSuspended,
            "org '\(org)' is suspended until what it owes is paid; meterctl payments retry \(org) tries again")
    }

    var noSubscription: Refusal {
        Refusal(.conflict, "org '\(org)' has no seats; meterctl seats add \(org) N begins a subscription")
    }

    private func seats<Value>(
        _ body: () throws(Subscription.ChangeError) -> Value
    ) throws(Refusal) -> Value {
        do throws(Subscription.ChangeError) {
            return try body()
        } catch {
            throw words(of: error)
        }
    }

    private func words(of error: Subscription.ChangeError) -> Refusal {
        switch error {
        case .nothing: Refusal(.malformed, "the number of seats must be 1 or more")
        case .tooMany(let max): Refusal(.limitExceeded, "an org has at most \(max) seats")
        case .tooFew(let left):
            Refusal(
                .conflict,
                "org '\(org)' has \(left) seats from the next period on, of which one has to stay; meterctl org close ends it"
            )
        case .held(let members):
            Refusal(
                .seatsFull,
                "org '\(org)' has \(members) members in its seats; meterctl member remove frees some first")
        case .noRemoval: Refusal(.conflict, "no removal of seats is waiting")
        case .periodOver:
            Refusal(
                .conflict,
                "the period is over and the next one is not paid for yet; meterctl payments list \(org) says where that stands"
            )
        }
    }
}
