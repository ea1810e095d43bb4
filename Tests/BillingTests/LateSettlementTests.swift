import Billing
import Ledger
import Metering
import Testing

/// Payments that settle after something else has happened, on a real ledger.
@Suite struct LateSettlementTests {
    private func order(_ seats: Int64, _ fixture: BillingFixture) async throws -> Int64 {
        try await fixture.order(seats).payment
    }

    private func buy(_ amount: String, _ fixture: BillingFixture) async throws -> Int64 {
        let amount = try #require(Money(decimal: amount))
        return try await fixture.billing.buyCredits(amount, for: "acme", under: fixture.key("late"), by: "test").payment
    }

    private func close(_ fixture: BillingFixture) async throws {
        guard case .org = await fixture.writer.perform(.closeOrg("acme", fixture.key())) else {
            throw BillingFixture.Unexpected()
        }
        try await fixture.settle()
    }

    @Test func seatsForFewerThanThereAreMembersAreRefusedBeforeAnybodyPays() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        for user in ["ana", "bo", "cy"] { #expect(try await fixture.addMember(user) == nil) }
        let refusal = await #expect(throws: Refusal.self) { try await order(2, fixture) }
        #expect(refusal?.code == .seatsFull)
        #expect(refusal?.message.contains("buy 1 more") == true)
        // Who joins between order and payment stays; there is no further one.
        let payment = try await order(3, fixture)
        #expect(try await fixture.addMember("di") == nil)
        #expect(try await fixture.pay(payment).state == "succeeded")
        let subscription = try await fixture.billing.subscription(of: "acme")
        #expect((subscription.seats, subscription.members) == (3, 4))
        #expect(try await fixture.addMember("ed")?.code == .seatsFull)
        // And everything else goes on.
        _ = try await fixture.billing.setBillTo(BillTo(), for: "acme", under: fixture.key(), by: "test")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func theFirstOrdersDayIsTheBillingDayWhicheverIsPaidFirst() async throws {
        let fixture = try await BillingFixture(at: "2026-01-03T10:00:00Z")
        try await fixture.createOrg()
        let seats = try await order(5, fixture)
        try await fixture.move(to: "2026-01-04")
        let credits = try await buy("50", fixture)
        try await fixture.move(to: "2026-01-05")
        try await fixture.pay(credits)
        try await fixture.move(to: "2026-01-06")
        #expect(try await fixture.pay(seats).state == "succeeded")
        let subscription = try await fixture.billing.subscription(of: "acme")
        #expect((subscription.signup, subscription.seats) == ("2026-01-03", 5))
        #expect(try await fixture.events().contains("subscription_started"))
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func ordersThatNobodyPaidLeaveNoBillingDay() async throws {
        let fixture = try await BillingFixture(at: "2026-01-03T10:00:00Z")
        try await fixture.createOrg()
        let (first, second) = (try await order(5, fixture), try await buy("50", fixture))
        for payment in [first, second] {
            _ = try await fixture.billing.record(.declined, of: payment, for: "acme", under: fixture.key(), by: "test")
            #expect(try await fixture.billing.subscription(of: "acme").standing == "none")
        }
        try await fixture.move(to: "2026-01-20")
        try await fixture.addSeats(1)
        #expect(try await fixture.billing.subscription(of: "acme").signup == "2026-01-20")
        try await fixture.close()
    }

    @Test func whatIsPaidAfterAClosingGoesBack() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        let (seats, credits) = (try await order(1, fixture), try await buy("250", fixture))
        try await close(fixture)
        for payment in [seats, credits] { #expect(try await fixture.pay(payment).state == "refund_due") }
        #expect(try await fixture.balance() == .zero)
        for payment in [seats, credits] { #expect(try await fixture.pay(payment).state == "refunded") }
        #expect(try await fixture.invoices().map(\.due) == ["0.00"])
        await #expect(throws: Refusal.self) {
            try await fixture.billing.removeSeats(1, from: "acme", under: fixture.key(), by: "test")
        }
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aClosedOrgStillOwesAndCanPay() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        try await fixture.move(to: "2026-02-28")
        try await close(fixture)
        for day in ["2026-03-14", "2026-03-17"] { try await fixture.move(to: day) }
        #expect(try await fixture.billing.subscription(of: "acme").standing == "suspended")
        let payment = try await fixture.billing.retry("acme", under: fixture.key(), by: "test")
        try await fixture.pay(payment.payment)
        let subscription = try await fixture.billing.subscription(of: "acme")
        #expect((subscription.standing, subscription.due, subscription.nextAmount) == ("current", "0.00", nil))
        try await fixture.move(to: "2026-12-01")
        #expect(try await fixture.invoices().count == 1)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func anErasureLeavesTheRemovalThatWaits() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(10)
        try await fixture.move(to: "2026-02-28")
        _ = try await fixture.billing.removeSeats(9, from: "acme", under: fixture.key(), by: "test")
        for day in ["2026-03-14", "2026-03-17", "2026-04-09", "2026-04-15", "2026-04-16"] {
            try await fixture.move(to: day)
        }
        #expect(try await fixture.billing.subscription(of: "acme").standing == "erased")
        try await fixture.pay(try await fixture.pending())
        #expect(try await fixture.invoices().last?.lines.map(\.quantity) == [1])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aCrashRightAfterAnInvoiceLosesNoTimer() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        _ = try await buy("50", fixture)
        // Whatever a change leaves, the org is due at once: whoever starts next looks at it.
        let due = try await fixture.reader.dueBills(at: fixture.now, limit: 10)
        #expect(due == ["acme"])
        try await fixture.settle()
        #expect(try await fixture.reader.dueBills(at: fixture.now, limit: 10).isEmpty)
        #expect(try await fixture.reader.nextBillDue()?.description == "2026-02-28T00:00:00.000Z")
        try await fixture.close()
    }
}
