import Billing
import Foundation
import GRDB
import Ledger
import TestSupport
import Testing

/// What was changed in a bill's rows behind the ledger's back is named.
@Suite struct VerificationTests {
    @Test(arguments: [
        ("UPDATE payment SET state = 3 WHERE id = 1", "payment 1 is declined, and its transfers are not those of it"),
        (
            "UPDATE payment SET amount = amount + 1, net = net + 1 WHERE id = 2",
            "payment 2 is succeeded, and its transfers"
        ),
        ("UPDATE payment SET state = 2 WHERE id = 4", "payment 4 is succeeded, and its transfers"),
        ("DELETE FROM payment WHERE id = 2", "one is missing"),
        ("UPDATE invoice SET state = 2 WHERE id = 2", "invoice 2: whether it was paid is not what its payments say"),
        ("UPDATE invoice SET net_due = net_due - 1 WHERE id = 2", "invoice 2: its transfers are not what it asks for"),
        ("UPDATE invoice SET number = 7 WHERE id = 2", "INV-000007 does not follow the number before it"),
        (
            "UPDATE invoice SET body = replace(body, 'acme', 'acne') WHERE id = 1",
            "its rows are not those that its digest covers"
        ),
        (
            "UPDATE billing_change SET actor = 'nobody' WHERE number = 1",
            "its rows are not those that its digest covers"
        ),
        ("UPDATE billing SET change = 1", "the bill of org 1 is not as its newest change left it"),
        ("UPDATE account SET debits = debits + 1 WHERE kind = 5", "account receivable:acme: debits"),
        ("DELETE FROM credit_grant WHERE id = 1", "payment 2 is succeeded, and its transfers"),
        (
            "UPDATE transfer SET debit_account = 1 WHERE code = 13 AND reference = 1",
            "does not move what a payment moves"
        ),
    ])
    func whatWasChangedIsNamed(sql: String, words: String) async throws {
        let fixture = try await BillingFixture()
        try await fixture.createOrg()
        try await fixture.addSeats(2)
        try await fixture.buy("50")
        try await fixture.move(to: "2026-02-28")
        try await fixture.pay(try await fixture.pending())
        try await fixture.move(to: "2026-03-31")
        try await fixture.verify()
        try await fixture.close()
        let path = "\(fixture.directory.path)/copy.db"
        try FileManager.default.copyItem(atPath: "\(fixture.directory.path)/meterd.db", toPath: path)
        #expect(try Verification.run(databaseFile: path).problems == [])
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        try await DatabaseQueue(path: path, configuration: configuration).write { database in
            let triggers = try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            for trigger in triggers { try database.execute(sql: "DROP TRIGGER \(trigger)") }
            try database.execute(sql: sql)
        }
        let problems = try Verification.run(databaseFile: path).problems
        #expect(problems.contains { $0.contains(words) }, "\(problems)")
    }
}
