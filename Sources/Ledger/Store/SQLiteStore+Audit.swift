import Foundation
import Metering

// Who asks, whether they may, and what is kept of what they did. Both are part of the transaction that makes the change, so that no
// right can be lost, and no change made unrecorded, in between.
extension SQLiteStore {
    /// Carries out what somebody asks through the control socket, if they may, and records it.
    mutating func carryOut(_ mutation: Mutation, for asker: Asker, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let refusal = refusal(of: mutation, to: asker, now) { return .refused(refusal) }
        let before = try stateBefore(mutation, now)
        self.asker = asker
        defer { self.asker = nil }
        let outcome = try apply(mutation, nil, now: now)
        if case .note = mutation {
            try audit(nil, asker.action, by: asker.uid, for: nil, to: nil, nil, nil, now: now)
        }
        guard let done = outcome.done else { return outcome }
        let subject = done.subject
        var after: JSONTree?
        if let view = done.view { after = try Self.tree(of: view) }
        if case .object(var members)? = after, let identity = mutation.identity {
            members["identity"] = .object(["issuer": .string(identity.issuer), "subject": .string(identity.subject)])
            after = .object(members)
        }
        // Who accepts an invitation or signs up does it as the member whom they become.
        let actor: Int64? =
            switch mutation {
            case .accept, .signUp: subject
            default: asker.acting?.member
            }
        let differences = JSONTree.differences(Self.settled(before), Self.settled(after))
        try audit(
            mutation.org ?? done.org, asker.action, by: asker.uid, for: actor, to: subject,
            change: done.change, differences.before, differences.after, now: now)
        if let acting = asker.acting, let member = accounts.orgs[acting.org]?.team[acting.member] {
            try change(member) { $0.active = now }
        }
        return outcome
    }

    /// Why somebody may not ask that; nil if they may. A member of another org is told what they would be told of an org that never
    /// was.
    private func refusal(of mutation: Mutation, to asker: Asker, _ now: Timestamp) -> Refusal? {
        guard let acting = asker.acting else { return nil }
        guard let member = accounts.orgs[acting.org]?.team[acting.member], member.record.state == .active else {
            return .noSuchOrg(acting.org)
        }
        if let refusal = acting.refusal(role: member.record.role, action: asker.action) { return refusal }
        guard mutation.org == acting.org else { return Refusal(.forbidden, "\(asker.action) is not about one org") }
        return acting.needsRecentSignIn ? staleness(of: acting, member, now) : nil
    }

    /// Why a member has to sign in again first; nil if they did of late. The program's word for it has to be a sign-in that the daemon
    /// was asked about, so that a program alone can't make one up.
    func staleness(of acting: ActingMember, _ member: Member, _ now: Timestamp) -> Refusal? {
        if let signedIn = acting.signedIn, signedIn <= now,
            now.milliseconds - signedIn.milliseconds <= PeopleLimits.recentSignInSeconds * 1000,
            let seen = member.record.authenticated, signedIn <= seen
        {
            return nil
        }
        return Refusal(
            .signInRequired,
            "this takes a sign-in of the last \(PeopleLimits.recentSignInSeconds / 60) minutes; sign in again")
    }

    /// Records what was done.
    mutating func audit(
        _ org: String?, _ action: String, by uid: UInt32?, for member: Int64?, to subject: Int64?, change: Int64? = nil,
        _ before: JSONTree?, _ after: JSONTree?, now: Timestamp
    ) throws(SQLiteError) {
        var members: [String: JSONTree] = [:]
        members["before"] = before
        members["after"] = after
        let detail = try Self.text(of: .object(members))
        let row = AuditRow(
            number: next.audit, org: org.flatMap { accounts.orgs[$0]?.id }, at: now.milliseconds, action: action,
            uid: uid.map(Int64.init), member: member, subject: subject, change: change,
            digest: chain.digest { AuditRow.append(detail: detail, to: &$0) })
        let insert = try kept.statement("INSERT INTO audit VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        insert.bind(1, row.number)
        insert.bind(2, row.org)
        insert.bind(3, row.at)
        insert.bind(4, row.action)
        insert.bind(5, row.uid)
        insert.bind(6, row.member)
        insert.bind(7, row.subject)
        insert.bind(8, row.change)
        insert.bind(9, blob: row.digest)
        insert.bind(10, detail)
        try insert.run()
        row.append(to: &chain.audits)
        next.audit += 1
    }

    /// The action under which it is recorded that detail was erased: of a subject, or of everybody of an org.
    static let erasure = "erasePersonalData"

    /// Erases what the audit says personally of a member, or of all members of an org, and records that.
    mutating func eraseAudit(of subject: Int64?, _ org: Org, now: Timestamp) throws(SQLiteError) {
        let erase: SQLiteStatement
        if let subject {
            erase = try kept.statement("UPDATE audit SET detail = NULL WHERE subject = ? AND detail IS NOT NULL")
            erase.bind(1, subject)
        } else {
            erase = try kept.statement(
                "UPDATE audit SET detail = NULL WHERE org = ? AND subject IS NOT NULL AND detail IS NOT NULL")
            erase.bind(1, org.id)
        }
        try erase.run()
        try audit(
            org.name, Self.erasure, by: asker?.uid, for: asker?.acting?.member, to: subject, nil, nil, now: now)
    }

    /// The times that an org's members were invited in the present UTC day.
    func invitationsToday(_ org: Org) throws(SQLiteError) -> Int {
        let rows = try kept.statement("SELECT at, action FROM audit WHERE org = ? ORDER BY number DESC")
        rows.bind(1, org.id)
        defer { rows.reset() }
        var count = 0
        while try rows.step(), Window(Timestamp(milliseconds: rows.int(0))).day >= window.day {
            if Self.invitingActions.contains(rows.text(1) ?? "") { count += 1 }
        }
        return count
    }

    private static let invitingActions: Set<String> = ["inviteMember", "resendInvitation"]

    // MARK: What is recorded

    /// What a mutation is about, as it is before; nil if that is new.
    private func stateBefore(_ mutation: Mutation, _ now: Timestamp) throws(SQLiteError) -> JSONTree? {
        guard let org = mutation.org.flatMap({ accounts.orgs[$0] }) else { return nil }
        return switch mutation {
        case .closeOrg: try Self.tree(of: try view(of: org))
        case .setBudget: try Self.tree(of: budget(of: org))
        case .setPolicy: try Self.tree(of: policy(of: org))
        case .setAlerts: try Self.tree(of: alerts(of: org))
        case .addMember(_, let user, _, _, _), .removeMember(_, let user, _), .limitMember(_, let user, _, _, _):
            try org.members[user].map { member throws(SQLiteError) in try Self.tree(of: memberView(member, user, org)) }
        case .changeMember(_, _, .erase, _): nil
        case .changeMember(_, let number, _, _):
            try org.team[number].map { member throws(SQLiteError) in try Self.tree(of: teamView(member, org)) }
        default: nil
        }
    }

    private static func tree(of view: any Encodable) throws(SQLiteError) -> JSONTree {
        do {
            return try JSONDecoder().decode(JSONTree.self, from: try WireJSON.encode(view))
        } catch {
            throw SQLiteError(code: 1, extendedCode: 1, message: "what is recorded of a change can't be encoded")
        }
    }

    private static func text(of tree: JSONTree) throws(SQLiteError) -> String {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(tree), as: UTF8.self)
        } catch {
            throw SQLiteError(code: 1, extendedCode: 1, message: "what is recorded of a change can't be encoded")
        }
    }

    /// A state without what moves by itself.
    private static func settled(_ tree: JSONTree?) -> JSONTree? {
        guard case .object(let members)? = tree else { return tree }
        return .object(members.filter { !moving.contains($0.key) })
    }

    private static let moving: Set<String> = [
        "available", "balance", "capped_exposure", "held", "last_activity", "spent_this_month", "spent_today",
        "unpriced_records",
    ]
}

extension ActingMember {
    /// Why a member of that role may not ask this; nil if they may.
    public func refusal(role: OrgRole, action: String) -> Refusal? {
        guard !roles.contains(role) else { return nil }
        let may = roles.sorted(by: >).map(\.name).joined(separator: " or ")
        return Refusal(.forbidden, "\(action) takes the role \(may) in org '\(org)'; member \(member) is \(role.name)")
    }
}

extension Refusal {
    /// There is no usage record of that id, or none that the asker may see.
    public static func noRecord(_ id: String, org: String) -> Refusal {
        Refusal(.notFound, "org '\(org)' has no usage record of that id")
    }

    /// There is no such org, or none that the asker may know of.
    public static func noSuchOrg(_ name: String) -> Refusal {
        Refusal(.unknownOrg, "there is no org '\(name)'")
    }
}
