import Billing
import Metering
import Testing

@Suite struct TaxTests {
    private static let table = """
        format: meterd-tax/1
        seller: {country: DE}
        rates:
          - {country: DE, name: USt., percent: 16, from: 2020-07-01}
          - {country: DE, name: USt., percent: 19, from: 2021-01-01}
          - {country: FR, name: TVA, percent: 20, from: 2014-01-01}
          - {country: US, name: Sales tax, percent: 0, from: 2020-01-01}
          - {country: US, region: NY, name: Sales tax, percent: 8.875, from: 2020-01-01, on: [seats]}
          - {country: JP, name: 消費税, percent: 10, from: 2019-10-01, inclusive: true, on: [seats]}
        """
    private let table: TaxTable
    private let today: CalendarDay

    init() throws {
        table = try TaxDocument.parse(Self.table)
        today = try #require(CalendarDay("2026-11-25"))
    }

    private func money(_ text: String) throws -> Money { try #require(Money(decimal: text)) }

    private func taxed(
        _ price: String, _ product: Product = .seats, country: String?, region: String? = nil, vatID: String? = nil,
        exemption: String? = nil, on day: CalendarDay? = nil
    ) throws -> TaxedAmount {
        let buyer = TaxPayer(
            place: country.map { TaxPlace(country: $0, region: region) }, vatID: vatID.flatMap { VATIdentifier($0) },
            exemption: exemption)
        return try #require(table.taxed(try money(price), for: product, to: buyer, on: day ?? today))
    }

    @Test func theRateOfTheDayHolds() throws {
        #expect(try taxed("29.00", country: "DE").tax == money("5.51"))
        let before = try #require(CalendarDay("2020-12-31"))
        #expect(try taxed("29.00", country: "DE", on: before).tax == money("4.64"))
        #expect(try taxed("29.00", country: "DE", on: before.advanced(byDays: 1)).tax == money("5.51"))
        let early = try #require(CalendarDay("2020-06-30"))
        #expect(
            try taxed("29.00", country: "DE", on: early).rule == .noRate(TaxPlace(country: "DE", region: nil)))
    }

    @Test func aRegionComesBeforeItsCountryForWhatItTaxes() throws {
        let seats = try taxed("29.00", country: "US", region: "NY")
        #expect(seats.tax == (try money("2.57")))
        #expect(seats.rule.words == "8.875 % Sales tax (US-NY)")
        let credits = try taxed("100.00", .credits, country: "US", region: "NY")
        #expect(credits.tax == .zero)
        #expect(credits.rule.words == "0 % Sales tax (US)")
        #expect(try taxed("29.00", country: "US", region: "OR").tax == .zero)
    }

    @Test(arguments: [
        // 19 % of 0.50 is 0.095: half of a cent goes to the even one. Of 1.50 it is 0.285.
        ("0.50", "0.10"), ("1.50", "0.28"), ("0.02", "0.00"), ("0.03", "0.01"), ("100000000.00", "19000000.00"),
    ])
    func taxIsRoundedOnceHalfToEven(price: String, tax: String) throws {
        let amount = try taxed(price, country: "DE")
        #expect(amount.tax == (try money(tax)))
        #expect(amount.net.adding(amount.tax) == amount.gross)
        #expect(amount.gross.isWholeCents)
    }

    @Test func anInclusiveRateIsTakenOutOfThePrice() throws {
        let amount = try taxed("110.00", country: "JP")
        #expect((amount.net, amount.tax, amount.gross) == (try money("100"), try money("10"), try money("110")))
        let odd = try taxed("29.00", country: "JP")
        #expect((odd.net, odd.tax, odd.gross) == (try money("26.36"), try money("2.64"), try money("29")))
        #expect(odd.rule.words == "10 % 消費税 (JP), included")
    }

    @Test func anotherStatesBusinessAccountsForTheTaxItself() throws {
        let reversed = try taxed("29.00", country: "FR", vatID: "FR 12 345678901")
        #expect(reversed.tax == .zero)
        #expect(reversed.rule == .reverseCharge(vatID: "FR12345678901"))
        // Not at home, not with a number of another state, and not without one.
        #expect(try taxed("29.00", country: "DE", vatID: "DE123456789").tax == money("5.51"))
        #expect(try taxed("29.00", country: "FR", vatID: "DE123456789").tax == money("5.80"))
        #expect(try taxed("29.00", country: "FR").tax == money("5.80"))
    }

    @Test func onlyASellerInTheUnionReversesTheCharge() throws {
        let table = try TaxDocument.parse(
            """
            format: meterd-tax/1
            seller: {country: US, region: NY}
            rates: [{country: FR, name: TVA, percent: 20, from: 2014-01-01}]
            """)
        let buyer = TaxPayer(
            place: TaxPlace(country: "FR", region: nil), vatID: VATIdentifier("FR12345678901"), exemption: nil)
        // A seller elsewhere that sells to a business of the union: the buyer accounts for it all the same (Article 44 and 196).
        #expect(table.rule(for: .seats, to: buyer, on: today) == .reverseCharge(vatID: "FR12345678901"))
    }

    @Test func anExemptionComesBeforeEverythingAndIsNamed() throws {
        let amount = try taxed("29.00", country: "DE", exemption: "certificate 4711")
        #expect(amount.tax == .zero)
        #expect(amount.rule.words == "Exempt: certificate 4711")
    }

    @Test func whereNothingIsKnownThatIsSaid() throws {
        #expect(try taxed("29.00", country: nil).rule.words == "No tax: the buyer's country is not known")
        #expect(try taxed("29.00", country: "BR").rule.words == "No tax: no rate for BR")
    }

    @Test(arguments: [
        ("DE123456789", "DE"), ("de 123.456-789", "DE"), ("ATU12345678", "AT"), ("EL123456789", "GR"),
        ("NL123456789B01", "NL"), ("ESX1234567X", "ES"), ("ES12345678Z", "ES"), ("IE1234567WA", "IE"),
        ("FRXX123456789", "FR"), ("RO12", "RO"), ("SE123456789012", "SE"),
    ])
    func formsOfVATNumbers(text: String, country: String) {
        #expect(VATIdentifier(text)?.country == country)
    }

    @Test(arguments: [
        "", "DE", "DE12345678", "DE1234567890", "GR123456789", "GB123456789", "XX123456789", "ES123456789",
        "ATX12345678",
        "DE12345678९", "NL123456789A01",
    ])
    func whatHasNoFormIsNone(text: String) {
        #expect(VATIdentifier(text) == nil)
    }

    @Test(arguments: [
        ("format: meterd-rates/1", "format must be meterd-tax/1"),
        ("format: meterd-tax/1\nrates: [{country: DE, name: a, percent: 19}]", "from must be a day"),
        ("format: meterd-tax/1\nrates: [{country: de, name: a, percent: 19, from: 2020-01-01}]", "two capital letters"),
        ("format: meterd-tax/1\nrates: [{country: DE, name: a, percent: 101, from: 2020-01-01}]", "percent must be"),
        ("format: meterd-tax/1\nrates: [{country: DE, name: a, percent: ten, from: 2020-01-01}]", "percent must be"),
        ("format: meterd-tax/1\nrates: [{country: DE, name: a, percent: 1, from: 2020-02-30}]", "from must be a day"),
        (
            "format: meterd-tax/1\nrates: [{country: DE, name: a, percent: 1, from: 2020-01-01, on: [tea]}]",
            "on takes seats and credits"
        ),
        (
            """
            format: meterd-tax/1
            rates:
              - {country: DE, name: a, percent: 1, from: 2020-01-01}
              - {country: DE, name: a, percent: 2, from: 2020-01-01, on: [seats]}
            """, "line 4, column 5: DE has two rates from 2020-01-01"
        ),
        ("format: meterd-tax/1\nrate: []", "rate"),
        (
            "format: meterd-tax/1\nrates: [{country: JP, name: a, percent: 1, from: 2020-01-01, inclusive: true}]",
            "add on: [seats]"
        ),
    ])
    func aDocumentIsRefusedWithItsPlace(text: String, words: String) {
        let error = #expect(throws: BillingDocumentError.self) { try TaxDocument.parse(text) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(error?.description.hasPrefix("line ") == true, "\(error?.description ?? "")")
    }
}
