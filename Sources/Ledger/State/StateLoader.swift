import Metering

/// Reads at start what the writer keeps in memory.
enum StateLoader {
    static func load(
        _ connection: SQLiteConnection, now: Timestamp
    ) throws(SQLiteError) -> (Accounts, Expirations) {
        let (accounts, orgs) = try loadAccounts(connection)
        var expirations = Expirations()
        try loadGrants(connection, orgs, &expirations)
        try loadMembers(connection, orgs)
        try loadHolds(connection, orgs, &expirations)
        try loadBilling(connection, orgs)
        try loadPolicies(connection, orgs, now: now)
        try loadUnpriced(connection, orgs)
        let alerts = try connection.prepare("SELECT org, threshold FROM alert ORDER BY threshold DESC")
        while try alerts.step() {
            orgs[alerts.int(0)]?.account.thresholds.append(Money(nanos: alerts.int(1)))
        }
        return (accounts, expirations)
    }

    static func newestCommit(_ connection: SQLiteConnection) throws(SQLiteError) -> CommitChain.Link {
        let row = try connection.prepare("SELECT * FROM ledger_commit ORDER BY number DESC LIMIT 1")
        defer { row.reset() }
        guard try row.step() else { return CommitChain.Link() }
        return CommitChain.Link(
            number: row.int(0), at: row.int(1),
            last: CommitChain.Last(
                transfer: row.int(2), usage: row.int(3), hold: row.int(4), grant: row.int(5), correction: row.int(6),
                erasure: row.int(7), org: row.int(8), card: row.int(9), alias: row.int(11), change: row.int(12),
                payment: row.int(13), invoice: row.int(14), note: row.int(15), quarantine: row.int(16),
                quarantineStep: row.int(17), orgAlias: row.int(18), refund: row.int(19), moneyReturn: row.int(20),
                audit: row.int(21)),
            digest: row.blob(10))
    }

    private static func loadAccounts(
        _ connection: SQLiteConnection
    ) throws(SQLiteError) -> (Accounts, [Int64: Org]) {
        let rows = try connection.prepare(
            """
            SELECT account.id, kind, debits, credits, debits_high, credits_high, pending, front_grant, front_remaining,
                month, month_spend, last_usage, last_transfer, org.id, org.name, org.state, org.monthly_budget
            FROM account LEFT JOIN org ON org.id = account.org
            """)
        var shared: [AccountKind: Account] = [:]
        var orgs: [Int64: Org] = [:]
        var (receivables, balances): ([Int64: Account], [Int64: Account]) = ([:], [:])
        while try rows.step() {
            let kind = try AccountKind(stored: rows.int(1), of: "account \(rows.int(0))")
            let state = Account.State(
                debits: Account.total(low: rows.int(2), high: rows.int(4)),
                credits: Account.total(low: rows.int(3), high: rows.int(5)), pending: rows.int(6),
                frontGrant: rows.int(7), frontRemaining: rows.int(8), month: rows.int(9), monthSpend: rows.int(10),
                lastUsage: rows.int(11), lastTransfer: rows.int(12))
            let account = Account(id: rows.int(0), org: rows.text(14), state: state)
            switch kind {
            case .orgCredits: break
            case .receivable: receivables[rows.int(13)] = account
            case .customerBalance: balances[rows.int(13)] = account
            case .usage, .grants, .breakage, .seats, .tax, .payments, .gatewayFees: shared[kind] = account
            }
            guard kind == .orgCredits else { continue }
            guard let name = rows.text(14) else {
                throw SQLiteError.damaged("account \(rows.int(0)) is of an org that is not there")
            }
            let orgState = try OrgState(stored: rows.int(15), of: "org '\(name)'")
            let org = Org(id: rows.int(13), name: name, state: orgState, account: account)
            org.monthlyBudget = rows.optionalInt(16).map(Money.init(nanos:))
            orgs[org.id] = org
        }
        guard var accounts = Accounts(shared: shared) else {
            throw SQLiteError.damaged("the ledger's own accounts are missing")
        }
        for org in orgs.values {
            org.receivable = receivables[org.id]
            org.customerBalance = balances[org.id]
            accounts.add(org)
        }
        accounts.didCommit()
        return (accounts, orgs)
    }

    private static func loadBilling(_ connection: SQLiteConnection, _ orgs: [Int64: Org]) throws(SQLiteError) {
        let rows = try connection.prepare("SELECT org, change, members_max, top_up_below FROM billing")
        while try rows.step() {
            let org = try org(rows.int(0), orgs, "a bill")
            org.billingChange = rows.int(1)
            org.membersMax = rows.optionalInt(2)
            org.account.topUpBelow = rows.optionalInt(3).map(Money.init(nanos:))
        }
    }

    private static func loadGrants(
        _ connection: SQLiteConnection, _ orgs: [Int64: Org], _ expirations: inout Expirations
    ) throws(SQLiteError) {
        let rows = try connection.prepare(
            "SELECT id, org, source, priority, expires, remaining FROM credit_grant WHERE state = 1")
        var open: [Int64: [Grant]] = [:]
        while try rows.step() {
            let org = try org(rows.int(1), orgs, "grant \(rows.int(0))")
            let source = try GrantSource(stored: rows.int(2), of: "grant \(rows.int(0))")
            let grant = Grant(
                id: rows.int(0), source: source, priority: Int(rows.int(3)),
                expires: rows.optionalInt(4).map(Timestamp.init(milliseconds:)), remaining: rows.int(5))
            open[org.id, default: []].append(grant)
            expirations.add(grant, of: org)
        }
        for (id, grants) in open {
            guard let org = orgs[id] else { continue }
            org.grants = grants.sorted { $0.comes(before: $1) }
            guard org.account.state.frontGrant == org.grants.first?.id else {
                throw SQLiteError.damaged("the grant that org '\(org.name)' draws from is not the first in line")
            }
        }
    }

    private static func loadHolds(
        _ connection: SQLiteConnection, _ orgs: [Int64: Org], _ expirations: inout Expirations
    ) throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT number, org, id, user, amount, expires, transfer, coalesce(worst, amount) - amount FROM hold
            WHERE state = 1
            """)
        while try rows.step() {
            let org = try org(rows.int(1), orgs, "hold \(rows.int(0))")
            guard let id = rows.text(2) else { throw SQLiteError.damaged("hold \(rows.int(0)) has no id") }
            let hold = Hold(
                number: rows.int(0), id: id, user: rows.text(3), amount: rows.int(4), exposure: rows.int(7),
                expires: Timestamp(milliseconds: rows.int(5)), transfer: rows.optionalInt(6))
            org.holds[id] = hold
            org.account.state.exposure += hold.exposure
            org.account.committed.exposure = org.account.state.exposure
            expirations.add(hold, of: org)
            guard let user = hold.user, let member = org.members[user] else { continue }
            member.state.held += hold.amount
            member.committed.held = member.state.held
        }
    }

    /// The org that a row is of; a row without one is damaged.
    static func org(
        _ number: Int64, _ orgs: [Int64: Org], _ row: @autoclosure () -> String
    ) throws(SQLiteError) -> Org {
        guard let org = orgs[number] else {
            throw SQLiteError.damaged("\(row()) is of org \(number), which is not there")
        }
        return org
    }
}
