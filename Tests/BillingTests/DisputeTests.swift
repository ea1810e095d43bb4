import Billing
import Ledger
import Metering
import Testing

/// Disputes, credit notes, and how an invoice came to what it says, on a real ledger.
@Suite struct DisputeTests {
    private static let taxes = """
        format: meterd-tax/1
        rates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]
        """

    /// An org with three seats whose invoice of 28 February asks for 103.53, of which 16.53 is tax.
    private func invoiced() async throws -> BillingFixture {
        let fixture = try await BillingFixture(taxes: try TaxDocument.parse(Self.taxes))
        try await fixture.createOrg()
        try await fixture.addSeats(3)
        try await fixture.move(to: "2026-02-28")
        return fixture
    }

    private func money(_ text: String) throws -> Money { try #require(Money(decimal: text)) }

    private func note(_ kind: NoteKind, _ fixture: BillingFixture) async throws -> InvoiceView {
        try await fixture.billing.note(
            kind, "because", on: "INV-000001", of: "acme", under: fixture.key(), by: "test")
    }

    private func credit(_ amount: String, _ fixture: BillingFixture) async throws -> InvoiceView {
        try await fixture.billing.credit(
            try money(amount), reason: "because", on: "INV-000001", of: "acme", under: fixture.key(), by: "test")
    }

    private func standing(_ fixture: BillingFixture) async throws -> String {
        try await fixture.billing.subscription(of: "acme").standing
    }

    @Test func whileAnInvoiceIsDisputedNothingFollows() async throws {
        let fixture = try await invoiced()
        #expect(try await note(.disputed, fixture).isDisputed)
        await #expect(throws: Refusal.self) { try await note(.disputed, fixture) }
        try await fixture.move(to: "2026-03-29")
        #expect(try await standing(fixture) == "current")
        let ended = try await note(.upheld, fixture)
        #expect(!ended.isDisputed)
        #expect(ended.notes.map(\.kind) == ["disputed", "upheld"])
        // The time to pay begins anew: fourteen days.
        try await fixture.move(to: "2026-04-11")
        #expect(try await standing(fixture) == "current")
        try await fixture.move(to: "2026-04-12")
        #expect(try await standing(fixture) == "grace")
        // A dispute in the grace stops it too.
        _ = try await note(.disputed, fixture)
        try await fixture.move(to: "2026-04-20")
        #expect(try await standing(fixture) == "grace")
        _ = try await note(.upheld, fixture)
        try await fixture.move(to: "2026-04-22")
        #expect(try await standing(fixture) == "grace")
        try await fixture.move(to: "2026-04-23")
        #expect(try await standing(fixture) == "suspended")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aCreditNoteLowersWhatIsToBePaid() async throws {
        let fixture = try await invoiced()
        let note = try await credit("34.51", fixture)
        #expect((note.number, note.kind, note.corrects) == ("CN-000001", "credit_note", "INV-000001"))
        #expect((note.net, note.tax, note.total) == ("29.00", "5.51", "34.51"))
        let invoice = try #require(try await fixture.invoices().first)
        #expect((invoice.due, invoice.credited, invoice.open) == ("103.53", "34.51", "69.02"))
        let payment = try await fixture.pending()
        #expect(try await fixture.billing.payment(payment, of: "acme").amount == "69.02")
        try await fixture.pay(payment)
        try await fixture.verify()
        #expect(try await fixture.balance() == .zero)
        // What was paid pays the next invoices and seats. It is no credits.
        _ = try await credit("69.02", fixture)
        #expect(try await fixture.balance() == .zero)
        #expect(try await fixture.billing.subscription(of: "acme").balance == "69.02")
        try await fixture.verify()
        await #expect(throws: Refusal.self) { try await credit("0.01", fixture) }
        try await fixture.close()
    }

    @Test func partsOfTheTaxAddUpToAllOfIt() async throws {
        let fixture = try await invoiced()
        for amount in ["0.01", "33.33", "33.33", "36.86"] { _ = try await credit(amount, fixture) }
        let notes = try await fixture.invoices().filter { $0.kind == "credit_note" }
        let tax = notes.reduce(Int64(0)) { $0 + (Money(decimal: $1.tax)?.nanos ?? 0) }
        #expect(Money(nanos: tax).cents == "16.53")
        let invoice = try #require(try await fixture.invoices().first)
        #expect((invoice.state, invoice.open) == ("paid", "0.00"))
        await #expect(throws: BillingFixture.NonePending.self) { try await fixture.pending() }
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aCreditOfAllRestoresASuspendedOrg() async throws {
        let fixture = try await invoiced()
        for day in ["2026-03-14", "2026-03-17"] { try await fixture.move(to: day) }
        #expect(try await standing(fixture) == "suspended")
        _ = try await credit("103.53", fixture)
        #expect(try await standing(fixture) == "current")
        #expect(try await fixture.authorize("a") == nil)
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func onlyWhatAnInvoiceAskedForIsCredited() async throws {
        let fixture = try await invoiced()
        for amount in ["103.54", "0.001", "-1", "0"] {
            await #expect(throws: Refusal.self) { try await credit(amount, fixture) }
        }
        _ = try await credit("1", fixture)
        await #expect(throws: Refusal.self) {
            try await fixture.billing.credit(
                Money(nanos: 10_000_000), reason: "r", on: "CN-000001", of: "acme", under: fixture.key(), by: "test")
        }
        // The same call twice is one credit note.
        let key = fixture.key()
        for _ in 0..<2 {
            let note = try await fixture.billing.credit(
                try money("1"), reason: "r", on: "INV-000001", of: "acme", under: key, by: "test")
            #expect(note.number == "CN-000002")
        }
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func anInvoiceIsExplainedDownToRecordsAndCards() async throws {
        let fixture = try await BillingFixture(taxes: try TaxDocument.parse(Self.taxes))
        try await fixture.createOrg()
        try await fixture.recordRates()
        try await fixture.addSeats(1)
        let purchase = try await fixture.buy("50")
        for number in 1...3 { try await fixture.spend(10, "r\(number)") }
        try await fixture.move(to: "2026-02-28")
        let explanation = try await fixture.billing.explain("INV-000001", of: "acme")
        #expect(explanation.lines.map(\.net).first == "1 × 29.00 = 29.00")
        #expect(explanation.lines.first?.tax == "29.00 × 19 % = 5.51: 19 % USt. (DE)")
        #expect(explanation.transfers.map(\.code) == ["invoice", "invoice"])
        let credits = try #require(explanation.lines.last)
        #expect(credits.payment?.payment == purchase.payment)
        #expect(credits.transfers.map(\.code) == ["sale", "sale", "payment", "grant"])
        #expect(credits.grant?.remaining == "20.000000000")
        let spend = try #require(credits.spends.first)
        #expect((spend.model, spend.records, spend.amount) == ("m", 3, "30.000000000"))
        #expect(spend.newest == ["r3", "r2", "r1"])
        #expect(spend.rateCard?.count == 64)
        #expect(explanation.steps.map(\.kind).contains("period_billed"))
        try await fixture.close()
    }
}

/// What a finance person found.
@Suite struct SmallCreditTests {
    @Test func manySmallCreditsAddUpToTheInvoice() async throws {
        var plan = Plan()
        plan.seatPrice = Money(nanos: 1_000_000_000)
        let taxes = try TaxDocument.parse(
            "format: meterd-tax/1\nrates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]")
        let fixture = try await BillingFixture(plan: plan, taxes: taxes)
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        try await fixture.move(to: "2026-02-28")
        for number in 0..<60 {
            let amount = Money(nanos: number == 59 ? 10_000_000 : 20_000_000)
            let note = try await fixture.billing.credit(
                amount, reason: "r", on: "INV-000001", of: "acme", under: fixture.key(), by: "test")
            #expect(!note.net.hasPrefix("-") && !note.tax.hasPrefix("-"))
        }
        let notes = try await fixture.invoices().filter { $0.kind == "credit_note" }
        let tax = notes.reduce(Int64(0)) { $0 + (Money(decimal: $1.tax)?.nanos ?? 0) }
        #expect(Money(nanos: tax).cents == "0.19")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aLargeInvoiceCanBePaid() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(100_000)
        try await fixture.move(to: "2026-02-28")
        #expect(try await fixture.pay(try await fixture.pending()).amount == "2900000.00")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func moneyThatComesLateGoesBack() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(1)
        let late = try await fixture.order(2).payment
        try await fixture.move(to: "2026-02-28")
        #expect(try await fixture.pay(late).state == "refund_due")
        #expect(try await fixture.pay(late).state == "refunded")
        try await fixture.verify()
        try await fixture.close()
    }

    @Test func aTopUpThatIsCancelledWaits() async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.buy("50")
        let wish = TopUp(
            threshold: Money(nanos: 60_000_000_000), amount: Money(nanos: 50_000_000_000), perDayMax: 2)
        _ = try await fixture.billing.setTopUp(wish, for: "acme", under: fixture.key(), by: "test")
        try await fixture.settle()
        _ = try await fixture.billing.record(
            .canceled, of: try await fixture.pending(), for: "acme", under: fixture.key(), by: "test")
        await #expect(throws: BillingFixture.NonePending.self) { try await fixture.pending() }
        try await fixture.close()
    }
}
