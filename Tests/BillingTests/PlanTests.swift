import Billing
import Foundation
import Metering
import Testing

@Suite struct PlanTests {
    @Test func whatIsLeftOutHasItsDefault() throws {
        #expect(try PlanDocument.parse("format: meterd-plans/1") == Plan())
    }

    @Test func everyMemberIsRead() throws {
        let plan = try PlanDocument.parse(
            """
            format: meterd-plans/1
            seats: {price: 19.90, max: 50}
            credits: {packs: [10, 20.50]}
            top_up: {per_day_max: 2, backoff_hours: [2, 4]}
            dunning: {retry_days: [1, 2], grace_days: 5, retention_days: 60, announce_days: [1, 14]}
            """)
        #expect(plan.seatPrice.cents == "19.90")
        #expect(plan.seatsMax == 50)
        #expect(plan.packs.map(\.cents) == ["10.00", "20.50"])
        #expect(plan.topUp.perDayMax == 2)
        #expect(plan.topUp.backoffHours == [2, 4])
        #expect(plan.dunning.retryDays == [1, 2])
        #expect(plan.dunning.graceDays == 5)
        #expect(plan.dunning.retentionDays == 60)
        #expect(plan.dunning.announceDays == [14, 1])
    }

    @Test(arguments: [
        ("format: meterd-tax/1", "line 1, column 9: format must be meterd-plans/1"),
        ("format: meterd-plans/1\nseats: {price: 29.001}", "line 2, column 16: seats.price must be"),
        ("format: meterd-plans/1\nseats: {price: 0}", "seats.price must be"),
        ("format: meterd-plans/1\nseats: {cost: 29}", "cost"),
        ("format: meterd-plans/1\ncredits: {packs: [50, 50]}", "each larger"),
        ("format: meterd-plans/1\ncredits: {packs: []}", "isn't empty"),
        ("format: meterd-plans/1\ndunning: {grace_days: 28}", "dunning.grace_days must be"),
        ("format: meterd-plans/1\ndunning: {retention_days: 5}", "can't be more than retention_days"),
        ("seats: {price: 29}", "format must be"),
    ])
    func aDocumentIsRefusedWithItsPlace(text: String, words: String) {
        let error = #expect(throws: BillingDocumentError.self) { try PlanDocument.parse(text) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(error?.description.hasPrefix("line ") == true)
    }

    @Test func packsAndLargerAmountsAreSold() throws {
        let plan = Plan()
        for text in ["50", "100", "250", "500", "1000", "1000.01", "25000"] {
            #expect(plan.sells(try #require(Money(decimal: text))), "\(text)")
        }
        for text in ["0", "-50", "49.99", "75", "999.99", "1000.001"] {
            #expect(!plan.sells(try #require(Money(decimal: text))), "\(text)")
        }
    }
}

@Suite struct ShippedDocumentTests {
    private func shipped(_ name: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "config/\(name)"), encoding: .utf8)
    }

    @Test func theShippedPlansAreTheDefaults() throws {
        #expect(try PlanDocument.parse(try shipped("plans.yaml")) == Plan())
    }

    @Test func theShippedTaxesKnowEveryMemberState() throws {
        let table = try TaxDocument.parse(try shipped("tax.yaml"))
        let day = try #require(CalendarDay("2026-11-25"))
        for country in VATIdentifier.memberStates {
            let place = TaxPlace(country: country, region: nil)
            guard case .rate = table.rule(for: .seats, to: TaxPayer(place: place), on: day) else {
                Issue.record("no rate for \(country)")
                continue
            }
        }
        #expect(VATIdentifier.memberStates.count == 27)
    }
}
