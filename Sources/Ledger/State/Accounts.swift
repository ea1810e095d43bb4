import Metering

/// All accounts and orgs in memory, with what the present batch changed, so that it can be undone.
///
/// One object an org and no more: they are made by operators, not by traffic.
struct Accounts {
    let usage: Account
    let grants: Account
    let breakage: Account
    let seats: Account
    let tax: Account
    let payments: Account
    let gatewayFees: Account
    private let directory = Directory()
    private(set) var touched: [Account] = []
    private(set) var touchedMembers: [Member] = []
    private var undo: [() -> Void] = []

    /// The daemon's own accounts; nil where one is missing.
    init?(shared: [AccountKind: Account]) {
        guard let usage = shared[.usage], let grants = shared[.grants], let breakage = shared[.breakage],
            let seats = shared[.seats], let tax = shared[.tax], let payments = shared[.payments],
            let gatewayFees = shared[.gatewayFees]
        else { return nil }
        self.usage = usage
        self.grants = grants
        self.breakage = breakage
        self.seats = seats
        self.tax = tax
        self.payments = payments
        self.gatewayFees = gatewayFees
    }

    // An object, so that what takes back a new org can reach it.
    private final class Directory {
        var orgs: [String: Org] = [:]
    }

    /// Every org by name.
    var orgs: [String: Org] { directory.orgs }

    /// Takes in an org that is on disk, or that this batch puts there.
    mutating func add(_ org: Org) {
        directory.orgs[org.name] = org
        let directory = directory
        onRollBack { directory.orgs[org.name] = nil }
    }

    /// Moves money in memory: false, and nothing moved, where a total would overflow.
    mutating func move(_ amount: Int64, debit: Account, credit: Account) -> Bool {
        guard debit.canDebit(amount), credit.canCredit(amount) else { return false }
        touch(debit)
        touch(credit)
        debit.state.debits += Int128(amount)
        credit.state.credits += Int128(amount)
        return true
    }

    /// Has an account written with this batch. Call it before its state is changed.
    mutating func touch(_ account: Account) {
        guard !account.isTouched else { return }
        account.isTouched = true
        touched.append(account)
    }

    /// Has a member written with this batch. Call it before their state is changed.
    mutating func touch(_ member: Member) {
        guard !member.isTouched else { return }
        member.isTouched = true
        touchedMembers.append(member)
    }

    /// Keeps what takes back a change of anything that `touch` doesn't cover. Undone last first.
    mutating func onRollBack(_ step: @escaping () -> Void) {
        undo.append(step)
    }

    /// Adds to what an org, and a member of it, spent in a window; in a later one, where it had come to that already.
    mutating func spend(_ amount: Int64, _ org: Org, _ member: Member?, _ window: Window) {
        touch(org.account)
        org.account.state.monthSpend = org.account.spend(in: window.month) + amount
        org.account.state.month = max(org.account.state.month, window.month)
        guard let member else { return }
        touch(member)
        member.add(amount, window)
    }

    mutating func didCommit() {
        for account in touched {
            account.committed = account.state
            account.isTouched = false
        }
        for member in touchedMembers {
            member.committed = member.state
            member.isTouched = false
        }
        forget()
    }

    mutating func rollBack() {
        for account in touched {
            account.state = account.committed
            account.isTouched = false
        }
        for member in touchedMembers {
            member.state = member.committed
            member.isTouched = false
        }
        for step in undo.reversed() { step() }
        forget()
    }

    private mutating func forget() {
        touched.removeAll(keepingCapacity: true)
        touchedMembers.removeAll(keepingCapacity: true)
        undo.removeAll(keepingCapacity: true)
    }
}
