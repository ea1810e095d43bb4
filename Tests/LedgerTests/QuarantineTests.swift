import Foundation
import GRDB
import Ledger
import Metering
import Synchronization
import TestSupport
import Testing

/// Usage that is refused for good is kept, limited, decided upon, erased; and the proof of the books covers it.
@Suite struct QuarantineTests {
    static let red = Peer(uid: 1000, pid: 7, sender: "team-red")

    // MARK: Keeping

    @Test func whatTheLedgerRefusesForGoodIsKeptAsItCame() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.reply(try ledger.record("taken", input: 1))
        let old = ledger.clock.now.advanced(bySeconds: -46 * 86_400)
        let lines = [
            (try ledger.record("a", org: "nobody"), " {\"a\" :1,\"odd\":\"\\u00e9\"} ", Refusal.Code.unknownOrg),
            (try ledger.record("taken", input: 2, user: "ana"), #"{"b":2}"#, .idConflict),
            (try ledger.record("c", at: old), #"{"c":3}"#, .timeOutOfRange),
        ]
        for (record, line, code) in lines {
            let refusal = try ledger.refusal(try ledger.send(record, line))
            #expect(refusal.code == code && refusal.isQuarantined && !refusal.code.isRetryable)
        }
        let malformed = try ledger.keep(#"{"d":4}"#)
        #expect(malformed.code == .malformed && malformed.isQuarantined)
        // A record that is taken leaves nothing.
        guard case .usage = try ledger.send(try ledger.record("good"), #"{"good":1}"#) else {
            Issue.record("not taken")
            return
        }
        try ledger.reopen()
        let shown = try await ledger.quarantined()
        #expect(shown.map(\.code) == ["malformed", "time_out_of_range", "id_conflict", "unknown_org"])
        #expect(shown.map(\.org) == ["acme", "acme", "acme", "nobody"])
        #expect(shown.map(\.isOrgKnown) == [true, true, true, false])
        #expect(shown.allSatisfy { $0.state == "kept" && $0.sender == "team-red" && $0.peerUid == 1000 })
        #expect(shown[2].user == "ana" && shown[2].id == "taken")
        let whole = try await ledger.line(1)
        #expect(whole?.line.map { String(decoding: $0, as: UTF8.self) } == lines[0].1)
        let summary = try await ledger.reading { try await $0.quarantineSummary() }
        #expect(summary.total == 4 && summary.kept["unknown_org"] == 1)
        #expect(try ledger.verify().problems == [])
        #expect(try ledger.balance() == Money(decimal: "0.998"))
    }

    @Test func withoutItsLineARefusalIsOnlyARefusal() async throws {
        let ledger = try LedgerFixture()
        #expect(try !ledger.refusal(try ledger.charge(try ledger.record("a", org: "nobody"))).isQuarantined)
        #expect(try await ledger.quarantined().isEmpty)
    }

    @Test func equalLinesAreKeptOnceAndCounted() async throws {
        let ledger = try LedgerFixture()
        let refused = ledger.refused(#"{"a":1}"#)
        let outcomes = try ledger.store.commit([.quarantine(refused), .quarantine(refused), .quarantine(refused)])
        for outcome in outcomes { #expect(try ledger.refusal(outcome).isQuarantined) }
        ledger.clock.advance(seconds: 5)
        try ledger.reopen()
        #expect(try ledger.keep(#"{"a":1}"#).isQuarantined)
        #expect(try ledger.keep(#"{"a":2}"#).isQuarantined)
        let shown = try await ledger.quarantined()
        #expect(shown.map(\.repeats) == [0, 3] && shown[1].repeated == ledger.clock.now.description)
        #expect(try ledger.verify().problems == [])
    }

    @Test func anEqualLineAfterTheDecisionIsANewOne() async throws {
        let ledger = try LedgerFixture()
        #expect(try ledger.keep(#"{"a":1}"#).isQuarantined)
        let refused = ledger.refused(#"{"a":1}"#)
        _ = try ledger.store.commit([
            .discardQuarantined(1, erase: false, actor: "ana", ledger.key("d")), .quarantine(refused),
            .quarantine(refused),
        ])
        let waiting = try await ledger.quarantined()
        #expect(waiting.map(\.number) == [2] && waiting.map(\.repeats) == [1])
        try ledger.reopen()
        #expect(try ledger.verify().problems == [])
    }

    // MARK: Limits

    @Test func eachOrgAndEachSenderHasLinesAMinute() throws {
        let ledger = try LedgerFixture { $0.quarantine.rowsPerMinute = 2 }
        try ledger.createOrg("acme")
        try ledger.createOrg("globex")
        func code(_ line: String, org: String, _ sender: String) throws -> Refusal.Code {
            try ledger.keep(line, org: org, peer: Peer(uid: 1, pid: 1, sender: sender)).code
        }
        #expect(try code("1", org: "acme", "a") == .malformed)
        #expect(try code("2", org: "acme", "b") == .malformed)
        #expect(try code("3", org: "acme", "c") == .quarantineFull)
        #expect(try code("4", org: "globex", "a") == .malformed)
        #expect(try code("5", org: "globex", "a") == .quarantineFull)
        // An equal line takes no room.
        #expect(try code("1", org: "acme", "a") == .malformed)
        #expect(Refusal.Code.quarantineFull.isRetryable)
        ledger.clock.advance(seconds: 60)
        #expect(try code("3", org: "acme", "c") == .malformed)
        #expect(try ledger.verify().problems == [])
    }

    @Test func bytesAreLimitedByTheMinuteAndInAll() throws {
        let ledger = try LedgerFixture {
            $0.quarantine.bytesPerMinute = 100
            $0.quarantine.bytesMax = 3 * (60 + 256)
        }
        func code(_ name: String, sender: String) throws -> Refusal.Code {
            try ledger.keep(
                name.padding(toLength: 60, withPad: " ", startingAt: 0), org: nil,
                peer: Peer(uid: 1, pid: 1, sender: sender)
            ).code
        }
        #expect(try code("a", sender: "a") == .malformed)
        #expect(try code("b", sender: "a") == .quarantineFull)
        for name in ["b", "c"] {
            ledger.clock.advance(seconds: 60)
            #expect(try code(name, sender: "a") == .malformed)
        }
        ledger.clock.advance(seconds: 60)
        #expect(try code("d", sender: "a") == .quarantineFull)
        // What all lines hold is counted anew at a start, and what is erased makes room.
        try ledger.reopen()
        #expect(try code("d", sender: "a") == .quarantineFull)
        guard
            case .quarantined = try ledger.one(
                .discardQuarantined(1, erase: true, actor: "op", ledger.key("d1")))
        else {
            Issue.record("not discarded")
            return
        }
        #expect(try code("d", sender: "a") == .malformed)
    }

    @Test func onAFullDiskNothingIsKeptAndTheSenderKeepsIt() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.keep(#"{"a":1}"#)
        try ledger.store.close()
        let pages = try await DatabaseQueue(path: ledger.path).read { try Int.fetchOne($0, sql: "PRAGMA page_count") }
        try ledger.reopen(pagesMax: pages)
        let long = #"{"x":""# + String(repeating: "y", count: 60_000) + #""}"#
        let refusal = try ledger.keep(long)
        #expect(refusal.code == .storageUnavailable && !refusal.isQuarantined)
        try ledger.reopen(pagesMax: nil)
        #expect(try ledger.keep(long).isQuarantined)
        #expect(try await ledger.quarantined().map(\.number) == [2, 1])
        #expect(try ledger.verify().problems == [])
    }

    // MARK: Retention

    @Test func afterItsRetentionALinesTextIsErasedAndItsDigestStays() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme")
        _ = try ledger.keep(#"{"a":"secret"}"#)
        let digest = try await ledger.quarantined().first?.digest
        ledger.clock.advance(seconds: 60 * 86_400)
        _ = try ledger.keep(#"{"b":1}"#)
        ledger.clock.advance(seconds: 30 * 86_400)
        #expect(ledger.store.timeToOwnWork == .zero)
        _ = try ledger.store.commit(lots: [])
        #expect(try await ledger.quarantined().map(\.number) == [2])
        let gone = try await ledger.line(1)
        #expect(gone?.view.state == "expired" && gone?.line == nil && gone?.view.message == nil)
        #expect(gone?.view.digest == digest)
        #expect(try ledger.verify().problems == [])
        // The same line again is kept anew.
        _ = try ledger.keep(#"{"a":"secret"}"#)
        #expect(try await ledger.quarantined().map(\.number) == [3, 2])
        // What is gone without an erasure on record is a problem.
        let path = try ledger.copyOfAll()
        try await DatabaseQueue(path: path).write { database in
            for trigger in try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
                try database.execute(sql: "DROP TRIGGER \(trigger)")
            }
            try database.execute(sql: "UPDATE quarantine SET line = NULL, line_hash = NULL WHERE number = 2")
        }
        #expect(
            try Verification.run(databaseFile: path).problems.contains {
                $0.contains("quarantined line 2: it is not what its own digest says")
            })
    }

    @Test func anErasedOrgsLinesAreErased() async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("globex")
        _ = try ledger.keep(#"{"early":1}"#, org: "acme")
        try ledger.createOrg("acme")
        _ = try ledger.keep(#"{"late":1}"#, org: "acme")
        _ = try ledger.keep(#"{"other":1}"#, org: "globex")
        _ = try ledger.keep(#"{"named":1}"#, org: "Acme Inc.")
        _ = try ledger.alias("Acme Inc.", "acme", key: "alias")
        guard case .erased(let next) = try ledger.one(.eraseQuarantined(org: "acme", limit: 1)),
            case .erased(nil) = try ledger.one(.eraseQuarantined(org: "acme", limit: 10))
        else {
            Issue.record("not erased")
            return
        }
        #expect(next == 1)
        #expect(try await ledger.quarantined().map(\.number) == [3])
        #expect(try ledger.verify().problems == [])
    }

    @Test(arguments: [
        ("UPDATE quarantine SET message = 'x' WHERE number = 1", "quarantined line 1: it is not what its own digest"),
        ("UPDATE quarantine SET line = x'7b7d' WHERE number = 1", "quarantined line 1: it is not what its own digest"),
        (
            "UPDATE quarantine SET code = 'unknown_org' WHERE number = 1",
            "its rows are not those that its digest covers"
        ),
        ("UPDATE quarantine SET state = 3 WHERE number = 1", "quarantined line 1: its state is not what was decided"),
        ("UPDATE quarantine SET state = 1, step = 0 WHERE number = 2", "quarantined line 2: its state is not what"),
        ("UPDATE quarantine_step SET usage = 7", "names a usage record that is not there"),
        ("UPDATE quarantine_step SET actor = 'me'", "its rows are not those that its digest covers"),
        ("UPDATE quarantine SET repeats = 9 WHERE number = 1", "quarantine [1]: it is not as it was written"),
        ("DELETE FROM quarantine WHERE number = 1", "quarantined line 2 stands where 1 is due"),
        ("UPDATE org_alias SET alias = 'x'", "its rows are not those that its digest covers"),
        ("UPDATE peer SET sender = 'team-blue'", "peer [1]: it is not as it was written"),
    ])
    func whatIsTamperedWithIsNamed(sql: String, words: String) async throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.keep(#"{"a":1}"#)
        _ = try ledger.keep(#"{"b":1}"#)
        _ = try ledger.retried(2, try ledger.record("b"))
        guard case .orgAlias = try ledger.alias("Acme Inc.", "acme", key: "alias") else {
            Issue.record("no alias")
            return
        }
        let path = try ledger.copyOfAll()
        #expect(try Verification.run(databaseFile: path).problems == [])
        try await DatabaseQueue(path: path).write { database in
            for trigger in try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
                try database.execute(sql: "DROP TRIGGER \(trigger)")
            }
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.execute(sql: sql)
        }
        let problems = try Verification.run(databaseFile: path).problems
        #expect(problems.contains { $0.contains(words) }, "\(problems)")
    }
}

extension LedgerFixture {
    func refused(_ line: String, org: String? = "acme", peer: Peer = QuarantineTests.red) -> RefusedLine {
        RefusedLine(
            refusal: Refusal(.malformed, "model is missing"), id: nil, org: org, user: nil, received: clock.now,
            peer: peer, line: KeptLine(Array(line.utf8)))
    }

    /// What a line is answered that was refused before the ledger saw a record.
    func keep(_ line: String, org: String? = "acme", peer: Peer = QuarantineTests.red) throws -> Refusal {
        try refusal(try one(.quarantine(refused(line, org: org, peer: peer))))
    }

    func send(_ record: UsageRecord, _ line: String) throws -> Outcome {
        try one(
            .usage(record, received: clock.now, peer: QuarantineTests.red, line: KeptLine(Array(line.utf8))))
    }

    func quarantined(_ filter: LedgerReader.QuarantineFilter = .init()) async throws -> [QuarantineView] {
        try await reading { try await $0.quarantined(filter, before: nil, limit: 100).items }
    }

    func line(_ number: Int64) async throws -> (view: QuarantineView, line: [UInt8]?)? {
        try await reading { try await $0.quarantined(number) }
    }

    func retry(
        _ number: Int64, _ record: UsageRecord, at: Timestamp? = nil, id: String? = nil, key: String? = nil
    ) throws -> Outcome {
        try one(
            .retryQuarantined(
                QuarantineRetry(number: number, record: record, at: at, id: id, actor: "op"),
                self.key(key ?? UUID().uuidString)))
    }

    func retried(
        _ number: Int64, _ record: UsageRecord, at: Timestamp? = nil, id: String? = nil
    ) throws -> QuarantineDecisionView {
        guard case .quarantined(let view, _) = try retry(number, record, at: at, id: id) else { throw Missing() }
        return view
    }

    func alias(_ alias: String, _ org: String?, key: String) throws -> Outcome {
        try one(.nameOrg(alias: alias, org: org, actor: "op", self.key(key)))
    }
}
