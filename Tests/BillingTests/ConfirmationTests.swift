import Billing
import Ledger
import Metering
import Stripe
import TestSupport
import Testing

/// Payments that the bank wants its customer to confirm, at a gateway that is asked over HTTP and has a page for it.
@Suite(.serialized, .enabled(if: StripeDouble.isInstalled, "scripts/install-stripe-double installs the peer"))
struct ConfirmationTests {
    /// Cards that need no confirmation, that need it once, and always.
    private static let (good, once, always) = ("4242424242424242", "4000002500003155", "4000002760003184")
    private let stripe: StripeDouble

    init() throws { stripe = try StripeDouble() }

    private func fixture(
        card: String, returnURL: String? = "https://billing.example/{org}?payment={payment}"
    ) async throws -> BillingFixture {
        let gateway = try StripeGateway(
            base: stripe.address, key: Secret("sk_test_123"), webhookSecret: nil, ledgerID: "l1", timeoutSeconds: 10)
        let fixture = try await BillingFixture(
            gateway: gateway, returnURL: try returnURL.map { try #require(ReturnURL($0)) })
        try await fixture.createOrg()
        try await save(card, fixture)
        return fixture
    }

    @discardableResult private func save(_ card: String, _ fixture: BillingFixture) async throws -> PaymentMethodView {
        try await fixture.billing.setMethod(try stripe.card(card), for: "acme", under: fixture.key("m"), by: "test")
    }

    private func buy(_ fixture: BillingFixture, under key: IdempotencyKey? = nil) async throws -> PaymentView {
        try await fixture.billing.buyCredits(
            try #require(Money(decimal: "100")), for: "acme", under: key ?? fixture.key("buy"), by: "test")
    }

    private func end(_ fixture: BillingFixture) async throws {
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func creditsAreBoughtOnThePageAndTheNextOnesWithoutIt() async throws {
        let fixture = try await fixture(card: Self.once)
        let waiting = try await buy(fixture)
        #expect(waiting.state == "pending")
        let confirm = try #require(waiting.confirm)
        #expect(confirm.until == "2026-02-01T09:00:00.000Z")
        #expect(waiting.words?.contains("confirm") == true)
        #expect(try await fixture.balance() == .zero)
        let back = try stripe.confirm(on: confirm.url)
        #expect(back.hasPrefix("https://billing.example/acme?payment=1&"))
        // The way back says nothing: only the gateway does.
        #expect(try await fixture.billing.payment(1, of: "acme").state == "pending")
        let checked = try await fixture.billing.check(1, of: "acme")
        #expect((checked.state, checked.confirm) == ("succeeded", nil))
        #expect(try await fixture.balance() == Money(decimal: "100"))
        #expect(try await buy(fixture).state == "succeeded")
        #expect(try stripe.captured().map(\.amount) == [10_000, 10_000])
        try await end(fixture)
    }

    @Test func aRepeatedOrderGivesTheSamePageAndIsPaidOnce() async throws {
        let fixture = try await fixture(card: Self.always)
        let key = fixture.key("buy")
        let pages = [
            try await buy(fixture, under: key).confirm, try await buy(fixture, under: key).confirm,
            try await fixture.billing.payments(of: "acme", before: nil, limit: 5).items.first?.confirm,
            try await fixture.billing.check(1, of: "acme").confirm,
        ]
        let page = try #require(pages[0]?.url)
        #expect(pages.allSatisfy { $0?.url == page })
        #expect(try stripe.confirm(on: page) != "")
        #expect(try stripe.confirm(on: page) == "")
        // A round of the daemon finds it too.
        try await fixture.move(to: "2026-01-31T10:00:06Z")
        #expect(try await buy(fixture, under: key).state == "succeeded")
        #expect(try stripe.captured().count == 1)
        try await end(fixture)
    }

    @Test func seatsAreHadOnceTheyAreConfirmed() async throws {
        let fixture = try await fixture(card: Self.always)
        let waiting = try await fixture.order(3)
        #expect(try await fixture.billing.subscription(of: "acme").seats == 0)
        _ = try stripe.confirm(on: try #require(waiting.confirm).url)
        #expect(try await fixture.billing.check(waiting.payment, of: "acme").state == "succeeded")
        #expect(try await fixture.addMember("ana") == nil)
        #expect(try await fixture.billing.subscription(of: "acme").seats == 3)
        try await end(fixture)
    }

    @Test func whatIsOwedIsConfirmedByRetryAndRestoresAtOnce() async throws {
        let fixture = try await fixture(card: Self.good)
        #expect(try await fixture.order(2).state == "succeeded")
        try await save(Self.always, fixture)
        // Nobody is there at the renewal: there is no page, and the grace begins.
        try await fixture.move(to: "2026-02-28")
        let declined = try await fixture.billing.payments(of: "acme", before: nil, limit: 1).items.first
        #expect((declined?.reason, declined?.confirm) == ("authentication_required", nil))
        try await fixture.move(to: "2026-03-04")
        #expect(try await fixture.billing.subscription(of: "acme").standing == "suspended")
        let waiting = try await fixture.billing.retry("acme", under: fixture.key("retry"), by: "test")
        let again = try await fixture.billing.retry("acme", under: fixture.key("retry"), by: "test")
        #expect((again.payment, again.confirm) == (waiting.payment, waiting.confirm))
        _ = try stripe.confirm(on: try #require(waiting.confirm).url)
        #expect(try await fixture.billing.check(waiting.payment, of: "acme").state == "succeeded")
        #expect(try await fixture.billing.subscription(of: "acme").standing == "current")
        try await end(fixture)
    }

    @Test func aCardThatIsSavedWhileSomethingIsOwedIsConfirmedAtOnce() async throws {
        let fixture = try await fixture(card: Self.good)
        #expect(try await fixture.order(2).state == "succeeded")
        try stripe.fault("decline:insufficient_funds")
        try await fixture.move(to: "2026-02-28")
        let saved = try await save(Self.once, fixture)
        #expect(saved.tried?.state == "pending")
        _ = try stripe.confirm(on: try #require(saved.tried?.confirm).url)
        let payment = try #require(saved.tried?.payment)
        #expect(try await fixture.billing.check(payment, of: "acme").state == "succeeded")
        #expect(try await fixture.billing.subscription(of: "acme").standing == "current")
        try await end(fixture)
    }

    @Test func aFailedConfirmationIsADeclineThatNobodyPaysLater() async throws {
        let fixture = try await fixture(card: Self.always)
        let page = try #require(try await buy(fixture).confirm).url
        #expect(try stripe.confirm(on: page, failing: true).contains("redirect_status=failed"))
        let declined = try await fixture.billing.check(1, of: "acme")
        #expect((declined.state, declined.reason) == ("declined", "not_confirmed"))
        #expect(declined.words?.contains("did not confirm") == true)
        #expect(try stripe.confirm(on: page) == "")
        // A new order has a page of its own.
        let second = try #require(try await buy(fixture).confirm).url
        #expect(second != page)
        try await end(fixture)
    }

    @Test func whatNobodyConfirmsIsGivenUp() async throws {
        let fixture = try await fixture(card: Self.always)
        let page = try #require(try await buy(fixture).confirm).url
        try await fixture.move(to: "2026-02-01T08:59:59Z")
        #expect(try await fixture.billing.payment(1, of: "acme").confirm?.url == page)
        try await fixture.move(to: "2026-02-01T09:10:00Z")
        #expect(try await fixture.billing.payment(1, of: "acme").reason == "not_confirmed")
        #expect(try stripe.confirm(on: page) == "")
        try await end(fixture)
    }

    @Test func anotherMethodEndsTheWaitAndPaysWhatIsOwed() async throws {
        let fixture = try await fixture(card: Self.good)
        #expect(try await fixture.order(2).state == "succeeded")
        try await save(Self.always, fixture)
        try await fixture.move(to: "2026-02-28")
        let waiting = try await fixture.billing.retry("acme", under: fixture.key("retry"), by: "test")
        let credits = try await buy(fixture)
        let saved = try await save(Self.good, fixture)
        #expect(saved.tried?.state == "succeeded")
        for payment in [waiting, credits] {
            #expect(try await fixture.billing.payment(payment.payment, of: "acme").state == "canceled")
            #expect(try stripe.confirm(on: try #require(payment.confirm).url) == "")
        }
        #expect(try await fixture.billing.subscription(of: "acme").standing == "current")
        try await end(fixture)
    }

    @Test func aWaitThatIsCancelledEndsOnlyWhenTheGatewaySaysSo() async throws {
        let fixture = try await fixture(card: Self.always)
        let page = try #require(try await buy(fixture).confirm).url
        let key = fixture.key("cancel")
        try stripe.fault("drop_before", on: "/v1/payment_intents", method: "GET")
        await #expect(throws: Refusal.self) {
            try await fixture.billing.cancel(1, of: "acme", under: key, by: "test")
        }
        #expect(try await fixture.billing.check(1, of: "acme").confirm?.url == page)
        // The answer to the cancellation is lost; it is found to be done.
        try stripe.fault("drop_after", on: "/v1/payment_intents/")
        #expect(try await fixture.billing.cancel(1, of: "acme", under: key, by: "test").state == "canceled")
        #expect(try await fixture.billing.cancel(1, of: "acme", under: key, by: "test").state == "canceled")
        #expect(try stripe.confirm(on: page) == "")
        await #expect(throws: Refusal.self) {
            try await fixture.billing.cancel(1, of: "acme", under: fixture.key("cancel"), by: "test")
        }
        try await end(fixture)
    }

    @Test func whoPaysWhileItIsCancelledHasWhatTheyPaidFor() async throws {
        let fixture = try await fixture(card: Self.always)
        _ = try stripe.confirm(on: try #require(try await buy(fixture).confirm).url)
        #expect(
            try await fixture.billing.cancel(1, of: "acme", under: fixture.key("c"), by: "test").state == "succeeded")
        #expect(try await fixture.balance() == Money(decimal: "100"))
        try await end(fixture)
    }

    @Test(arguments: ["drop_before", "drop_after", "error_before", "error_after"])
    func aPageWhoseAnswerIsLostIsFound(fault: String) async throws {
        let fixture = try await fixture(card: Self.always)
        try stripe.fault(fault, on: "/v1/payment_intents/")
        let lost = try await buy(fixture)
        #expect((lost.state, lost.confirm) == ("pending", nil))
        let page = try #require(try await fixture.billing.check(1, of: "acme").confirm).url
        _ = try stripe.confirm(on: page)
        #expect(try await fixture.billing.check(1, of: "acme").state == "succeeded")
        #expect(try stripe.captured().count == 1)
        try await end(fixture)
    }

    @Test(arguments: ["drop_before", "error_before"])
    func aDeclineStandsOnceTheGatewayHasGivenThePaymentUp(fault: String) async throws {
        let fixture = try await fixture(card: Self.good)
        try stripe.fault("decline:insufficient_funds")
        try stripe.fault(fault, on: "/v1/payment_intents/")
        try stripe.fault(fault, on: "/v1/payment_intents/", method: "GET")
        #expect(try await buy(fixture).state == "pending")
        #expect(try await fixture.billing.check(1, of: "acme").state == "declined")
        try await end(fixture)
    }

    @Test func withoutAPageToReturnToItIsDeclined() async throws {
        let fixture = try await fixture(card: Self.always, returnURL: nil)
        let declined = try await buy(fixture)
        #expect((declined.state, declined.reason) == ("declined", "authentication_required"))
        #expect(declined.words?.contains("billing.return_url") == true)
        // An order may name one itself.
        let waiting = try await fixture.billing.buyCredits(
            try #require(Money(decimal: "100")), for: "acme",
            returningTo: try #require(ReturnURL("http://localhost:8080/back")), under: fixture.key("buy"), by: "test")
        let back = try stripe.confirm(on: try #require(waiting.confirm).url)
        #expect(back.hasPrefix("http://localhost:8080/back?"))
        try await end(fixture)
    }

    @Test func whatIsBoughtByItselfHasNoPageAndGoesOnAfterOneConfirmation() async throws {
        let fixture = try await fixture(card: Self.once)
        let topUp = TopUp(
            threshold: try #require(Money(decimal: "150")), amount: try #require(Money(decimal: "50")), perDayMax: 5)
        _ = try await fixture.billing.setTopUp(topUp, for: "acme", under: fixture.key(), by: "test")
        try await fixture.settle()
        let declined = try await fixture.billing.payments(of: "acme", before: nil, limit: 5).items
        #expect(declined.map(\.reason) == ["authentication_required"])
        let waiting = try await buy(fixture)
        _ = try stripe.confirm(on: try #require(waiting.confirm).url)
        _ = try await fixture.billing.check(waiting.payment, of: "acme")
        #expect(try await fixture.balance() == Money(decimal: "150"))
        try await end(fixture)
    }

    @Test(arguments: [
        ("https://a.example", true), ("https://a.example/{org}/{payment}?x=1#y", true), ("http://127.0.0.1:80/", true),
        ("http://a.example/", false), ("javascript:alert(1)", false), ("https://", false), ("a.example", false),
        ("", false),
        ("https://user:secret@a.example/", false), ("https://a.example/ b", false),
        ("https://a.example/" + String(repeating: "a", count: 1024), false),
    ])
    func aPageToReturnToIsAnAbsoluteAddress(text: String, isTaken: Bool) {
        #expect((ReturnURL(text) != nil) == isTaken)
    }
}
