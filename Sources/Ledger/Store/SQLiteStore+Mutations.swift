import Metering

// Where each mutation is carried out.
extension SQLiteStore {
    mutating func apply(
        _ mutation: Mutation, _ key: RequestKey?, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        switch mutation {
        case .usage(let record, let received, let peer, let prepared, let line):
            try keepingRefused(
                try charge(record, key, received: received, peer, prepared, now: now), record, received, peer, line,
                now: now)
        case .quarantine(let refused): try keep(refused, now: now)
        case .retryQuarantined(let retry, let key): try take(retry, key, now: now)
        case .discardQuarantined(let number, let isErased, let actor, let key):
            try discard(number, isErased: isErased, actor: actor, key, now: now)
        case .eraseQuarantined(let org, let limit): try eraseQuarantined(of: org, limit: limit, now: now)
        case .nameOrg(let alias, let org, let actor, let key): try name(alias, org, actor: actor, key, now: now)
        case .authorize(let request): try authorize(request, now: now)
        case .release(let org, let id): try release(org: org, id: id, now: now)
        case .balance(let org): try balance(org, now: now)
        case .find(let org, let id): try find(org: org, id: id)
        case .createOrg(let org, let key): try create(org, key, now: now)
        case .closeOrg(let name, let key): try close(name, key, now: now)
        case .grant(let grant, let key): try give(grant, key, now: now)
        case .voidGrant(let org, let grant, let reason, let key):
            try void(grant, of: org, reason: reason, key, now: now)
        case .asked(let asker, let mutation): try carryOut(mutation, for: asker, now: now)
        case .addMember(let org, let user, let earlier, let key, let profile):
            try addMember(user, of: org, earlier, profile, key, now: now)
        case .changeMember(let org, let member, let change, let key):
            try changeMember(member, of: org, change, key, now: now)
        case .invite(let invitation, let key): try invite(invitation, key, now: now)
        case .changeInvitation(let org, let number, let change, let key):
            try changeInvitation(number, of: org, change, key, now: now)
        case .accept(let acceptance, let key): try accept(acceptance, key, now: now)
        case .showInvitation(let hash): try showInvitation(hash, now: now)
        case .pruneInvitations: try pruneInvitations(now)
        case .note: .alive
        case .signIn(let identity, let key): try signIn(identity, key, now: now)
        case .signUp(let signUp, let key): try self.signUp(signUp, key, now: now)
        case .removeMember(let org, let user, let key): try removeMember(user, of: org, key, now: now)
        case .limitMember(let org, let user, let daily, let monthly, let key):
            try limitMember(user, of: org, daily: daily, monthly: monthly, key, now: now)
        case .setBudget(let org, let amount, let key): try setBudget(of: org, amount, key, now: now)
        case .setPolicy(let org, let change, let key): try setPolicy(of: org, change, key, now: now)
        case .setAlerts(let org, let thresholds, let key): try setAlerts(of: org, thresholds, key, now: now)
        case .correct(let correction, let key): try correct(correction, key, now: now)
        case .reprice(let repricing, let key): try reprice(repricing, key, now: now)
        case .eraseDetail(let org, let start, let last, let limit):
            try eraseDetail(of: org, from: start, through: last, limit: limit, now: now)
        case .recordCard(let card, let key): try record(card, key, now: now)
        case .nameModel(let alias, let actor, let key): try name(alias, actor: actor, key, now: now)
        case .bill(let change, let key): try bill(change, key, now: now)
        case .postponeBill(let org, let after, let due, let balance):
            try postpone(org, after: after, to: due, balanceSeen: balance)
        case .recall(let org, let key):
            try replay(key, org: org, { .billed($0, isReplay: true) }) ?? .unheard
        case .setCostPolicies(let policies): setCostPolicies(policies)
        case .probe: .alive
        }
    }
}
