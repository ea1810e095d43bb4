import Foundation
import GRDB
import Ledger
import Metering
import TestSupport
import Testing

// Faults: a disk that fills up in the middle of a batch; state directories that are not ours to use; rows that were
// changed behind the daemon's back.
@Suite struct FaultTests {
    @Test func aFullDiskUndoesTheWholeBatchAndTheStoreGoesOnWhenThereIsRoom() throws {
        let ledger = try LedgerFixture { $0.sealIdsAt = 50 }
        try ledger.createOrg("acme", credits: "100")
        _ = try ledger.reply(try ledger.record("before"))
        try ledger.reopen(pagesMax: 60)
        var taken = 1
        var batch = 0
        var rolledBack: [UsageRecord] = []
        while rolledBack.isEmpty, batch < 500 {
            let padding = String(repeating: "x", count: 900)
            let records = try (0..<7).map {
                try ledger.record("\(batch)-\($0)", usage: #"{"prompt_tokens":1,"note":"\#(padding)"}"#)
            }
            let outcomes = try ledger.store.commit(records.map { .usage($0, received: ledger.clock.now) })
            let refused = outcomes.count {
                if case .refused(let refusal) = $0 { refusal.code == .storageUnavailable } else { false }
            }
            #expect(refused == 0 || refused == 7)
            if refused == 0 { taken += 7 } else { rolledBack = records }
            batch += 1
        }
        #expect(!rolledBack.isEmpty)
        #expect(try ledger.balance() == Money(nanos: 100_000_000_000 - Int64(taken) * 1_000_000))

        // Nothing of it is remembered: the same records are new ones when there is room.
        try ledger.reopen(pagesMax: nil)
        for record in rolledBack { #expect(try !ledger.reply(record).isDuplicate) }
        #expect(try ledger.reply(try ledger.record("before")).isDuplicate)
        #expect(try ledger.verify().problems == [])
        #expect(try ledger.verify().records == Int64(taken + 7))
    }

    @Test func aSecondDaemonIsKeptOut() throws {
        let ledger = try LedgerFixture()
        #expect {
            _ = try LedgerDatabase(in: ledger.directory.path, makesLedger: true)
        } throws: { error in
            (error as? LedgerOpenError)?.kind == .locked
        }
    }

    @Test func aNewerSchemaIsRefusedAndNothingIsTouched() throws {
        let directory = try TemporaryDirectory()
        _ = try LedgerDatabase(in: directory.path, makesLedger: true)
        let path = directory.path + "/meterd.db"
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES('2999-01-01 from the future')") }
        try queue.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect {
            _ = try LedgerDatabase(in: directory.path, makesLedger: true)
        } throws: { error in
            (error as? LedgerOpenError)?.kind == .newerSchema
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test func aDevelopmentVersionsLedgerIsRefusedWithWhatToDo() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.db"
        try DatabaseQueue(path: path).write {
            try $0.execute(
                sql: """
                    PRAGMA application_id = \(0x6d74_7264); CREATE TABLE grdb_migrations(identifier TEXT PRIMARY KEY);
                    INSERT INTO grdb_migrations VALUES('2026-11-24 main path');
                    """)
        }
        #expect {
            _ = try LedgerDatabase(in: directory.path, makesLedger: true)
        } throws: { error in
            let refusal = error as? LedgerOpenError
            return refusal?.kind == .unreadable && refusal?.description.contains("new state directory") == true
        }
    }

    @Test func whatIsNoLedgerIsRefused() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.db"
        try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE theirs(x)") }
        #expect {
            _ = try LedgerDatabase(in: directory.path, makesLedger: true)
        } throws: { error in
            (error as? LedgerOpenError)?.kind == .unreadable
        }
        try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: path))
        #expect {
            _ = try LedgerDatabase(in: directory.path, makesLedger: true)
        } throws: { error in
            (error as? LedgerOpenError)?.kind == .unreadable
        }
    }

    @Test func transfersRefuseToBeChanged() throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.reply(try ledger.record("a"))
        let copy = try DatabaseQueue(path: try ledger.copy())
        for sql in [
            "UPDATE transfer SET amount = amount + 1", "DELETE FROM transfer", "UPDATE usage SET cost = 0",
            "UPDATE rate_card SET effective = 0", "DELETE FROM rate_card",
        ] {
            #expect(throws: DatabaseError.self) { try copy.write { try $0.execute(sql: sql) } }
        }
        #expect(throws: DatabaseError.self) {
            try copy.write {
                try $0.execute(sql: "INSERT INTO transfer VALUES(99, 0, 1, 1, 5, 1, 1, 0)")
            }
        }
    }

    @Test(arguments: [
        ("UPDATE account SET debits = debits + 1 WHERE kind = 1", "account org_credits:acme: debits"),
        ("UPDATE account SET credits = credits - 1 WHERE kind = 2", "account usage: credits"),
        (
            "UPDATE transfer SET amount = amount + 1 WHERE code = 1 AND reference = 2",
            "account org_credits:acme: debits"
        ),
        ("DELETE FROM transfer WHERE id = 3", "one is missing"),
        ("DELETE FROM usage WHERE sequence = 2", "one is missing"),
        ("UPDATE usage SET cost = cost + 1 WHERE sequence = 3", "usage record 3: its line items are not its cost"),
        ("UPDATE usage SET lines = x'00' WHERE sequence = 1", "usage record 1: its line items are not its cost"),
        ("UPDATE transfer SET reference = 77 WHERE id = 4", "usage record 3: its transfer has another amount or org"),
        ("UPDATE credit_grant SET amount = 5", "grant 1 is not what its transfer says"),
        ("UPDATE rate_card SET document = document || ' '", "its document is not the one its hash names"),
        ("DELETE FROM rate_card", "charges name rate card 1, which is not there"),
        ("DELETE FROM credit_grant", "grant 1 is drawn from, and is not there"),
        ("DELETE FROM account WHERE kind = 1", "which is not there"),
        (
            "UPDATE usage SET previous = 1 WHERE sequence = 4",
            "usage record 4: it does not name its org's record before it"
        ),
    ])
    func verificationNamesWhatWasChanged(sql: String, words: String) throws {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        for number in 1...5 { _ = try ledger.reply(try ledger.record("\(number)", input: number)) }
        let path = try ledger.copy()
        #expect(try Verification.run(databaseFile: path).ok)
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        try DatabaseQueue(path: path, configuration: configuration).write {
            try $0.execute(
                sql: """
                    DROP TRIGGER transfer_is_never_updated; DROP TRIGGER transfer_is_never_deleted;
                    DROP TRIGGER usage_money_is_never_updated;
                    DROP TRIGGER rate_card_is_never_updated; DROP TRIGGER rate_card_is_never_deleted;
                    """)
            try $0.execute(sql: sql)
        }
        let report = try Verification.run(databaseFile: path)
        #expect(!report.ok)
        #expect(report.problems.contains { $0.contains(words) }, "\(report.problems)")
    }
}

extension LedgerFixture {
    /// A copy of the database as it is committed, in a folder beside it.
    func copy() throws -> String {
        let folder = directory.path + "/copy"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: folder + "/meterd.db" + suffix)
        }
        return folder + "/meterd.db"
    }
}
