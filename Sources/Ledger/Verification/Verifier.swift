import Metering

/// A verification under way: what is known of accounts and what the passes found.
struct Verifier {
    struct StoredAccount {
        let kind: Int64
        let org: Int64?
        let name: String
        let debits, credits: Int128
        let pending, frontGrant, frontRemaining, lastTransfer, lastUsage, monthSpend, month: Int64
    }

    let connection: SQLiteConnection
    var report = VerificationReport()
    var accounts: [Int64: StoredAccount] = [:]
    /// The credits account of each org.
    var creditsOfOrg: [Int64: Int64] = [:]
    /// What is left of each grant by the transfers.
    var remaining: [Int64: Int64] = [:]
    /// What the transfers of each payment and each invoice come to.
    var billed = BilledTotals()
    /// The record up to which an org's detail may be gone.
    var erasedThrough: [Int64: Int64] = [:]

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        let rows = try connection.prepare(
            """
            SELECT account.id, kind, org, name, debits, credits, debits_high, credits_high, pending, front_grant,
                front_remaining, last_transfer, last_usage, month_spend, month
            FROM account LEFT JOIN org ON org.id = account.org
            """)
        while try rows.step() {
            let kind = AccountKind(rawValue: rows.int(1))?.name ?? "unknown"
            let account = StoredAccount(
                kind: rows.int(1), org: rows.optionalInt(2), name: rows.text(3).map { "\(kind):\($0)" } ?? kind,
                debits: Account.total(low: rows.int(4), high: rows.int(6)),
                credits: Account.total(low: rows.int(5), high: rows.int(7)), pending: rows.int(8),
                frontGrant: rows.int(9), frontRemaining: rows.int(10), lastTransfer: rows.int(11),
                lastUsage: rows.int(12), monthSpend: rows.int(13), month: rows.int(14))
            accounts[rows.int(0)] = account
            guard let org = account.org else { continue }
            if account.kind == AccountKind.orgCredits.rawValue { creditsOfOrg[org] = rows.int(0) }
        }
        let erasures = try connection.prepare("SELECT org, max(last_sequence) FROM erasure GROUP BY org")
        while try erasures.step() { erasedThrough[erasures.int(0)] = erasures.int(1) }
    }

    func name(_ account: Int64) -> String { accounts[account]?.name ?? "\(account)" }

    /// Whether pages and indexes are what SQLite wrote. See <https://www.sqlite.org/pragma.html#pragma_integrity_check>.
    mutating func checkPages() throws(SQLiteError) {
        let rows = try connection.prepare("PRAGMA integrity_check(20)")
        while try rows.step() {
            if let words = rows.text(0), words != "ok" { report.add("the file: \(words)") }
        }
    }

    /// Compares each rate card's document with its hash, and each charge's card with those there are.
    mutating func compareCards() throws(SQLiteError) {
        let cards = try connection.prepare("SELECT id, hash, document FROM rate_card ORDER BY id")
        while try cards.step() {
            let document = cards.text(2) ?? ""
            if RateDocument.hash(of: document) != cards.text(1) {
                report.add("rate card \(cards.int(0)): its document is not the one its hash names")
                continue
            }
            do throws(RateDocumentError) {
                _ = try RateDocument.parse(document)
            } catch {
                report.add("rate card \(cards.int(0)) can't be read: \(error)")
            }
        }
        let missing = try connection.prepare(
            """
            SELECT card FROM (SELECT DISTINCT card FROM usage UNION SELECT card FROM correction)
            WHERE card IS NOT NULL AND card NOT IN (SELECT id FROM rate_card)
            """)
        while try missing.step() { report.add("charges name rate card \(missing.int(0)), which is not there") }
    }

    /// Compares each grant with the transfer that brought it, and its remainder with what the transfers left of it.
    mutating func compareGrants() throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT credit_grant.id, credit_grant.org, credit_grant.amount, state, remaining, transfer.code,
                transfer.reference, transfer.amount, transfer.credit_account, transfer.draws
            FROM credit_grant LEFT JOIN transfer ON transfer.id = credit_grant.transfer ORDER BY credit_grant.id
            """)
        var fronts: [Int64: (id: Int64, remaining: Int64)] = [:]
        for account in accounts.values where account.frontGrant > 0 {
            fronts[account.frontGrant] = (account.frontGrant, account.frontRemaining)
        }
        while try rows.step() {
            let number = rows.int(0)
            report.grants += 1
            if number != report.grants {
                report.add("grant \(number) stands where grant \(report.grants) is due: one is missing")
                report.grants = number
            }
            let isOwn = rows.int(8) == creditsOfOrg[rows.int(1)]
            let isBrought =
                switch TransferCode(rawValue: rows.int(5)) {
                case .grant: rows.int(6) == number && rows.int(7) == rows.int(2)
                case .correctionCredit:
                    DrawCodec.decode(rows.optionalBlob(9), of: rows.int(7))?.contains {
                        $0.grant == number && $0.amount == rows.int(2)
                    } == true
                default: false
                }
            if !isOwn || !isBrought { report.add("grant \(number) is not what its transfer says") }
            let front = fronts.removeValue(forKey: number)
            // The first in line has its remainder in the account, and zero in its own row.
            let stored = rows.int(4) + (front?.remaining ?? 0)
            let sum = remaining.removeValue(forKey: number) ?? 0
            if stored != sum {
                report.add("grant \(number): \(stored) nano-dollars are left of it, by its transfers \(sum)")
            }
            if (rows.int(3) == GrantState.open.rawValue) != (sum > 0) {
                report.add("grant \(number): its state is not what is left of it")
            }
        }
        for number in Set(fronts.keys).union(remaining.keys).sorted() {
            report.add("grant \(number) is drawn from, and is not there")
        }
    }
}
