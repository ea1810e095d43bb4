import Metering

/// An account, as the writer keeps it in memory between commits.
final class Account {
    /// What is written once a batch.
    struct State: Equatable {
        /// Sums of posted transfers. An org's fit 64 bits; the daemon's own accounts outgrow them.
        var debits: Int128 = 0
        var credits: Int128 = 0
        /// The sum of the open holds.
        var pending: Int64 = 0
        /// The grant that is drawn from at present, 0 where there is none, and what is left of it.
        var frontGrant: Int64 = 0
        var frontRemaining: Int64 = 0
        /// The month (``Window/month``) in which it was last debited for usage, and by how much in that month.
        var month: Int64 = 0
        var monthSpend: Int64 = 0
        /// The numbers of the newest usage record and the newest transfer of this org; 0 where there is none. Each row
        /// names the one before it, so that an org's rows are found without an index that grows with the table.
        var lastUsage: Int64 = 0
        var lastTransfer: Int64 = 0
        /// By how much the worst cases of its open holds lie above what they reserve; not written.
        var exposure: Int64 = 0
        /// Its usage records that are wholly unpriced; not written.
        var unpriced: Int64 = 0
    }

    let id: Int64
    /// The org whose it is; nil for the daemon's own.
    let org: String?
    var state: State
    /// Balances at which operators want to be told, largest first.
    var thresholds: [Money] = []
    /// The balance below which billing looks at the org at once.
    var topUpBelow: Money?
    var committed: State
    var isTouched = false

    init(id: Int64, org: String?, state: State = State()) {
        self.id = id
        self.org = org
        self.state = state
        committed = state
    }

    private var isShared: Bool { org == nil }

    /// Credits less debits, of an org's account: each fits 64 bits and neither is negative, so the difference does.
    var balance: Money { Self.balance(state) }

    /// The balance as it was before the present batch.
    var committedBalance: Money { Self.balance(committed) }

    /// The balance less open holds; it may be below zero where the balance is.
    var available: Money {
        Money(nanos: Int64(clamping: state.credits - state.debits - Int128(state.pending)))
    }

    /// What was debited for usage in a month.
    func spend(in month: Int64) -> Int64 { state.month >= month ? state.monthSpend : 0 }

    func canDebit(_ amount: Int64) -> Bool { isShared || state.debits + Int128(amount) <= Int128(Int64.max) }
    func canCredit(_ amount: Int64) -> Bool { isShared || state.credits + Int128(amount) <= Int128(Int64.max) }

    private static func balance(_ state: State) -> Money {
        Money(nanos: Int64(clamping: state.credits - state.debits))
    }

    /// A total as two columns: what lies below 10^18 nano-dollars, and how often that is in it. An org's is one column.
    func columns(_ total: Int128) -> (low: Int64, high: Int64) {
        guard isShared else { return (Int64(clamping: total), 0) }
        let (high, low) = total.quotientAndRemainder(dividingBy: Self.highUnit)
        return (Int64(clamping: low), Int64(clamping: high))
    }

    /// A total from its columns.
    static func total(low: Int64, high: Int64) -> Int128 { Int128(high) * highUnit + Int128(low) }

    private static let highUnit: Int128 = 1_000_000_000_000_000_000
}
