import Billing
import Metering
import Testing

@Suite struct SubscriptionTests {
    private let plan = Plan()

    private func day(_ text: String) throws -> CalendarDay { try #require(CalendarDay(text)) }

    @Test func addedSeatsArePaidForTheDaysThatRemainAndStay() throws {
        let subscription = Subscription(signup: try day("2026-11-10"), seats: 3)
        let added = try subscription.adding(2, on: try day("2026-11-25"), plan)
        #expect(added.days == 15)
        #expect(added.amount.cents == "29.00")
        #expect((added.subscription.seats, added.subscription.nextSeats) == (5, 5))
        #expect(added.subscription.renewed().seats == 5)
        #expect(added.subscription.period == subscription.period)
    }

    @Test func removedSeatsGoWithThePeriodUnlessTheRemovalIsCancelled() throws {
        let subscription = Subscription(signup: try day("2026-11-10"), seats: 5)
        let removed = try subscription.removing(2, members: 3)
        #expect((removed.seats, removed.nextSeats, removed.membersMax) == (5, 3, 3))
        #expect(removed.renewed().seats == 3)
        #expect(try removed.cancellingRemoval() == subscription)
        #expect(throws: Subscription.ChangeError.noRemoval) { try subscription.cancellingRemoval() }
        // What is added meanwhile stays on top of what goes.
        let added = try removed.adding(1, on: try day("2026-11-20"), plan).subscription
        #expect((added.seats, added.nextSeats) == (6, 4))
    }

    @Test func whatCannotBeChangedSaysWhy() throws {
        let subscription = Subscription(signup: try day("2026-11-10"), seats: 3)
        let today = try day("2026-11-25")
        #expect(throws: Subscription.ChangeError.nothing) { try subscription.adding(0, on: today, plan) }
        #expect(throws: Subscription.ChangeError.nothing) { try subscription.removing(-1, members: 0) }
        #expect(throws: Subscription.ChangeError.tooMany(max: 100_000)) {
            try subscription.adding(99_998, on: today, plan)
        }
        #expect(throws: Subscription.ChangeError.tooMany(max: 100_000)) {
            try subscription.adding(.max, on: today, plan)
        }
        #expect(throws: Subscription.ChangeError.tooFew(left: 3)) { try subscription.removing(3, members: 0) }
        #expect(throws: Subscription.ChangeError.held(members: 3)) { try subscription.removing(1, members: 3) }
        #expect(throws: Subscription.ChangeError.periodOver) {
            try subscription.adding(1, on: try day("2026-12-10"), plan)
        }
    }

    @Test func periodsThatWentByInASuspensionAreLeftOut() throws {
        let subscription = Subscription(signup: try day("2026-01-31"), seats: 3)
        let later = subscription.renewed(in: 4)
        #expect(later.period.start == (try day("2026-05-31")))
        #expect(later.renewed(in: 2).number == 5)
    }
}
