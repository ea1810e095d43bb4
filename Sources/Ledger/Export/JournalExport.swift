import Background
import GRDB
import Metering

/// The ledger as a plain-text journal that hledger reads, so that an independent program can agree on every balance.
///
/// Each transfer is one transaction; an amount is positive on the debit side. What open holds reserve stands in
/// `org_held:ORG` beside `org_credits:ORG`, so that the two together are the balance. The last transaction moves nothing:
/// it asserts the balances that the daemon keeps. See <https://hledger.org/1.25/hledger.html#journal-format>.
public struct JournalExport: Sendable {
    /// Only this org's transfers and accounts; nil for all.
    let org: String?
    /// The number of that org.
    private let number: Int64?
    private let lastTransfer: Int64
    private let balances: [(name: String, nanos: Int128)]
    private var latest: Int64 = 0
    private var cursor: Int64 = 0
    private var phase = Phase.header

    private enum Phase {
        case header
        case transfers
        case assertions
        case end
    }

    /// Transfers a piece: few, so that no read is long.
    private static let pieceTransfers = 500

    /// Begins an export: the balances, and the transfers that make them, are those of this moment.
    ///
    /// Nil where there is no such org.
    init?(of org: String?, _ database: Database) throws {
        self.org = org
        lastTransfer = try Int64.fetchOne(database, sql: "SELECT max(id) FROM transfer") ?? 0
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT account.org, kind, name, debits, credits, debits_high, credits_high, pending
                FROM account LEFT JOIN org ON org.id = account.org ORDER BY org.name, kind
                """)
        var balances: [(name: String, nanos: Int128)] = []
        var number: Int64?
        for row in rows {
            let name: String? = row["name"]
            if let org {
                guard name == org else { continue }
                number = row["org"]
            }
            let balance =
                Account.total(low: row["debits"], high: row["debits_high"])
                - Account.total(low: row["credits"], high: row["credits_high"])
            let pending = Int128(row["pending"] as Int64)
            balances.append((try Self.name(row["kind"], name), balance + pending))
            guard row["kind"] == AccountKind.orgCredits.rawValue, let name else { continue }
            balances.append(("org_held:\(name)", -pending))
        }
        if org != nil, number == nil { return nil }
        self.balances = balances
        self.number = number
    }

    /// The next piece of text; nil at the end.
    mutating func next(_ database: Database) throws -> String? {
        switch phase {
        case .header:
            phase = .transfers
            return header
        case .transfers:
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT transfer.id, transfer.at, transfer.code, transfer.amount, transfer.reference,
                        debited.kind AS debit_kind, debit_org.name AS debit_org, credited.kind AS credit_kind,
                        credit_org.name AS credit_org, closed.amount AS freed
                    FROM transfer JOIN account AS debited ON debited.id = transfer.debit_account
                    LEFT JOIN org AS debit_org ON debit_org.id = debited.org
                    JOIN account AS credited ON credited.id = transfer.credit_account
                    LEFT JOIN org AS credit_org ON credit_org.id = credited.org
                    LEFT JOIN transfer AS closed ON closed.id = nullif(transfer.pending, 0)
                    WHERE transfer.id > ? AND transfer.id <= ?
                        AND (? IS NULL OR ? IN (debited.org, credited.org))
                    ORDER BY transfer.id LIMIT ?
                    """, arguments: [cursor, lastTransfer, number, number, Self.pieceTransfers])
            guard let last = rows.last else {
                phase = .assertions
                return try next(database)
            }
            cursor = last["id"]
            return try rows.map { row throws in try transaction(row) }.joined()
        case .assertions:
            phase = .end
            return assertions
        case .end: return nil
        }
    }

    private var header: String {
        let accounts = balances.map { "account \($0.name)\n" }.joined()
        return """
            ; meterd's ledger\(org.map { " of org \($0)" } ?? "") up to transfer \(lastTransfer), for hledger
            commodity USD 1000.000000000
            \(accounts)\(org == nil ? "" : Self.sharedAccounts)

            """
    }

    private static let sharedAccounts = AccountKind.allCases.filter { !$0.isOfOrg }
        .map { "account \($0.name)\n" }.joined()

    private mutating func transaction(_ row: Row) throws -> String {
        let at: Int64 = row["at"]
        latest = max(latest, at)
        let code = try TransferCode(stored: row["code"] as Int64, of: "transfer \(row["id"] as Int64)")
        let amount: Int64 = row["amount"]
        let owner: String = row["debit_org"] ?? row["credit_org"] ?? ""
        var postings: [(String, Int64)]
        switch code {
        case .hold: postings = [("org_credits:\(owner)", amount), ("org_held:\(owner)", -amount)]
        case .holdSettled, .holdReleased, .holdExpired:
            postings = [("org_held:\(owner)", amount), ("org_credits:\(owner)", -amount)]
        default:
            postings = [
                (try Self.name(row["debit_kind"], row["debit_org"]), amount),
                (try Self.name(row["credit_kind"], row["credit_org"]), -amount),
            ]
            if let freed = row["freed"] as Int64? {
                postings += [("org_held:\(owner)", freed), ("org_credits:\(owner)", -freed)]
            }
        }
        let mark = code == .hold ? "!" : "*"
        let lines = postings.map { Self.posting($0.0, Int128($0.1)) }.joined()
        return """
            \(Self.date(at)) \(mark) (\(row["id"] as Int64)) \(code.name) \(row["reference"] as Int64)
            \(lines)

            """
    }

    private var assertions: String {
        let lines = balances.map { name, nanos in
            "    " + name.padding(to: 44) + "USD 0 = USD \(Money.decimal(nanos: nanos))\n"
        }.joined()
        return "\(Self.date(latest)) * the balances that the daemon keeps\n\(lines)"
    }

    private static func posting(_ account: String, _ nanos: Int128) -> String {
        "    " + account.padding(to: 44) + "USD \(Money.decimal(nanos: nanos))\n"
    }

    private static func date(_ milliseconds: Int64) -> String {
        String(Timestamp(milliseconds: milliseconds).description.prefix(10))
    }

    private static func name(_ kind: Int64, _ org: String?) throws -> String {
        let name = try AccountKind(stored: kind, of: "an account").name
        return org.map { "\(name):\($0)" } ?? name
    }
}

extension JournalExport {
    /// Writes the journal of a database that no daemon holds, piece by piece; false where there is no such org.
    public static func write(
        databaseFile path: String, org: String?, to write: (String) throws -> Void
    ) throws -> Bool {
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration).read { database in
            guard var export = try JournalExport(of: org, database) else { return false }
            while let piece = try export.next(database) { try write(piece) }
            return true
        }
    }
}

extension LedgerReader {
    /// Begins an export of the journal; nil where there is no such org.
    public func journal(of org: String?) async throws -> JournalExport? {
        try await pool.read { try JournalExport(of: org, $0) }
    }

    /// The next piece of an export's text; nil at the end. No snapshot is held between pieces: transfers never change.
    public func next(_ export: JournalExport) async throws -> (text: String, rest: JournalExport)? {
        try await BackgroundThread.run("export") { [pool, gate] in
            gate.pass()
            return try pool.read { database in
                var rest = export
                return try rest.next(database).map { ($0, rest) }
            }
        }
    }
}

extension String {
    /// The text with blanks behind it, two at least: hledger ends an account's name there.
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(2, width - count))
    }
}
