import Foundation
import GRDB
import Ledger
import Metering
import TestSupport
import Testing

// What a change behind the daemon's back looks like: on copies of a small ledger that has some of everything.
@Suite struct ChainTests {
    /// A ledger whose tables have a page each, and whose books say what is in them.
    static func ledger() throws -> LedgerFixture {
        let ledger = try LedgerFixture()
        try ledger.createOrg("acme", credits: "1")
        _ = try ledger.credit("0.01", source: .promotion, expiresIn: 3600, key: "gift")
        _ = try ledger.reply(try ledger.record("first", input: 30, user: "ana"))
        _ = try ledger.held("h1", "0.2", user: "ana")
        _ = try ledger.reply(try ledger.record("second", input: 20, hold: "h1", tags: #"{"team":"red"}"#))
        _ = try ledger.held("h2", "0.1")
        _ = try ledger.release("h2")
        _ = try ledger.reply(try ledger.record("third", model: "unheard-of"))
        _ = try ledger.one(
            .correct(
                NewCorrection(org: "acme", id: "first", reason: "wrong", actor: "op", usage: nil), ledger.key("c1")))
        _ = try ledger.held("open", "0.3")
        return ledger
    }

    @Test(arguments: [
        ("UPDATE transfer SET at = at + 1 WHERE id = 3", "commit 5 of"),
        ("UPDATE transfer SET draws = NULL WHERE id = 3", "commit 5 of"),
        (
            "UPDATE usage SET user = 'bo' WHERE sequence = 1",
            "usage record 1: it is not what its own digest says; commit 5"
        ),
        ("UPDATE usage SET tags = NULL WHERE sequence = 2", "usage record 2: it is not what its own digest says"),
        ("UPDATE usage SET usage = '' WHERE sequence = 1", "its detail is gone, and no erasure says so"),
        ("UPDATE usage SET card = 7 WHERE sequence = 1", "commit 5 of"),
        ("UPDATE hold SET user = 'bo' WHERE number = 1", "hold 1: it is not what its own digest says"),
        ("UPDATE hold SET state = 2 WHERE number = 3", "hold 3: it is not closed by any transfer"),
        ("UPDATE account SET pending = pending + 1 WHERE kind = 1", "account org_credits:acme: holds are"),
        ("UPDATE account SET front_remaining = 5 WHERE kind = 1", "nano-dollars are left of it, by its transfers"),
        ("UPDATE account SET month_spend = 0 WHERE kind = 1", "spends of the month"),
        ("UPDATE account SET month = month + 1 WHERE kind = 1", "account org_credits:acme: months are"),
        ("UPDATE account SET pending = 1 WHERE kind = 2", "account usage: it has holds"),
        ("UPDATE hold SET closed = 1 WHERE number = 3", "hold 3: it is open and has a time"),
        ("UPDATE credit_grant SET priority = 0 WHERE id = 1", "commit 3 of"),
        ("UPDATE credit_grant SET remaining = 3 WHERE id = 2", "grant 2: 10000003 nano-dollars are left of it"),
        ("UPDATE correction SET reason = 'right'", "correction 1: it is not what its own digest says"),
        ("UPDATE org SET name = 'acmf'", "commit 2 of"),
        ("UPDATE rate_card SET effective = effective + 1", "commit 1 of"),
        ("DELETE FROM ledger_commit WHERE number = 4", "commit 5 stands where commit 4 is due"),
        ("UPDATE ledger_commit SET digest = zeroblob(32) WHERE number = 4", "commit 4 of"),
        (
            """
            INSERT INTO transfer SELECT id + 1, id, debit_account, credit_account, 5, 1, 1, at, 0, NULL
            FROM transfer ORDER BY id DESC LIMIT 1
            """, "1 rows stand behind the last commit of the chain"
        ),
    ])
    func theCommitIsNamedAndTheRowWhereItsOwnDigestDiffers(sql: String, words: String) throws {
        let ledger = try Self.ledger()
        let path = try ledger.copyOfAll()
        #expect(try Verification.run(databaseFile: path).problems == [])
        try DatabaseQueue(path: path).write { database in
            for trigger in try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
                try database.execute(sql: "DROP TRIGGER \(trigger)")
            }
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.execute(sql: sql)
        }
        let problems = try Verification.run(databaseFile: path).problems
        #expect(problems.contains { $0.contains(words) }, "\(problems)")
    }

    @Test func anyByteOfTheBooksThatChangesIsFound() throws {
        let ledger = try Self.ledger()
        let path = try ledger.copyOfAll()
        let file = URL(fileURLWithPath: path)
        let intact = try Data(contentsOf: file)
        let tables = ["transfer", "usage", "hold", "credit_grant", "correction", "ledger_commit"]
        let roots = try DatabaseQueue(path: path).read { database in
            try tables.map {
                try Int.fetchOne(database, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [$0])
                    ?? 0
            }
        }
        func rows(_ table: String) throws -> [Row] {
            try DatabaseQueue(path: path).read { try Row.fetchAll($0, sql: "SELECT * FROM \(table)") }
        }
        var random = SeededGenerator(seed: 7)
        for (table, root) in zip(tables, roots) {
            try intact.write(to: file)
            let before = try rows(table)
            let page = (root - 1) * 4096
            // A table's leaf: cells fill it from its end down to the offset in its header (file format, section 1.6).
            #expect(intact[page] == 0x0D, "\(table) is larger than a page")
            let start = page + Int(intact[page + 5]) << 8 + Int(intact[page + 6])
            for _ in 0..<60 {
                let offset = Int.random(in: start..<page + 4096, using: &random)
                var changed = intact
                changed[offset] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
                try changed.write(to: file)
                let isFound = (try? Verification.run(databaseFile: path).ok) != true
                // SQLite doesn't read every bit: one that changes no value is no change of the books.
                let isSame = isFound ? false : try rows(table) == before
                #expect(isFound || isSame, "\(table), byte \(offset - page) of its page")
            }
        }
    }

    @Test func erasedDetailIsErasedAndNotTamperedWith() async throws {
        let ledger = try Self.ledger()
        guard case .erased(let next) = try ledger.one(.eraseDetail(org: "acme", from: nil, through: 2, limit: 2)) else {
            Issue.record("no answer")
            return
        }
        #expect(next == 1)
        _ = try ledger.one(.eraseDetail(org: "acme", from: next, through: 2, limit: 10))
        let report = try ledger.verify()
        #expect(report.problems == [] && report.erased == 2)
        // The money, the id and the digest are still there; a resend still finds its record.
        let life = try await ledger.reading { try await $0.explanation(sequence: 1) }
        #expect(life?.record.usage == "" && life?.record.user == nil && life?.record.digest.count == 64)
        #expect(life?.corrections.first?.reason == nil && life?.transfers.isEmpty == false)
        // What is gone beyond the range that was erased is a problem.
        let path = try ledger.copyOfAll()
        try await DatabaseQueue(path: path).write {
            try $0.execute(sql: "UPDATE usage SET usage = '' WHERE sequence = 3")
        }
        #expect(try Verification.run(databaseFile: path).problems.count >= 1)
    }
}

extension LedgerFixture {
    /// A copy of the database with everything in its main file.
    func copyOfAll() throws -> String {
        try store.close()
        let copy = directory.path + "/all.db"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        return copy
    }
}
