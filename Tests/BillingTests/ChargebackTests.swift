import Billing
import Ledger
import Metering
import Stripe
import TestSupport
import Testing

/// Money that a bank takes back, or somebody refunds at the gateway: asked of a gateway over HTTP.
// One after the other: each has a process and a ledger open, and Foundation reads beyond its memory when it starts a process
// with more than some 1,300 descriptors open (findMaximumOpenFromProcSelfFD).
@Suite(.serialized, .enabled(if: StripeDouble.isInstalled, "scripts/install-stripe-double installs the peer"))
struct ChargebackTests {
    private static let taxes = """
        format: meterd-tax/1
        rates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]
        """
    private let stripe: StripeDouble

    init() throws { stripe = try StripeDouble() }

    private func fixture(configure: (inout Plan) -> Void = { _ in }) async throws -> BillingFixture {
        let gateway = try StripeGateway(
            base: stripe.address, key: Secret("sk_test_123"), webhookSecret: nil, ledgerID: "l1", timeoutSeconds: 10)
        var plan = Plan()
        configure(&plan)
        let fixture = try await BillingFixture(gateway: gateway, plan: plan, taxes: try TaxDocument.parse(Self.taxes))
        try await fixture.createOrg()
        try await fixture.recordRates()
        _ = try await fixture.billing.setMethod(
            try stripe.card("4242424242424242"), for: "acme", under: fixture.key("m"), by: "test")
        return fixture
    }

    private func money(_ text: String) throws -> Money { try #require(Money(decimal: text)) }

    /// Buys credits; gives the mark of the payment.
    private func buy(_ amount: String, _ fixture: BillingFixture) async throws -> (number: Int64, mark: String) {
        let payment = try await fixture.billing.buyCredits(
            try money(amount), for: "acme", under: fixture.key(), by: "test")
        #expect(payment.state == "succeeded")
        return (payment.payment, try mark(fixture, payment.payment))
    }

    private func mark(_ fixture: BillingFixture, _ number: Int64) throws -> String {
        let mark = try stripe.captured().first { $0.mark.hasSuffix("-payment-\(number)") }?.mark
        return try #require(mark)
    }

    private func newEvents(_ fixture: BillingFixture, after count: inout Int) async throws -> [String] {
        let all = try await fixture.events()
        defer { count = all.count }
        return Array(all.dropFirst(count))
    }

    @Test func creditsThatABankTookAreTakenAndComeAgainIfItIsWon() async throws {
        let fixture = try await fixture()
        let bought = try await buy("100", fixture)
        _ = try await buy("50", fixture)
        try await fixture.spend(30, "r1")
        var events = 0
        _ = try await newEvents(fixture, after: &events)
        // 119.00, and 15.00 for its trouble.
        try stripe.dispute("dp_1", "needs_response", of: bought.mark, 11900, [(-11900, 1500)])
        try await fixture.move(to: "2026-02-01T12:00:00Z")
        #expect(try await newEvents(fixture, after: &events) == ["payment_returned", "chargeback_opened"])
        // What is left of the purchase, and what it had spent of the other.
        #expect(try await fixture.balance() == (try money("20")))
        #expect(try await fixture.billing.payment(bought.number, of: "acme").returned == "119.00")
        #expect(try await fixture.reader.openChargebacks() == 1)
        try await fixture.verify()
        // The same again is nothing new.
        for day in ["2026-02-03", "2026-02-05"] { try await fixture.move(to: day) }
        #expect(try await newEvents(fixture, after: &events) == [])
        try stripe.dispute("dp_1", "won", of: bought.mark, 11900, [(-11900, 1500), (11900, -1500)])
        try await fixture.move(to: "2026-02-07")
        #expect(try await newEvents(fixture, after: &events) == ["payment_reinstated", "chargeback_closed"])
        #expect(try await fixture.balance() == (try money("120")))
        #expect(try await fixture.reader.openChargebacks() == 0)
        #expect(try await fixture.billing.payment(bought.number, of: "acme").returned == nil)
        try await fixture.verify()
        for day in ["2026-02-09", "2026-02-11"] { try await fixture.move(to: day) }
        #expect(try await newEvents(fixture, after: &events) == [])
        try await fixture.close()
    }

    @Test func whatWasSpentIsDebtAndRequestsAreRefused() async throws {
        let fixture = try await fixture()
        let bought = try await buy("100", fixture)
        try await fixture.spend(100, "r1")
        try stripe.dispute("dp_1", "lost", of: bought.mark, 11900, [(-11900, 1500)])
        try await fixture.move(to: "2026-02-02")
        #expect(try await fixture.balance() == (try money("-100")))
        #expect(try await fixture.authorize("a") == .insufficientCredits)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func whatWasSpentIsInvoicedIfThePlanSaysSo() async throws {
        let fixture = try await fixture { $0.invoicesSpentCredits = true }
        let bought = try await buy("100", fixture)
        try await fixture.spend(60, "r1")
        try stripe.dispute("dp_1", "lost", of: bought.mark, 11900, [(-11900, 0)])
        try await fixture.move(to: "2026-02-02")
        #expect(try await fixture.balance() == .zero)
        // 60.00 of credits with 11.40 tax.
        #expect(try await fixture.billing.subscription(of: "acme").balance == "-71.40")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aPartThatIsTakenAndAPartThatComesAgain() async throws {
        let fixture = try await fixture()
        let bought = try await buy("100", fixture)
        try stripe.dispute("dp_1", "needs_response", of: bought.mark, 4000, [(-4000, 1500)])
        try await fixture.move(to: "2026-02-02")
        // 40.00 of 119.00: 6.39 of it is tax.
        #expect(try await fixture.balance() == (try money("66.39")))
        try await fixture.verify()
        try stripe.dispute("dp_1", "won", of: bought.mark, 4000, [(-4000, 1500), (1999, 0)])
        try await fixture.move(to: "2026-02-04")
        #expect(try await fixture.balance() == (try money("83.19")))
        try await fixture.verify()
        // Another takes all that is left, and more than there is: what goes beyond the payment is the seller's loss.
        try stripe.dispute("dp_2", "lost", of: bought.mark, 11900, [(-11900, 1500)])
        try await fixture.move(to: "2026-02-06")
        #expect(try await fixture.balance() == .zero)
        #expect(try await fixture.billing.payment(bought.number, of: "acme").returned == "119.00")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func anInquiryOnlyTells() async throws {
        let fixture = try await fixture()
        let bought = try await buy("100", fixture)
        var events = try await fixture.events().count
        try stripe.dispute("dp_1", "warning_needs_response", of: bought.mark, 11900)
        try await fixture.move(to: "2026-02-02")
        #expect(try await newEvents(fixture, after: &events) == ["chargeback_opened"])
        #expect(try await fixture.balance() == (try money("100")))
        try stripe.dispute("dp_1", "warning_closed", of: bought.mark, 11900)
        try await fixture.move(to: "2026-02-04")
        #expect(try await newEvents(fixture, after: &events) == ["chargeback_closed"])
        try await fixture.move(to: "2026-02-06")
        #expect(try await newEvents(fixture, after: &events) == [])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func anInvoiceIsOwedAgainAndItsCardIsNotTriedByItself() async throws {
        let fixture = try await fixture()
        #expect(try await fixture.order(2).state == "succeeded")
        try await fixture.move(to: "2026-02-28")
        let paid = try #require(try await fixture.billing.payments(of: "acme", before: nil, limit: 1).items.first)
        try stripe.dispute("dp_1", "needs_response", of: try mark(fixture, paid.payment), 6902, [(-6902, 1500)])
        try await fixture.move(to: "2026-03-02")
        let subscription = try await fixture.billing.subscription(of: "acme")
        #expect((subscription.standing, subscription.due) == ("grace", "69.02"))
        try await fixture.verify()
        _ = try stripe.attempts()
        try await fixture.move(to: "2026-03-04")
        #expect(try stripe.attempts() == 0)
        // It is won: nothing is owed any more.
        try stripe.dispute(
            "dp_1", "won", of: try mark(fixture, paid.payment), 6902, [(-6902, 1500), (6902, -1500)])
        try await fixture.move(to: "2026-03-06")
        #expect(try await fixture.billing.subscription(of: "acme").standing == "current")
        #expect(try await fixture.invoices().first?.state == "paid")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func whatComesAgainAfterAnotherPaymentPaysTheNextInvoice() async throws {
        let fixture = try await fixture()
        #expect(try await fixture.order(2).state == "succeeded")
        try await fixture.move(to: "2026-02-28")
        let paid = try #require(try await fixture.billing.payments(of: "acme", before: nil, limit: 1).items.first)
        let mark = try mark(fixture, paid.payment)
        try stripe.dispute("dp_1", "needs_response", of: mark, 6902, [(-6902, 1500)])
        try await fixture.move(to: "2026-03-02")
        let other = try await fixture.billing.setMethod(
            try stripe.card("4000000000000077"), for: "acme", under: fixture.key("m"), by: "test")
        #expect(other.tried?.state == "succeeded")
        try stripe.dispute("dp_1", "won", of: mark, 6902, [(-6902, 1500), (6902, -1500)])
        try await fixture.move(to: "2026-03-06")
        #expect(try await fixture.billing.subscription(of: "acme").balance == "69.02")
        try await fixture.verify()
        try await fixture.move(to: "2026-03-31")
        #expect(try await fixture.invoices().last?.fromBalance == "69.02")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func seatsThatABankTookBackAreCollectedWithTheNextInvoice() async throws {
        let fixture = try await fixture()
        let seats = try await fixture.order(2)
        try stripe.dispute("dp_1", "lost", of: try mark(fixture, seats.payment), 6902, [(-6902, 0)])
        try await fixture.move(to: "2026-02-02")
        #expect(try await fixture.billing.subscription(of: "acme").balance == "-69.02")
        try await fixture.verify()
        try await fixture.move(to: "2026-02-28")
        let invoice = try #require(try await fixture.invoices().first)
        #expect((invoice.carriedIn, invoice.due) == ("69.02", "138.04"))
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aRefundThatSomebodyMadeAtTheGatewayIsBookedAndOursIsNot() async throws {
        let fixture = try await fixture()
        let bought = try await buy("100", fixture)
        _ = try await fixture.billing.refundCredits(
            try money("10"), ofPayment: bought.number, of: "acme", reason: "r", under: fixture.key(), by: "test")
        let name = try stripe.refundByHand(bought.mark, 2380)
        try await fixture.move(to: "2026-02-02")
        #expect(try await fixture.balance() == (try money("70")))
        let payment = try await fixture.billing.payment(bought.number, of: "acme")
        #expect((payment.refunded, payment.returned) == ("11.90", "23.80"))
        try await fixture.verify()
        // It fails: the money comes again.
        try stripe.settle(refund: name, as: "failed")
        try await fixture.move(to: "2026-02-04")
        #expect(try await fixture.balance() == (try money("90")))
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aGatewayThatCannotBeReachedIsAskedAgainSoon() async throws {
        let fixture = try await fixture()
        let bought = try await buy("100", fixture)
        try stripe.dispute("dp_1", "lost", of: bought.mark, 11900, [(-11900, 0)])
        try stripe.fault("drop_before", on: "/v1/disputes", method: "GET")
        try await fixture.move(to: "2026-02-02")
        #expect(try await fixture.balance() == (try money("100")))
        try await fixture.move(to: "2026-02-02T00:10:00Z")
        #expect(try await fixture.balance() == .zero)
        try await fixture.close()
    }
}
