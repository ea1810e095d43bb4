import Metering

/// An account's totals, as the writer keeps them in memory between commits.
final class Account {
    let id: Int64
    private(set) var debits: Int64
    private(set) var credits: Int64
    private var committed: (debits: Int64, credits: Int64)

    init(id: Int64, debits: Int64, credits: Int64) {
        self.id = id
        self.debits = debits
        self.credits = credits
        committed = (debits, credits)
    }

    /// Credits less debits. It can't overflow: both are never negative.
    var balance: Money { Money(nanos: credits - debits) }

    /// Whether this batch has moved money here.
    var isTouched: Bool { committed != (debits, credits) }

    func canDebit(_ amount: Int64) -> Bool { !debits.addingReportingOverflow(amount).overflow }
    func canCredit(_ amount: Int64) -> Bool { !credits.addingReportingOverflow(amount).overflow }
    func debit(_ amount: Int64) { debits += amount }
    func credit(_ amount: Int64) { credits += amount }

    func didCommit() { committed = (debits, credits) }
    func rollBack() { (debits, credits) = committed }
}

/// An org, as the writer keeps it in memory.
final class Org {
    let id: Int64
    let name: String
    var state: OrgState
    let account: Account

    init(id: Int64, name: String, state: OrgState, account: Account) {
        self.id = id
        self.name = name
        self.state = state
        self.account = account
    }

    /// What may be reserved or spent. Holds come with `authorize`; until then it is the balance.
    var available: Money { account.balance }
}

/// All accounts and orgs in memory, with what the present batch changed, so that it can be undone.
///
/// One object an org and no more: they are made by operators, not by traffic.
struct Accounts {
    let usage: Account
    let grants: Account
    private(set) var orgs: [String: Org] = [:]
    private var touched: [Account] = []
    private var undo: [Undo] = []

    private enum Undo {
        case created(String)
        case stateChanged(Org, from: OrgState)
    }

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        let rows = try connection.prepare(
            """
            SELECT account.id, account.kind, account.debits, account.credits, org.id, org.name, org.state
            FROM account LEFT JOIN org ON org.id = account.org
            """)
        var usage: Account?
        var grants: Account?
        while try rows.step() {
            let account = Account(id: rows.int(0), debits: rows.int(2), credits: rows.int(3))
            switch AccountKind(rawValue: rows.int(1)) {
            case .usage: usage = account
            case .grants: grants = account
            case .orgCredits:
                guard let name = rows.text(5), let state = OrgState(rawValue: rows.int(6)) else { continue }
                orgs[name] = Org(id: rows.int(4), name: name, state: state, account: account)
            case nil: continue
            }
        }
        guard let usage, let grants else {
            throw SQLiteError(code: 11, extendedCode: 11, message: "the ledger's own accounts are missing")
        }
        self.usage = usage
        self.grants = grants
    }

    /// Moves money in memory: false, and nothing moved, where a total would overflow.
    mutating func move(_ amount: Int64, debit: Account, credit: Account) -> Bool {
        guard debit.canDebit(amount), credit.canCredit(amount) else { return false }
        if !debit.isTouched { touched.append(debit) }
        if !credit.isTouched { touched.append(credit) }
        debit.debit(amount)
        credit.credit(amount)
        return true
    }

    mutating func add(_ org: Org) {
        orgs[org.name] = org
        undo.append(.created(org.name))
    }

    mutating func change(_ org: Org, to state: OrgState) {
        undo.append(.stateChanged(org, from: org.state))
        org.state = state
    }

    /// Writes each account that the batch touched, once.
    func write(with update: SQLiteStatement) throws(SQLiteError) {
        for account in touched {
            update.bind(1, account.debits)
            update.bind(2, account.credits)
            update.bind(3, account.id)
            try update.run()
        }
    }

    mutating func didCommit() {
        for account in touched { account.didCommit() }
        touched.removeAll(keepingCapacity: true)
        undo.removeAll(keepingCapacity: true)
    }

    mutating func rollBack() {
        for account in touched { account.rollBack() }
        for step in undo.reversed() {
            switch step {
            case .created(let name): orgs[name] = nil
            case .stateChanged(let org, let state): org.state = state
            }
        }
        touched.removeAll(keepingCapacity: true)
        undo.removeAll(keepingCapacity: true)
    }
}
