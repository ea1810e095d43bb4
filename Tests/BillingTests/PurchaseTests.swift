import Billing
import Ledger
import Metering
import Testing

/// Credits that are bought, by an operator or by themselves, on a real ledger.
@Suite struct PurchaseTests {
    private func money(_ text: String) throws -> Money { try #require(Money(decimal: text)) }

    @Test func creditsComeWithTheirPaymentExactlyOnce() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        let key = IdempotencyKey(route: "buyCredits", key: "order-1", body: "100")
        let order = try await fixture.billing.buyCredits(try money("100"), for: "acme", under: key, by: "test")
        #expect(try await fixture.balance() == .zero)
        try await fixture.pay(order.payment)
        #expect(try await fixture.balance() == (try money("100")))
        let again = try await fixture.billing.buyCredits(try money("100"), for: "acme", under: key, by: "test")
        #expect((again.payment, again.state) == (order.payment, "succeeded"))
        #expect(try await fixture.balance() == (try money("100")))
        let grants = try await fixture.reader.grants(of: "acme", before: nil, limit: 10)
        #expect(grants.items.map(\.reason) == ["payment \(order.payment)"])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func onlyWhatIsSoldIsBought() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        for text in ["49.99", "75", "1000.001", "1000000.01"] {
            let refusal = await #expect(throws: Refusal.self) { try await fixture.buy(text) }
            #expect(refusal?.code == .malformed, "\(text)")
        }
        let refusal = await #expect(throws: Refusal.self) { try await fixture.buy("50", for: "globex") }
        #expect(refusal?.code == .unknownOrg)
        #expect(try await fixture.buy("1000.01").state == "succeeded")
        try await fixture.close()
    }

    @Test func aDeclinedPurchaseHasNoFurtherConsequence() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        let order = try await fixture.billing.buyCredits(
            try money("50"), for: "acme", under: fixture.key(), by: "test")
        let declined = try await fixture.billing.record(
            .declined, of: order.payment, for: "acme", under: fixture.key(), by: "test")
        #expect(declined.state == "declined")
        #expect(try await fixture.balance() == .zero)
        #expect(try await fixture.billing.subscription(of: "acme").standing == "none")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func belowTheThresholdAPackIsBoughtAsOftenAsMayBe() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.recordRates()
        try await fixture.buy("50")
        let topUp = TopUp(threshold: try money("20"), amount: try money("50"), perDayMax: 2)
        let view = try await fixture.billing.setTopUp(topUp, for: "acme", under: fixture.key(), by: "test")
        #expect((view.threshold, view.bought) == ("20.000000000", 0))
        // A dollar a token.
        try await fixture.spend(30, "r1")
        try await fixture.settle()
        #expect(try await fixture.billing.topUp(of: "acme").bought == 0)
        try await fixture.spend(1, "r2")
        try await fixture.settle()
        let first = try await fixture.pending()
        #expect(try await fixture.billing.payment(first, of: "acme").isTopUp)
        // What is being paid for counts.
        try await fixture.spend(9, "r3")
        try await fixture.settle()
        #expect(try await fixture.billing.topUp(of: "acme").bought == 1)
        try await fixture.pay(first)
        #expect(try await fixture.balance() == (try money("60")))
        try await fixture.spend(45, "r4")
        try await fixture.settle()
        try await fixture.pay(try await fixture.pending())
        // No third one on that day.
        try await fixture.spend(50, "r5")
        try await fixture.settle()
        await #expect(throws: BillingFixture.NonePending.self) { try await fixture.pending() }
        #expect(try await fixture.billing.topUp(of: "acme").waitsUntil == "2026-02-01T10:00:00.000Z")
        try await fixture.move(to: "2026-02-01T10:00:00Z")
        try await fixture.pay(try await fixture.pending())
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aDeclinedTopUpIsTriedAgainLater() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.buy("50")
        let topUp = TopUp(threshold: try money("60"), amount: try money("50"), perDayMax: 5)
        // Below it already: bought at once.
        _ = try await fixture.billing.setTopUp(topUp, for: "acme", under: fixture.key(), by: "test")
        try await fixture.settle()
        _ = try await fixture.billing.record(
            .declined, of: try await fixture.pending(), for: "acme", under: fixture.key(), by: "test")
        await #expect(throws: BillingFixture.NonePending.self) { try await fixture.pending() }
        #expect(try await fixture.billing.topUp(of: "acme").waitsUntil == "2026-01-31T11:00:00.000Z")
        try await fixture.move(to: "2026-01-31T10:59:59Z")
        await #expect(throws: BillingFixture.NonePending.self) { try await fixture.pending() }
        try await fixture.move(to: "2026-01-31T11:00:00Z")
        try await fixture.pay(try await fixture.pending())
        #expect(try await fixture.billing.topUp(of: "acme").declines == 0)
        try await fixture.close()
    }
}
