import Billing
import Ledger
import Metering
import TestSupport
import Testing

/// Subscriptions that end with their period, prices that changed since they were shown, and seats that invitations fill.
@Suite struct CancellationTests {
    @Test func aCancelledSubscriptionEndsWithItsPeriodAndItsOrgIsClosed() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(2)
        try await fixture.buy("50")
        let end = try #require(try await fixture.billing.subscription(of: "acme").periodEnd)
        let cancelled = try await fixture.billing.cancelSubscription(of: "acme", under: fixture.key(), by: "ana")
        #expect(cancelled.ends == end && cancelled.nextAmount == nil && cancelled.state == "active")
        await #expect(throws: Refusal.self) {
            _ = try await fixture.billing.cancelSubscription(of: "acme", under: fixture.key(), by: "ana")
        }
        // Nobody adds or gives up seats of periods that don't come.
        for order in [true, false] {
            let refusal = await #expect(throws: Refusal.self) {
                if order {
                    _ = try await fixture.billing.addSeats(1, to: "acme", under: fixture.key(), by: "ana")
                } else {
                    _ = try await fixture.billing.removeSeats(1, from: "acme", under: fixture.key(), by: "ana")
                }
            }
            #expect(refusal?.code == .conflict)
        }
        let resumed = try await fixture.billing.resumeSubscription(of: "acme", under: fixture.key(), by: "ana")
        #expect(resumed.ends == nil && resumed.nextAmount == "58.00")
        _ = try await fixture.billing.cancelSubscription(of: "acme", under: fixture.key(), by: "ana")
        #expect(try await fixture.addMember("mia") == nil)
        try await fixture.move(to: end)
        let ended = try await fixture.billing.subscription(of: "acme")
        #expect(ended.state == "closed" && ended.ends == nil && ended.owed.isEmpty)
        // The last invoice shows what was bought; nothing is asked for.
        let invoices = try await fixture.billing.invoices(of: "acme", before: nil, limit: 10).items
        #expect(invoices.count == 1 && invoices.first?.due == "0.00")
        let kinds = try await fixture.billing.subscriptionChanges(of: "acme", before: nil, limit: 100).items.map(\.kind)
        #expect(
            kinds == [
                "subscription_ended", "subscription_canceled", "subscription_resumed", "subscription_canceled",
                "payment_succeeded", "seats_ordered",
            ], "\(kinds)")
        let first = try await fixture.billing.subscriptionChanges(of: "acme", before: nil, limit: 2)
        let cursor = try #require(first.nextCursor.flatMap { Int64($0) })
        let rest = try await fixture.billing.subscriptionChanges(of: "acme", before: cursor, limit: 100).items
        #expect(first.items.map(\.kind) + rest.map(\.kind) == kinds)
        try await fixture.close()
        #expect(try Verification.run(databaseFile: fixture.directory.path + "/meterd.db").problems == [])
    }

    @Test func theHistoryIsOneListWhereverItsPagesEnd() async throws {
        let fixture = try await BillingFixture(gateway: ManualGateway())
        try await fixture.createOrg()
        for org in ["acme", "other"] where org == "other" { try await fixture.createOrg(org) }
        try await fixture.addSeats(3)
        try await fixture.buy("50")
        let gift = NewGrant(org: "acme", amount: Money(nanos: 5_000_000_000), source: .promotion, reason: "welcome")
        guard case .grant = await fixture.writer.perform(.grant(gift, fixture.key())) else {
            throw BillingFixture.Unexpected()
        }
        try await fixture.move(to: "2026-02-10")
        _ = try await fixture.billing.removeSeats(1, from: "acme", under: fixture.key(), by: "ana")
        let bought = try await fixture.buy("100")
        _ = try await fixture.billing.refundCredits(
            Money(nanos: 20_000_000_000), ofPayment: bought.payment, of: "acme", reason: "too many",
            under: fixture.key(), by: "ana")
        try await fixture.buy("50", for: "other")
        try await fixture.move(to: "2026-02-28")
        let all = try await fixture.billing.history(of: "acme", after: nil, limit: 100)
        #expect(all.nextCursor == nil)
        let kinds = all.items.map(\.kind)
        #expect(
            kinds.sorted() == [
                "grant", "payment", "payment", "payment", "payment", "refund", "seats", "seats", "seats",
            ], "\(kinds)")
        #expect(all.items.map(\.at) == all.items.map(\.at).sorted(by: >))
        for size in 1...4 {
            var (paged, cursor): ([HistoryItem], String?) = ([], nil)
            repeat {
                let page = try await fixture.billing.history(of: "acme", after: cursor, limit: size)
                #expect(page.items.count <= size)
                paged += page.items
                cursor = page.nextCursor
            } while cursor != nil
            #expect(paged.map(\.at) == all.items.map(\.at) && paged.map(\.kind) == kinds, "\(size)")
        }
        for cursor in ["x1", "p", "p0", "p-1", "1"] {
            let refusal = await #expect(throws: Refusal.self) {
                _ = try await fixture.billing.history(of: "acme", after: cursor, limit: 1)
            }
            #expect(refusal?.code == .malformed, "\(cursor)")
        }
        try await fixture.close()
    }

    @Test func whatCostsOtherwiseThanItWasShownIsNotCharged() async throws {
        let taxes = """
            format: meterd-tax/1
            rates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]
            """
        let fixture = try await BillingFixture(taxes: try TaxDocument.parse(taxes))
        try await fixture.createOrg()
        let fifty = try #require(Money(decimal: "50"))
        let preview = try await fixture.billing.previewCredits(fifty, for: "acme")
        #expect([preview.net, preview.tax, preview.total] == ["50.00", "9.50", "59.50"])
        #expect(preview.balance == "0.000000000" && preview.balanceAfter == "50.000000000")
        let refusal = await #expect(throws: Refusal.self) {
            _ = try await fixture.billing.buyCredits(
                fifty, for: "acme", expecting: fifty, under: fixture.key(), by: "ana")
        }
        #expect(refusal?.code == .priceChanged && refusal?.message.contains("USD 59.50") == true)
        #expect(try await fixture.billing.payments(of: "acme", before: nil, limit: 10).items.isEmpty)
        let bought = try await fixture.billing.buyCredits(
            fifty, for: "acme", expecting: try #require(Money(decimal: "59.50")), under: fixture.key(), by: "ana")
        #expect(bought.amount == "59.50")
        let seats = await #expect(throws: Refusal.self) {
            _ = try await fixture.billing.addSeats(
                1, to: "acme", expecting: try #require(Money(decimal: "29")), under: fixture.key(), by: "ana")
        }
        #expect(seats?.code == .priceChanged)
        try await fixture.addSeats(3)
        let removal = try await fixture.billing.previewRemoval(1, of: "acme")
        #expect(
            [removal.amountBefore, removal.net, removal.tax, removal.total] == ["87.00", "58.00", "11.02", "69.02"])
        #expect(try await fixture.billing.subscription(of: "acme").nextSeats == 3)
        try await fixture.close()
    }

    @Test func anInvitationFillsASeatUntilItExpires() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(2)
        #expect(try await fixture.addMember("mia") == nil)
        let invitation = NewInvitation(
            org: "acme", email: "bo@acme.example", name: nil, role: .member, secretHash: Array(repeating: 1, count: 32))
        guard case .invitation = await fixture.writer.perform(.invite(invitation, fixture.key())) else {
            throw BillingFixture.Unexpected()
        }
        #expect(try await fixture.billing.subscription(of: "acme").members == 2)
        #expect(try await fixture.addMember("cy")?.code == .seatsFull)
        let refusal = await #expect(throws: Refusal.self) {
            _ = try await fixture.billing.removeSeats(1, from: "acme", under: fixture.key(), by: "ana")
        }
        #expect(refusal?.code == .seatsFull)
        try await fixture.move(to: "2026-02-09")
        #expect(try await fixture.billing.subscription(of: "acme").members == 1)
        _ = try await fixture.billing.removeSeats(1, from: "acme", under: fixture.key(), by: "ana")
        try await fixture.close()
    }

    @Test func aCustomerDoesNotLowerTheirOwnTax() async throws {
        let taxes = """
            format: meterd-tax/1
            seller: {country: FR}
            rates:
              - {country: DE, name: USt., percent: 19, from: 2021-01-01}
              - {country: SE, name: moms, percent: 25, from: 2021-01-01}
            """
        let fixture = try await BillingFixture(taxes: try TaxDocument.parse(taxes))
        try await fixture.createOrg()
        func set(_ change: (inout BillTo) -> Void) async throws -> BillToView {
            var billTo = BillTo()
            billTo.country = "DE"
            change(&billTo)
            return try await fixture.billing.setBillTo(
                billTo, isSelfService: true, for: "acme", under: fixture.key(), by: "ana")
        }
        #expect(try await set { $0.name = "Acme GmbH" }.name == "Acme GmbH")
        let refusal = await #expect(throws: Refusal.self) { _ = try await set { $0.country = "US" } }
        #expect(refusal?.code == .conflict)
        // A number alone changes nothing, until an operator has verified it.
        let numbered = try await set { $0.vatID = "DE123456789" }
        #expect(numbered.vatVerified == false)
        #expect(try await fixture.billing.previewCredits(try #require(Money(decimal: "50")), for: "acme").tax == "9.50")
        #expect(try await set { $0.exemption = "because" }.exemption == nil)
        #expect(try await set { $0.country = "SE" }.country == "SE")
        try await fixture.close()
    }
}
