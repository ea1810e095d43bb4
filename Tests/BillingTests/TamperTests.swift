import Billing
import Foundation
import GRDB
import Ledger
import Metering
import TestSupport
import Testing

/// Any one row of a ledger that has rows in every table is changed, removed or put in behind the daemon's back, one column at a
/// time: `ledger verify` names it.
@Suite struct TamperTests {
    @Test func anyRowThatIsTamperedWithIsNamed() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/meterd.db"
        try await Self.fill(path)
        #expect(try Verification.run(databaseFile: path).problems == [])
        // Each change is verified by itself, two at a time.
        let changes = try await Self.changes(path)
        let tampered = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<2 {
                let own = stride(from: worker, to: changes.count, by: 2).map { changes[$0] }
                let copy = directory.path + "/copy-\(worker).db"
                group.addTask { try await Self.verify(own, of: path, on: copy) }
            }
            return try await group.reduce(0, +)
        }
        #expect(tampered > 300)
        print("tamper test: \(tampered) changes of single rows, every one named")
    }

    /// Makes each change on a copy and verifies that; how many could be made.
    private static func verify(_ changes: [Change], of path: String, on copy: String) async throws -> Int {
        var tampered = 0
        for change in changes {
            try FileManager.default.copyItem(atPath: path, toPath: copy)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            guard try await make(change, copy) else { continue }
            tampered += 1
            let problems: [String]
            do {
                problems = try Verification.run(databaseFile: copy).problems
            } catch {
                problems = ["\(error)"]
            }
            if problems.isEmpty { Issue.record("\(change.sql)") }
        }
        return tampered
    }

    struct Change {
        let table: String
        let sql: String
    }

    /// A ledger with rows in every table.
    static func fill(_ path: String) async throws {
        let taxes = """
            format: meterd-tax/1
            rates: [{country: DE, name: USt., percent: 19, from: 2021-01-01}]
            """
        let fixture = try await BillingFixture(taxes: try TaxDocument.parse(taxes)) {
            $0.sealIdsAt = 2
        }
        try await fixture.recordRates()
        try await fixture.createOrg()
        try await fixture.createOrg("other")
        try await fixture.addSeats(3)
        try await fixture.buy("500")
        for user in ["ana", "bo"] { #expect(try await fixture.addMember(user) == nil) }
        let writer = fixture.writer
        _ = await writer.perform(
            .limitMember(org: "acme", user: "ana", daily: Money(nanos: 400_000_000_000), monthly: nil, fixture.key()))
        _ = await writer.perform(.setBudget(org: "acme", Money(nanos: 9_000_000_000_000), fixture.key()))
        _ = await writer.perform(.setAlerts(org: "acme", [Money(nanos: 480_000_000_000)], fixture.key()))
        _ = await writer.perform(
            .nameModel(ModelAlias(alias: "mm", model: "m", provider: "p"), actor: "me", fixture.key()))
        for number in 0..<6 {
            #expect(try await fixture.authorize("h\(number)") == nil)
            let hold = HoldRequest(
                id: "big\(number)", org: "acme", user: "ana", worst: .amount(Money(nanos: 1_000_000_000)),
                ttlSeconds: 600)
            guard case .hold = await writer.perform(.authorize(hold)) else { throw BillingFixture.Unexpected() }
            try await fixture.spend(
                5 + number, "r\(number)", user: number < 3 ? "ana" : "bo", hold: number == 1 ? "big1" : nil,
                tags: #"{"team":"a\#(number % 2)"}"#)
        }
        _ = await writer.perform(.release(org: "acme", id: "big2"))
        _ = await writer.perform(.release(org: "acme", id: "h2"))
        // Members that nobody knows, a reported cost, and a search that has no price.
        for number in 0..<2 {
            let more = #","unheard_of_\#(number)":4,"cost":0.5,"num_search_queries":\#(number)"#
            try await fixture.spend(1, "found\(number)", user: "ana", more: more)
        }
        let correction = NewCorrection(
            org: "acme", id: "r3", reason: "wrong", actor: "me", usage: #"{"prompt_tokens":2}"#)
        guard case .correction = await writer.perform(.correct(correction, fixture.key())) else {
            throw BillingFixture.Unexpected()
        }
        try await fixture.move(to: "2026-02-28")
        try await fixture.pay(try await fixture.pending())
        _ = try await fixture.billing.note(
            .disputed, "because", on: "INV-000001", of: "acme", under: fixture.key(), by: "test")
        _ = try await fixture.billing.note(
            .upheld, "because", on: "INV-000001", of: "acme", under: fixture.key(), by: "test")
        _ = try await fixture.billing.credit(
            Money(nanos: 1_000_000_000), reason: "late", on: "INV-000001", of: "acme", under: fixture.key(), by: "test")
        try await fixture.spend(7, "again", user: "ana")
        // Credits that go back with their tax, and money that the bank took.
        let purchase = try await fixture.buy("50")
        _ = try await fixture.billing.refundCredits(
            Money(nanos: 10_000_000_000), ofPayment: purchase.payment, of: "acme", reason: "too many",
            under: fixture.key(), by: "test")
        _ = try await fixture.billing.reverse(
            purchase.payment, amount: Money(nanos: 5_000_000_000), reason: "returned", for: "acme",
            under: fixture.key(), by: "test")
        try await refuse(fixture)
        // Nobody pays: grace, suspension, and the end of the retention.
        for day in ["03-31", "04-15", "04-19", "05-10", "05-18", "05-25", "06-15"] {
            try await fixture.move(to: "2026-\(day)")
        }
        #expect(try await fixture.billing.subscription(of: "acme").standing == "erased")
        // As many as make a group of segments of ids; they stay as they are.
        let grant = NewGrant(org: "other", amount: Money(nanos: 1_000_000_000_000), reason: "a gift")
        guard case .grant = await writer.perform(.grant(grant, fixture.key())) else {
            throw BillingFixture.Unexpected()
        }
        // A hold below its worst case that expires without usage and is charged.
        var policy = OrgPolicyChange()
        policy.chargesExpiredHolds = true
        guard case .policy = await writer.perform(.setPolicy(org: "other", policy, fixture.key())) else {
            throw BillingFixture.Unexpected()
        }
        policy.allowedModels = .set(["m", "p/*"].compactMap { ModelPattern($0) })
        policy.defaultOutputTokens = .set(4096)
        _ = await writer.perform(.setPolicy(org: "acme", policy, fixture.key()))
        let capped = HoldRequest(
            id: "capped", org: "other", model: "m", worst: .amount(Money(nanos: 2_000_000_000)),
            cap: Money(nanos: 1_000_000_000), ttlSeconds: 1)
        guard case .hold = await writer.perform(.authorize(capped)) else { throw BillingFixture.Unexpected() }
        try await fixture.move(to: "2026-06-16")
        for user in ["cy", "di"] { #expect(try await fixture.addMember(user, to: "other") == nil) }
        try await invite(fixture)
        for number in 0..<140 {
            try await fixture.spend(1, "other-\(number)", for: "other", user: "cy", tags: #"{"team":"b"}"#)
            #expect(try await fixture.authorize("other-\(number)", for: "other") == nil)
        }
        var looking = Configuration()
        looking.readonly = true
        let ledger = try DatabaseQueue(path: fixture.directory.path + "/meterd.db", configuration: looking)
        while try await ledger.read({ try Int.fetchOne($0, sql: "SELECT through FROM usage_rollup") ?? 0 }) < 148 {
            await Task.yield()
        }
        try ledger.close()
        try await fixture.close()
        try FileManager.default.copyItem(atPath: fixture.directory.path + "/meterd.db", toPath: path)
    }

    /// People: one who accepted an invitation, one who was invited, one who was removed and forgotten; all of it audited.
    private static func invite(_ fixture: BillingFixture) async throws {
        let writer = fixture.writer
        func invite(_ email: String, secret: UInt8) async throws -> Int64 {
            let invitation = NewInvitation(
                org: "other", email: email, name: "Eve", role: .admin, secretHash: Array(repeating: secret, count: 32))
            guard case .invitation(let view, false) = await writer.perform(.invite(invitation, fixture.key())) else {
                throw BillingFixture.Unexpected()
            }
            return view.member
        }
        try await Asker.$current.withValue(Asker(uid: 7, action: "inviteMember")) {
            for secret in 1...3 { _ = try await invite("eve\(secret)@example.com", secret: UInt8(secret)) }
            for secret in 1...2 {
                let identity = try #require(SignInIdentity(issuer: "https://example.com", subject: "\(secret)"))
                let acceptance = Acceptance(
                    secretHash: Array(repeating: UInt8(secret), count: 32), identity: identity, name: nil)
                guard case .teamMember(let view, false) = await writer.perform(.accept(acceptance, fixture.key()))
                else {
                    throw BillingFixture.Unexpected()
                }
                guard secret == 2 else { continue }
                for change in [MemberChange.remove, .erase] {
                    guard
                        case .teamMember = await writer.perform(
                            .changeMember(org: "other", member: view.member, change, fixture.key()))
                    else { throw BillingFixture.Unexpected() }
                }
            }
        }
    }

    /// Refused usage: erased with its org, taken, discarded, and left.
    private static func refuse(_ fixture: BillingFixture) async throws {
        let writer = fixture.writer
        func keep(_ line: String, org: String, times: Int = 1) async throws {
            let refused = RefusedLine(
                refusal: Refusal(.malformed, "id is missing"), id: "q", org: org, user: "ana", received: fixture.now,
                peer: Peer(uid: 7, pid: 8, sender: "team-red"), line: KeptLine(Array(line.utf8)))
            for _ in 0..<times {
                guard case .refused(let refusal) = await writer.perform(.quarantine(refused)), refusal.isQuarantined
                else {
                    throw BillingFixture.Unexpected()
                }
            }
        }
        for number in 0..<2 { try await keep("{\"org\":\"acme\",\"n\":\(number)}", org: "acme", times: 2) }
        for number in 0..<3 { try await keep("{\"org\":\"other\",\"n\":\(number)}", org: "other", times: 2) }
        let usage = #"{"prompt_tokens":2}"#
        let record = UsageRecord(
            id: "retried", org: "other", user: "cy", model: "m", provider: "p", usage: usage,
            reading: try UsageReading(json: usage, provider: "p", model: "m"))
        let retry = QuarantineRetry(number: 3, record: record, at: fixture.now, id: "retried", actor: "me")
        guard case .quarantined = await writer.perform(.retryQuarantined(retry, fixture.key())),
            case .quarantined = await writer.perform(
                .discardQuarantined(4, erase: true, actor: "me", fixture.key())),
            case .orgAlias = await writer.perform(
                .nameOrg(alias: "The Other", org: "other", actor: "me", fixture.key()))
        else { throw BillingFixture.Unexpected() }
    }

    /// For each table: each column of its first and its last row changed, its first row removed, a row put in.
    private static func changes(_ path: String) async throws -> [Change] {
        try await DatabaseQueue(path: path).read { database in
            let tables = try String.fetchAll(
                database, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            return try tables.flatMap { table in
                let columns = try Row.fetchAll(database, sql: "PRAGMA table_info(\(table))")
                let key = columns.filter { $0["pk"] as Int > 0 }.map { $0["name"] as String }
                let order = (key.isEmpty ? ["rowid"] : key)
                let names = columns.map { $0["name"] as String }
                if try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") == 0 {
                    Issue.record("\(table) has no rows to tamper with")
                    return [Change]()
                }
                func row(_ direction: String) -> String {
                    let list = order.joined(separator: ", ")
                    let sorted = order.map { "\($0) \(direction)" }.joined(separator: ", ")
                    return "(\(list)) = (SELECT \(list) FROM \(table) ORDER BY \(sorted) LIMIT 1)"
                }
                let updates = ["ASC", "DESC"].flatMap { direction in
                    columns.map { column in
                        let name: String = column["name"]
                        let change =
                            switch (column["type"] as String).uppercased() {
                            case "INTEGER": "coalesce(\(name), 0) + 1000003"
                            case "BLOB":
                                "coalesce(substr(\(name), 1, max(0, length(\(name)) - 1)), x'')"
                                    + " || CASE WHEN substr(\(name), -1) = x'5a' THEN x'a5' ELSE x'5a' END"
                            default: "coalesce(\(name), '') || 'x'"
                            }
                        let cast = column["type"] as String == "BLOB" ? "CAST(\(change) AS BLOB)" : change
                        return Change(
                            table: table, sql: "UPDATE \(table) SET \(name) = \(cast) WHERE \(row(direction))")
                    }
                }
                let copied = names.map { name in
                    guard name == (key.last ?? names.last) else { return name }
                    let isText = columns.contains { $0["name"] == name && $0["type"] as String != "INTEGER" }
                    return isText ? "\(name) || 'y'" : "\(name) + 7"
                }
                return updates + [
                    Change(table: table, sql: "DELETE FROM \(table) WHERE \(row("ASC"))"),
                    Change(
                        table: table,
                        sql:
                            "INSERT INTO \(table) SELECT \(copied.joined(separator: ", ")) FROM \(table) WHERE \(row("DESC"))"
                    ),
                ]
            }
        }
    }

    /// False where the file's own rules (uniqueness) don't let it be.
    static func make(_ change: Change, _ copy: String) async throws -> Bool {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: copy, configuration: configuration)
        defer { try? queue.close() }
        return try await queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
            let triggers = try Row.fetchAll(database, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            for trigger in triggers { try database.execute(sql: "DROP TRIGGER \(trigger["name"] as String)") }
            do {
                try database.execute(sql: change.sql)
                #expect(database.changesCount == 1, "\(change.sql)")
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                return false
            }
            // They are all there again: only the row tells.
            for trigger in triggers { try database.execute(sql: trigger["sql"]) }
            return true
        }
    }
}
