import Billing
import Ledger
import Metering
import Testing

/// Seats added, removed and kept in every order, around a renewal, beside a model that has an entry per seat.
@Suite struct SeatOrderTests {
    enum Step: CaseIterable {
        case add1, add2, remove1, remove2, keep
    }

    /// Seats as things: each is paid until the period ends, and goes then or stays.
    private struct Model {
        var stays: [Bool] = []
        var paid: Int64 = 0

        /// Half to even, in cents.
        private static func price(_ count: Int, _ left: Int64, of days: Int64) -> Int64 {
            let (whole, rest) = (Int64(2900 * count) * left).quotientAndRemainder(dividingBy: days)
            return whole + (2 * rest > days || 2 * rest == days && whole % 2 == 1 ? 1 : 0)
        }

        mutating func add(_ count: Int, _ left: Int64, of days: Int64) {
            var missing = count
            for index in stays.indices where !stays[index] && missing > 0 {
                stays[index] = true
                missing -= 1
            }
            guard missing > 0 else { return }
            paid += Self.price(missing, left, of: days)
            stays += Array(repeating: true, count: missing)
        }

        /// False if it is refused.
        mutating func take(_ step: Step, _ left: Int64, of days: Int64) -> Bool {
            switch step {
            case .add1: add(1, left, of: days)
            case .add2: add(2, left, of: days)
            case .remove1: return remove(1)
            case .remove2: return remove(2)
            case .keep:
                guard stays.contains(false) else { return false }
                stays = stays.map { _ in true }
            }
            return true
        }

        mutating func renew(of days: Int64) {
            stays.removeAll { !$0 }
            paid += Self.price(stays.count, days, of: days)
        }

        private mutating func remove(_ count: Int) -> Bool {
            guard stays.count(where: { $0 }) > count else { return false }
            for _ in 0..<count {
                if let index = stays.firstIndex(of: true) { stays[index] = false }
            }
            return true
        }
    }

    /// Three steps on three days of a period of 28 days, its renewal, and one more step in the next, of 31 days.
    @Test func everyOrderCostsWhatThePlainModelSays() async throws {
        let fixture = try await BillingFixture(at: "2026-01-31T10:00:00Z")
        let steps = Step.allCases
        let courses = (0..<(5 * 5 * 5 * 5)).map { order in
            [order % 5, order / 5 % 5, order / 25 % 5, order / 125].map { steps[$0] }
        }
        var models: [Model] = []
        for index in courses.indices {
            var model = Model()
            model.add(3, 28, of: 28)
            models.append(model)
            try await fixture.createOrg("org-\(index)")
            try await fixture.addSeats(3, to: "org-\(index)")
        }
        for (place, day) in ["2026-02-03", "2026-02-14", "2026-02-27"].enumerated() {
            try await fixture.move(to: day)
            let left: Int64 = [25, 14, 1][place]
            for (index, course) in courses.enumerated() {
                try await take(course[place], &models[index], left, of: 28, "org-\(index)", fixture, course)
            }
        }
        try await fixture.move(to: "2026-02-28")
        for index in courses.indices {
            models[index].renew(of: 31)
            try await fixture.pay(try await fixture.pending("org-\(index)"), "org-\(index)")
        }
        try await fixture.move(to: "2026-03-11")
        for (index, course) in courses.enumerated() {
            try await take(course[3], &models[index], 20, of: 31, "org-\(index)", fixture, course)
            let payments = try await fixture.billing.payments(of: "org-\(index)", before: nil, limit: 100).items
            let paid = payments.filter { $0.state == "succeeded" }.compactMap { Money(decimal: $0.amount)?.nanos }
            #expect(paid.reduce(0, +) == models[index].paid * 10_000_000, "\(course)")
        }
        try await fixture.verify()
        try await fixture.close()
    }

    private func take(
        _ step: Step, _ model: inout Model, _ left: Int64, of days: Int64, _ org: String, _ fixture: BillingFixture,
        _ course: [Step]
    ) async throws {
        let isTaken = model.take(step, left, of: days)
        do {
            try await make(step, org, fixture)
            #expect(isTaken, "\(course): \(step)")
        } catch is Refusal {
            #expect(!isTaken, "\(course): \(step)")
        }
        let seats = try await fixture.billing.subscription(of: org)
        #expect(seats.seats == model.stays.count, "\(course): \(step)")
        #expect(seats.nextSeats == model.stays.count(where: { $0 }), "\(course): \(step)")
    }

    private func make(_ step: Step, _ org: String, _ fixture: BillingFixture) async throws {
        let key = fixture.key()
        switch step {
        case .add1: try await add(1, org, fixture, key)
        case .add2: try await add(2, org, fixture, key)
        case .remove1: _ = try await fixture.billing.removeSeats(1, from: org, under: key, by: "test")
        case .remove2: _ = try await fixture.billing.removeSeats(2, from: org, under: key, by: "test")
        case .keep: _ = try await fixture.billing.keepSeats(of: org, under: key, by: "test")
        }
    }

    private func add(_ seats: Int64, _ org: String, _ fixture: BillingFixture, _ key: IdempotencyKey) async throws {
        let preview = try await fixture.billing.previewSeats(seats, for: org)
        switch try await fixture.billing.addSeats(seats, to: org, under: key, by: "test") {
        case .kept:
            #expect((preview.total, preview.keptSeats) == ("0.00", seats))
            // The same call again gives nothing more.
            guard case .kept = try await fixture.billing.addSeats(seats, to: org, under: key, by: "test") else {
                Issue.record("it is bought at the second call")
                return
            }
        case .bought(let payment):
            #expect(preview.total == payment.amount)
            try await fixture.pay(payment.payment, org)
        }
    }
}
