import Billing
import Ledger
import Metering
import Synchronization
import Testing

/// What follows an invoice that is not paid, on a real ledger.
@Suite struct DunningTests {
    /// On a full disk, or while the daemon stops: else it would be looked at again and again.
    @Test func whatCannotBePutOffIsSaid() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        _ = try await fixture.billing.setTopUp(nil, for: "acme", under: fixture.key(), by: "test")
        await fixture.writer.close()
        let refusal = await #expect(throws: Refusal.self) { try await fixture.billing.advance("acme") }
        #expect(refusal?.code == .shuttingDown)
        let problems = Atomic(0)
        _ = try await fixture.billing.advanceAll { _, _ in problems.add(1, ordering: .relaxed) }
        #expect(problems.load(ordering: .relaxed) == 1)
        try fixture.reader.close()
    }

    /// An org with two members whose invoice of 28 February nobody pays.
    private func owing() async throws -> BillingFixture {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(2)
        try await fixture.buy("50")
        #expect(try await fixture.addMember("ana") == nil)
        try await fixture.move(to: "2026-02-28")
        return fixture
    }

    @Test func fromDeclineToErasureAndBackEachStepOnce() async throws {
        let fixture = try await owing()
        func standing() async throws -> String { try await fixture.billing.subscription(of: "acme").standing }
        let payment = try await fixture.pending()
        try await fixture.move(to: "2026-03-01")
        _ = try await fixture.billing.record(.declined, of: payment, for: "acme", under: fixture.key(), by: "test")
        #expect(try await standing() == "grace")
        #expect(try await fixture.authorize("in-grace") == nil)
        try await fixture.move(to: "2026-03-03T23:59:59Z")
        #expect(try await standing() == "grace")
        try await fixture.move(to: "2026-03-04")
        #expect(try await standing() == "suspended")
        #expect(try await fixture.authorize("suspended") == .orgSuspended)
        #expect(try await fixture.addMember("bo")?.code == .orgSuspended)
        await #expect(throws: Refusal.self) { try await fixture.buy("50") }
        // No period is billed meanwhile.
        for day in ["2026-03-27", "2026-04-02", "2026-04-02T23:59:59Z"] { try await fixture.move(to: day) }
        #expect(try await fixture.invoices().count == 1)
        #expect(try await standing() == "suspended")
        try await fixture.move(to: "2026-04-03")
        #expect(try await standing() == "erased")
        #expect(try await fixture.billing.subscription(of: "acme").members == 0)
        #expect(try await fixture.balance() == Money(nanos: 50_000_000_000))
        #expect(
            try await fixture.events().suffix(8) == [
                "invoice_issued", "payment_declined", "grace_started", "hold_expired", "org_suspended",
                "erasure_announced", "erasure_announced", "org_erased",
            ])
        let retry = try await fixture.billing.retry("acme", under: fixture.key(), by: "test")
        #expect((retry.purpose, retry.amount) == ("invoice", "58.00"))
        try await fixture.pay(retry.payment)
        #expect(try await fixture.authorize("restored") == nil)
        // The present period is billed for what is left of it: 27 of 30 days.
        let invoice = try #require(try await fixture.invoices().last)
        #expect((invoice.lines.first?.days, invoice.lines.first?.ofDays, invoice.due) == (27, 30, "52.20"))
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func paymentInTheGraceLeavesNothingBehind() async throws {
        let fixture = try await owing()
        let payment = try await fixture.pending()
        // The invoice was to be paid in 14 days.
        try await fixture.move(to: "2026-03-14")
        #expect(try await fixture.billing.subscription(of: "acme").standing == "grace")
        try await fixture.pay(payment)
        #expect(try await fixture.billing.subscription(of: "acme").standing == "current")
        try await fixture.move(to: "2026-03-30")
        #expect(try await fixture.invoices().count == 1)
        #expect(
            try await fixture.events().suffix(5) == [
                "payment_declined", "grace_started", "payment_succeeded", "invoice_paid", "org_restored",
            ])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aSuspensionThatEndsWithinThePaidPeriodBillsNothingMore() async throws {
        let fixture = try await owing()
        for day in ["2026-03-14", "2026-03-17"] { try await fixture.move(to: day) }
        #expect(try await fixture.billing.subscription(of: "acme").standing == "suspended")
        try await fixture.move(to: "2026-03-20")
        try await fixture.pay(try await fixture.pending())
        #expect(try await fixture.invoices().count == 1)
        #expect(try await fixture.addMember("bo") == nil)
        try await fixture.move(to: "2026-03-31")
        #expect(try await fixture.invoices().last?.due == "58.00")
        try await fixture.close()
    }

    @Test func afterADowntimeEveryStepComesInOrderAndNothingIsErasedUnannounced() async throws {
        let fixture = try await owing()
        // Events are kept for 46 days, so that each part shows its own.
        try await fixture.move(to: "2026-12-01")
        // Overdue only now that somebody could tell: the grace begins.
        #expect(try await fixture.billing.subscription(of: "acme").standing == "grace")
        #expect(try await fixture.events().suffix(2) == ["payment_declined", "grace_started"])
        try await fixture.move(to: "2027-12-01")
        let subscription = try await fixture.billing.subscription(of: "acme")
        #expect((subscription.standing, subscription.erases) == ("suspended", "2027-12-31T00:00:00.000Z"))
        #expect(try await fixture.events() == ["org_suspended"])
        try await fixture.move(to: "2027-12-31")
        // The announcements' days went by in silence, so that they are made now, and then kept.
        #expect(try await fixture.billing.subscription(of: "acme").standing == "suspended")
        for day in ["2028-01-06", "2028-01-07"] { try await fixture.move(to: day) }
        #expect(try await fixture.billing.subscription(of: "acme").standing == "erased")
        #expect(
            try await fixture.events() == [
                "org_suspended", "erasure_announced", "erasure_announced", "org_erased",
            ])
        try await fixture.close()
    }

    @Test func erasureTakesDetailAndLeavesMoney() async throws {
        let fixture = try await owing()
        try await fixture.recordRates()
        try await fixture.spend(1, "r1", user: "ana")
        for day in ["2026-03-14", "2026-03-17", "2026-04-09", "2026-04-15", "2026-04-16"] {
            try await fixture.move(to: day)
        }
        #expect(try await fixture.billing.subscription(of: "acme").standing == "erased")
        let view = try #require(try await fixture.reader.usage(sequence: 1))
        #expect((view.user, view.usage, view.id) == (nil, "", "r1"))
        try await fixture.verify()
        try await fixture.close()
    }
}
