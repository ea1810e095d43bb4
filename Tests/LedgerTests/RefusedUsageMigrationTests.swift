import Foundation
import GRDB
import Metering
import TestSupport
import Testing

@testable import Ledger

/// A ledger from before refused usage was kept.
@Suite struct RefusedUsageMigrationTests {
    @Test func anOldLedgerOpensItsPeersKeepTheirSealsAndItsDigestsTheirForm() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.db"
        try DatabaseQueue(path: path).write { database in
            try database.execute(sql: "PRAGMA user_version = 0")
        }
        let queue = try DatabaseQueue(path: path)
        try Schema.migrator().migrate(queue, upTo: "2026-11-27 row seals")
        try queue.write { database in
            RowSeals.register(on: database.sqliteConnection)
            try database.execute(sql: "INSERT INTO peer(id, uid, pid) VALUES(1, 1000, 42)")
            let old = RowSeals.firstTables.filter { $0.name == "peer" }
            try database.execute(sql: RowSeals.fill(old))
        }
        try queue.close()
        let database = try LedgerDatabase(in: directory.path, makesLedger: true)
        let clock = ManualClock()
        var store = try SQLiteStore(path: database.path, options: StoreOptions(clock: { clock.now }))
        let org = NewOrg(name: "acme", displayName: nil, country: nil, region: nil)
        _ = try store.commit([.createOrg(org, IdempotencyKey(route: "createOrg", key: "k", body: "acme"))])
        let usage = #"{"prompt_tokens":1}"#
        for (id, sender) in [("a", nil), ("b", "red"), ("c", "blue"), ("d", nil)] {
            let record = UsageRecord(
                id: id, org: "acme", model: "m", usage: usage,
                reading: try UsageReading(json: usage, provider: nil, model: "m"))
            _ = try store.commit([
                .usage(record, received: clock.now, peer: Peer(uid: 1000, pid: 42, sender: sender))
            ])
        }
        #expect(try Verification.run(databaseFile: path).problems == [])
        let peers = try DatabaseQueue(path: path).read {
            try String.fetchAll(
                $0, sql: "SELECT coalesce(sender, '-') FROM usage JOIN peer ON peer.id = usage.peer ORDER BY sequence")
        }
        #expect(peers == ["-", "red", "blue", "-"])
        #expect(store.next.last.count == 8)
    }

    @Test func kindsThatCameLaterAreLeftOutBeforeTheirFirstRow() {
        var last = CommitChain.Last(usage: 3, org: 1)
        #expect(last.count == 8)
        last.alias = 1
        #expect(last.count == 9)
        last.note = 1
        #expect(last.count == 13)
        last.orgAlias = 1
        #expect(last.count == 16)
        last.moneyReturn = 1
        #expect(last.count == 18)
        last.audit = 1
        #expect(last.count == 19 && last.numbers.count == 19)
    }
}
