import Ledger
import Metering

// The members that only `authorize` has.
extension RequestDecoder {
    /// An `authorize` that names several models.
    func hold(
        _ members: Members, _ line: UnsafeBufferPointer<UInt8>, id: String, org: String, models: Range<Int>
    ) throws(Refusal) -> HoldRequest {
        guard members.model == nil, members.provider == nil else {
            throw Refusal(.malformed, "there are both models and model or provider; name them all in models")
        }
        let amount = try Self.amount(members.amount, "amount")
        var candidates: [HoldRequest.Candidate] = []
        // Usage is read once per provider: what its counts mean depends on nothing else.
        var readings: [String: (json: String, reading: UsageReading)] = [:]
        var usage: (json: String, reading: UsageReading)?
        for named in try Self.candidates(line, models) {
            if members.usage != nil {
                let read: (json: String, reading: UsageReading)
                if let provider = named.provider, let known = readings[provider] {
                    read = known
                } else {
                    read = try self.usage(members, line, model: named.model, provider: named.provider)
                    if let provider = named.provider { readings[provider] = read }
                }
                usage = usage ?? read
                candidates.append(
                    HoldRequest.Candidate(
                        model: named.model, provider: named.provider, amount: named.amount, reading: read.reading))
            } else {
                guard (named.amount ?? amount) != nil else {
                    throw missing("usage", "the worst case as a usage object, or an amount for each of models")
                }
                candidates.append(
                    HoldRequest.Candidate(model: named.model, provider: named.provider, amount: named.amount))
            }
        }
        let worst: HoldRequest.Worst
        if let usage {
            worst = .usage(json: usage.json, reading: usage.reading)
        } else {
            worst = amount.map { .amount($0) } ?? .candidates
        }
        return HoldRequest(
            id: id, org: org, user: members.user, tier: try tier(members), worst: worst, candidates: candidates,
            amountWithoutRate: usage == nil ? nil : amount, cap: try Self.amount(members.cap, "cap"),
            statesOutput: Self.statesOutput(worst), ttlSeconds: try ttl(members))
    }

    func ttl(_ members: Members) throws(Refusal) -> Int64 {
        let ttl = members.ttl ?? RequestLimits.holdSecondsDefault
        guard (1...LedgerLimits.holdSecondsMax).contains(ttl) else {
            throw Refusal(.malformed, "ttl must be a whole number of seconds from 1 to \(LedgerLimits.holdSecondsMax)")
        }
        return ttl
    }

    func mode(_ name: String?) throws(Refusal) -> ReplyMode {
        guard let name, let mode = ReplyMode(rawValue: name) else {
            throw Refusal(.malformed, "replies must be none, errors or all")
        }
        return mode
    }

    /// An amount that must be above zero; nil if the member is not there.
    static func amount(_ text: String?, _ name: String) throws(Refusal) -> Money? {
        guard let text else { return nil }
        guard let amount = Money(decimal: text), amount > .zero else {
            throw Refusal(
                .malformed,
                "\(name) must be a decimal string of US dollars, with nine decimals at most and above zero, such as \"0.25\""
            )
        }
        return amount
    }

    // MARK: Models

    private struct NamedModel {
        var model: String
        var provider: String?
        var amount: Money?
    }

    private static func candidates(
        _ line: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
    ) throws(Refusal) -> [NamedModel] {
        let found: Result<[NamedModel], Refusal>
        do throws(JSONError) {
            found = try readCandidates(line, range)
        } catch {
            throw Refusal(.malformed, "models is not valid JSON: \(error.message)")
        }
        return try found.get()
    }

    private static func readCandidates(
        _ line: UnsafeBufferPointer<UInt8>, _ range: Range<Int>
    ) throws(JSONError) -> Result<[NamedModel], Refusal> {
        var cursor = JSONCursor(line, at: range.lowerBound)
        var candidates: [NamedModel] = []
        try cursor.beginArray()
        while try cursor.nextElement() {
            guard candidates.count < LedgerLimits.candidatesMax else {
                return .failure(
                    Refusal(.malformed, "models must have 1 to \(LedgerLimits.candidatesMax) objects"))
            }
            guard cursor.peek() == UInt8(ascii: "{") else {
                return .failure(
                    Refusal(.malformed, "models must be a list of objects, such as {\"model\":\"gpt-5\"}"))
            }
            switch try readCandidate(&cursor, number: candidates.count + 1) {
            case .success(let candidate): candidates.append(candidate)
            case .failure(let refusal): return .failure(refusal)
            }
        }
        guard !candidates.isEmpty else {
            return .failure(Refusal(.malformed, "models must have 1 to \(LedgerLimits.candidatesMax) objects"))
        }
        return .success(candidates)
    }

    private static func readCandidate(
        _ cursor: inout JSONCursor, number: Int
    ) throws(JSONError) -> Result<NamedModel, Refusal> {
        var model, provider, amount: String?
        var failure: Refusal?
        let place = "models[\(number - 1)]"
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            if cursor.matches(key, "model") {
                model = try Members.text(&cursor, place + ".model", model, &failure)
            } else if cursor.matches(key, "provider") {
                provider = try Members.text(&cursor, place + ".provider", provider, &failure)
            } else if cursor.matches(key, "amount") {
                amount = try Members.text(&cursor, place + ".amount", amount, &failure)
            } else {
                _ = try cursor.text(key)
                try cursor.skipValue()
            }
        }
        if let failure { return .failure(failure) }
        do throws(Refusal) {
            guard let model else { throw Refusal(.malformed, "\(place).model is missing; expected a string") }
            try check(model, place + ".model", bytesMax: RequestLimits.modelBytesMax)
            if let provider { try check(provider, place + ".provider", bytesMax: RequestLimits.modelBytesMax) }
            return .success(
                NamedModel(
                    model: model, provider: provider.map(RateCard.canonicalProvider),
                    amount: try Self.amount(amount, place + ".amount")))
        } catch {
            return .failure(error)
        }
    }

    // MARK: Output

    /// Whether a worst case says how much output there may be: a count above zero, or one that is there and zero.
    static func statesOutput(_ worst: HoldRequest.Worst) -> Bool {
        guard case .usage(let json, let reading) = worst else { return true }
        let units = [UsageUnit.output, .reasoning, .audioOutput, .imageOutput, .videoOutput]
        return units.contains { reading.buckets[$0] > 0 } || OutputCount.isNamed(in: json)
    }
}
