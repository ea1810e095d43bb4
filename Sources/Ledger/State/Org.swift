import Metering

/// An org, as the writer keeps it in memory.
final class Org {
    let id: Int64
    let name: String
    var state: OrgState
    let account: Account
    /// Grants with something left, in the order in which debits draw from them. The first one's remainder stands in
    /// the account's state, so that a batch writes one row an org.
    var grants: [Grant] = [] {
        didSet { nextExpiry = grants.reduce(.max) { min($0, $1.expires?.milliseconds ?? .max) } }
    }
    /// Open holds by id.
    var holds: [String: Hold] = [:]
    /// Members by the name that usage records have, removed ones too.
    var members: [String: Member] = [:]
    /// What may be spent in a month, at most.
    var monthlyBudget: Money?
    /// What an operator decided about its requests.
    var policy = OrgPolicy()
    /// Forbidden models of which usage came, by the hour; see ``ForbiddenUse``.
    var forbidden = ForbiddenUse()
    /// What it owes; nil before its first bill.
    var receivable: Account?
    /// What it has for later invoices and seats; nil before there was any.
    var customerBalance: Account?
    /// The newest step of its bill, 0 for none.
    var billingChange: Int64 = 0
    /// Members that it may have; nil for any number.
    var membersMax: Int64?
    /// When the next of its grants expires, in milliseconds.
    private(set) var nextExpiry = Int64.max

    init(id: Int64, name: String, state: OrgState, account: Account) {
        self.id = id
        self.name = name
        self.state = state
        self.account = account
    }

    /// What is left of a grant that is open.
    func remaining(of grant: Grant) -> Int64 {
        grant === grants.first ? account.state.frontRemaining : grant.remaining
    }

    /// What was spent beyond all grants. While there is some, no grant has anything left.
    var overdraft: Int64 { max(0, -account.balance.nanos) }

    /// Members that take part.
    var memberCount: Int { members.values.count { $0.removed == nil } }

    /// The member of that name who takes part.
    func member(_ user: String?) -> Member? {
        guard let user, !members.isEmpty, let member = members[user], member.removed == nil else { return nil }
        return member
    }
}

/// A grant with something left.
final class Grant {
    let id: Int64
    let source: GrantSource
    let priority: Int
    let expires: Timestamp?
    /// What is left, where it is not the first in line.
    var remaining: Int64
    var isOpen = true

    init(id: Int64, source: GrantSource, priority: Int, expires: Timestamp?, remaining: Int64) {
        self.id = id
        self.source = source
        self.priority = priority
        self.expires = expires
        self.remaining = remaining
    }

    /// Whether debits draw from it before they draw from another: by priority, then what expires sooner, then promotional
    /// before paid, then the older.
    func comes(before other: Grant) -> Bool {
        if priority != other.priority { return priority < other.priority }
        let (expiry, otherExpiry) = (expires?.milliseconds ?? .max, other.expires?.milliseconds ?? .max)
        if expiry != otherExpiry { return expiry < otherExpiry }
        let (isGift, otherIsGift) = (source == .promotion, other.source == .promotion)
        if isGift != otherIsGift { return isGift }
        return id < other.id
    }
}

/// An open hold.
final class Hold {
    let number: Int64
    let id: String
    let user: String?
    let amount: Int64
    /// By how much the worst case is above it.
    let exposure: Int64
    let expires: Timestamp
    /// Its pending transfer; nil for a hold of nothing.
    let transfer: Int64?
    var isOpen = true

    init(
        number: Int64, id: String, user: String?, amount: Int64, exposure: Int64, expires: Timestamp, transfer: Int64?
    ) {
        self.number = number
        self.id = id
        self.user = user
        self.amount = amount
        self.exposure = exposure
        self.expires = expires
        self.transfer = transfer
    }
}

/// A member of an org, with what they spent in the present day and month.
final class Member {
    /// What is written once a batch, and what is held.
    struct State: Equatable {
        var day: Int64 = 0
        var daySpend: Int64 = 0
        var month: Int64 = 0
        var monthSpend: Int64 = 0
        /// The sum of their open holds; not written.
        var held: Int64 = 0
    }

    let org: Int64
    let user: String
    var added: Timestamp
    var removed: Timestamp?
    var dailyLimit: Money?
    var monthlyLimit: Money?
    var state = State()
    var committed = State()
    var isTouched = false

    init(org: Int64, user: String, added: Timestamp) {
        self.org = org
        self.user = user
        self.added = added
    }

    // A clock that was set back is still in the window that it had come to: nothing is forgotten by it.
    func spend(inDay day: Int64) -> Int64 { state.day >= day ? state.daySpend : 0 }
    func spend(inMonth month: Int64) -> Int64 { state.month >= month ? state.monthSpend : 0 }
}

/// The day and the month, in UTC, of a moment: what limits and budgets count in.
struct Window: Equatable {
    /// Days since the epoch.
    let day: Int64
    /// Months since year 0.
    let month: Int64

    init(_ moment: Timestamp) {
        day = moment.day
        month = moment.month
    }
}
