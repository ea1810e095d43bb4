import Billing
import Ledger
import Metering
import Testing

/// Transfers in parts and too much, and where what a credit note takes back goes: on a real ledger, recorded by hand.
@Suite(.serialized) struct BalanceTests {
    private static let taxes = """
        format: meterd-tax/1
        rates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]
        """

    /// An org with ten seats whose invoice of 28 February asks for 345.10, of which 55.10 is tax.
    private func invoiced() async throws -> BillingFixture {
        let fixture = try await BillingFixture(taxes: try TaxDocument.parse(Self.taxes))
        try await fixture.createOrg()
        try await fixture.addSeats(10)
        try await fixture.move(to: "2026-02-28")
        return fixture
    }

    private func money(_ text: String) throws -> Money { try #require(Money(decimal: text)) }

    @discardableResult
    private func record(_ amount: String, _ fixture: BillingFixture) async throws -> PaymentView {
        try await fixture.billing.record(
            .paid(reference: "t1", amount: try money(amount)), of: try await fixture.pending(), for: "acme",
            under: fixture.key(), by: "test")
    }

    private func credit(_ amount: String, _ to: CreditDestination?, _ fixture: BillingFixture) async throws {
        _ = try await fixture.billing.credit(
            try money(amount), to: to, reason: "because", on: "INV-000001", of: "acme", under: fixture.key(), by: "test"
        )
    }

    private func balance(_ fixture: BillingFixture) async throws -> String? {
        try await fixture.billing.subscription(of: "acme").balance
    }

    private func close(_ fixture: BillingFixture) async throws {
        guard case .org = await fixture.writer.perform(.closeOrg("acme", fixture.key())) else {
            throw BillingFixture.Unexpected()
        }
        try await fixture.settle()
    }

    @Test func aPartOfWhatIsOwedLeavesTheRest() async throws {
        let fixture = try await invoiced()
        let part = try await record("300.00", fixture)
        #expect((part.state, part.amount) == ("succeeded", "300.00"))
        #expect(try await fixture.told("payment_succeeded", "payment").last == "\(part.payment)")
        var invoice = try #require(try await fixture.invoices().first)
        #expect((invoice.state, invoice.paid, invoice.open) == ("open", "300.00", "45.10"))
        #expect(try await fixture.billing.payment(try await fixture.pending(), of: "acme").amount == "45.10")
        try await fixture.verify()
        // The rest is still due by its day.
        try await fixture.move(to: "2026-03-14")
        #expect(try await fixture.billing.subscription(of: "acme").standing == "grace")
        try await record("45.10", fixture)
        invoice = try #require(try await fixture.invoices().first)
        #expect((invoice.state, invoice.paid, invoice.open) == ("paid", "345.10", "0.00"))
        #expect(try await fixture.billing.subscription(of: "acme").standing == "current")
        try await fixture.verify()
        // It goes back by both, and each refund is told of.
        try await credit("345.10", .refund, fixture)
        #expect(try await fixture.told("refund_due", "refund") == ["1", "2"])
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func whatIsTooMuchPaysTheNextInvoice() async throws {
        let fixture = try await invoiced()
        try await record("400.00", fixture)
        #expect(try await balance(fixture) == "54.90")
        #expect(try await fixture.told("payment_succeeded", "amount").suffix(2) == ["345.10", "54.90"])
        try await fixture.verify()
        try await fixture.move(to: "2026-03-31")
        let next = try #require(try await fixture.invoices().last)
        #expect((next.total, next.fromBalance, next.due, next.open) == ("345.10", "54.90", "290.20", "290.20"))
        #expect(try await balance(fixture) == nil)
        try await fixture.pay(try await fixture.pending())
        #expect(try await fixture.invoices().last?.state == "paid")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aDepositPaysWhatIsOwedAndThenSeatsButNoCredits() async throws {
        let fixture = try await invoiced()
        _ = try await fixture.billing.deposit(
            try money("500"), reference: "t", for: "acme", under: fixture.key(), by: "test")
        let invoice = try #require(try await fixture.invoices().first)
        #expect((invoice.state, invoice.paid) == ("paid", "345.10"))
        #expect(try await balance(fixture) == "154.90")
        await #expect(throws: BillingFixture.NonePending.self) { try await fixture.pending() }
        // A seat for all 31 days is 29.00 and 5.51 tax.
        let seat = try await fixture.order(1)
        #expect((seat.state, seat.fromBalance, seat.gateway) == ("succeeded", "34.51", "balance"))
        #expect(try await balance(fixture) == "120.39")
        // Four more are more than there is.
        let more = try await fixture.order(4)
        #expect((more.state, more.amount, more.fromBalance) == ("pending", "138.04", "120.39"))
        try await fixture.verify()
        // What a payment under way has claimed, another doesn't get.
        #expect(try await fixture.order(1).fromBalance == nil)
        try await fixture.pay(more.payment)
        #expect(try await balance(fixture) == nil)
        let credits = try await fixture.billing.buyCredits(
            try money("50"), for: "acme", under: fixture.key(), by: "test")
        #expect((credits.state, credits.fromBalance) == ("pending", nil))
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aPurchaseIsPaidWholeOrNotAtAll() async throws {
        let fixture = try await invoiced()
        let order = try await fixture.order(1)
        let refusal = await #expect(throws: Refusal.self) {
            try await fixture.billing.record(
                .paid(reference: nil, amount: try money("10")), of: order.payment, for: "acme", under: fixture.key(),
                by: "test")
        }
        #expect(refusal?.message.contains("deposit") == true)
        try await fixture.close()
    }

    @Test func whatACreditNoteTakesBackPaysLaterInvoices() async throws {
        let fixture = try await invoiced()
        try await fixture.pay(try await fixture.pending())
        try await credit("345.10", nil, fixture)
        #expect(try await balance(fixture) == "345.10")
        #expect(try await fixture.balance() == .zero)
        try await fixture.move(to: "2026-03-31")
        let next = try #require(try await fixture.invoices().last)
        #expect((next.state, next.due, next.fromBalance) == ("paid", "0.00", "345.10"))
        #expect(try await fixture.billing.subscription(of: "acme").standing == "current")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func whatACreditNoteTakesBackIsSoldAgainAsCreditsWithTheirTax() async throws {
        let fixture = try await invoiced()
        try await fixture.pay(try await fixture.pending())
        try await credit("345.10", .credits, fixture)
        // 290.00 of credits and 55.10 tax, as for anybody who buys them.
        #expect(try await fixture.balance() == (try money("290")))
        #expect(try await balance(fixture) == nil)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func moneyGoesBackWhenSomebodyHasTransferredIt() async throws {
        let fixture = try await invoiced()
        try await fixture.pay(try await fixture.pending())
        try await credit("100.00", .refund, fixture)
        let refund = try #require(try await fixture.billing.refunds(of: "acme", before: nil, limit: 10).items.first)
        #expect((refund.state, refund.amount, refund.cause) == ("due", "100.00", "credit_note"))
        #expect(refund.words?.contains("meterctl refunds record acme 1") == true)
        try await fixture.verify()
        let done = try await fixture.billing.recordRefund(
            1, reference: "t9", of: "acme", under: fixture.key(), by: "test")
        #expect((done.state, done.reference) == ("succeeded", "t9"))
        await #expect(throws: Refusal.self) {
            try await fixture.billing.recordRefund(1, reference: nil, of: "acme", under: fixture.key(), by: "test")
        }
        try await fixture.verify()
        // No more of the payment goes back than came.
        try await credit("245.10", .refund, fixture)
        #expect(try await fixture.billing.payment(2, of: "acme").refunded == "345.10")
        await #expect(throws: Refusal.self) { try await credit("0.01", .refund, fixture) }
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aClosedOrgGetsMoneyAndNothingElse() async throws {
        let fixture = try await invoiced()
        try await record("400.00", fixture)
        try await close(fixture)
        // Its balance is paid out.
        #expect(try await balance(fixture) == nil)
        for destination in [CreditDestination.balance, .credits] {
            let refusal = await #expect(throws: Refusal.self) { try await credit("10.00", destination, fixture) }
            #expect(refusal?.code == .orgClosed)
        }
        try await credit("345.10", nil, fixture)
        let refunds = try await fixture.billing.refunds(of: "acme", before: nil, limit: 10).items
        #expect(refunds.map(\.amount) == ["345.10", "54.90"])
        #expect(refunds.map(\.cause) == ["credit_note", "balance"])
        #expect(try await fixture.balance() == .zero)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aTransferThatWentBackIsOwedAgain() async throws {
        let fixture = try await invoiced()
        let payment = try await fixture.pending()
        try await fixture.pay(payment)
        try await fixture.move(to: "2026-03-05")
        let reversed = try await fixture.billing.reverse(
            payment, amount: nil, reason: "the debit was returned", for: "acme", under: fixture.key(), by: "test")
        #expect(reversed.returned == "345.10")
        let subscription = try await fixture.billing.subscription(of: "acme")
        #expect((subscription.standing, subscription.due) == ("grace", "345.10"))
        try await fixture.verify()
        await #expect(throws: Refusal.self) {
            try await fixture.billing.reverse(
                payment, amount: nil, reason: "again", for: "acme", under: fixture.key(), by: "test")
        }
        try await fixture.pay(try await fixture.pending())
        #expect(try await fixture.billing.subscription(of: "acme").standing == "current")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func creditsOfATransferThatWentBackAreTakenAlsoIfTheyAreSpent() async throws {
        let fixture = try await invoiced()
        try await fixture.recordRates()
        let purchase = try await fixture.buy("100")
        try await fixture.spend(70, "r1")
        #expect(try await fixture.authorize("before") == nil)
        // Half of it, and then the rest: 59.50 is 50.00 of credits and 9.50 tax.
        for left in ["-20", "-70"] {
            _ = try await fixture.billing.reverse(
                purchase.payment, amount: try money("59.50"), reason: "another org's", for: "acme",
                under: fixture.key(), by: "test")
            #expect(try await fixture.balance() == (try money(left)))
            try await fixture.verify()
        }
        // What was spent is debt: requests are refused until it is paid.
        #expect(try await fixture.authorize("after") == .insufficientCredits)
        try await fixture.buy("100")
        #expect(try await fixture.authorize("paid") == nil)
        try await fixture.verify()
        try await fixture.close()
    }
}
