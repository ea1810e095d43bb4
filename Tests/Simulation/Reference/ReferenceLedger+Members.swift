import Ledger
import Metering

// Members, their limits, and what is erased of orgs that don't pay.
extension ReferenceLedger {
    /// Why somebody does not become a member; nil where they do.
    mutating func addMember(_ name: String, _ user: String, _ now: Int64) -> Refusal.Code? {
        guard let org = orgs[name] else { return .unknownOrg }
        switch org.state {
        case .active: break
        case .closed: return .orgClosed
        case .suspended: return .orgSuspended
        }
        guard org.members[user]?.isRemoved != false else { return .idConflict }
        if let most = org.membersMax, org.seatsFilled(now) >= most { return .seatsFull }
        if org.members[user] == nil { lastMember += 1 }
        // Who was a member before is the same person: what they spent was counted on.
        var member = org.members[user] ?? org.member(user, addedAt: now)
        (member.isRemoved, member.daily, member.monthly) = (false, nil, nil)
        orgs[name]?.members[user] = member
        return nil
    }

    mutating func removeMember(_ name: String, _ user: String) -> Refusal.Code? {
        guard let org = orgs[name] else { return .unknownOrg }
        guard org.members[user]?.isRemoved == false else { return .notFound }
        orgs[name]?.members[user]?.isRemoved = true
        return nil
    }

    mutating func limitMember(_ name: String, _ user: String, daily: Int64?, monthly: Int64?) -> Refusal.Code? {
        guard let org = orgs[name] else { return .unknownOrg }
        guard org.members[user]?.isRemoved == false else { return .notFound }
        orgs[name]?.members[user]?.daily = daily
        orgs[name]?.members[user]?.monthly = monthly
        return nil
    }

    /// Forgets who asked for those records, and for what: one that waits for a rate is never charged.
    mutating func eraseDetail(_ name: String, of ids: some Sequence<String>) {
        for id in ids {
            orgs[name]?.records[id]?.user = nil
            orgs[name]?.records[id]?.isUnpriced = false
        }
    }
}

extension ReferenceLedger.Org {
    /// Members that take part.
    var memberCount: Int64 { members.values.reduce(0) { $1.isRemoved ? $0 : $0 + 1 } }
}
