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
    }

    struct HoldAsked: Equatable {
        var user: String?
        var amount: Int64
        var ttl: Int64
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
        var budget: Int64?
        var spends: [Spend] = []

        var held: Int64 { holds.values.reduce(0) { $1.state == .open ? $0 + $1.amount : $0 } }
        var available: Int64 { credits - held }
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

    var orgs: [String: Org]
    var cards: [Card]
    var nextGrant: Int64 = 1
    var breakage: Int64 = 0

    init(orgs: [String], card: Card) {
        self.orgs = Dictionary(uniqueKeysWithValues: orgs.map { ($0, Org()) })
        cards = [card]
    }

    // MARK: Time and rates

    mutating func begin(_ now: Int64) {
        for name in orgs.keys.sorted() {
            for id in orgs[name, default: Org()].holds.keys {
                guard let hold = orgs[name]?.holds[id], hold.state == .open, hold.expires <= now else { continue }
                orgs[name]?.holds[id]?.state = .expired
            }
            expireGrants(name, now)
        }
    }

    private mutating func expireGrants(_ name: String, _ now: Int64) {
        for index in orgs[name, default: Org()].grants.indices {
            guard let grant = orgs[name]?.grants[index], grant.remaining > 0, let expires = grant.expires,
                expires <= now
            else { continue }
            breakage += grant.remaining
            orgs[name]?.credits -= grant.remaining
            orgs[name]?.grants[index].remaining = 0
            orgs[name]?.grants[index].state = .expired
        }
    }

    private func inForce(_ at: Int64) -> Card? {
        var best: Card?
        // Later recorded cards win where two have the same effective time.
        for card in cards where card.effective <= at && card.effective >= best?.effective ?? .min { best = card }
        return best
    }

    func price(_ model: String, _ tokens: Int64, _ at: Int64) -> Int64? {
        if let price = inForce(at)?.prices[model] { return price * tokens }
        let later = cards.enumerated().filter { $0.element.effective > at && $0.element.prices[model] != nil }
            .min { ($0.element.effective, $0.offset) < ($1.element.effective, $1.offset) }
        return later?.element.prices[model].map { $0 * tokens }
    }

    /// Charges unpriced records whose rate has come, in the order of commits of all orgs.
    mutating func sweep(_ now: Int64, _ order: [(org: String, id: String)]) {
        for (name, id) in order {
            guard let record = orgs[name]?.records[id], record.isUnpriced,
                let cost = price(record.model, record.tokens, record.at)
            else { continue }
            change(name, id, to: cost, now)
            orgs[name]?.records[id]?.isUnpriced = false
        }
    }

    // MARK: Grants

    private static func isBefore(_ left: Grant, _ right: Grant) -> Bool {
        func rank(_ grant: Grant) -> [Int64] {
            [Int64(grant.priority), grant.expires ?? .max, grant.source == .promotion ? 0 : 1, grant.id]
        }
        return rank(left).lexicographicallyPrecedes(rank(right))
    }

    private mutating func draw(_ name: String, _ amount: Int64) -> [(grant: Int64?, amount: Int64)] {
        var rest = amount
        var draws: [(grant: Int64?, amount: Int64)] = []
        guard var org = orgs[name] else { return [] }
        while rest > 0, let first = org.grants.filter({ $0.remaining > 0 }).min(by: Self.isBefore),
            let index = org.grants.firstIndex(where: { $0.id == first.id })
        {
            let part = min(rest, first.remaining)
            org.grants[index].remaining -= part
            if org.grants[index].remaining == 0 { org.grants[index].state = .spent }
            draws.append((first.id, part))
            rest -= part
        }
        if rest > 0 { draws.append((nil, rest)) }
        org.credits -= amount
        orgs[name] = org
        return draws
    }

    /// The grant, or why not.
    mutating func give(_ name: String, _ new: Grant, _ now: Int64) -> Refusal.Code? {
        guard let org = orgs[name] else { return .unknownOrg }
        if let earlier = org.grants.first(where: { $0.key == new.key }) {
            let isSame =
                earlier.amount == new.amount && earlier.source == new.source && earlier.priority == new.priority
                && earlier.expires == new.expires
            return isSame ? nil : .idConflict
        }
        if let expires = new.expires, expires <= now { return .malformed }
        var grant = new
        grant.id = nextGrant
        grant.remaining = max(0, new.amount - org.overdraft)
        grant.state = grant.remaining > 0 ? .open : .spent
        nextGrant += 1
        orgs[name]?.grants.append(grant)
        orgs[name]?.credits += new.amount
        return nil
    }

    mutating func void(_ name: String, _ number: Int64) -> Refusal.Code? {
        guard let index = orgs[name]?.grants.firstIndex(where: { $0.id == number }),
            let grant = orgs[name]?.grants[index]
        else { return .notFound }
        guard grant.remaining > 0 else { return nil }
        orgs[name]?.credits -= grant.remaining
        orgs[name]?.grants[index].remaining = 0
        orgs[name]?.grants[index].state = .voided
        return nil
    }

    // MARK: Usage

    enum UsageAnswer: Equatable {
        case reply(UsageReply, isDuplicate: Bool)
        case refused(Refusal.Code)
    }

    mutating func use(
        _ name: String, _ id: String, model: String, tokens: Int64, user: String?, hold: String?, at: Int64,
        _ now: Int64
    ) -> UsageAnswer {
        guard let org = orgs[name] else { return .refused(.unknownOrg) }
        if let first = org.records[id] {
            let isSame =
                first.model == model && first.tokens == tokens && first.user == user && first.hold == hold
                && first.at == at
            return isSame ? .reply(first.reply, isDuplicate: true) : .refused(.idConflict)
        }
        let cost = price(model, tokens, at)
        var holdState: HoldState?
        var overrun: Int64?
        if let hold {
            if let known = org.holds[hold] {
                if known.state == .open {
                    orgs[name]?.holds[hold]?.state = .settled
                    if let cost, cost > known.amount { overrun = cost - known.amount }
                } else {
                    holdState = known.state
                }
            } else {
                holdState = .unknown
            }
        }
        var record = Record(
            model: model, user: user, hold: hold, tokens: tokens, at: at, received: now,
            reply: UsageReply(status: .unpriced, cost: 0, balance: 0, available: 0), cost: cost ?? 0,
            isUnpriced: cost == nil)
        if let cost, cost > 0 {
            record.paid = draw(name, cost)
            orgs[name]?.spends.append(Spend(user: user, at: now, amount: cost, charged: now))
        }
        let after = orgs[name] ?? Org()
        record.reply = UsageReply(
            status: cost == nil ? .unpriced : after.credits < 0 ? .overdrawn : .charged, cost: cost ?? 0,
            balance: after.credits, available: after.available, holdState: holdState, overrun: overrun)
        orgs[name]?.records[id] = record
        orgs[name]?.order.append(id)
        return .reply(record.reply, isDuplicate: false)
    }

    /// Makes a record cost something else.
    private mutating func change(_ name: String, _ id: String, to cost: Int64, _ now: Int64) {
        guard var record = orgs[name]?.records[id] else { return }
        let difference = cost - record.cost
        record.cost = cost
        if difference != 0 {
            orgs[name]?.spends.append(
                Spend(user: record.user, at: now, amount: difference, charged: record.received))
        }
        if difference > 0 {
            record.paid += draw(name, difference)
        } else if difference < 0 {
            giveBack(name, -difference, &record, now)
        }
        orgs[name]?.records[id] = record
    }

    private mutating func giveBack(_ name: String, _ amount: Int64, _ record: inout Record, _ now: Int64) {
        guard var org = orgs[name] else { return }
        var overdraft = org.overdraft
        var rest = amount
        var unpaid: Int64 = 0
        org.credits += amount
        while rest > 0, let last = record.paid.popLast() {
            let part = min(rest, last.amount)
            if last.amount > part { record.paid.append((last.grant, last.amount - part)) }
            rest -= part
            let absorbed = min(overdraft, part)
            overdraft -= absorbed
            guard part > absorbed else { continue }
            guard let number = last.grant, let index = org.grants.firstIndex(where: { $0.id == number }) else {
                unpaid += part - absorbed
                continue
            }
            if org.grants[index].state == .voided {
                org.credits -= part - absorbed
            } else {
                org.grants[index].remaining += part - absorbed
                org.grants[index].state = .open
            }
        }
        if unpaid > 0 {
            org.grants.append(
                Grant(
                    id: nextGrant, amount: unpaid, remaining: unpaid, source: .adjustment, priority: 50, expires: nil,
                    key: "an adjustment"))
            nextGrant += 1
        }
        orgs[name] = org
        // What went back to a grant that has expired meanwhile expires with it.
        expireGrants(name, now)
    }

    mutating func correct(_ name: String, _ id: String, tokens: Int64?, _ now: Int64) -> Refusal.Code? {
        guard let record = orgs[name]?.records[id] else { return .notFound }
        guard let tokens else {
            change(name, id, to: 0, now)
            orgs[name]?.records[id]?.isVoided = true
            orgs[name]?.records[id]?.isUnpriced = false
            return nil
        }
        guard let cost = correctionPrice(record, tokens) else { return .unknownModel }
        change(name, id, to: cost, now)
        orgs[name]?.records[id]?.tokens = tokens
        orgs[name]?.records[id]?.isVoided = false
        orgs[name]?.records[id]?.isUnpriced = false
        return nil
    }

    /// The price by the card that the record is charged by, or that is in force at its time. The driver never corrects
    /// where those two differ.
    private func correctionPrice(_ record: Record, _ tokens: Int64) -> Int64? {
        inForce(record.at)?.prices[record.model].map { $0 * tokens }
    }

    /// Whether a record's cost is what the card in force for its time says.
    func isPricedAsNow(_ record: Record) -> Bool {
        record.isVoided || inForce(record.at)?.prices[record.model].map { $0 * record.tokens } == record.cost
    }

    mutating func reprice(_ records: [(org: String, id: String)], _ now: Int64) {
        for (name, id) in records {
            guard let record = orgs[name]?.records[id], !record.isVoided, !record.isUnpriced,
                let price = inForce(record.at)?.prices[record.model]
            else { continue }
            change(name, id, to: price * record.tokens, now)
        }
    }

    // MARK: Holds

    enum HoldAnswer: Equatable {
        case granted(Hold, isDuplicate: Bool)
        case closed(HoldState, wasClosed: Bool, available: Int64)
        case refused(Refusal.Code)
    }

    mutating func authorize(_ name: String, _ id: String, _ asked: HoldAsked, _ now: Int64) -> HoldAnswer {
        guard let org = orgs[name] else { return .refused(.unknownOrg) }
        if let first = org.holds[id] {
            return first.request == asked ? .granted(first, isDuplicate: true) : .refused(.idConflict)
        }
        if let user = asked.user, let member = org.members[user], !member.isRemoved {
            let held = org.held(by: user) + asked.amount
            if let daily = member.daily, org.spent(now, by: user, day: true) + held > daily {
                return .refused(.memberLimit)
            }
            if let monthly = member.monthly, org.spent(now, by: user, day: false) + held > monthly {
                return .refused(.memberLimit)
            }
        }
        if let budget = org.budget, org.spent(now, \.month) + org.held + asked.amount > budget {
            return .refused(.orgBudget)
        }
        guard asked.amount <= org.available else { return .refused(.insufficientCredits) }
        let hold = Hold(
            request: asked, amount: asked.amount, expires: now + asked.ttl * 1000, balance: org.credits,
            available: org.available - asked.amount)
        orgs[name]?.holds[id] = hold
        return .granted(hold, isDuplicate: false)
    }

    mutating func release(_ name: String, _ id: String) -> HoldAnswer {
        guard let hold = orgs[name]?.holds[id] else { return .refused(.unknownHold) }
        if hold.state == .open { orgs[name]?.holds[id]?.state = .released }
        return .closed(
            hold.state == .open ? .released : hold.state, wasClosed: hold.state != .open,
            available: orgs[name]?.available ?? 0)
    }
}
