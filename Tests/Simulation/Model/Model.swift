import Ledger
import Metering

/// What is wrong.
struct Wrong: Error, CustomStringConvertible {
    let description: String
    init(_ words: String) { description = words }
}

/// What the ledger and the bills have to be, as plainly as it can be said. Told of each mutation in the order of commits, it says
/// what the answer had to be.
struct Model {
    var ledger: ReferenceLedger
    var bills = BillModel()
    /// What a credit note of the present change took back that had been paid, and that has to go somewhere.
    var toGiveBack: Int64 = 0
    /// Records in the order of commits: the first has the sequence number 1.
    var order: [(org: String, id: String)] = []
    /// Keys of requests that were carried out.
    var keys: Set<String> = []
    /// Records whose detail was erased, by org: up to which.
    var erased: [String: Int64] = [:]

    /// Takes one mutation in.
    ///
    /// - Parameter got: what it was answered; nil where nobody heard.
    mutating func take(_ mutation: Mutation, _ got: Outcome?, _ now: Int64, _ world: Surroundings) throws(Wrong) {
        order += ledger.begin(now)
        switch mutation {
        case .usage(let record, let received, _, _, _): try use(record, received, got, now)
        case .authorize(let request): try authorize(request, got, now)
        case .release(let org, let id): try compare(got, ledger.release(org, id, now))
        case .balance(let org): try balance(org, got)
        case .createOrg(let new, let key):
            let isReplay = isKnown(key, new.name)
            if ledger.orgs[new.name] == nil { ledger.orgs[new.name] = ReferenceLedger.Org() }
            if let got, !Self.isOrg(got, isReplay) { throw Wrong("got \(got)") }
        case .closeOrg(let org, let key):
            let isReplay = isKnown(key, org)
            ledger.orgs[org]?.state = .closed
            if let got, !Self.isOrg(got, isReplay) { throw Wrong("got \(got)") }
        case .grant(let new, let key): try grant(new, key, got, now)
        case .voidGrant(let org, let grant, _, let key):
            let isReplay = isKnown(key, org)
            let refusal = isReplay ? nil : ledger.void(org, grant)
            try expect(got, refusal) { if case .grant(_, let replay) = $0 { replay == isReplay } else { false } }
        case .addMember(let org, let user, _, let key, _):
            try member(org, key, got) { $0.addMember(org, user, now) }
        case .removeMember(let org, let user, let key):
            try member(org, key, got) { $0.removeMember(org, user) }
        case .limitMember(let org, let user, let daily, let monthly, let key):
            try member(org, key, got) { $0.limitMember(org, user, daily: daily?.nanos, monthly: monthly?.nanos) }
        case .invite(let new, let key):
            try person(new.org, key, got) { $0.invite(new.org, new.email ?? "", new.role, new.secretHash, now) }
        case .changeInvitation(let org, let number, _, let key):
            try person(org, key, got) { $0.withdraw(org, number) }
        case .accept(let acceptance, let key):
            try person("", key, got) { $0.accept(acceptance.secretHash, acceptance.identity.subject, now) }
        case .changeMember(let org, let member, let change, let key):
            try person(org, key, got) { $0.changeMember(org, member, change) }
        case .setBudget(let org, let amount, let key):
            if !isKnown(key, org) { ledger.orgs[org]?.budget = amount?.nanos }
            if let got { guard case .budget = got else { throw Wrong("got \(got)") } }
        case .setPolicy(let org, let change, let key):
            if !isKnown(key, org) {
                if let charges = change.chargesExpiredHolds { ledger.orgs[org]?.chargesExpired = charges }
                if case .set(let most) = change.cappedExposureMax {
                    ledger.orgs[org]?.exposureMax = (most ?? LedgerLimits.cappedExposureDefault).nanos
                }
            }
            if let got { guard case .policy = got else { throw Wrong("got \(got)") } }
        case .correct(let correction, let key): try correct(correction, key, got, now)
        case .recordCard(let card, _): record(card)
        case .bill(let change, let key): try bill(change, key, got, now, world)
        case .postponeBill:
            guard let got else { break }
            switch got {
            case .billed, .overtaken: break
            default: throw Wrong("got \(got)")
            }
        case .recall(let org, let key): try recall(org, key, got)
        case .eraseDetail(let org, _, let last, _): try erase(org, last, got)
        case .probe, .setCostPolicies: break
        case .eraseQuarantined(let org, _):
            // Its records have no lines, so that none is ever kept.
            if ledger.orgs[org] != nil, let got {
                guard case .erased(nil) = got else { throw Wrong("got \(got)") }
            }
        case .find, .setAlerts, .reprice, .nameModel, .quarantine, .retryQuarantined, .discardQuarantined, .nameOrg,
            .asked, .showInvitation, .signIn, .signUp, .pruneInvitations, .note:
            throw Wrong("the model knows no \(mutation)")
        }
    }

    /// Whether a request was carried out before; from now on it was.
    private mutating func isKnown(_ key: IdempotencyKey, _ org: String) -> Bool {
        !keys.insert("\(org) \(key.route) \(key.key)").inserted
    }

    private mutating func forget(_ key: IdempotencyKey, _ org: String) {
        keys.remove("\(org) \(key.route) \(key.key)")
    }

    private static func isOrg(_ outcome: Outcome, _ isReplay: Bool) -> Bool {
        if case .org(_, let replay) = outcome { replay == isReplay } else { false }
    }

    private func expect(_ got: Outcome?, _ refusal: Refusal.Code?, _ isRight: (Outcome) -> Bool) throws(Wrong) {
        guard let got else { return }
        if case .refused(let words) = got {
            guard words.code == refusal else {
                throw Wrong("got \(words), expected \(refusal.map(\.rawValue) ?? "success")")
            }
        } else if refusal != nil || !isRight(got) {
            throw Wrong("got \(got), expected \(refusal.map(\.rawValue) ?? "another answer")")
        }
    }

    // MARK: Usage and holds

    private mutating func use(_ record: UsageRecord, _ received: Timestamp, _ got: Outcome?, _ now: Int64) throws(Wrong)
    {
        let tokens = Int64(record.usage.filter(\.isNumber)) ?? 0
        let isNew = ledger.orgs[record.org]?.records[record.id] == nil
        let expected = ledger.use(
            record.org, record.id, model: record.model, tokens: tokens, user: record.user, hold: record.hold,
            at: (record.at ?? received).milliseconds, received: received.milliseconds, now)
        if isNew, case .reply = expected { order.append((record.org, record.id)) }
        guard let got else { return }
        guard ReferenceLedger.UsageAnswer(got) == expected else { throw Wrong("got \(got), expected \(expected)") }
    }

    private mutating func authorize(_ request: HoldRequest, _ got: Outcome?, _ now: Int64) throws(Wrong) {
        guard case .amount(let amount) = request.worst else { throw Wrong("only amounts are asked for") }
        let asked = ReferenceLedger.HoldAsked(
            user: request.user, amount: amount.nanos, ttl: request.ttlSeconds,
            cap: request.cap?.nanos)
        try compare(got, ledger.authorize(request.org, request.id, asked, now))
    }

    private func compare(_ got: Outcome?, _ expected: ReferenceLedger.HoldAnswer) throws(Wrong) {
        guard let got else { return }
        guard expected.isSaid(by: got) else { throw Wrong("got \(got), expected \(expected)") }
    }

    private func balance(_ org: String, _ got: Outcome?) throws(Wrong) {
        guard let got else { return }
        guard let expected = ledger.orgs[org] else { return try expect(got, .unknownOrg) { _ in false } }
        guard case .balance(let reply) = got else { throw Wrong("got \(got)") }
        guard reply.balance.nanos == expected.credits, reply.available.nanos == expected.available,
            reply.state == expected.state
        else {
            throw Wrong(
                "got \(reply), expected \(Money(nanos: expected.credits)) and \(Money(nanos: expected.available)), \(expected.state)"
            )
        }
    }

    private mutating func erase(_ org: String, _ last: Int64, _ got: Outcome?) throws(Wrong) {
        guard bills.orgs[org]?.erased != nil else { throw Wrong("detail of \(org) is erased, and it pays") }
        erased[org] = last
        ledger.eraseDetail(org, of: order.prefix(Int(last)).filter { $0.org == org }.map(\.id))
        guard let got else { return }
        guard case .erased(nil) = got else { throw Wrong("got \(got)") }
    }

    // MARK: What operators do

    private mutating func grant(_ new: NewGrant, _ key: IdempotencyKey, _ got: Outcome?, _ now: Int64) throws(Wrong) {
        let isReplay = isKnown(key, new.org)
        let grant = ReferenceLedger.Grant(
            id: 0, amount: new.amount.nanos, remaining: 0, source: new.source, priority: new.priority,
            expires: new.expires?.milliseconds, key: key.key)
        let isClosed = ledger.orgs[new.org]?.state == .closed
        let refusal = isReplay ? nil : isClosed ? Refusal.Code.orgClosed : ledger.give(new.org, grant, now)
        if refusal != nil { forget(key, new.org) }
        try expect(got, refusal) { if case .grant(_, let replay) = $0 { replay == isReplay } else { false } }
    }

    private mutating func member(
        _ org: String, _ key: IdempotencyKey, _ got: Outcome?, _ change: (inout ReferenceLedger) -> Refusal.Code?
    ) throws(Wrong) {
        let isReplay = isKnown(key, org)
        let refusal = isReplay ? nil : change(&ledger)
        if refusal != nil { forget(key, org) }
        try expect(got, refusal) { if case .member(_, let replay) = $0 { replay == isReplay } else { false } }
    }

    private mutating func person(
        _ org: String, _ key: IdempotencyKey, _ got: Outcome?, _ change: (inout ReferenceLedger) -> Refusal.Code?
    ) throws(Wrong) {
        let isReplay = isKnown(key, org)
        let refusal = isReplay ? nil : change(&ledger)
        if refusal != nil { forget(key, org) }
        try expect(got, refusal) {
            switch $0 {
            case .teamMember(_, let replay), .invitation(_, let replay): replay == isReplay
            default: false
            }
        }
    }

    private mutating func correct(
        _ correction: NewCorrection, _ key: IdempotencyKey, _ got: Outcome?, _ now: Int64
    ) throws(Wrong) {
        let isReplay = isKnown(key, correction.org)
        let tokens = correction.usage.flatMap { Int64($0.filter(\.isNumber)) }
        let refusal = isReplay ? nil : ledger.correct(correction.org, correction.id, tokens: tokens, now)
        if refusal != nil { forget(key, correction.org) }
        try expect(got, refusal) { if case .correction(_, let replay) = $0 { replay == isReplay } else { false } }
    }

    private mutating func record(_ new: NewCard) {
        let effective = new.effective?.milliseconds ?? 0
        // Its price of a token stands in its last line.
        let prices = new.document.split(separator: "\n").compactMap { line -> (String, Int64)? in
            guard line.hasPrefix("# price "), let price = Int64(line.split(separator: " ")[3]) else { return nil }
            return (String(line.split(separator: " ")[2]), price)
        }
        ledger.cards.append(
            ReferenceLedger.Card(effective: effective, prices: Dictionary(uniqueKeysWithValues: prices)))
    }

    private func recall(_ org: String, _ key: IdempotencyKey, _ got: Outcome?) throws(Wrong) {
        guard let got else { return }
        switch (got, bills.answers["\(org) \(key.route) \(key.key)"]) {
        case (.billed(let applied, true), let known?) where applied == known: break
        case (.unheard, nil): break
        default: throw Wrong("\(key.route) \(key.key) is recalled as \(got)")
        }
    }

    /// All that the ledger does by itself is done.
    mutating func didOwnWork(_ now: Int64) {
        order += ledger.begin(now)
        ledger.sweep(now, order)
    }
}
