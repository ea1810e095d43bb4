import Ledger
import Metering
import Testing

@Suite struct LimitTests {
    private func member(
        _ ledger: LedgerFixture, daily: String? = nil, monthly: String? = nil
    ) throws -> MemberView {
        let earlier = EarlierSpend(day: .zero, month: .zero, throughSequence: 0, moment: ledger.clock.now)
        _ = try ledger.one(.addMember(org: "acme", user: "ana", earlier, ledger.key("add")))
        let outcome = try ledger.one(
            .limitMember(
                org: "acme", user: "ana", daily: daily.flatMap { Money(decimal: $0) },
                monthly: monthly.flatMap { Money(decimal: $0) }, ledger.key("limit")))
        guard case .member(let view, _) = outcome else { throw LedgerFixture.Missing() }
        return view
    }

    @Test func aMembersLimitsCountSpendAndHoldsTogether() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "100")
        _ = try member(ledger, daily: "1")
        _ = try ledger.reply(try ledger.record("a", input: 300, user: "ana"))
        _ = try ledger.held("h1", "0.5", user: "ana")
        #expect(try ledger.refused("h2", "0.200000001", user: "ana") == .memberLimit)
        #expect(try ledger.held("h2", "0.2", user: "ana").status == .held)
        // Others, and whoever is no member, are not hers to limit.
        #expect(try ledger.held("h3", "5", user: "somebody").status == .held)
        #expect(try ledger.held("h4", "5").status == .held)
        // Spent money is spent: her usage is charged beyond the limit.
        #expect(try ledger.reply(try ledger.record("b", input: 3000, user: "ana")).status == .charged)
    }

    @Test func windowsAreUTCDaysAndMonths() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "100")
        _ = try member(ledger, daily: "1", monthly: "1.5")
        _ = try ledger.reply(try ledger.record("a", input: 1000, user: "ana"))
        #expect(try ledger.refused("h", "0.1", user: "ana") == .memberLimit)
        ledger.clock.advance(
            seconds: 86_400 - ledger.clock.now.milliseconds / 1000 % 86_400 - 1)
        #expect(try ledger.refused("h", "0.1", user: "ana") == .memberLimit)
        ledger.clock.advance(seconds: 1)
        #expect(try ledger.held("h", "0.5", user: "ana", ttl: 1).status == .held)
        #expect(try ledger.refused("h2", "0.5", user: "ana") == .memberLimit)
        ledger.clock.advance(seconds: 31 * 86_400)
        #expect(try ledger.held("h2", "1", user: "ana").status == .held)
    }

    @Test func aClockThatIsSetBackForgetsNothing() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "100")
        _ = try member(ledger, daily: "2", monthly: "3")
        _ = try ledger.one(.setBudget(org: "acme", Money(decimal: "3.5"), ledger.key("budget")))
        // A minute past midnight of the first of a month, and two minutes before.
        let now = ledger.clock.now
        ledger.clock.advance(
            seconds: (now.startOfMonth.advanced(bySeconds: 32 * 86_400).startOfMonth.milliseconds - now.milliseconds)
                / 1000
                + 60)
        _ = try ledger.reply(try ledger.record("a", input: 1500, user: "ana"))
        ledger.clock.advance(seconds: -120)
        _ = try ledger.reply(try ledger.record("b", input: 100, user: "ana"))
        #expect(try ledger.refused("h", "0.5", user: "ana") == .memberLimit)
        ledger.clock.advance(seconds: 120)
        _ = try ledger.reply(try ledger.record("c", input: 100, user: "ana"))
        try ledger.reopen()
        #expect(try ledger.refused("h", "0.400000001", user: "ana") == .memberLimit)
        #expect(try ledger.refused("h", "1.9") == .orgBudget)
        #expect(try ledger.held("h", "0.3", user: "ana").status == .held)
        #expect(try ledger.verify().problems == [])
    }

    @Test func theOrgsBudgetCountsEverybody() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "100")
        _ = try ledger.one(.setBudget(org: "acme", Money(decimal: "1"), ledger.key("budget")))
        _ = try ledger.reply(try ledger.record("a", input: 300, user: "whoever"))
        _ = try ledger.held("h1", "0.5")
        try ledger.reopen()
        #expect(try ledger.refused("h2", "0.3", user: "ana") == .orgBudget)
        #expect(try ledger.held("h2", "0.2").status == .held)
        _ = try ledger.one(.setBudget(org: "acme", nil, ledger.key("none")))
        #expect(try ledger.held("h3", "50").status == .held)
    }

    @Test func whatANewMemberSpentThisMonthCounts() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "100")
        _ = try ledger.reply(try ledger.record("a", input: 300, user: "ana"))
        _ = try ledger.reply(try ledger.record("b", input: 500, user: "bo"))
        let earlier = try await ledger.reading { try await $0.spend(of: "ana", in: "acme", at: ledger.clock.now) }
        #expect(earlier.day.description == "0.300000000" && earlier.throughSequence == 2)
        // Between the look and the writer's turn more may come.
        _ = try ledger.reply(try ledger.record("c", input: 40, user: "ana"))
        _ = try ledger.held("h", "0.2", user: "ana")
        guard
            case .member(let view, _) = try ledger.one(.addMember(org: "acme", user: "ana", earlier, ledger.key("add")))
        else {
            Issue.record("no member")
            return
        }
        #expect(view.spentToday == "0.340000000" && view.spentThisMonth == "0.340000000" && view.held == "0.200000000")
        let shown = try await ledger.reading {
            try await $0.members(of: "acme", after: nil, limit: 10, at: ledger.clock.now).items
        }
        #expect(shown == [view])
    }

    @Test func aRemovedMemberHasNoLimitsAndMayComeBack() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "100")
        _ = try member(ledger, daily: "0")
        #expect(try ledger.refused("h", "0.1", user: "ana") == .memberLimit)
        _ = try ledger.one(.removeMember(org: "acme", user: "ana", ledger.key("remove")))
        #expect(try ledger.held("h", "0.1", user: "ana").status == .held)
        let earlier = EarlierSpend(day: .zero, month: .zero, throughSequence: 0, moment: ledger.clock.now)
        guard
            case .member(let view, _) = try ledger.one(
                .addMember(org: "acme", user: "ana", earlier, ledger.key("again")))
        else {
            Issue.record("no member")
            return
        }
        #expect(view.dailyLimit == nil && view.held == "0.100000000")
        #expect(
            try ledger.refusal(try ledger.one(.addMember(org: "acme", user: "ana", earlier, ledger.key("twice")))).code
                == .idConflict)
    }

    @Test func aBalanceThatFallsBelowAnAlertTellsOnceEachTime() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let thresholds = ["0.5", "0.1"].compactMap { Money(decimal: $0) }
        _ = try ledger.one(.setAlerts(org: "acme", thresholds, ledger.key("set")))
        func told() async throws -> [String] {
            try await ledger.reading { try await $0.events(after: 0, limit: 100).items }
                .filter { $0.kind == "balance_low" }.map {
                    "\($0.data["threshold"] ?? "") at \($0.data["balance"] ?? "")"
                }
        }
        _ = try ledger.reply(try ledger.record("a", input: 500))
        #expect(try await told() == [])
        _ = try ledger.reply(try ledger.record("b", input: 1))
        _ = try ledger.reply(try ledger.record("c", input: 1))
        try ledger.reopen()
        _ = try ledger.reply(try ledger.record("d", input: 1))
        #expect(try await told() == ["0.500000000 at 0.499000000"])
        _ = try ledger.grant("acme", "1", key: "more")
        _ = try ledger.reply(try ledger.record("e", input: 1400))
        #expect(
            try await told() == [
                "0.500000000 at 0.499000000", "0.500000000 at 0.097000000", "0.100000000 at 0.097000000",
            ])
        // One that is below already when it is set tells at once.
        _ = try ledger.one(.setAlerts(org: "acme", [Money(decimal: "0.2") ?? .zero], ledger.key("new")))
        #expect(try await told().last == "0.200000000 at 0.097000000")
        #expect(try await told().count == 4)
    }

    @Test func eventsAreNumberedAndKeptForFortySixDays() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        for number in 1...3 {
            _ = try ledger.credit("0.1", expiresIn: 10, key: "\(number)")
            ledger.clock.advance(seconds: 10)
            _ = try ledger.store.commit([])
        }
        let all = try await ledger.reading { try await $0.events(after: 0, limit: 2) }
        #expect(all.items.map(\.number) == [1, 2] && all.nextCursor == "2")
        ledger.clock.advance(seconds: 46 * 86_400 + 1)
        _ = try ledger.credit("0.1", expiresIn: 10, key: "4")
        ledger.clock.advance(seconds: 10)
        _ = try ledger.store.commit([])
        let kept = try await ledger.reading { try await $0.events(after: 0, limit: 10).items.map(\.number) }
        #expect(kept == [4])
    }
}
