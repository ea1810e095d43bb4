import Billing
import Ledger
import Metering
import Testing

/// Seats, periods and invoices, on a real ledger.
@Suite struct SeatTests {
    @Test func theFirstSeatsBeginASubscriptionWhenTheyArePaid() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        let order = try await fixture.order(3)
        #expect((order.state, order.amount) == ("pending", "87.00"))
        #expect(try await fixture.billing.subscription(of: "acme").standing == "none")
        // Any number of members, as long as no seats are sold.
        #expect(try await fixture.addMember("ana") == nil)
        try await fixture.pay(order.payment)
        let subscription = try await fixture.billing.subscription(of: "acme")
        #expect((subscription.seats, subscription.membersMax) == (3, 3))
        #expect((subscription.periodStart, subscription.periodEnd) == ("2026-01-31", "2026-02-28"))
        #expect(try await fixture.events() == ["payment_succeeded", "subscription_started"])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func membersFillSeatsAndNoMore() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(2)
        #expect(try await fixture.addMember("ana") == nil)
        #expect(try await fixture.addMember("bo") == nil)
        let refusal = try await fixture.addMember("cy")
        #expect(refusal?.code == .seatsFull)
        #expect(refusal?.message.contains("meterctl seats add acme 1") == true)
        // A seat that is held can't be given up.
        await #expect(throws: Refusal.self) {
            try await fixture.billing.removeSeats(1, from: "acme", under: fixture.key(), by: "test")
        }
        try await fixture.addSeats(1)
        #expect(try await fixture.addMember("cy") == nil)
        try await fixture.close()
    }

    @Test func aSeatThatIsAboutToGoIsNotFilledAndARemovalCanBeTakenBack() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(3)
        let key = fixture.key()
        let removed = try await fixture.billing.removeSeats(2, from: "acme", under: key, by: "test")
        #expect((removed.seats, removed.nextSeats) == (3, 1))
        // The same call again is the same removal.
        #expect(try await fixture.billing.removeSeats(2, from: "acme", under: key, by: "test").nextSeats == 1)
        #expect(try await fixture.addMember("ana") == nil)
        #expect(try await fixture.addMember("bo")?.code == .seatsFull)
        let kept = try await fixture.billing.keepSeats(of: "acme", under: fixture.key(), by: "test")
        #expect(kept.nextSeats == 3)
        #expect(try await fixture.addMember("bo") == nil)
        try await fixture.close()
    }

    @Test func aPeriodsInvoiceAsksForItsSeatsAndShowsWhatWasPaid() async throws {
        let taxes = try TaxDocument.parse(
            """
            format: meterd-tax/1
            rates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]
            """)
        let fixture = try await BillingFixture(taxes: taxes)
        try await fixture.createOrg()
        try await fixture.addSeats(3)
        try await fixture.move(to: "2026-02-10")
        let preview = try await fixture.billing.previewSeats(2, for: "acme")
        #expect((preview.days, preview.ofDays, preview.net, preview.tax) == (18, 28, "37.29", "7.09"))
        try await fixture.addSeats(2)
        try await fixture.buy("100")
        #expect(try await fixture.balance() == Money(nanos: 100_000_000_000))
        _ = try await fixture.billing.removeSeats(1, from: "acme", under: fixture.key(), by: "test")
        try await fixture.move(to: "2026-02-28")
        let invoice = try #require(try await fixture.invoices().first)
        #expect((invoice.number, invoice.periodStart, invoice.periodEnd) == ("INV-000001", "2026-02-28", "2026-03-31"))
        #expect(invoice.lines.map(\.gross) == ["138.04", "103.53", "44.38", "119.00"])
        #expect(invoice.lines.map(\.paidOn) == [nil, "2026-01-31", "2026-02-10", "2026-02-10"])
        #expect((invoice.net, invoice.tax, invoice.total) == ("340.29", "64.66", "404.95"))
        #expect((invoice.paidBefore, invoice.due, invoice.state) == ("266.91", "138.04", "open"))
        #expect(invoice.taxes.map { [$0.rule, $0.net, $0.tax] } == [["19 % USt. (DE)", "340.29", "64.66"]])
        try await fixture.pay(try await fixture.pending())
        let paid = try #require(try await fixture.invoices().first)
        #expect((paid.state, paid.open) == ("paid", "0.00"))
        // What stood on it doesn't stand on the next one.
        try await fixture.move(to: "2026-03-31")
        #expect(try await fixture.invoices().last?.lines.map(\.gross) == ["138.04"])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aDowntimeOfMonthsBillsEachPeriodOnceWhenTheOneBeforeIsPaid() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        try await fixture.move(to: "2026-06-15")
        #expect(try await fixture.invoices().map(\.periodStart) == ["2026-02-28"])
        for _ in 0..<3 { try await fixture.pay(try await fixture.pending()) }
        #expect(
            try await fixture.invoices().map(\.periodStart) == [
                "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31",
            ])
        try await fixture.pay(try await fixture.pending())
        #expect(try await fixture.billing.subscription(of: "acme").periodEnd == "2026-06-30")
        #expect(try await fixture.invoices().map(\.number) == (1...4).map { "INV-00000\($0)" })
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func numbersHaveNoGapsWhoeverIsBilled() async throws {
        let fixture = try await BillingFixture()
        for day in 1...9 {
            try await fixture.move(to: "2026-02-0\(day)")
            try await fixture.createOrg("org\(day)")
            try await fixture.addSeats(1, to: "org\(day)")
        }
        try await fixture.move(to: "2026-03-20")
        var numbers: [String] = []
        for day in 1...9 { numbers += try await fixture.invoices("org\(day)").map(\.number) }
        #expect(numbers == (1...9).map { "INV-00000\($0)" })
        try await fixture.close()
    }

    @Test func seatsThatAreNotPaidInTheirPeriodLapse() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        let order = try await fixture.order(5)
        try await fixture.move(to: "2026-03-01")
        #expect(try await fixture.billing.payment(order.payment, of: "acme").state == "canceled")
        #expect(try await fixture.billing.subscription(of: "acme").seats == 1)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aClosedOrgsLastInvoiceShowsWhatItBoughtSinceTheOneBefore() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        try await fixture.buy("50")
        guard case .org = await fixture.writer.perform(.closeOrg("acme", fixture.key())) else {
            throw BillingFixture.Unexpected()
        }
        try await fixture.move(to: "2026-09-01")
        let invoices = try await fixture.invoices()
        #expect(invoices.map(\.due) == ["0.00"])
        #expect(invoices.first?.lines.map(\.product) == ["seats", "credits"])
        #expect(invoices.first?.state == "paid")
        await #expect(throws: Refusal.self) { try await fixture.buy("50") }
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func sameOrderTwiceIsOnePaymentAndAnotherUnderItsKeyIsRefused() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        let key = IdempotencyKey(route: "addSeats", key: "k", body: "3")
        let first = try await fixture.order(3, under: key)
        async let again = fixture.order(3, under: key)
        async let once = fixture.order(3, under: key)
        #expect(try await [again.payment, once.payment] == [first.payment, first.payment])
        let other = IdempotencyKey(route: "addSeats", key: "k", body: "4")
        let refusal = await #expect(throws: Refusal.self) {
            try await fixture.billing.addSeats(4, to: "acme", under: other, by: "test")
        }
        #expect(refusal?.code == .idConflict)
        #expect(try await fixture.billing.payments(of: "acme", before: nil, limit: 10).items.count == 1)
        // A payment is recorded once, whatever is said afterwards.
        try await fixture.pay(first.payment)
        await #expect(throws: Refusal.self) { try await fixture.pay(first.payment) }
        #expect(try await fixture.billing.subscription(of: "acme").seats == 3)
        try await fixture.close()
    }

    @Test func twoSignupsOfOneOrgAtATimeAreOneSubscription() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        let first = try await fixture.order(3, under: fixture.key("a"))
        let second = try await fixture.order(2, under: fixture.key("a"))
        try await fixture.pay(second.payment)
        try await fixture.pay(first.payment)
        #expect(try await fixture.billing.subscription(of: "acme").seats == 5)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func whoBuysStandsOnLaterInvoicesOnly() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        try await fixture.move(to: "2026-02-28")
        var billTo = BillTo()
        (billTo.name, billTo.address, billTo.vatID) = ("Acme GmbH", ["Hauptstr. 1"], "de 123 456 789")
        let view = try await fixture.billing.setBillTo(billTo, for: "acme", under: fixture.key(), by: "test")
        #expect((view.name, view.vatId, view.country) == ("Acme GmbH", "DE123456789", "DE"))
        try await fixture.pay(try await fixture.pending())
        try await fixture.move(to: "2026-03-31")
        #expect(try await fixture.invoices().map(\.buyer.name) == ["acme", "Acme GmbH"])
        var wrong = BillTo()
        wrong.vatID = "DE12"
        let refused = wrong
        await #expect(throws: Refusal.self) {
            try await fixture.billing.setBillTo(refused, for: "acme", under: fixture.key(), by: "test")
        }
        try await fixture.close()
    }
}
