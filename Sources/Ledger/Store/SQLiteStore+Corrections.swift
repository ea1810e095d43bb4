import Metering

// What changes a record's cost after its charge: always a new transfer and a row that says why, never an edit.
extension SQLiteStore {
    mutating func correct(
        _ new: NewCorrection, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: new.org, { .correction($0, isReplay: true) }) { return answered }
        guard let org = accounts.orgs[new.org] else { return Self.unknownOrg(new.org) }
        guard let sequence = try sequence(index.hash(org: org.id, id: new.id), org: org, id: new.id) else {
            return .refused(Refusal(.notFound, "org '\(new.org)' has no usage record of that id"))
        }
        let charge = try currentCharge(of: sequence)
        let priced: PricedCharge
        if let json = new.usage {
            guard
                let card = charge.card.flatMap({ number in bookInBatch.entries.first { $0.id == number } })
                    ?? bookInBatch.entry(at: charge.at)
            else { return .refused(Self.noRate(charge)) }
            switch try price(charge, json: json, with: card) {
            case .priced(let result): priced = result
            case .noRate: return .refused(Self.noRate(charge))
            case .malformed(let words): return .refused(Refusal(.malformed, "usage: \(words)"))
            }
        } else {
            priced = PricedCharge(
                price: Price.nothing, card: charge.card)
        }
        let change = Change(
            kind: new.usage == nil ? .voided : .corrected, reason: new.reason, actor: new.actor, raw: new.usage,
            priced: priced)
        switch try post(change, to: charge, of: org, now: now) {
        case .success(let view):
            try remember(view, under: key, org: org.name, now: now)
            return .correction(view, isReplay: false)
        case .failure(let refusal): return .refused(refusal)
        }
    }

    /// Charges records by the cards now in force for their time, where those say something else.
    mutating func reprice(
        _ repricing: Repricing, _ key: IdempotencyKey, now: Timestamp
    ) throws(SQLiteError) -> Outcome {
        if let answered = try replay(key, org: "", { .repriced($0, isReplay: true) }) { return answered }
        var differences: [RepricingView] = []
        for sequence in repricing.records {
            guard sequence > 0, sequence < next.usage else { continue }
            let charge = try currentCharge(of: sequence)
            guard let org = accounts.orgs[charge.org],
                let priced = try repricing.isReread ? reread(charge) : repriced(charge),
                priced.price.cost != charge.cost
            else { continue }
            let change = Change(
                kind: .repriced, reason: repricing.reason, actor: repricing.actor, raw: nil, priced: priced)
            guard case .success = try post(change, to: charge, of: org, now: now) else { continue }
            differences.append(
                RepricingView(
                    sequence: sequence, org: charge.org, id: charge.id, model: charge.model,
                    at: charge.at.description, cost: charge.cost.description,
                    newCost: priced.price.cost.description))
        }
        let view = RepricedView(
            examined: repricing.examined, erased: repricing.isReread ? repricing.erased : nil, differences: differences,
            nextCursor: repricing.nextCursor)
        try remember(view, under: key, org: "", now: now)
        return .repriced(view, isReplay: false)
    }

    /// Looks at some unpriced records beside what was asked for, until all were looked at; charges those whose rate came.
    mutating func sweep(_ now: Timestamp) throws(SQLiteError) {
        guard let start = sweptTo else { return }
        let rows = try kept.statement(
            """
            SELECT sequence FROM usage WHERE status = 2 AND correction = 0 AND sequence > ?1
            UNION ALL SELECT sequence FROM usage WHERE missing = 1 AND sequence > ?1 ORDER BY sequence LIMIT ?2
            """)
        rows.bind(1, start)
        rows.bind(2, Int64(options.sweepRecordsMax))
        var found: [Int64] = []
        while try rows.step() { found.append(rows.int(0)) }
        rows.reset()
        for sequence in found {
            let charge = try currentCharge(of: sequence)
            guard let org = accounts.orgs[charge.org], let priced = try lateCharge(charge) else { continue }
            let change = Change(kind: .lateCharge, reason: nil, actor: nil, raw: nil, priced: priced)
            // A charge that no account can hold stays unpriced; the next card tries it again.
            _ = try post(change, to: charge, of: org, now: now)
        }
        sweptTo = found.count < options.sweepRecordsMax ? nil : found.last
    }

    // MARK: Prices

    struct PricedCharge {
        let price: Price
        let card: Int64?
    }

    private enum Repriced {
        case priced(PricedCharge)
        case noRate
        case malformed(String)
    }

    struct Change {
        let kind: CorrectionKind
        let reason, actor, raw: String?
        let priced: PricedCharge
    }

    private func price(
        _ charge: CurrentCharge, json: String, with entry: RateBook.Entry
    ) throws(SQLiteError) -> Repriced {
        let reading: UsageReading
        do throws(UsageError) {
            reading = try UsageReading(
                json: json, provider: seller(of: charge, on: entry), model: charge.model,
                hasCost: charge.reported != nil)
        } catch {
            return .malformed(error.message)
        }
        let priced: RateBook.Priced?
        do {
            priced = try bookInBatch.price(
                model: charge.model, provider: charge.provider, reading, tier: reading.servedTier ?? charge.tier,
                at: charge.at, on: entry, reported: charge.reported ?? reading.reportedCost,
                policy: bookInBatch.costPolicies.policy(provider: charge.provider, sender: charge.sender))
        } catch {
            throw SQLiteError(error)
        }
        switch priced?.pricing {
        case .priced(let price)? where price.cost <= LedgerLimits.recordCostMax:
            return .priced(PricedCharge(price: price, card: priced?.entry?.id))
        case .noRate?, nil: return .noRate
        case .priced?, .overflow?:
            return .malformed(
                "it comes to more than USD \(LedgerLimits.recordCostMax), the most that one record may cost")
        }
    }

    /// Who sold a record's model, for reading its usage object: the record's own word, else the card's.
    private func seller(of charge: CurrentCharge, on entry: RateBook.Entry) -> String? {
        if let provider = charge.provider { return provider }
        guard case .rate(let rate, _)? = try? bookInBatch.resolve(charge.model, provider: nil, on: entry) else {
            return nil
        }
        return rate.provider
    }

    /// What the card now in force for its time says of a record; nil where it is voided, unpriced, or the card has no rate.
    private func repriced(_ charge: CurrentCharge) throws(SQLiteError) -> PricedCharge? {
        guard !charge.isVoided, !charge.isUnpriced, !charge.isEstimated, let entry = bookInBatch.entry(at: charge.at),
            case .priced(let priced) = try price(charge, json: charge.usage, with: entry)
        else { return nil }
        return priced
    }

    /// The same by the present reader of usage objects and the card that charged it; nil if the present reader did.
    private func reread(_ charge: CurrentCharge) throws(SQLiteError) -> PricedCharge? {
        guard !charge.isVoided, !charge.isUnpriced, charge.kept.readerVersion < UsageReading.version,
            let card = charge.card, let entry = bookInBatch.entries.first(where: { $0.id == card }),
            case .priced(let priced) = try price(charge, json: charge.usage, with: entry)
        else { return nil }
        return priced
    }

    /// The price of a record that lacks one, wholly or in part, if a rate has come: by the card at its time or, as far as that
    /// has none, the earliest later one that has. What was charged already keeps its price.
    private func lateCharge(_ charge: CurrentCharge) throws(SQLiteError) -> PricedCharge? {
        let atItsTime = bookInBatch.entry(at: charge.at).map { [$0] } ?? []
        var kept = charge.kept
        var found: PricedCharge?
        for entry in atItsTime + bookInBatch.entries.filter({ $0.effective > charge.at }) {
            guard case .priced(let priced) = try price(charge, json: charge.usage, with: entry) else { continue }
            if charge.isUnpriced, found == nil {
                found = priced
                kept = KeptPrice(
                    lines: priced.price.lines, unpriced: priced.price.unpriced, reported: priced.price.reported)
            } else if kept.take(from: priced.price),
                let price = kept.price(tier: priced.price.tier, tierFellBack: priced.price.tierFellBack)
            {
                found = PricedCharge(price: price, card: priced.card ?? found?.card)
            }
            if found != nil, kept.unpriced.isEmpty { break }
        }
        return found
    }

    private static func noRate(_ charge: CurrentCharge) -> Refusal {
        Refusal(
            .unknownModel,
            "there is no rate for model '\(charge.model)' and that usage; add it to the rate table and reload")
    }

    // MARK: Posting

    mutating func post(
        _ change: Change, to charge: CurrentCharge, of org: Org, now: Timestamp
    ) throws(SQLiteError) -> Result<CorrectionView, Refusal> {
        try expireGrants(of: org, now)
        let number = next.correction
        let difference = change.priced.price.cost.nanos - charge.cost.nanos
        let tooMuch = Refusal(.malformed, "the difference is more money than an account can hold")
        var transfer: Int64?
        if difference > 0 {
            transfer = try post(
                difference, debit: org.account, credit: accounts.usage, of: org, code: .correctionCharge,
                reference: number, at: now)
            guard transfer != nil else { return .failure(tooMuch) }
        } else if difference < 0 {
            transfer = try giveBack(-difference, charge, of: org, correction: number, now: now)
            guard transfer != nil else { return .failure(tooMuch) }
        }
        if difference != 0 { spend(difference, charge, org) }
        try insert(change, number, charge, transfer, now)
        let price = change.priced.price
        return .success(
            CorrectionView(
                correction: number, org: charge.org, id: charge.id, kind: change.kind.name, at: now.description,
                reason: change.reason, actor: change.actor, costBefore: charge.cost.description,
                cost: price.cost.description, usage: change.raw,
                rateCard: bookInBatch.entries.first { $0.id == change.priced.card }?.hash,
                lines: LineView.lines(of: price), transfer: transfer))
    }

    /// Counts a difference in what was spent. What is given back lowers the windows in which the record was received, no later ones.
    private mutating func spend(_ difference: Int64, _ charge: CurrentCharge, _ org: Org) {
        let member = org.known(charge.user)
        let charged = Window(charge.received)
        guard difference < 0 else { return accounts.spend(difference, org, member, window) }
        if charged.month == max(org.account.state.month, window.month) {
            accounts.touch(org.account)
            org.account.state.monthSpend = org.account.spend(in: window.month) + difference
            org.account.state.month = charged.month
        }
        guard let member else { return }
        accounts.touch(member)
        if charged.day == max(member.state.day, window.day) {
            member.state.daySpend = member.spend(inDay: window.day) + difference
            member.state.day = charged.day
        }
        if charged.month == max(member.state.month, window.month) {
            member.state.monthSpend = member.spend(inMonth: window.month) + difference
            member.state.month = charged.month
        }
    }

    /// Gives an amount back to the grants it was drawn from, what was drawn last first. What no grant had paid lowers the
    /// overdraft; where there is none any more it becomes a grant of its own.
    private mutating func giveBack(
        _ amount: Int64, _ charge: CurrentCharge, of org: Org, correction: Int64, now: Timestamp
    ) throws(SQLiteError) -> Int64? {
        var overdraft = org.overdraft
        var adjustment: Int64 = 0
        var restored: [Draw] = []
        for (grant, part) in try portions(of: charge, last: amount) {
            let absorbed = min(overdraft, part)
            overdraft -= absorbed
            guard part > absorbed else { continue }
            if let grant {
                restored.append(Draw(grant: grant, amount: part - absorbed))
            } else {
                adjustment += part - absorbed
            }
        }
        var draws = restored
        if adjustment > 0 { draws.append(Draw(grant: next.grant, amount: adjustment)) }
        let transfer = try post(
            amount, debit: accounts.usage, credit: org.account, of: org, code: .correctionCredit,
            reference: correction, at: now, draws: draws)
        guard let transfer else { return nil }
        for draw in restored { try restore(draw, of: org, now: now) }
        if adjustment > 0 {
            try adjust(adjustment, of: org, correction: correction, transfer: transfer, now: now)
        }
        return transfer
    }

    /// The last `amount` of what a record drew, by grant, nil for what no grant paid; what was drawn last comes first.
    private func portions(
        of charge: CurrentCharge, last amount: Int64
    ) throws(SQLiteError) -> [(grant: Int64?, amount: Int64)] {
        var stack: [(grant: Int64?, amount: Int64)] = []
        func pop(_ amount: Int64) -> [(grant: Int64?, amount: Int64)] {
            var rest = amount
            var popped: [(grant: Int64?, amount: Int64)] = []
            while rest > 0, let top = stack.popLast() {
                let part = min(rest, top.amount)
                popped.append((top.grant, part))
                if top.amount > part { stack.append((top.grant, top.amount - part)) }
                rest -= part
            }
            return popped
        }
        let row = try kept.statement("SELECT code, amount, draws FROM transfer WHERE id = ?")
        for id in charge.transfers {
            row.bind(1, id)
            defer { row.reset() }
            guard try row.step(), let draws = DrawCodec.decode(row.optionalBlob(2), of: row.int(1)) else {
                throw SQLiteError.damaged("transfer \(id) is damaged")
            }
            switch try TransferCode(stored: row.int(0), of: "transfer \(id)") {
            case .correctionCredit: _ = pop(row.int(1))
            case .charge, .correctionCharge:
                for draw in draws { stack.append((draw.grant, draw.amount)) }
                let beyond = row.int(1) - draws.reduce(0) { $0 + $1.amount }
                if beyond > 0 { stack.append((nil, beyond)) }
            default: continue
            }
        }
        return pop(amount)
    }

    private mutating func insert(
        _ change: Change, _ number: Int64, _ charge: CurrentCharge, _ transfer: Int64?, _ now: Timestamp
    ) throws(SQLiteError) {
        let price = change.priced.price
        let detail = CorrectionDetail(
            reason: change.reason, actor: change.actor, raw: change.raw, billedTier: Int64(price.tier.rawValue),
            tierFellBack: price.tierFellBack, lines: PriceCodec.encode(price))
        let row = CorrectionRow(
            number: number, usage: charge.sequence, previous: charge.correction, kind: change.kind.rawValue,
            at: now.milliseconds, cost: price.cost.nanos, card: change.priced.card, transfer: transfer,
            digest: chain.digest { detail.append(to: &$0) })
        let insert = try kept.statement(
            "INSERT INTO correction VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        insert.bind(1, row.number)
        insert.bind(2, row.usage)
        insert.bind(3, row.previous)
        insert.bind(4, row.kind)
        insert.bind(5, row.at)
        insert.bind(6, detail.reason)
        insert.bind(7, detail.actor)
        insert.bind(8, detail.raw)
        insert.bind(9, detail.billedTier)
        insert.bind(10, detail.tierFellBack ? 1 : 0)
        insert.bind(11, row.cost)
        insert.bind(12, row.card)
        insert.bind(13, blob: detail.lines)
        insert.bind(14, row.transfer)
        insert.bind(15, blob: row.digest)
        try insert.run()
        row.append(to: &chain.corrections)
        try keepingSums(of: charge.sequence) { [kept] () throws(SQLiteError) in
            let update = try kept.statement("UPDATE usage SET correction = ?, missing = ? WHERE sequence = ?")
            update.bind(1, number)
            update.bind(2, price.unpriced.isEmpty ? 0 : 1)
            update.bind(3, charge.sequence)
            try update.run()
        }
        next.correction += 1
        if charge.isUnpriced, !charge.usage.isEmpty, let org = accounts.orgs[charge.org] {
            accounts.touch(org.account)
            org.account.state.unpriced -= 1
        }
    }
}
