/// What a rate says of one model's usage, before it is added up: the lines that it prices, and what it doesn't.
struct Quote {
    var lines: [LineItem] = []
    var unpriced: [UnpricedUnit] = []
    var surcharges: [String: Surcharge] = [:]
    var tierFellBack = false
    /// A condition under which the request was served, and which has no price: nothing is priced then.
    var missingCondition: String?
    var isOverflow = false
    /// The record's own model, if there is no rate for it.
    var missingModel: String?

    /// A quote without a rate: nothing is priced.
    init(unpriced buckets: UsageBuckets, model: String?) {
        unpriced = buckets.used.compactMap {
            $0.unit.isFreeUnlessPublished ? nil : UnpricedUnit(unit: $0.unit, quantity: $0.quantity, model: model)
        }
    }

    /// What a rate says.
    init(
        _ rate: Rate, _ buckets: UsageBuckets, conditions: [String], tier: ServiceTier, at moment: Timestamp,
        model: String? = nil
    ) {
        // A speed and a region at most: 10⁶ each, so that a price times both stays inside Int128.
        var (multiple, divisor): (Int128, Int128) = (1, 1)
        for condition in conditions {
            if let surcharge = rate.surcharges[condition] {
                multiple *= Int128(surcharge.thousandths)
                divisor *= 1000
                surcharges[condition] = surcharge
            } else if condition.hasPrefix("speed.") || condition.hasPrefix("tier.")
                || condition.hasPrefix("usage.")
            {
                missingCondition = condition
                return
            }
        }
        let sheets = rate.prices(tier: tier, promptTokens: buckets.promptTokens, at: moment)
        let only = buckets[.output] > 0 ? Self.onlyOutput(sheets) : nil
        lines.reserveCapacity(4)
        buckets.forEachUsed(also: .request) { unit, used in
            var quantity = used
            if unit == .request {
                // The fee of the request itself; with a size of search context it is that size's.
                quantity = model == nil && Self.hasNoSize(buckets) ? 1 : 0
            } else if let only {
                quantity = unit == .output ? 0 : unit == only ? quantity + buckets[.output] : quantity
            }
            guard quantity > 0 else { return }
            add(unit, quantity, sheets, tier, model, multiple, divisor)
        }
        // Output of another kind than the details say.
        if let only, buckets[only] == 0 { add(only, buckets[.output], sheets, tier, model, multiple, divisor) }
        if !Self.hasNoSize(buckets), lines.contains(where: { Self.sizes.contains($0.unit) }) {
            // <https://docs.perplexity.ai/getting-started/pricing>: the fee of the request has its searches in.
            unpriced.removeAll { $0.unit == .webSearch }
        }
        // An object of zeros says nothing of what was used, if the model is sold by images, seconds or pages.
        if lines.isEmpty, unpriced.isEmpty, sheets.price(of: .input) == nil, sheets.price(of: .output) == nil {
            missingModel = rate.model
        }
    }

    /// Adds the line of a unit, or says that it has no price.
    private mutating func add(
        _ unit: UsageUnit, _ quantity: Int64, _ sheets: RequestPrices, _ tier: ServiceTier, _ model: String?,
        _ multiple: Int128, _ divisor: Int128
    ) {
        guard let (price, isStandard) = sheets.price(of: unit) else {
            if !unit.isFreeUnlessPublished {
                unpriced.append(UnpricedUnit(unit: unit, quantity: quantity, model: model))
            }
            return
        }
        if isStandard, tier != .standard { tierFellBack = true }
        guard !surcharges.isEmpty, unit.isTokens else {
            lines.append(LineItem(unit: unit, quantity: quantity, rate: price, model: model))
            return
        }
        guard let raised = price.multiplied(by: multiple, over: divisor) else {
            isOverflow = true
            return
        }
        lines.append(LineItem(unit: unit, quantity: quantity, rate: raised, model: model))
    }

    private static let sizes: [UsageUnit] = [.requestLow, .requestMedium, .requestHigh]

    /// What a model's output is if it has a price for one kind of output alone: its images or speech are reported as output,
    /// without details (<https://platform.openai.com/docs/api-reference/images/object>).
    private static func onlyOutput(_ sheets: RequestPrices) -> UsageUnit? {
        guard sheets.price(of: .output) == nil else { return nil }
        let kinds = [UsageUnit.imageOutput, .audioOutput, .videoOutput].filter { sheets.price(of: $0) != nil }
        return kinds.count == 1 ? kinds[0] : nil
    }

    private static func hasNoSize(_ buckets: UsageBuckets) -> Bool {
        buckets[.requestLow] == 0 && buckets[.requestMedium] == 0 && buckets[.requestHigh] == 0
    }

    /// Adds what another model's usage comes to.
    mutating func add(_ other: Quote) {
        lines += other.lines
        unpriced += other.unpriced
        surcharges.merge(other.surcharges) { first, _ in first }
        if other.tierFellBack { tierFellBack = true }
        if other.isOverflow { isOverflow = true }
        missingCondition = missingCondition ?? other.missingCondition
    }

    /// Takes from a later card's quote the prices that this one lacks.
    mutating func complete(with later: Quote) {
        guard later.missingCondition == nil, !later.isOverflow else { return }
        func has(_ list: [UnpricedUnit], _ line: LineItem) -> Bool {
            list.contains { $0.unit == line.unit && $0.model == line.model }
        }
        let came = later.lines.filter { has(unpriced, $0) }
        guard !came.isEmpty else { return }
        unpriced.removeAll { missing in came.contains { $0.unit == missing.unit && $0.model == missing.model } }
        lines += came
        if later.tierFellBack { tierFellBack = true }
    }

    /// What it comes to.
    ///
    /// - Parameter reported: what the sender says it cost.
    func pricing(tier: ServiceTier, reported: ReportedCost? = nil) -> Pricing {
        if let missingCondition { return .noRate(.condition(missingCondition)) }
        if isOverflow { return .overflow }
        if lines.isEmpty {
            if let first = unpriced.first { return .noRate(.unit(first.unit)) }
            // A model without a rate has no price, however little of it was used.
            if let missingModel { return .noRate(.model(missingModel)) }
        }
        guard
            let price = Price(
                lines: lines, tier: tier, tierFellBack: tierFellBack, unpriced: unpriced, reported: reported,
                surcharges: surcharges)
        else { return .overflow }
        return .priced(price)
    }
}

extension Rate {
    /// Prices what was used of one model, exactly.
    ///
    /// The whole request is priced by one set of sheets, picked by its tier, its moment, and its whole prompt, cached
    /// tokens included. The rules and a worked example for each: `docs/rates.md`.
    ///
    /// - Parameters:
    ///   - conditions: what the usage object reports beside counts; see ``UsageReading/conditions``.
    ///   - moment: when the request ended; matters if prices change by the hour.
    public func price(
        _ buckets: UsageBuckets, conditions: [String] = [], tier: ServiceTier, at moment: Timestamp
    ) -> Pricing {
        Quote(self, buckets, conditions: conditions, tier: tier, at: moment).pricing(tier: tier)
    }
}
