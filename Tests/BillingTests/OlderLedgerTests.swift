import Billing
import Foundation
import Ledger
import Metering
import Testing

/// A ledger from before refunds had rows of their own and orgs a balance, in `Ledgers/before-refunds.sql`.
///
/// It was made by version bd6b29c: `acme` paid an invoice, of which 34.51 came back as credits, and owes 93.53 of 103.53. `gone` is
/// closed, and two payments came afterwards: 59.50, which has to go back still, and 119.00, which has.
@Suite struct OlderLedgerTests {
    private func fixture() async throws -> BillingFixture {
        let path = URL(filePath: #filePath).deletingLastPathComponent().path + "/Ledgers/before-refunds.sql"
        let taxes = """
            format: meterd-tax/1
            rates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]
            """
        let fixture = try await BillingFixture(
            at: "2026-03-31T00:00:00Z", taxes: try TaxDocument.parse(taxes),
            dump: try String(contentsOfFile: path, encoding: .utf8))
        try await fixture.settle()
        return fixture
    }

    private func money(_ text: String) throws -> Money { try #require(Money(decimal: text)) }

    @Test func itsBooksBalanceAndSayTheSame() async throws {
        let fixture = try await fixture()
        try await fixture.verify()
        let invoices = try await fixture.invoices()
        #expect(invoices.map(\.number) == ["INV-000001", "CN-000001", "INV-000002", "CN-000002"])
        #expect(invoices.map(\.open) == ["0.00", "0.00", "93.53", "0.00"])
        #expect(invoices.map(\.credited) == ["34.51", "0.00", "10.00", "0.00"])
        #expect(try await fixture.balance() == (try money("134.51")))
        #expect(try await fixture.billing.payment(6, of: "gone").state == "refund_due")
        #expect(try await fixture.billing.payment(7, of: "gone").state == "refunded")
        try await fixture.close()
    }

    @Test func whatIsPaidAndGivenBackNowIsBookedRight() async throws {
        let fixture = try await fixture()
        try await fixture.pay(5)
        #expect(try await fixture.invoices()[2].state == "paid")
        try await fixture.verify()
        // What is left of the first invoice, and then all of the second.
        _ = try await fixture.billing.credit(
            try money("69.02"), to: .refund, reason: "r", on: "INV-000001", of: "acme", under: fixture.key(), by: "test"
        )
        _ = try await fixture.billing.credit(
            try money("93.53"), reason: "r", on: "INV-000002", of: "acme", under: fixture.key(), by: "test")
        #expect(try await fixture.billing.subscription(of: "acme").balance == "93.53")
        try await fixture.verify()
        // A payment in vain gets its refund when an operator says that it went back.
        #expect(try await fixture.pay(6, "gone").state == "refunded")
        try await fixture.verify()
        try await fixture.close()
    }
}
