import Billing
import Ledger
import Metering
import Stripe
import TestSupport
import Testing

/// How the payment of what is owed is tried, at a gateway that is asked over HTTP.
// One after the other: each has a process and a ledger open, and Foundation reads beyond its memory when it starts a process
// with more than some 1,300 descriptors open (findMaximumOpenFromProcSelfFD).
@Suite(.serialized, .enabled(if: StripeDouble.isInstalled, "scripts/install-stripe-double installs the peer"))
struct CollectionTests {
    private static let (good, other, declining) = ("4242424242424242", "4000000000000077", "4000000000000341")
    private let stripe: StripeDouble

    init() throws { stripe = try StripeDouble() }

    /// An org with two seats and a card.
    private func fixture() async throws -> BillingFixture {
        let gateway = try StripeGateway(
            base: stripe.address, key: Secret("sk_test_123"), webhookSecret: nil, ledgerID: "l1", timeoutSeconds: 10)
        let fixture = try await BillingFixture(gateway: gateway)
        try await fixture.createOrg()
        try await save(Self.good, fixture)
        #expect(try await fixture.order(2).state == "succeeded")
        #expect(try await fixture.addMember("ana") == nil)
        return fixture
    }

    @discardableResult private func save(_ card: String, _ fixture: BillingFixture) async throws -> PaymentMethodView {
        try await fixture.billing.setMethod(try stripe.card(card), for: "acme", under: fixture.key("m"), by: "test")
    }

    private func standing(_ fixture: BillingFixture) async throws -> String {
        try await fixture.billing.subscription(of: "acme").standing
    }

    @Test(arguments: [["2026-03-01"], ["2026-03-03"], ["2026-03-28", "2026-03-29"], ["2026-04-02"]])
    func anotherCardPaysWhatIsOwedAtOnce(days: [String]) async throws {
        let fixture = try await fixture()
        try await save(Self.declining, fixture)
        for day in ["2026-02-28"] + days { try await fixture.move(to: day) }
        #expect(try await ["grace", "suspended"].contains(standing(fixture)))
        _ = try stripe.attempts()
        let saved = try await save(Self.good, fixture)
        #expect((saved.tried?.state, saved.tried?.amount) == ("succeeded", "58.00"))
        #expect(try stripe.attempts() >= 1)
        #expect(try await standing(fixture) == "current")
        #expect(try await fixture.authorize("again") == nil)
        #expect(try await fixture.billing.subscription(of: "acme").members == 1)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aCardIsTriedOncePerHourHoweverOftenItIsSaved() async throws {
        let fixture = try await fixture()
        try await save(Self.declining, fixture)
        try await fixture.move(to: "2026-02-28")
        _ = try stripe.attempts()
        for _ in 0..<3 { #expect(try await save(Self.declining, fixture).tried == nil) }
        try await fixture.move(to: "2026-02-28T00:59:59Z")
        #expect(try stripe.attempts() == 0)
        try await fixture.move(to: "2026-02-28T01:00:00Z")
        #expect(try stripe.attempts() == 1)
        try await fixture.move(to: "2026-02-28T02:30:00Z")
        #expect(try stripe.attempts() == 0)
        // Another card doesn't wait for the first one's hour.
        #expect(try await save(Self.other, fixture).tried?.state == "succeeded")
        try await fixture.close()
    }

    @Test func aCardThatWasRefusedForGoodIsTriedOnRequestOnly() async throws {
        let fixture = try await fixture()
        try stripe.fault("decline:stolen_card")
        try await fixture.move(to: "2026-02-28")
        #expect(try await standing(fixture) == "grace")
        _ = try stripe.attempts()
        #expect(try await save(Self.good, fixture).tried == nil)
        for day in ["2026-03-01", "2026-03-02", "2026-03-10", "2026-03-28"] { try await fixture.move(to: day) }
        #expect(try stripe.attempts() == 0)
        let retried = try await fixture.billing.retry("acme", under: fixture.key(), by: "test")
        #expect(retried.state == "succeeded")
        #expect(try await standing(fixture) == "current")
        // It paid, so that it is a card like any other again.
        try await fixture.move(to: "2026-03-31")
        #expect(try await fixture.invoices().map(\.state) == ["paid", "paid"])
        try await fixture.close()
    }

    @Test func noCreditsAreBoughtWithACardThatWasRefusedForGood() async throws {
        let fixture = try await fixture()
        let topUp = TopUp(
            threshold: try #require(Money(decimal: "20")), amount: try #require(Money(decimal: "50")), perDayMax: 3)
        try stripe.fault("decline:revocation_of_authorization")
        _ = try await fixture.billing.setTopUp(topUp, for: "acme", under: fixture.key(), by: "test")
        for day in ["2026-02-01", "2026-02-10"] { try await fixture.move(to: day) }
        let declined = try await fixture.billing.payments(of: "acme", before: nil, limit: 5).items.filter(\.isTopUp)
        #expect(declined.map(\.reason) == ["not_allowed"])
        try await save(Self.other, fixture)
        try await fixture.settle()
        #expect(try await fixture.balance() == Money(nanos: 50_000_000_000))
        try await fixture.close()
    }

    @Test func nothingIsErasedBeforeTheCardWasTriedOnceMore() async throws {
        let fixture = try await fixture()
        // At the renewal and on eight later days the money isn't there.
        try stripe.fault("decline:insufficient_funds", times: 9)
        try await fixture.move(to: "2026-02-28")
        for day in 1...8 { try await fixture.move(to: "2026-03-0\(day)") }
        for day in ["2026-03-14", "2026-03-21", "2026-03-26", "2026-03-28", "2026-04-01"] {
            try await fixture.move(to: day)
        }
        #expect(try await standing(fixture) == "suspended")
        try await fixture.move(to: "2026-04-02")
        #expect(try await standing(fixture) == "current")
        #expect(try await fixture.billing.subscription(of: "acme").members == 1)
        #expect(try await !fixture.events().contains("org_erased"))
        try await fixture.close()
    }

    @Test func aCardThatIsDeclinedOnTheLastDayErases() async throws {
        let fixture = try await fixture()
        try await save(Self.declining, fixture)
        for day in ["2026-02-28", "2026-03-03", "2026-03-26", "2026-03-28", "2026-04-01"] {
            try await fixture.move(to: day)
        }
        _ = try stripe.attempts()
        try await fixture.move(to: "2026-04-02")
        #expect(try stripe.attempts() == 1)
        #expect(try await standing(fixture) == "erased")
        // A good card brings it back still.
        #expect(try await save(Self.good, fixture).tried?.state == "succeeded")
        #expect(try await standing(fixture) == "current")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func anErasureWaitsWhileTheGatewayCannotBeReached() async throws {
        let fixture = try await fixture()
        try await save(Self.declining, fixture)
        for day in ["2026-02-28", "2026-03-03", "2026-03-26", "2026-03-28", "2026-04-01"] {
            try await fixture.move(to: day)
        }
        for method in ["GET", "POST"] { try stripe.fault("drop_before", on: "/v1", method: method, times: 10_000) }
        for day in ["2026-04-02", "2026-04-03", "2026-04-09"] { try await fixture.move(to: day) }
        #expect(try await standing(fixture) == "suspended")
        try stripe.heal()
        for time in ["2026-04-09T12:00:00Z", "2026-04-09T14:00:00Z"] { try await fixture.move(to: time) }
        #expect(try await standing(fixture) == "erased")
        try await fixture.close()
    }

    @Test func afterAnOutageItIsAskedAnewBeforeTheCustomerHearsOfADecline() async throws {
        let fixture = try await fixture()
        for method in ["GET", "POST"] { try stripe.fault("drop_before", on: "/v1", method: method, times: 10_000) }
        for day in ["2026-02-28", "2026-03-01", "2026-03-04"] { try await fixture.move(to: day) }
        #expect(try await standing(fixture) == "current")
        #expect(try await fixture.authorize("meanwhile") == nil)
        try stripe.heal()
        try await fixture.move(to: "2026-03-05")
        try await fixture.move(to: "2026-03-05T01:00:00Z")
        #expect(try await fixture.invoices().map(\.state) == ["paid"])
        let events = try await fixture.events()
        #expect(!events.contains("payment_declined") && !events.contains("grace_started"))
        #expect(try stripe.captured().map(\.amount) == [5800, 5800])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test(arguments: [
        ("resource_missing", "method_missing"), ("payment_method_currency_mismatch", "wrong_currency"),
        ("parameter_invalid_integer", "gateway_refused"),
    ])
    func whatNoBankDecidedIsAnOperatorsMatter(code: String, reason: String) async throws {
        let fixture = try await fixture()
        try stripe.fault("refuse:\(code)")
        try await fixture.move(to: "2026-02-28")
        #expect(try await standing(fixture) == "current")
        #expect(try await fixture.events().suffix(1) == ["payment_problem"])
        let payment = try #require(try await fixture.billing.payments(of: "acme", before: nil, limit: 1).items.first)
        #expect((payment.state, payment.reason) == ("declined", reason))
        #expect(payment.words?.contains("no bank was asked") == true)
        _ = try stripe.attempts()
        try await fixture.move(to: "2026-02-28T23:59:59Z")
        #expect(try stripe.attempts() == 0)
        try await fixture.move(to: "2026-03-01")
        #expect(try await fixture.invoices().map(\.state) == ["paid"])
        try await fixture.close()
    }
}
