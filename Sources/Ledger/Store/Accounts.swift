import Metering

/// An account, as the writer keeps it in memory between commits.
final class Account {
    /// What is written once a batch.
    struct State: Equatable {
        var debits: Int64
        var credits: Int64
        /// The numbers of the newest usage record and the newest transfer of this org; 0 where there is none. Each row
        /// names the one before it, so that an org's rows are found without an index that grows with the table.
        var lastUsage: Int64
        var lastTransfer: Int64
    }

    let id: Int64
    var state: State
    fileprivate var committed: State
    fileprivate var isTouched = false

    init(id: Int64, state: State = State(debits: 0, credits: 0, lastUsage: 0, lastTransfer: 0)) {
        self.id = id
        self.state = state
        committed = state
    }

    /// Credits less debits. It can't overflow: both are never negative.
    var balance: Money { Money(nanos: state.credits - state.debits) }

    func canDebit(_ amount: Int64) -> Bool { !state.debits.addingReportingOverflow(amount).overflow }
    func canCredit(_ amount: Int64) -> Bool { !state.credits.addingReportingOverflow(amount).overflow }
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
            SELECT account.id, kind, debits, credits, last_usage, last_transfer, org.id, org.name, org.state
            FROM account LEFT JOIN org ON org.id = account.org
            """)
        var usage: Account?
        var grants: Account?
        while try rows.step() {
            let state = Account.State(
                debits: rows.int(2), credits: rows.int(3), lastUsage: rows.int(4), lastTransfer: rows.int(5))
            let account = Account(id: rows.int(0), state: state)
            switch AccountKind(rawValue: rows.int(1)) {
            case .usage: usage = account
            case .grants: grants = account
            case .orgCredits:
                guard let name = rows.text(7), let state = OrgState(rawValue: rows.int(8)) else { continue }
                orgs[name] = Org(id: rows.int(6), name: name, state: state, account: account)
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
        touch(debit)
        touch(credit)
        debit.state.debits += amount
        credit.state.credits += amount
        return true
    }

    /// Has an account written with this batch. Call it before its state is changed.
    mutating func touch(_ account: Account) {
        guard !account.isTouched else { return }
        account.isTouched = true
        touched.append(account)
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
            update.bind(1, account.state.debits)
            update.bind(2, account.state.credits)
            update.bind(3, account.state.lastUsage)
            update.bind(4, account.state.lastTransfer)
            update.bind(5, account.id)
            try update.run()
        }
    }

    mutating func didCommit() {
        for account in touched {
            account.committed = account.state
            account.isTouched = false
        }
        touched.removeAll(keepingCapacity: true)
        undo.removeAll(keepingCapacity: true)
    }

    mutating func rollBack() {
        for account in touched {
            account.state = account.committed
            account.isTouched = false
        }
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
