import Foundation
import GRDB
import Metering

/// What a verification found.
public struct VerificationReport: Codable, Sendable, Hashable {
    /// Whether everything agrees.
    public var ok: Bool { problems.isEmpty }
    /// What doesn't, at most ``problemsMax`` of them.
    public var problems: [String] = []
    /// Transfers that were added up.
    public var transfers: Int64 = 0
    /// Accounts whose totals were compared.
    public var accounts: Int64 = 0
    /// Usage records whose charge was compared with its line items and its transfer.
    public var records: Int64 = 0
    /// Grants that were compared with their transfers.
    public var grants: Int64 = 0

    /// Problems that are named; there may be more.
    public static let problemsMax = 100

    mutating func add(_ problem: String) {
        if problems.count < Self.problemsMax { problems.append(problem) }
    }

    private enum CodingKeys: String, CodingKey { case ok, problems, transfers, accounts, records, grants }

    /// Nothing looked at yet.
    init() {}

    /// Reads what ``encode(to:)`` wrote.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        problems = try values.decode([String].self, forKey: .problems)
        transfers = try values.decode(Int64.self, forKey: .transfers)
        accounts = try values.decode(Int64.self, forKey: .accounts)
        records = try values.decode(Int64.self, forKey: .records)
        grants = try values.decode(Int64.self, forKey: .grants)
    }

    /// Writes the verdict with the counts.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(ok, forKey: .ok)
        try values.encode(problems, forKey: .problems)
        try values.encode(transfers, forKey: .transfers)
        try values.encode(accounts, forKey: .accounts)
        try values.encode(records, forKey: .records)
        try values.encode(grants, forKey: .grants)
    }
}

/// Proves the books from scratch, on one snapshot: every stored total against its transfers, every charge against its
/// line items, every transfer against what it refers to.
public enum Verification {
    /// Verifies the database that a daemon has open.
    public static func run(_ reader: LedgerReader) async throws -> VerificationReport {
        try await reader.pool.read(verify)
    }

    /// Verifies a copy that no daemon holds. The file is not changed.
    public static func run(databaseFile path: String) throws -> VerificationReport {
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration).read(verify)
    }

    private static func verify(_ database: Database) throws -> VerificationReport {
        guard try Int64.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID else {
            throw LedgerOpenError(kind: .unreadable, description: "this file is not a meterd database")
        }
        var report = VerificationReport()
        let names = try accountNames(database)
        try compareTotals(database, names, &report)
        try compareCharges(database, &report)
        try compareGrants(database, &report)
        try compareCards(database, &report)
        return report
    }

    private static func accountNames(_ database: Database) throws -> [Int64: String] {
        let rows = try Row.fetchAll(
            database, sql: "SELECT account.id, kind, name FROM account LEFT JOIN org ON org.id = account.org")
        return Dictionary(
            rows.map { row in
                let kind = AccountKind(rawValue: row["kind"])?.name ?? "unknown"
                return (row["id"] as Int64, (row["name"] as String?).map { "\(kind):\($0)" } ?? kind)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Adds up every transfer, and compares both totals of every account.
    private static func compareTotals(
        _ database: Database, _ names: [Int64: String], _ report: inout VerificationReport
    ) throws {
        var debits: [Int64: Int128] = [:]
        var credits: [Int64: Int128] = [:]
        let transfers = try Row.fetchCursor(
            database, sql: "SELECT id, debit_account, credit_account, amount FROM transfer ORDER BY id")
        while let row = try transfers.next() {
            let number: Int64 = row[0]
            let amount: Int64 = row[3]
            report.transfers += 1
            if number != report.transfers {
                report.add("transfer \(number) stands where transfer \(report.transfers) is due: one is missing")
                report.transfers = number
            }
            if amount <= 0 { report.add("transfer \(number) moves \(amount) nano-dollars") }
            debits[row[1], default: 0] += Int128(amount)
            credits[row[2], default: 0] += Int128(amount)
        }
        let accounts = try Row.fetchCursor(database, sql: "SELECT id, debits, credits FROM account")
        while let row = try accounts.next() {
            let account: Int64 = row[0]
            report.accounts += 1
            for (side, stored, sum) in [
                ("debits", row[1] as Int64, debits.removeValue(forKey: account) ?? 0),
                ("credits", row[2] as Int64, credits.removeValue(forKey: account) ?? 0),
            ] where Int128(stored) != sum {
                report.add(
                    "account \(names[account] ?? "\(account)"): \(side) are \(stored) nano-dollars, its transfers \(sum)"
                )
            }
        }
        for account in Set(debits.keys).union(credits.keys).sorted() {
            report.add("transfers name account \(account), which is not there")
        }
    }

    /// Compares each usage record's cost with its line items and with the transfer that charged it.
    private static func compareCharges(_ database: Database, _ report: inout VerificationReport) throws {
        // Both sides ascend by the record's number, so that one pass over each suffices.
        let charges = try Row.fetchCursor(
            database,
            sql: """
                SELECT transfer.reference, transfer.amount, account.org FROM transfer
                JOIN account ON account.id = transfer.debit_account WHERE code = ? ORDER BY transfer.id
                """, arguments: [TransferCode.charge.rawValue])
        var charge = try charges.next()
        let records = try Row.fetchCursor(
            database,
            sql: "SELECT sequence, org, previous, cost, lines FROM usage ORDER BY sequence")
        var newest: [Int64: Int64] = [:]
        while let row = try records.next() {
            let sequence: Int64 = row[0]
            let cost: Int64 = row[3]
            report.records += 1
            if sequence != report.records {
                report.add("usage record \(sequence) stands where \(report.records) is due: one is missing")
                report.records = sequence
            }
            if newest.updateValue(sequence, forKey: row[1]) ?? 0 != row[2] as Int64 {
                report.add("usage record \(sequence): it does not name its org's record before it")
            }
            let lines = LineItemCodec.decode([UInt8](row[4] as Data))
            let price = lines.flatMap { Price(lines: $0, tier: .standard, tierFellBack: false) }
            if price?.cost.nanos != cost {
                report.add("usage record \(sequence): its line items are not its cost of \(cost) nano-dollars")
            }
            while let early = charge, (early[0] as Int64) < sequence {
                report.add("a charge names usage record \(early[0] as Int64), which is not there or was charged twice")
                charge = try charges.next()
            }
            if let matching = charge, matching[0] as Int64 == sequence {
                if matching[1] as Int64 != cost || matching[2] as Int64? != row[1] as Int64 {
                    report.add("usage record \(sequence): its transfer has another amount or org")
                }
                charge = try charges.next()
            } else if cost != 0 {
                report.add("usage record \(sequence): no transfer charged it")
            }
        }
        while let late = charge {
            report.add("a charge names usage record \(late[0] as Int64), which is not there")
            charge = try charges.next()
        }
    }

    /// Compares each grant with its transfer.
    private static func compareGrants(_ database: Database, _ report: inout VerificationReport) throws {
        struct Paid: Hashable {
            let amount: Int64
            let org: Int64?
        }
        var paid: [Int64: [Paid]] = [:]
        let transfers = try Row.fetchCursor(
            database,
            sql: """
                SELECT transfer.reference, transfer.amount, account.org FROM transfer
                JOIN account ON account.id = transfer.credit_account WHERE code = ?
                """, arguments: [TransferCode.grant.rawValue])
        while let row = try transfers.next() {
            paid[row[0], default: []].append(Paid(amount: row[1], org: row[2]))
        }
        let grants = try Row.fetchCursor(database, sql: "SELECT id, amount, org FROM credit_grant")
        while let row = try grants.next() {
            let number: Int64 = row[0]
            report.grants += 1
            if paid.removeValue(forKey: number) != [Paid(amount: row[1], org: row[2])] {
                report.add("grant \(number) is not what its transfer says")
            }
        }
        for number in paid.keys.sorted() { report.add("a transfer names grant \(number), which is not there") }
    }

    /// Compares each rate card's document with its hash, and each charge's card with those there are.
    private static func compareCards(_ database: Database, _ report: inout VerificationReport) throws {
        for row in try Row.fetchAll(database, sql: "SELECT id, hash, document FROM rate_card ORDER BY id") {
            if (try? RateDocument.parse(row[2]).hash) != row[1] as String {
                report.add("rate card \(row[0] as Int64): its document is not the one its hash names")
            }
        }
        let missing = try Int64.fetchAll(
            database,
            sql: "SELECT DISTINCT card FROM usage WHERE card IS NOT NULL AND card NOT IN (SELECT id FROM rate_card)")
        for number in missing { report.add("charges name rate card \(number), which is not there") }
    }
}
