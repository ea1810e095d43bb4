import Metering

// People who sign in: where they are members, and orgs that they found.
extension SQLiteStore {
    /// Notes a sign-in. Who was removed is not made a member again by it.
    mutating func signIn(
        _ identity: SignInIdentity, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: "", { .signedIn($0, isReplay: true) }) { return answered }
        var memberships: [MembershipView] = []
        for (org, member) in try members(signingIn: identity) where member.record.state == .active {
            // An org that requires another issuer isn't opened, and the member is not signed in there.
            guard org.policy.accepts(issuer: identity.issuer) else {
                memberships.append(
                    MembershipView(
                        org: org.name, displayName: try view(of: org).displayName, member: member.id, name: nil,
                        role: member.record.role.name, requiredIssuer: org.policy.signInIssuer))
                continue
            }
            try change(member) { ($0.authenticated, $0.active) = (now, now) }
            memberships.append(
                MembershipView(
                    org: org.name, displayName: try view(of: org).displayName, member: member.id,
                    name: member.record.name, role: member.record.role.name, requiredIssuer: org.policy.signInIssuer))
            if let asker {
                try audit(
                    org.name, asker.action, by: asker.uid, for: member.id, to: member.id, nil,
                    .object(["issuer": .string(identity.issuer)]), now: now)
            }
        }
        let view = SignInView(at: now.description, memberships: memberships)
        // What is kept has no names.
        let impersonal = SignInView(
            at: view.at,
            memberships: memberships.map {
                MembershipView(
                    org: $0.org, displayName: $0.displayName, member: $0.member, name: nil, role: $0.role,
                    requiredIssuer: $0.requiredIssuer)
            })
        try remember(impersonal, under: key, org: "", now: now)
        return .signedIn(view, isReplay: false)
    }

    mutating func signUp(_ signUp: SignUp, _ key: IdempotencyKey, now: Timestamp) throws(SQLiteError) -> Outcome {
        if let answered = try replayMember(key) { return answered }
        let founded = try members(signingIn: signUp.identity).count { $0.member.record.role == .owner }
        guard founded < PeopleLimits.orgsOwnedMax else {
            return .refused(
                Refusal(.limitExceeded, "a person owns at most \(PeopleLimits.orgsOwnedMax) orgs by signing up"))
        }
        // Nobody is told whose a name is.
        if try found(signUp.org, now: now) != nil {
            return .refused(Refusal(.idConflict, "'\(signUp.org.name)' is taken; choose another name"))
        }
        guard let org = accounts.orgs[signUp.org.name] else { return Self.unknownOrg(signUp.org.name) }
        let member = try addMember(
            Member.Record(
                role: .owner, state: .active, name: signUp.name, email: signUp.email, added: now, authenticated: now,
                active: now), to: org)
        if let refusal = try add(signUp.identity, to: member, of: org, now) { return .refused(refusal) }
        try raise(.memberJoined, org.name, at: now, ["member": "\(member.id)", "role": OrgRole.owner.name])
        return try answer(member, of: org, key, keptFor: "", now: now)
    }

    /// The refusal of a sign-in that an org doesn't take.
    static func wrongIssuer(_ org: Org) -> Refusal {
        Refusal(.forbidden, "org '\(org.name)' takes sign-ins at \(org.policy.signInIssuer ?? "") only")
    }

    /// Where a person who signs in there is or was a member, by the orgs' names.
    private func members(
        signingIn identity: SignInIdentity
    ) throws(SQLiteError) -> [(org: Org, member: Member)] {
        let rows = try kept.statement(
            """
            SELECT org.name, member FROM member_identity JOIN org ON org.id = member_identity.org
            WHERE issuer = ? AND subject = ? ORDER BY org.name
            """)
        rows.bind(1, identity.issuer)
        rows.bind(2, identity.subject)
        defer { rows.reset() }
        var found: [(org: Org, member: Member)] = []
        while try rows.step() {
            guard let org = rows.text(0).flatMap({ accounts.orgs[$0] }), let member = org.team[rows.int(1)] else {
                throw SQLiteError.damaged("an identity is of member \(rows.int(1)), who is not there")
            }
            found.append((org, member))
        }
        return found
    }
}
