import Metering

// What a request reserves: what each of its models would cost at most, and whether the org may reserve that.
extension SQLiteStore {
    /// What is to be reserved, and for which model.
    struct Reservation {
        /// The dearest candidate's worst case.
        var worst: Int64
        /// The worst case, or the cap if that is less.
        var amount: Int64
        /// The dearest candidate.
        var model, provider: String?

        /// By how much the worst case is above what is reserved.
        var exposure: Int64 { worst - amount }
    }

    mutating func authorize(_ request: HoldRequest, now: Timestamp) throws(SQLiteError) -> Outcome {
        guard let org = accounts.orgs[request.org] else { return Self.unknownOrg(request.org) }
        try expireGrants(of: org, now)
        let hash = holdIndex.hash(org: org.id, id: request.id)
        if let number = try holdNumber(hash, org: org, id: request.id) {
            try expireIfDue(org.holds[request.id], of: org, now)
            return Self.telling(org, try duplicate(of: number, request))
        }
        if let refusal = try refusalOfModels(request, org, now) { return .refused(refusal) }
        let reservation: Reservation
        switch try self.reservation(request, org, now: now) {
        case .failure(let refusal): return .refused(refusal)
        case .success(let priced): reservation = priced
        }
        let member = org.member(request.user)
        if let refusal = refusal(of: reservation, org, request.user, member) { return .refused(refusal) }
        return Self.telling(org, .hold(try hold(reservation, hash, request, org, member, now: now)))
    }

    /// The outcome with what the org allows to be done with its data, if it was granted and anything was chosen.
    private static func telling(_ org: Org, _ outcome: Outcome) -> Outcome {
        guard org.policy.data.isSet, case .hold(var reply) = outcome else { return outcome }
        reply.data = org.policy.data
        return .hold(reply)
    }

    // MARK: Models

    /// A model by the card in force; as it was named if that has no rate for it.
    func resolved(_ model: String, provider: String?, at moment: Timestamp) throws(SQLiteError) -> ResolvedModel {
        if let entry = bookInBatch.entry(at: moment) {
            do {
                if case .rate(let rate, _) = try bookInBatch.resolve(model, provider: provider, on: entry) {
                    return ResolvedModel(provider: rate.provider, model: rate.model)
                }
            } catch {
                throw SQLiteError(error)
            }
        }
        guard provider == nil, let slash = model.firstIndex(of: "/") else {
            return ResolvedModel(provider: provider, model: model)
        }
        return ResolvedModel(
            provider: RateCard.canonicalProvider(String(model[..<slash])),
            model: String(model[model.index(after: slash)...]))
    }

    /// Why the org's policy doesn't let the request go to one of its models; nil if it does.
    private func refusalOfModels(
        _ request: HoldRequest, _ org: Org, _ now: Timestamp
    ) throws(SQLiteError) -> Refusal? {
        guard org.policy.allowedModels != nil else { return nil }
        let named =
            request.candidates?.map { ($0.model, $0.provider) } ?? request.model.map { [($0, request.provider)] } ?? []
        guard !named.isEmpty else {
            return Refusal(.modelNotAllowed, "org '\(org.name)' may ask for some models only; name the model")
        }
        for (model, provider) in named {
            let resolved = try resolved(model, provider: provider, at: now)
            guard !org.policy.allows(resolved) else { continue }
            return Refusal(.modelNotAllowed, "org '\(org.name)' may not ask for model '\(resolved)'")
        }
        return nil
    }

    // MARK: Amounts

    /// What the request may cost at most, and what of it is reserved.
    private func reservation(
        _ request: HoldRequest, _ org: Org, now: Timestamp
    ) throws(SQLiteError) -> Result<Reservation, Refusal> {
        var dearest: Reservation
        if let candidates = request.candidates {
            var found: Reservation?
            for candidate in candidates {
                switch try worstCase(of: candidate, request, org, now: now) {
                case .failure(let refusal): return .failure(refusal)
                case .success(let cost):
                    guard found == nil || cost > found?.worst ?? 0 else { continue }
                    found = Reservation(
                        worst: cost, amount: cost, model: candidate.model, provider: candidate.provider)
                }
            }
            guard let found else { return .failure(Refusal(.malformed, "models is empty")) }
            dearest = found
        } else {
            let reading: UsageReading? = if case .usage(_, let reading) = request.worst { reading } else { nil }
            let only = HoldRequest.Candidate(
                model: request.model ?? "", provider: request.provider, amount: nil, reading: reading)
            switch try worstCase(of: only, request, org, now: now) {
            case .failure(let refusal): return .failure(refusal)
            case .success(let cost):
                dearest = Reservation(
                    worst: cost, amount: cost, model: request.model, provider: request.provider)
            }
        }
        if let cap = request.cap { dearest.amount = min(dearest.worst, cap.nanos) }
        return .success(dearest)
    }

    /// What a request may cost at most if that model serves it.
    private func worstCase(
        of candidate: HoldRequest.Candidate, _ request: HoldRequest, _ org: Org, now: Timestamp
    ) throws(SQLiteError) -> Result<Int64, Refusal> {
        let amount = candidate.amount ?? request.amount
        guard let reading = candidate.reading else {
            if let amount { return .success(amount.nanos) }
            return .failure(
                Refusal(
                    .unknownModel,
                    "model '\(candidate.model)' has neither usage to price nor an amount; give 'amount'"))
        }
        let tier = reading.servedTier ?? request.tier
        var readings = [reading]
        if !request.statesOutput, let tokens = org.policy.defaultOutputTokens {
            var withOutput = reading
            withOutput.buckets[.output] += tokens
            // A model without a price for output (of embeddings) makes none.
            readings.insert(withOutput, at: 0)
        }
        for reading in readings {
            let priced = try price(
                model: candidate.model, provider: candidate.provider, reading, tier: tier, at: now)
            switch priced?.pricing {
            // A worst case of which a part has no price is none.
            case .priced(let price)? where !price.unpriced.isEmpty: continue
            case .priced(let price): return .success(price.cost.nanos)
            case .overflow:
                return .failure(Refusal(.malformed, "usage comes to more money than an amount can hold"))
            case .noRate, nil: continue
            }
        }
        if let amount { return .success(amount.nanos) }
        let reason = try reasonWithoutPrice(
            model: candidate.model, provider: candidate.provider, reading, tier: tier, at: now)
        return .failure(Refusal(.unknownModel, "\(reason), so the worst case can't be priced; give 'amount'"))
    }

    // MARK: Limits

    /// Why a hold is not granted; nil if it is.
    private func refusal(of reservation: Reservation, _ org: Org, _ user: String?, _ member: Member?) -> Refusal? {
        switch org.state {
        case .active: break
        case .closed: return Refusal(.orgSuspended, "org '\(org.name)' is closed: nothing more may be spent")
        case .suspended: return Self.suspended(org)
        }
        let amount = reservation.amount
        return refusalOfUnpriced(org) ?? refusalOfCount(org) ?? refusalOfExposure(reservation, org)
            ?? member.flatMap { refusalOfMember(amount, user ?? "", $0) } ?? refusalOfBudget(amount, org)
            ?? refusalOfCredits(amount, org)
    }

    private func refusalOfUnpriced(_ org: Org) -> Refusal? {
        let most = org.policy.unpricedRecordsMax ?? options.unpricedRecordsMax
        let unpriced = org.account.state.unpriced
        guard most > 0, unpriced > most else { return nil }
        return Refusal(
            .tooManyUnpriced,
            "org '\(org.name)' has \(unpriced) usage records without a price, more than the \(most) that it may have; add the missing rates"
        )
    }

    private func refusalOfCount(_ org: Org) -> Refusal? {
        guard org.holds.count >= LedgerLimits.holdsPerOrgMax else { return nil }
        return Refusal(
            .limitExceeded,
            "org '\(org.name)' has \(LedgerLimits.holdsPerOrgMax) open holds, the most there may be; settle or release some"
        )
    }

    private func refusalOfExposure(_ reservation: Reservation, _ org: Org) -> Refusal? {
        guard reservation.exposure > 0 else { return nil }
        let most = org.policy.cappedExposureMax ?? LedgerLimits.cappedExposureDefault
        let open = org.account.state.exposure
        let beyond = Int128(open) + Int128(reservation.exposure) - Int128(most.nanos)
        guard beyond > 0 else { return nil }
        return Refusal(
            .limitExceeded,
            "the caps of org '\(org.name)' may leave at most USD \(most) of worst cases unreserved; USD \(Money(nanos: open)) are, and this request would add USD \(Money(nanos: reservation.exposure))",
            missing: Self.money(beyond))
    }

    /// One limit over one window, as a request meets it.
    private struct WindowLimit {
        let name: String
        let limit: Money?
        let spent, held: Int64
        let end: Timestamp

        /// By how much an amount passes it; nil if it doesn't.
        func passed(by amount: Int64) -> Int128? {
            guard let limit else { return nil }
            let beyond = Int128(spent) + Int128(held) + Int128(amount) - Int128(limit.nanos)
            return beyond > 0 ? beyond : nil
        }

        func words(_ amount: Int64) -> String {
            "USD \(limit ?? .zero) with the USD \(Money(nanos: amount)) asked for: \(Money(nanos: spent)) spent, \(Money(nanos: held)) held"
        }
    }

    private func refusalOfMember(_ amount: Int64, _ user: String, _ member: Member) -> Refusal? {
        let state = member.state
        let limits = [
            WindowLimit(
                name: "daily", limit: member.dailyLimit, spent: member.spend(inDay: window.day), held: state.held,
                end: Timestamp.end(ofDay: max(window.day, state.day))),
            WindowLimit(
                name: "monthly", limit: member.monthlyLimit, spent: member.spend(inMonth: window.month),
                held: state.held, end: Timestamp.end(ofMonth: max(window.month, state.month))),
        ]
        let passed = limits.filter { $0.passed(by: amount) != nil }
        // Both have to let it pass, so that the later end counts.
        guard let first = passed.first, let last = passed.last else { return nil }
        return Refusal(
            .memberLimit,
            "member '\(user)' would pass the \(first.name) limit of \(first.words(amount))",
            missing: Self.money(passed.compactMap { $0.passed(by: amount) }.max() ?? 0), retryAt: last.end)
    }

    private func refusalOfBudget(_ amount: Int64, _ org: Org) -> Refusal? {
        let state = org.account.state
        let budget = WindowLimit(
            name: "monthly", limit: org.monthlyBudget, spent: org.account.spend(in: window.month),
            held: state.pending, end: Timestamp.end(ofMonth: max(window.month, state.month)))
        guard let beyond = budget.passed(by: amount) else { return nil }
        return Refusal(
            .orgBudget, "org '\(org.name)' would pass its monthly budget of \(budget.words(amount))",
            missing: Self.money(beyond), retryAt: budget.end)
    }

    private func refusalOfCredits(_ amount: Int64, _ org: Org) -> Refusal? {
        let available = org.account.available
        guard amount > available.nanos else { return nil }
        return Refusal(
            .insufficientCredits,
            "org '\(org.name)' has USD \(available) available and the hold takes USD \(Money(nanos: amount)); buy credits",
            missing: Self.money(Int128(amount) - Int128(available.nanos)))
    }

    private static func money(_ nanos: Int128) -> Money { Money(nanos: Int64(clamping: nanos)) }
}

extension Timestamp {
    /// The first moment after a day, in whole days since the epoch.
    fileprivate static func end(ofDay day: Int64) -> Timestamp {
        Timestamp(milliseconds: (day + 1) * 86_400_000)
    }

    /// The first moment after a month, in whole months since the year 0.
    fileprivate static func end(ofMonth month: Int64) -> Timestamp {
        CalendarDay(daysSinceEpoch: 0).advanced(byMonths: month + 1 - 1970 * 12).start
    }
}
