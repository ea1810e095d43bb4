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
    /// Everybody who is, was or is invited to be a member, by their number.
    var team: [Int64: Member] = [:]
    /// Members by the names that usage records have, removed ones too.
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

    /// Seats that are filled: by members, and by invitations that can be accepted.
    func seatsFilled(at now: Timestamp) -> Int { team.values.count { $0.fillsSeat(at: now) } }

    /// Owners that take part.
    var ownerCount: Int { team.values.count { $0.record.state == .active && $0.record.role == .owner } }

    /// The member of that name, removed ones too.
    func known(_ user: String?) -> Member? {
        guard let user, !members.isEmpty else { return nil }
        return members[user]
    }

    /// The member of that name who takes part.
    func member(_ user: String?) -> Member? {
        guard let member = known(user), member.takesPart else { return nil }
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
