import Billing
import Ledger
import Metering
import Testing

/// What invoices say, and orders that nobody pays: on a real ledger, recorded by hand.
@Suite struct InvoiceTests {
    @Test func anInvoiceSaysWhenItIsDueAndWhatPaidIt() async throws {
        var plan = Plan()
        plan.seller.paymentTerms = "Payable within 14 days"
        plan.seller.bank = ["IBAN DE02 1203 0000 0000 2020 51"]
        let fixture = try await BillingFixture(plan: plan)
        try await fixture.createOrg()
        let first = try await fixture.order(2)
        _ = try await fixture.billing.record(
            .paid(reference: "W-1042", amount: nil), of: first.payment, for: "acme", under: fixture.key(), by: "test")
        try await fixture.move(to: "2026-02-28")
        var invoice = try #require(try await fixture.invoices().first)
        #expect((invoice.dueOn, invoice.paidWith) == ("2026-03-14", nil))
        #expect(invoice.lines.map(\.paidWith) == [nil, "transfer W-1042"])
        #expect(invoice.seller.bank == ["IBAN DE02 1203 0000 0000 2020 51"])
        _ = try await fixture.billing.record(
            .paid(reference: "W-1043", amount: nil), of: try await fixture.pending(), for: "acme",
            under: fixture.key(), by: "test")
        invoice = try #require(try await fixture.invoices().first)
        #expect(invoice.paidWith == "transfer W-1043")
        try await fixture.close()
    }

    @Test func anOrderThatNobodyPaysLapses() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        let credits = try await fixture.billing.buyCredits(
            try #require(Money(decimal: "50")), for: "acme", under: fixture.key(), by: "test")
        try await fixture.move(to: "2026-03-02T09:59:59Z")
        #expect(try await fixture.billing.payment(credits.payment, of: "acme").state == "pending")
        try await fixture.move(to: "2026-03-02T10:00:00Z")
        let lapsed = try await fixture.billing.payment(credits.payment, of: "acme")
        #expect((lapsed.state, lapsed.reason) == ("canceled", "nobody paid it within 30 days"))
        // What an invoice asks for doesn't lapse.
        #expect(try await fixture.billing.payment(try await fixture.pending(), of: "acme").purpose == "invoice")
        try await fixture.verify()
        try await fixture.close()
    }

    private static let taxes = """
        format: meterd-tax/1
        seller: {country: NL}
        rates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]
        """

    @Test func withATableOfTaxesNothingIsSoldToNobodyKnowsWhere() async throws {
        let fixture = try await BillingFixture(taxes: try TaxDocument.parse(Self.taxes))
        try await fixture.createOrg(country: nil)
        await #expect(throws: Refusal.self) { try await fixture.billing.previewSeats(1, for: "acme") }
        let refusal = await #expect(throws: Refusal.self) { try await fixture.order(1) }
        #expect(refusal?.message.contains("bill-to set acme --country") == true)
        await #expect(throws: Refusal.self) { try await fixture.buy("50") }
        var billTo = BillTo()
        billTo.country = "DE"
        let known = billTo
        _ = try await fixture.billing.setBillTo(known, for: "acme", under: fixture.key(), by: "test")
        #expect(try await fixture.buy("50").amount == "59.50")
        try await fixture.close()
    }

    @Test func aNumberThatIsToBeVerifiedChangesTaxOnlyThen() async throws {
        let fixture = try await BillingFixture(taxes: try TaxDocument.parse(Self.taxes))
        try await fixture.createOrg()
        func tax() async throws -> String { try await fixture.billing.previewSeats(1, for: "acme").tax }
        func set(_ number: String, isVerified: Bool) async throws -> BillToView {
            var billTo = BillTo()
            billTo.vatID = number
            if !isVerified { billTo.vatVerification = .missing }
            let said = billTo
            return try await fixture.billing.setBillTo(said, for: "acme", under: fixture.key(), by: "test")
        }
        func verify(_ isValid: Bool) async throws -> BillToView {
            try await fixture.billing.verifyVAT(
                isValid: isValid, reference: "WAPI1", of: "acme", under: fixture.key(), by: "test")
        }
        await #expect(throws: Refusal.self) { try await verify(true) }
        #expect(try await set("DE123456789", isVerified: false).vatVerified == false)
        #expect(try await tax() == "5.51")
        let verified = try await verify(true)
        #expect((verified.vatVerified, verified.vatReference) == (true, "WAPI1"))
        #expect(try await tax() == "0.00")
        // The same number stays verified, another is not.
        #expect(try await set("DE123456789", isVerified: false).vatVerified == true)
        #expect(try await set("DE987654321", isVerified: false).vatVerified == false)
        #expect(try await verify(false).vatVerified == false)
        #expect(try await tax() == "5.51")
        // An operator stands for what they give.
        #expect(try await set("DE987654321", isVerified: true).vatVerified == true)
        #expect(try await tax() == "0.00")
        try await fixture.close()
    }

    @Test func aGreekNumberBeginsWithEL() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        var billTo = BillTo()
        billTo.vatID = "GR094019245"
        let greek = billTo
        let refusal = await #expect(throws: Refusal.self) {
            try await fixture.billing.setBillTo(greek, for: "acme", under: fixture.key(), by: "test")
        }
        #expect(refusal?.message.contains("use EL") == true)
        try await fixture.close()
    }

    @Test(arguments: [
        ("us_ein", "12-3456789", true), ("us_ein", "12-345678", false), ("ch_uid", "CHE-123.456.789", true),
        ("ch_vat", "CHE-123.456.789 MWST", true), ("ch_vat", "CHE-123.456.789", false),
        ("gb_vat", "GB123456789", true), ("gb_vat", "GB12345678", false), ("au_abn", "51 824 753 556", true),
        ("no_vat", "974760673MVA", true), ("za_vat", "5123456789", false), ("kw_cr", "anything", true),
        ("us", "1", false), ("us_", "1", false), ("USA_ein", "1", false), ("xx_new", "a\nb", false),
        ("xx_new", "", false),
    ])
    func taxNumbersHaveTheirForm(type: String, value: String, isOne: Bool) {
        #expect((TaxID(type: type, value: value) != nil) == isOne, "\(type) \(value)")
    }
}
