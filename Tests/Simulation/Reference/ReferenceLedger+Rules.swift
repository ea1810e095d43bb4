import Ledger
import Metering

// The rules.
extension ReferenceLedger {
    // MARK: Time and rates

    /// What time brings; the records that it makes, in their order.
    @discardableResult
    mutating func begin(_ now: Int64) -> [(org: String, id: String)] {
        var due: [(org: String, id: String, hold: Hold)] = []
        for name in orgs.keys.sorted() {
            expireGrants(name, now)
            for (id, hold) in orgs[name, default: Org()].holds where hold.state == .open && hold.expires <= now {
                orgs[name]?.holds[id]?.state = .expired
                due.append((name, id, hold))
            }
        }
        let charged = due.filter { $0.hold.amount > 0 && orgs[$0.org]?.chargesExpired == true }
            .sorted { ($0.hold.expires, $0.hold.number) < ($1.hold.expires, $1.hold.number) }
        return charged.map { name, id, hold in
            estimate(name, Self.estimateID(id), hold, now)
            return (name, Self.estimateID(id))
        }
    }

    static func estimateID(_ hold: String) -> String { "\u{2248}hold:" + hold }

    /// Charges what a hold had reserved.
    private mutating func estimate(_ name: String, _ id: String, _ hold: Hold, _ now: Int64) {
        var record = Record(
            model: "unspecified", user: hold.request.user, hold: nil, tokens: 0, at: hold.expires, received: now,
            reply: UsageReply(status: .estimated, cost: hold.amount, balance: 0, available: 0), cost: hold.amount,
            isUnpriced: false)
        record.paid = draw(name, hold.amount)
        orgs[name]?.spends.append(Spend(user: record.user, at: now, amount: hold.amount, charged: now))
        orgs[name]?.records[id] = record
    }

    /// Takes back what the estimate of a hold charged: usage of it came, or it is released.
    private mutating func takeBackEstimate(_ name: String, ofHold hold: String, _ now: Int64) {
        let id = Self.estimateID(hold)
        guard let record = orgs[name]?.records[id], !record.isVoided else { return }
        change(name, id, to: 0, now)
        orgs[name]?.records[id]?.isVoided = true
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

    /// Takes credits from a grant, for money that goes back.
    mutating func takeCredits(_ name: String, _ key: String, _ amount: Int64) {
        guard let index = orgs[name]?.grants.firstIndex(where: { $0.key == key }) else { return }
        orgs[name]?.credits -= amount
        orgs[name]?.grants[index].remaining -= amount
        if orgs[name]?.grants[index].remaining == 0 { orgs[name]?.grants[index].state = .voided }
    }

    /// Takes credits that a bank took back: of that grant first, then of all others, then beyond them.
    mutating func withdraw(_ name: String, _ key: String, _ amount: Int64) {
        let own = orgs[name]?.grants.first { $0.key == key }?.remaining ?? 0
        let part = min(own, amount)
        if part > 0 { takeCredits(name, key, part) }
        if amount > part { _ = draw(name, amount - part) }
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
        received: Int64, _ now: Int64
    ) -> UsageAnswer {
        guard let org = orgs[name] else { return .refused(.unknownOrg) }
        if let first = org.records[id] {
            let isSame =
                first.model == model && first.tokens == tokens && first.user == user && first.hold == hold
                && first.at == at
            return isSame ? .reply(first.reply, isDuplicate: true) : .refused(.idConflict)
        }
        // 45 days back, 15 minutes ahead: what is known already has its answer however late it is sent again.
        guard (-3_888_000_000...900_000).contains(at - received) else { return .refused(.timeOutOfRange) }
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
                    takeBackEstimate(name, ofHold: hold, now)
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
        guard org.state == .active else { return .refused(.orgSuspended) }
        let amount = min(asked.amount, asked.cap ?? .max)
        if amount < asked.amount, org.exposure + asked.amount - amount > org.exposureMax {
            return .refused(.limitExceeded)
        }
        if let user = asked.user, let member = org.members[user], !member.isRemoved {
            let held = org.held(by: user) + amount
            if let daily = member.daily, org.spent(now, by: user, day: true) + held > daily {
                return .refused(.memberLimit)
            }
            if let monthly = member.monthly, org.spent(now, by: user, day: false) + held > monthly {
                return .refused(.memberLimit)
            }
        }
        if let budget = org.budget, org.spent(now, \.month) + org.held + amount > budget {
            return .refused(.orgBudget)
        }
        guard amount <= org.available else { return .refused(.insufficientCredits) }
        let hold = Hold(
            request: asked, amount: amount, expires: now + asked.ttl * 1000, balance: org.credits,
            available: org.available - amount, number: nextHold)
        nextHold += 1
        orgs[name]?.holds[id] = hold
        return .granted(hold, isDuplicate: false)
    }

    mutating func release(_ name: String, _ id: String, _ now: Int64) -> HoldAnswer {
        guard let hold = orgs[name]?.holds[id] else { return .refused(.unknownHold) }
        if hold.state == .open { orgs[name]?.holds[id]?.state = .released }
        takeBackEstimate(name, ofHold: id, now)
        return .closed(
            hold.state == .open ? .released : hold.state, wasClosed: hold.state != .open,
            available: orgs[name]?.available ?? 0)
    }
}
