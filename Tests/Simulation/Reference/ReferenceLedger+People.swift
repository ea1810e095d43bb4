import Ledger
import Metering

// People who are invited, accept, get other roles and go: who they are by number, and which seats they fill.
extension ReferenceLedger {
    struct Person: Equatable {
        var email: String
        var role: OrgRole
        var state = MemberState.invited
        /// Until when their invitation can be accepted; nil if there is none.
        var invitedUntil: Int64?
        var wasRemoved = false
    }

    struct Invitation {
        var member: Int64
        var secret: [UInt8]
        var expires: Int64
        var isOpen = true
    }

    static let day: Int64 = 86_400_000

    mutating func invite(
        _ name: String, _ email: String, _ role: OrgRole, _ secret: [UInt8], _ now: Int64
    ) -> Refusal.Code? {
        guard let org = orgs[name] else { return .unknownOrg }
        guard org.state != .closed else { return .orgClosed }
        for (number, person) in org.people where person.state == .invited {
            guard let until = person.invitedUntil, until < now - 30 * Self.day else { continue }
            drop(number, of: name)
        }
        let same = (orgs[name]?.people ?? [:]).filter { $0.value.email == email }
        let invited = same.first { $0.value.state == .invited }
        if let invited, invited.value.invitedUntil ?? 0 > now { return .idConflict }
        if same.contains(where: { $0.value.state == .active }) { return .idConflict }
        if let most = org.membersMax, orgs[name]?.seatsFilled(now) ?? 0 >= most { return .seatsFull }
        let number: Int64
        if let invited {
            number = invited.key
            closeInvitations(of: number)
            orgs[name]?.people[number]?.role = role
        } else {
            lastMember += 1
            number = lastMember
            orgs[name]?.people[number] = Person(email: email, role: role)
        }
        lastInvitation += 1
        let expires = now + 7 * Self.day
        invitations[lastInvitation] = Invitation(member: number, secret: secret, expires: expires)
        orgs[name]?.people[number]?.invitedUntil = expires
        return nil
    }

    mutating func accept(_ secret: [UInt8], _ identity: String, _ now: Int64) -> Refusal.Code? {
        guard
            let invitation = invitations.values.first(where: { $0.isOpen && $0.secret == secret && $0.expires > now }),
            let (name, org) = orgs.first(where: { $0.value.people[invitation.member] != nil }),
            let invited = org.people[invitation.member]
        else { return .notFound }
        if org.state == .closed, invited.state != .active { return .orgClosed }
        let others = org.people.filter { $0.key != invitation.member && $0.value.state == .active }
        if others.values.contains(where: { $0.email == invited.email }) { return .idConflict }
        if let most = org.membersMax, invited.state == .invited, org.seatsFilled(now) > most { return .seatsFull }
        var number = invitation.member
        if let other = org.identities[identity], other != number {
            guard org.people[other]?.state == .removed, invited.state == .invited, !invited.wasRemoved else {
                return .idConflict
            }
            drop(number, of: name)
            orgs[name]?.people[other]?.role = invited.role
            orgs[name]?.people[other]?.email = invited.email
            number = other
        } else {
            orgs[name]?.identities[identity] = number
        }
        closeInvitations(of: number)
        orgs[name]?.people[number]?.state = .active
        orgs[name]?.people[number]?.invitedUntil = nil
        return nil
    }

    mutating func changeMember(_ name: String, _ number: Int64, _ change: MemberChange) -> Refusal.Code? {
        guard let org = orgs[name] else { return .unknownOrg }
        guard let person = org.people[number], person.state != .removed else { return .notFound }
        let owners = org.people.values.count { $0.state == .active && $0.role == .owner }
        let isLast = person.role == .owner && person.state == .active && owners == 1
        switch change {
        case .remove:
            if isLast { return .lastOwner }
            closeInvitations(of: number)
            if person.state == .invited, !person.wasRemoved {
                drop(number, of: name)
                return nil
            }
            orgs[name]?.people[number]?.state = .removed
            orgs[name]?.people[number]?.wasRemoved = true
            orgs[name]?.people[number]?.invitedUntil = nil
        case .role(let role):
            if role < person.role, isLast { return .lastOwner }
            orgs[name]?.people[number]?.role = role
        default: return .malformed
        }
        return nil
    }

    mutating func withdraw(_ name: String, _ number: Int64) -> Refusal.Code? {
        guard let org = orgs[name] else { return .unknownOrg }
        guard let invitation = invitations[number], invitation.isOpen, let person = org.people[invitation.member] else {
            return .notFound
        }
        closeInvitations(of: invitation.member)
        if person.state == .invited { drop(invitation.member, of: name) }
        return nil
    }

    mutating func erasePeople(of name: String) {
        for number in (orgs[name]?.people ?? [:]).keys { closeInvitations(of: number) }
        orgs[name]?.people = [:]
        orgs[name]?.identities = [:]
    }

    private mutating func drop(_ number: Int64, of name: String) {
        closeInvitations(of: number)
        orgs[name]?.people[number] = nil
    }

    private mutating func closeInvitations(of member: Int64) {
        for (number, invitation) in invitations where invitation.member == member {
            invitations[number]?.isOpen = false
        }
    }
}

extension ReferenceLedger.Org {
    /// Seats that are filled: by members, and by invitations that can be accepted.
    func seatsFilled(_ now: Int64) -> Int64 {
        memberCount
            + people.values.reduce(0) { count, person in
                switch person.state {
                case .active: count + 1
                case .invited: count + (person.invitedUntil ?? 0 > now ? 1 : 0)
                case .removed: count
                }
            }
    }
}
