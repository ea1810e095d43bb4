import Foundation
import Ledger
import Metering
import Synchronization
import TestSupport
import Testing

/// What operators decide about refused usage, what is told of it, and orgs' other names.
@Suite struct QuarantineDecisionTests {
    @Test func aLineBecomesOneRecordAtMost() async throws {
        let ledger = try LedgerFixture()
        _ = try ledger.send(try ledger.record("a", org: "acme", input: 10), #"{"a":1}"#)
        let received = ledger.clock.now
        #expect(try ledger.refusal(try ledger.retry(1, try ledger.record("a"))).code == .unknownOrg)
        #expect(try await ledger.quarantined().first?.state == "kept")
        try ledger.createOrg("acme", credits: "1")
        ledger.clock.advance(seconds: 60 * 86_400)
        let record = try ledger.record("a", input: 10)
        let first = try ledger.retried(1, record)
        #expect(first.state == "taken" && first.sequence == 1 && first.status == "charged")
        #expect(first.cost == "0.010000000" && first.id == "a" && first.org == "acme")
        for _ in 0..<2 {
            #expect(try ledger.retried(1, record) == first)
            try ledger.reopen()
        }
        // By another id neither: the line is decided.
        #expect(try ledger.retried(1, try ledger.record("b", input: 10), id: "b").sequence == 1)
        #expect(try ledger.balance() == Money(decimal: "0.99"))
        let view = try #require(try await ledger.reading { try await $0.usage(sequence: 1) })
        // Its receipt stands for the missing at; the commit is when it was charged.
        #expect(view.at == received.description && view.received == ledger.clock.now.description)
        #expect(view.peerUid == 1000 && view.sender == "team-red")
        let line = try await ledger.line(1)
        #expect(line?.view.state == "taken" && line?.view.sequence == 1 && line?.view.actor == "op")
        #expect(try ledger.verify().problems == [])
        // Whoever resends the line is told what was charged, and is not charged again.
        guard case .usage(let reply) = try ledger.send(record, #"{"a":1}"#) else {
            Issue.record("not taken")
            return
        }
        #expect(reply.isDuplicate)
    }

    @Test func aRecordThatItsSenderSentAgainMeanwhileIsNotChargedTwice() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.keep(#"{"a":1}"#)
        _ = try ledger.reply(try ledger.record("a", input: 10))
        let view = try ledger.retried(1, try ledger.record("a", input: 10))
        #expect(view.state == "taken" && view.sequence == 1)
        #expect(try ledger.balance() == Money(decimal: "0.99"))
        #expect(try ledger.verify().problems == [])
    }

    @Test func anotherTimeOrIdGivesWhatCantOtherwisePass() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        let old = ledger.clock.now.advanced(bySeconds: -46 * 86_400)
        _ = try ledger.send(try ledger.record("late", at: old), #"{"a":1}"#)
        _ = try ledger.reply(try ledger.record("same", input: 1))
        _ = try ledger.send(try ledger.record("same", input: 2), #"{"b":1}"#)
        let window = ledger.clock.now.advanced(bySeconds: -44 * 86_400)
        ledger.clock.advance(seconds: 30 * 86_400)
        // The 45 days are those before the receipt, however late somebody decides.
        #expect(try ledger.refusal(try ledger.retry(1, try ledger.record("late", at: old))).code == .timeOutOfRange)
        #expect(try ledger.retried(1, try ledger.record("late", at: window), at: window).sequence == 2)
        #expect(try ledger.refusal(try ledger.retry(2, try ledger.record("same", input: 2))).code == .idConflict)
        #expect(try ledger.retried(2, try ledger.record("same-2", input: 2), id: "same-2").sequence == 3)
        let lines = try await ledger.quarantined(.init(state: .taken))
        #expect(lines.map(\.newId) == ["same-2", nil] && lines.map(\.newAt) == [nil, window.description])
        #expect(lines.allSatisfy { $0.actor == "op" && $0.decided == ledger.clock.now.description })
        #expect(try ledger.balance() == Money(decimal: "0.996"))
        #expect(try ledger.verify().problems == [])
    }

    @Test func aDiscardedLineIsNeverTakenAndATakenOneNeverDiscarded() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        for line in ["1", "2"] { _ = try ledger.keep(line) }
        func discard(_ number: Int64, erase: Bool = false, key: String) throws -> Outcome {
            try ledger.one(.discardQuarantined(number, erase: erase, actor: "op", ledger.key(key)))
        }
        guard case .quarantined(let view, false) = try discard(1, key: "k1"),
            case .quarantined(_, true) = try discard(1, key: "k1"),
            case .quarantined(_, false) = try discard(1, erase: true, key: "k2")
        else {
            Issue.record("not discarded")
            return
        }
        #expect(view.state == "discarded")
        #expect(try await ledger.line(1)?.line == nil)
        #expect(try ledger.refusal(try ledger.retry(1, try ledger.record("a"))).code == .conflict)
        _ = try ledger.retried(2, try ledger.record("b"))
        #expect(try ledger.refusal(try discard(2, key: "k3")).code == .conflict)
        #expect(try ledger.refusal(try discard(9, key: "k4")).code == .notFound)
        #expect(try ledger.refusal(try ledger.retry(9, try ledger.record("a"))).code == .notFound)
        #expect(try ledger.verify().problems == [])
    }

    @Test func theHoldOfARefusedLineStaysUntilARetrySettlesIt() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.held("h1", "0.5")
        _ = try ledger.keep(#"{"a":1}"#)
        #expect(try ledger.available() == Money(decimal: "0.5"))
        _ = try ledger.retried(1, try ledger.record("a", input: 10, hold: "h1"))
        #expect(try ledger.available() == Money(decimal: "0.99"))
        #expect(try ledger.verify().problems == [])
    }

    // MARK: Events

    @Test func anHoursRefusalsAreToldOncePerOrg() throws {
        let told = Told()
        let ledger = try LedgerFixture { $0.onEvents = { told.add($0) } }
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.reply(try ledger.record("a", input: 1))
        for number in 0..<3 {
            _ = try ledger.send(try ledger.record("a", input: 2, user: "a\u{1B}na"), "{\"n\":\(number)}")
        }
        _ = try ledger.send(try ledger.record("a", input: 2), "{\"n\":0}")
        _ = try ledger.charge(try ledger.record("a", input: 3))
        _ = try ledger.keep("1")
        _ = try ledger.keep("2", org: nil)
        #expect(told.events.isEmpty)
        // The fixture's clock stands at 58 minutes past.
        #expect((ledger.store.timeToOwnWork ?? .zero) <= .seconds(3600))
        ledger.clock.advance(seconds: 3600)
        _ = try ledger.store.commit(lots: [])
        #expect(
            told.events.map { "\($0.kind) \($0.org)" } == [
                "usage_quarantined ", "usage_quarantined acme", "id_conflicts acme",
            ])
        #expect(told.events[0].data["malformed"] == "1" && told.events[0].data["lines"] == "1")
        let ofAcme = told.events[1].data
        #expect(ofAcme["lines"] == "4" && ofAcme["id_conflict"] == "3" && ofAcme["repeats"] == "1")
        #expect(told.events[2].data["conflicts"] == "5")
        #expect(told.events[2].data["users"] == #"'a\u{1b}na': 3, nobody: 2"#)
        ledger.clock.advance(seconds: 3600)
        _ = try ledger.store.commit(lots: [])
        #expect(told.events.count == 3)
        // What the last hour brought is told at the end.
        _ = try ledger.keep("3")
        try ledger.store.close()
        #expect(told.events.count == 4)
        #expect(try ledger.verify().problems == [])
    }

    @Test func usersOfConflictsAreBounded() throws {
        let told = Told()
        let ledger = try LedgerFixture { $0.onEvents = { told.add($0) } }
        try ledger.createOrg("acme")
        _ = try ledger.reply(try ledger.record("a", input: 1))
        for number in 0..<50 { _ = try ledger.charge(try ledger.record("a", input: 2, user: "u\(number)")) }
        ledger.clock.advance(seconds: 3600)
        _ = try ledger.store.commit(lots: [])
        let users = try #require(told.events.first?.data["users"])
        #expect(users.hasPrefix("others: 30, ") && users.split(separator: ",").count == 21)
    }

    private final class Told: Sendable {
        private let list = Mutex<[LedgerEvent]>([])
        var events: [LedgerEvent] { list.withLock { $0 } }
        func add(_ events: [LedgerEvent]) { list.withLock { $0 += events } }
    }

    // MARK: Other names

    @Test func anotherNameNeverHidesAnOrg() async throws {
        let told = Mutex<[String: String]>([:])
        let ledger = try LedgerFixture { $0.onOrgNames = { names in told.withLock { $0 = names } } }
        try ledger.createOrg("acme")
        try ledger.createOrg("globex")
        guard case .orgAlias(let view, false) = try ledger.alias("Acme Inc.", "acme", key: "1"),
            case .orgAlias(_, true) = try ledger.alias("Acme Inc.", "acme", key: "1"),
            case .orgAlias = try ledger.alias("old-acme", "acme", key: "2")
        else {
            Issue.record("no alias")
            return
        }
        #expect(view.alias == "Acme Inc." && view.org == "acme" && view.actor == "op")
        #expect(told.withLock { $0 } == ["Acme Inc.": "acme", "old-acme": "acme"])
        #expect(try ledger.refusal(try ledger.alias("globex", "acme", key: "3")).code == .idConflict)
        #expect(try ledger.refusal(try ledger.alias("Acme Inc.", "globex", key: "4")).code == .idConflict)
        #expect(try ledger.refusal(try ledger.alias("x", "nobody", key: "5")).code == .unknownOrg)
        #expect(try ledger.refusal(try ledger.alias("x", nil, key: "6")).code == .notFound)
        let org = NewOrg(name: "old-acme", displayName: nil, country: nil, region: nil)
        #expect(try ledger.refusal(try ledger.one(.createOrg(org, ledger.key("7")))).code == .idConflict)
        guard case .orgAlias = try ledger.alias("old-acme", nil, key: "8") else {
            Issue.record("not taken back")
            return
        }
        try ledger.reopen()
        #expect(ledger.store.orgsByOtherName == ["Acme Inc.": "acme"])
        #expect(try await ledger.reading { try await $0.orgAliases() }.map(\.alias) == ["Acme Inc."])
        guard case .org = try ledger.one(.createOrg(org, ledger.key("9"))) else {
            Issue.record("not created")
            return
        }
        #expect(try ledger.verify().problems == [])
    }

    @Test(arguments: ["", " a", "a ", "a\n", "a\u{202E}b", String(repeating: "x", count: 129)])
    func whatCanBeNoOtherName(name: String) {
        #expect(!OrgAliasName.isValid(name))
        #expect(OrgAliasName.isValid("Äcme GmbH & Co. (EU)"))
    }
}
