import Billing
import Ledger
import Metering
import Stripe
import TestSupport
import Testing

/// Money that goes back by a gateway that is asked over HTTP, and sums that it does not collect.
// One after the other: each has a process and a ledger open, and Foundation reads beyond its memory when it starts a process
// with more than some 1,300 descriptors open (findMaximumOpenFromProcSelfFD).
@Suite(.serialized, .enabled(if: StripeDouble.isInstalled, "scripts/install-stripe-double installs the peer"))
struct RefundTests {
    private static let taxes = """
        format: meterd-tax/1
        rates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]
        """
    private let stripe: StripeDouble

    init() throws { stripe = try StripeDouble() }

    private func fixture(seatPrice: String = "29", taxes: String = taxes) async throws -> BillingFixture {
        let gateway = try StripeGateway(
            base: stripe.address, key: Secret("sk_test_123"), webhookSecret: nil, ledgerID: "l1", timeoutSeconds: 10)
        var plan = Plan()
        plan.seatPrice = try money(seatPrice)
        let fixture = try await BillingFixture(gateway: gateway, plan: plan, taxes: try TaxDocument.parse(taxes))
        try await fixture.createOrg()
        try await save("4242424242424242", fixture)
        return fixture
    }

    private func save(_ card: String, _ fixture: BillingFixture) async throws {
        _ = try await fixture.billing.setMethod(try stripe.card(card), for: "acme", under: fixture.key("m"), by: "test")
    }

    private func money(_ text: String) throws -> Money { try #require(Money(decimal: text)) }

    private func buy(_ amount: String, _ fixture: BillingFixture) async throws -> Int64 {
        let payment = try await fixture.billing.buyCredits(
            try money(amount), for: "acme", under: fixture.key(), by: "test")
        #expect(payment.state == "succeeded")
        return payment.payment
    }

    private func refund(
        _ credits: String?, of payment: Int64, _ fixture: BillingFixture, under key: IdempotencyKey? = nil
    ) async throws -> RefundView {
        try await fixture.billing.refundCredits(
            try credits.map(money), ofPayment: payment, of: "acme", reason: "too many", under: key ?? fixture.key(),
            by: "test")
    }

    @Test func unspentCreditsGoBackWithTheirTax() async throws {
        let fixture = try await fixture()
        try await fixture.recordRates()
        let payment = try await buy("100", fixture)
        try await fixture.spend(30, "r1")
        let key = fixture.key()
        let part = try await refund("40", of: payment, fixture, under: key)
        #expect((part.state, part.amount, part.tax) == ("succeeded", "47.60", "7.60"))
        #expect(try await refund("40", of: payment, fixture, under: key).refund == part.refund)
        #expect(try await fixture.balance() == (try money("30")))
        try await fixture.verify()
        await #expect(throws: Refusal.self) { try await refund("30.01", of: payment, fixture) }
        #expect(try await refund(nil, of: payment, fixture).amount == "35.70")
        #expect(try await fixture.balance() == .zero)
        await #expect(throws: Refusal.self) { try await refund(nil, of: payment, fixture) }
        #expect(try stripe.captured().map(\.refunded) == [8330])
        // The purchase stands on an invoice, and each refund on a credit note of it.
        let documents = try await fixture.invoices()
        #expect(documents.map(\.number) == ["INV-000001", "CN-000001", "CN-000002"])
        #expect(documents.map(\.total) == ["119.00", "47.60", "35.70"])
        #expect(documents.map(\.state) == ["paid", "issued", "issued"])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func whatWouldBeBoughtAgainAtOnceIsNotGivenBack() async throws {
        let fixture = try await fixture()
        let payment = try await buy("100", fixture)
        let topUp = TopUp(threshold: try money("20"), amount: try money("50"), perDayMax: 3)
        _ = try await fixture.billing.setTopUp(topUp, for: "acme", under: fixture.key(), by: "test")
        let refusal = await #expect(throws: Refusal.self) { try await refund(nil, of: payment, fixture) }
        #expect(refusal?.message.contains("top-up") == true)
        #expect(try await refund("80", of: payment, fixture).state == "succeeded")
        _ = try await fixture.billing.setTopUp(nil, for: "acme", under: fixture.key(), by: "test")
        #expect(try await refund(nil, of: payment, fixture).state == "succeeded")
        try await fixture.settle()
        #expect(try await fixture.balance() == .zero)
        try await fixture.close()
    }

    @Test func creditsAreTakenBeforeTheGatewayIsAskedAndStayTakenWhileItFails() async throws {
        let fixture = try await fixture()
        let payment = try await buy("100", fixture)
        try stripe.fault("refund:pending", on: "/v1/refunds")
        #expect(try await refund(nil, of: payment, fixture).state == "pending")
        #expect(try await fixture.balance() == .zero)
        try await fixture.verify()
        let pending = try #require(try await fixture.billing.refunds(of: "acme", before: nil, limit: 1).items.first)
        try stripe.settle(refund: try #require(pending.reference), as: "failed")
        try await fixture.move(to: "2026-02-01")
        let failed = try await fixture.billing.refund(1, of: "acme")
        #expect(failed.state == "failed")
        #expect(failed.words?.contains("meterctl refunds retry acme 1") == true)
        #expect(try await fixture.events().suffix(1) == ["refund_failed"])
        // It is not tried again by itself.
        for day in ["2026-02-02", "2026-02-20"] { try await fixture.move(to: day) }
        #expect(try await fixture.billing.refund(1, of: "acme").state == "failed")
        try await fixture.verify()
        let again = try await fixture.billing.retryRefund(1, of: "acme", under: fixture.key(), by: "test")
        #expect(again.state == "succeeded")
        #expect(try stripe.captured().map(\.refunded) == [11900])
        #expect(try await fixture.events().suffix(1) == ["payment_refunded"])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func moneyThatCameInVainIsRefundedWhenStripeSaysSo() async throws {
        let fixture = try await fixture()
        try stripe.fault("drop_after")
        let lost = try await fixture.billing.buyCredits(
            try money("100"), for: "acme", under: fixture.key(), by: "test")
        #expect(lost.state == "pending")
        guard case .org = await fixture.writer.perform(.closeOrg("acme", fixture.key())) else {
            throw BillingFixture.Unexpected()
        }
        try stripe.fault("refund:pending", on: "/v1/refunds")
        try await fixture.move(to: "2026-02-01")
        #expect(try await fixture.billing.payment(lost.payment, of: "acme").state == "refund_due")
        let refund = try #require(try await fixture.billing.refunds(of: "acme", before: nil, limit: 1).items.first)
        #expect((refund.state, refund.cause) == ("pending", "in_vain"))
        try await fixture.verify()
        try stripe.settle(refund: try #require(refund.reference), as: "succeeded")
        try await fixture.move(to: "2026-02-02")
        #expect(try await fixture.billing.payment(lost.payment, of: "acme").state == "refunded")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aCreditNoteGivesMoneyBackByTheWayOnWhichItCame() async throws {
        let fixture = try await fixture()
        #expect(try await fixture.order(2).state == "succeeded")
        try await fixture.move(to: "2026-02-28")
        let note = try await fixture.billing.credit(
            try money("34.51"), to: .refund, reason: "unused", on: "INV-000001", of: "acme", under: fixture.key(),
            by: "test")
        #expect((note.net, note.tax) == ("29.00", "5.51"))
        #expect(try stripe.captured().map(\.refunded) == [0, 3451])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func whatIsTooLittleToBeCollectedIsCarriedOverAndNobodyIsSuspended() async throws {
        let fixture = try await fixture()
        #expect(try await fixture.order(1).state == "succeeded")
        try await save("4000000000000341", fixture)
        try await fixture.move(to: "2026-02-28")
        #expect(try await fixture.billing.subscription(of: "acme").standing == "grace")
        // 34.51 is owed; 0.25 of it is left.
        _ = try await fixture.billing.credit(
            try money("34.26"), reason: "an outage", on: "INV-000001", of: "acme", under: fixture.key(), by: "test")
        let subscription = try await fixture.billing.subscription(of: "acme")
        #expect((subscription.standing, subscription.due, subscription.balance) == ("current", "0.00", "-0.25"))
        try await fixture.verify()
        try await save("4242424242424242", fixture)
        try await fixture.move(to: "2026-03-31")
        let next = try #require(try await fixture.invoices().last)
        #expect((next.carriedIn, next.due, next.state) == ("0.25", "34.76", "paid"))
        #expect(try stripe.captured().map(\.amount) == [3451, 3476])
        #expect(try await fixture.billing.subscription(of: "acme").balance == nil)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func seatsForLessThanStripeCollectsAreHadAtOnceAndPaidLater() async throws {
        let fixture = try await fixture(seatPrice: "10", taxes: "format: meterd-tax/1\nrates: []\n")
        #expect(try await fixture.order(1).state == "succeeded")
        // The last day of 28: 0.36 for a seat.
        try await fixture.move(to: "2026-02-27")
        let small = try await fixture.order(1)
        #expect((small.state, small.amount, small.fromBalance) == ("succeeded", "0.36", "0.36"))
        #expect(try await fixture.billing.subscription(of: "acme").balance == "-0.36")
        // With it, the next is enough to be collected.
        let second = try await fixture.order(1)
        #expect((second.state, second.amount, second.fromBalance) == ("succeeded", "0.36", "-0.36"))
        #expect(try stripe.captured().map(\.amount) == [1000, 72])
        #expect(try await fixture.billing.subscription(of: "acme").seats == 3)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func whatIsLeftOfAnInvoiceIsCarriedOverToABalanceBelowZeroToo() async throws {
        let fixture = try await fixture(seatPrice: "0.40", taxes: "format: meterd-tax/1\nrates: []\n")
        #expect(try await fixture.order(2).state == "succeeded")
        try await save("4000000000000341", fixture)
        try await fixture.move(to: "2026-02-28")
        #expect(try await fixture.order(1).fromBalance == "0.40")
        // 0.40 are carried over already, and of 0.80 are 0.30 left.
        _ = try await fixture.billing.credit(
            try money("0.50"), reason: "an outage", on: "INV-000001", of: "acme", under: fixture.key(), by: "test")
        let served = try await fixture.billing.subscription(of: "acme")
        #expect((served.standing, served.due, served.balance) == ("current", "0.00", "-0.70"))
        try await fixture.verify()
        // The next invoice collects both.
        try await save("4242424242424242", fixture)
        try await fixture.move(to: "2026-03-31")
        let next = try #require(try await fixture.invoices().last)
        #expect((next.carriedIn, next.due, next.state) == ("0.70", "1.90", "paid"))
        #expect(try stripe.captured().map(\.amount) == [80, 190])
        try await fixture.verify()
        try await fixture.close()
    }
}
