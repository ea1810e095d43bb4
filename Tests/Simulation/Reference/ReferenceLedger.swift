import Ledger
import Metering

/// The ledger's rules once more, as plainly as they can be said: no database, no cache, no undo, every sum made anew.
///
/// It shares no code with the ledger but the names of things. Times are in milliseconds, money in nano-dollars.
struct ReferenceLedger {
    struct Grant: Equatable {
        var id: Int64
        var amount, remaining: Int64
        var source: GrantSource
        var priority: Int
        var expires: Int64?
        var state = GrantState.open
        var key: String
    }

    struct Hold: Equatable {
        var request: HoldAsked
        var amount, expires: Int64
        var balance, available: Int64
        var state = HoldState.open
        /// The order in which holds of all orgs were granted.
        var number: Int64 = 0
    }

    struct HoldAsked: Equatable {
        var user: String?
        var amount: Int64
        var ttl: Int64
        /// What is reserved at most.
        var cap: Int64?
    }

    struct Record {
        var model: String
        var user, hold: String?
        var tokens: Int64
        var at: Int64
        var received: Int64
        var reply: UsageReply
        var cost: Int64
        var isUnpriced: Bool
        var isVoided = false
        /// What paid for it, in the order of drawing; nil for what no grant paid.
        var paid: [(grant: Int64?, amount: Int64)] = []
    }

    struct UsageReply: Equatable {
        var status: ChargeStatus
        var cost, balance, available: Int64
        var holdState: HoldState?
        var overrun: Int64?
    }

    struct Member: Equatable {
        var isRemoved = false
        var daily, monthly: Int64?
        /// What they spent before they were added, in the day and month of that moment, and how many spends there were.
        var added: Int64 = 0
        var daySpend: Int64 = 0
        var monthSpend: Int64 = 0
        var spends = 0
    }

    struct Spend {
        var user: String?
        var at, amount: Int64
        /// When it was charged first: a give-back counts in no later window.
        var charged: Int64
    }

    struct Card {
        var effective: Int64
        var prices: [String: Int64]
    }

    struct Org {
        var credits: Int64 = 0
        var grants: [Grant] = []
        var holds: [String: Hold] = [:]
        var records: [String: Record] = [:]
        /// Ids of records in the order of commits.
        var order: [String] = []
        var members: [String: Member] = [:]
        /// People by their numbers, beside those who are members by a name.
        var people: [Int64: Person] = [:]
        /// Whose a sign-in is.
        var identities: [String: Int64] = [:]
        var budget: Int64?
        var state = OrgState.active
        /// Whether holds that expire unsettled are charged what they had reserved.
        var chargesExpired = false
        /// By how much open holds may be below their worst cases.
        var exposureMax: Int64 = 10_000_000_000
        /// Members that there may be; nil for any number.
        var membersMax: Int64?
        var spends: [Spend] = []

        var held: Int64 { holds.values.reduce(0) { $1.state == .open ? $0 + $1.amount : $0 } }
        var available: Int64 { credits - held }
        var exposure: Int64 {
            holds.values.reduce(0) { $1.state == .open ? $0 + $1.request.amount - $1.amount : $0 }
        }
        var overdraft: Int64 { max(0, -credits) }

        func held(by user: String) -> Int64 {
            holds.values.reduce(0) { $1.state == .open && $1.request.user == user ? $0 + $1.amount : $0 }
        }

        func spent(_ now: Int64, _ window: (Timestamp) -> Int64) -> Int64 {
            sum(spends[...], now, window)
        }

        /// What a member spent: before they were added, what their records of that window cost; then each spend.
        func spent(_ now: Int64, by user: String, day: Bool) -> Int64 {
            guard let member = members[user] else { return 0 }
            let window: (Timestamp) -> Int64 = day ? \.day : \.month
            let isSame = window(Timestamp(milliseconds: member.added)) == window(Timestamp(milliseconds: now))
            let before = isSame ? (day ? member.daySpend : member.monthSpend) : 0
            return before + sum(spends[member.spends...].filter { $0.user == user }[...], now, window)
        }

        func member(_ user: String, addedAt now: Int64) -> Member {
            func cost(_ window: (Timestamp) -> Int64) -> Int64 {
                records.values.reduce(0) {
                    $1.user == user
                        && window(Timestamp(milliseconds: $1.received)) == window(Timestamp(milliseconds: now))
                        ? $0 + $1.cost : $0
                }
            }
            return Member(added: now, daySpend: cost(\.day), monthSpend: cost(\.month), spends: spends.count)
        }

        private func sum(_ spends: ArraySlice<Spend>, _ now: Int64, _ window: (Timestamp) -> Int64) -> Int64 {
            let present = window(Timestamp(milliseconds: now))
            return spends.reduce(0) { sum, spend in
                guard window(Timestamp(milliseconds: spend.at)) == present,
                    spend.amount > 0 || window(Timestamp(milliseconds: spend.charged)) == present
                else { return sum }
                return sum + spend.amount
            }
        }
    }

    /// The number of the last member of any org, and the invitations of all.
    var lastMember: Int64 = 0
    var lastInvitation: Int64 = 0
    var invitations: [Int64: Invitation] = [:]
    var orgs: [String: Org]
    var cards: [Card]
    var nextGrant: Int64 = 1
    var breakage: Int64 = 0
    var nextHold: Int64 = 1

    init(orgs: [String], card: Card) {
        self.orgs = Dictionary(uniqueKeysWithValues: orgs.map { ($0, Org()) })
        cards = [card]
    }
}
