/// One model's prices as they are gathered from its members.
struct LiteLLMEntry {
    private struct Cell: Hashable {
        let tier: ServiceTier
        let over: Int64
    }

    private let key: String
    private let provider: String
    private var sheets: [Cell: PriceSheet] = [:]
    private var ranges: [(start: Int64, sheet: PriceSheet)] = []
    private var offPeak: [PriceSchedule.Window] = []
    private var surcharges: [String: Surcharge] = [:]
    private var unused: [String: String] = [:]
    private var isUnreadable = false

    init(key: String, provider: String) {
        self.key = key
        self.provider = provider
    }

    /// Whether it has no price of any kind.
    var isEmpty: Bool { sheets.isEmpty && ranges.isEmpty && unused.isEmpty && !isUnreadable }

    mutating func take(_ member: DocumentNode.Member, _ kind: LiteLLMMember, _ report: inout LiteLLMReport) {
        switch kind {
        case .price, .ranges, .offPeak, .webSearch, .surcharges: report.priceMembers += 1
        case .unused, .description, .provider, .alias: break
        }
        switch kind {
        case .price(let unit, let tier, let over):
            guard let price = price(member.value, unit, member.key, &report) else { return }
            let cell = Cell(tier: tier, over: over)
            if let other = sheets[cell]?[unit], other != price {
                let taken = member.key.hasSuffix("_cache_hit") ? other : price
                report.disagreements.append(
                    .init(model: key, member: member.key, note: "two members price \(unit.name); \(taken) was taken"))
                sheets[cell]?[unit] = taken
            } else {
                sheets[cell, default: PriceSheet()][unit] = price
            }
        case .ranges: takeRanges(member, &report)
        case .offPeak: takeOffPeak(member, &report)
        case .webSearch: takeWebSearch(member, &report)
        case .surcharges: takeSurcharges(member, &report)
        case .unused: keep(member.key, member.value, &report)
        case .description: report.descriptive[member.key, default: 0] += 1
        case .provider, .alias: break
        }
    }

    /// The schedules that the members add up to; nil where one of them could not be read.
    mutating func schedules(
        _ report: inout LiteLLMReport
    ) -> (schedules: [ServiceTier: PriceSchedule], surcharges: [String: Surcharge], unused: [String: String])? {
        guard !isUnreadable else { return nil }
        applyProviderRules(&report)
        dropRepeatedReasoning(&report)
        var schedules: [ServiceTier: PriceSchedule] = [:]
        for tier in ServiceTier.allCases {
            let cells = sheets.filter { $0.key.tier == tier }
            guard tier == .standard || !cells.isEmpty else { continue }
            var prices = ContextPrices(base: cells[Cell(tier: tier, over: 0)] ?? PriceSheet())
            for (cell, sheet) in cells where cell.over > 0 {
                // <https://docs.x.ai/developers/pricing>: from 200,000 tokens on, not above.
                prices.add(ContextThreshold(promptTokens: cell.over, isInclusive: provider == "xai"), sheet)
            }
            schedules[tier] = PriceSchedule(prices: prices, windows: tier == .standard ? offPeak : [])
        }
        if !ranges.isEmpty {
            let prices = rangePrices(schedules[.standard]?.prices.base)
            schedules[.standard]?.prices = prices
        }
        return (schedules, surcharges, unused)
    }

    // MARK: Rules

    private mutating func applyProviderRules(_ report: inout LiteLLMReport) {
        let base = Cell(tier: .standard, over: 0)
        switch provider {
        case "fireworks_ai":
            // <https://docs.fireworks.ai/guides/prompt-caching>: cached prompt tokens are half the price, unless listed.
            guard let sheet = sheets[base], let input = sheet[.input], sheet[.cacheRead] == nil,
                let half = input.multiplied(by: 1, over: 2)
            else { return }
            sheets[base]?[.cacheRead] = half
            report.providerRules["fireworks_ai: cache_read is half of input where it is not listed", default: 0] += 1
        case "xai":
            // <https://docs.x.ai/developers/pricing#tools-pricing>
            guard let sheet = sheets[base], sheet[.input] != nil, sheet[.output] != nil else { return }
            for (unit, price) in Self.xaiTools where sheet[unit] == nil {
                sheets[base]?[unit] = UnitPrice(decimal: price, perUnits: unit.unitsPerPublishedPrice)
                report.providerRules[
                    "xai: \(unit.name) is USD \(price) per 1,000 calls if it is not listed", default: 0] += 1
            }
        default: break
        }
    }

    private static let xaiTools: [(unit: UsageUnit, price: String)] = [
        (.webSearch, "5.00"), (.xSearch, "5.00"), (.codeExecution, "5.00"), (.fileSearch, "2.50"),
        (.documentSearch, "10.00"),
    ]

    /// Reasoning that costs what output costs has no price of its own, and so follows the output's above a threshold.
    private mutating func dropRepeatedReasoning(_ report: inout LiteLLMReport) {
        let base = Cell(tier: .standard, over: 0)
        guard let reasoning = sheets[base]?[.reasoning], reasoning == sheets[base]?[.output],
            !sheets.contains(where: { $0.key != base && $0.value[.reasoning] != nil })
        else { return }
        sheets[base]?[.reasoning] = nil
        report.reasoningAsOutput += 1
    }

    /// Ranges as steps. What a range leaves out it has at its own input's price (output's for reasoning), never at
    /// another range's; an output that it leaves out is the model's own.
    private func rangePrices(_ flat: PriceSheet?) -> ContextPrices {
        let standIns: [(unit: UsageUnit, source: UsageUnit)] = [
            (.cacheRead, .input), (.cacheWrite5m, .input), (.reasoning, .output),
        ]
        let all = ranges.map(\.sheet) + [flat ?? PriceSheet()]
        let filled = ranges.map { range -> (start: Int64, sheet: PriceSheet) in
            var sheet = range.sheet
            for (unit, source) in standIns where sheet[unit] == nil && all.contains(where: { $0[unit] != nil }) {
                sheet[unit] = sheet[source]
            }
            return (range.start, sheet)
        }
        var base = flat ?? PriceSheet()
        for entry in filled.first?.sheet.entries ?? [] { base[entry.unit] = entry.price }
        var prices = ContextPrices(base: base)
        for range in filled.dropFirst() {
            prices.add(ContextThreshold(promptTokens: range.start, isInclusive: false), range.sheet)
        }
        return prices
    }

    // MARK: Members with an inside

    /// `[{"range": [0, 32000], "input_cost_per_token": …}, …]`: above its start, up to its end.
    private mutating func takeRanges(_ member: DocumentNode.Member, _ report: inout LiteLLMReport) {
        guard let list = member.value.list, !list.isEmpty else { return fail(member.key, "it must be a list", &report) }
        guard list.allSatisfy({ $0.mapping?.contains { $0.key == "range" } ?? false }) else {
            return keep(member.key, member.value, &report, wasPrice: true)
        }
        var end: Int64 = 0
        for range in list {
            var sheet = PriceSheet()
            var start: Int64?
            for inner in range.mapping ?? [] {
                let name = "\(member.key).\(inner.key)"
                if inner.key == "range" {
                    let bounds = inner.value.list?.compactMap { $0.text.flatMap { ExactDecimal.parse($0, scale: 0) } }
                    guard let bounds, bounds.count == 2, bounds[0] == Int128(end), bounds[1] > bounds[0],
                        let last = Int64(exactly: bounds[1])
                    else {
                        return fail(
                            name, "it must be two numbers of tokens, the first the end of the range before", &report)
                    }
                    start = end
                    end = last
                } else if case .price(let unit, .standard, 0) = LiteLLMMember(name: inner.key) {
                    guard let price = price(inner.value, unit, name, &report) else { return }
                    sheet[unit] = price
                } else {
                    return fail(name, "it is not known", &report)
                }
            }
            guard let start, sheet[.input] != nil else {
                return fail(member.key, "a range needs input_cost_per_token", &report)
            }
            ranges.append((start, sheet))
        }
    }

    /// `{"windows": [{"hours_utc": ["10:00-00:00"], "weekdays": [1, 2]}], "input_cost_per_token": …}`
    private mutating func takeOffPeak(_ member: DocumentNode.Member, _ report: inout LiteLLMReport) {
        guard let content = member.value.mapping else { return fail(member.key, "it must be an object", &report) }
        var sheet = PriceSheet()
        var hours: [WeeklyHours] = []
        var calendar = 0
        for inner in content {
            let name = "\(member.key).\(inner.key)"
            switch inner.key {
            case "weekday_timezone":
                guard let minutes = Self.fixedOffsets[inner.value.text ?? ""] else {
                    return fail(
                        name, "it is not a time zone whose distance from UTC is known and never changes", &report)
                }
                calendar = minutes
            case "hours_utc":
                guard let spans = Self.spans(inner.value) else { return fail(name, "it is no span of hours", &report) }
                hours.append(WeeklyHours(spans: spans))
            case "windows":
                for rule in inner.value.list ?? [] {
                    let members = Dictionary(
                        (rule.mapping ?? []).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
                    guard let spans = members["hours_utc"].flatMap(Self.spans),
                        Set(members.keys).isSubset(of: ["hours_utc", "weekdays"]),
                        let days = members["weekdays"].map(Self.days) ?? WeeklyHours.everyDay
                    else { return fail(name, "it takes hours_utc and weekdays", &report) }
                    hours.append(WeeklyHours(spans: spans, days: days))
                }
            default:
                guard case .price(let unit, .standard, 0) = LiteLLMMember(name: inner.key) else {
                    return fail(name, "it is not known", &report)
                }
                guard let price = price(inner.value, unit, name, &report) else { return }
                sheet[unit] = price
            }
        }
        offPeak = hours.map {
            PriceSchedule.Window(
                hours: WeeklyHours(spans: $0.spans, days: $0.days, calendarMinutes: calendar),
                prices: ContextPrices(base: sheet))
        }
    }

    /// Zones without summer time.
    private static let fixedOffsets = [
        "UTC": 0, "Etc/UTC": 0, "Asia/Shanghai": 480, "Asia/Hong_Kong": 480, "Asia/Singapore": 480, "Asia/Tokyo": 540,
        "Asia/Seoul": 540, "Asia/Kolkata": 330,
    ]

    private static func spans(_ node: DocumentNode) -> [WeeklyHours.Span]? {
        let texts = node.list?.map(\.text) ?? [node.text]
        let spans = texts.compactMap { $0.flatMap { WeeklyHours.Span($0) } }
        return spans.isEmpty || spans.count < texts.count ? nil : spans
    }

    private static func days(_ node: DocumentNode) -> UInt8? {
        var days: UInt8 = 0
        for day in node.list ?? [] {
            guard let text = day.text?.lowercased() else { return nil }
            if let number = Int(text), (1...7).contains(number) {
                days |= 1 << UInt8(number - 1)
            } else if let index = WeeklyHours.dayNames.firstIndex(of: String(text.prefix(3))) {
                days |= 1 << UInt8(index)
            } else {
                return nil
            }
        }
        return days == 0 ? nil : days
    }

    /// One price whatever the size of the search context, or Perplexity's fee of a request by that size. Other providers'
    /// three prices are kept, since their usage objects don't say which size it was.
    private mutating func takeWebSearch(_ member: DocumentNode.Member, _ report: inout LiteLLMReport) {
        let sizes = member.value.mapping ?? []
        if provider == "perplexity", Set(sizes.map(\.value.text)).count > 1 {
            for size in sizes {
                guard let unit = Self.requestUnits[size.key] else {
                    return fail("\(member.key).\(size.key)", "it is not known", &report)
                }
                guard let price = price(size.value, unit, member.key, &report) else { return }
                sheets[Cell(tier: .standard, over: 0), default: PriceSheet()][unit] = price
            }
            return
        }
        guard let first = sizes.first, Set(sizes.map(\.value.text)).count == 1 else {
            return keep(member.key, member.value, &report, wasPrice: true)
        }
        guard let price = price(first.value, .webSearch, member.key, &report) else { return }
        sheets[Cell(tier: .standard, over: 0), default: PriceSheet()][.webSearch] = price
    }

    private static let requestUnits: [String: UsageUnit] = [
        "search_context_size_low": .requestLow, "search_context_size_medium": .requestMedium,
        "search_context_size_high": .requestHigh,
    ]

    /// Anthropic's and Bedrock's `{"us": 1.1, "fast": 2}`: what usage objects report as `inference_geo` and `speed`.
    /// <https://platform.claude.com/docs/en/about-claude/pricing>
    private mutating func takeSurcharges(_ member: DocumentNode.Member, _ report: inout LiteLLMReport) {
        guard provider == "anthropic" || provider == "bedrock" else {
            report.priceMembers -= 1
            report.descriptive[member.key, default: 0] += 1
            return
        }
        for inner in member.value.mapping ?? [] {
            let name = "\(member.key).\(inner.key)"
            let isGeo = (2...3).contains(inner.key.utf8.count) && inner.key.utf8.allSatisfy { (97...122).contains($0) }
            guard isGeo || inner.key == "fast" else {
                report.descriptive[name, default: 0] += 1
                continue
            }
            guard let text = inner.value.text, let surcharge = Surcharge(decimal: FloatNoise.cleaned(text) ?? text)
            else {
                return fail(name, "it must be a multiple from 0 to 1,000 of at most 3 decimals", &report)
            }
            surcharges[isGeo ? "geo.\(inner.key)" : "speed.fast"] = surcharge
        }
    }

    // MARK: Values

    private mutating func price(
        _ node: DocumentNode, _ unit: UsageUnit, _ member: String, _ report: inout LiteLLMReport
    ) -> UnitPrice? {
        guard let text = node.text else {
            fail(member, "it must be a number", &report)
            return nil
        }
        // The file has prices per second, we have them per thousandth of one.
        let units = unit == .inputMillisecond || unit == .outputMillisecond ? 1000 : 1
        var cleaned = FloatNoise.cleaned(text)
        if cleaned == nil, UnitPrice(decimal: text, perUnits: units) == nil {
            cleaned = UnitPrice.rounded(text, perUnits: units)
        }
        guard let price = UnitPrice(decimal: cleaned ?? text, perUnits: units) else {
            fail(member, "'\(text)' is not a price from 0 to 1,000,000 dollars", &report)
            return nil
        }
        if let cleaned { report.cleaned.append(.init(model: key, member: member, written: text, taken: cleaned)) }
        return price
    }

    private mutating func keep(
        _ name: String, _ node: DocumentNode, _ report: inout LiteLLMReport, wasPrice: Bool = false
    ) {
        if wasPrice { report.priceMembers -= 1 }
        unused[name] = node.compactText
        report.unused[name, default: 0] += 1
    }

    private mutating func fail(_ member: String, _ reason: String, _ report: inout LiteLLMReport) {
        isUnreadable = true
        report.unreadable.append(.init(model: key, member: member, note: reason))
    }
}

extension DocumentNode {
    /// The value on one line: scalars as they are written, lists and mappings in brackets and braces.
    fileprivate var compactText: String {
        switch content {
        case .scalar(let text): text
        case .list(let elements): "[" + elements.map(\.compactText).joined(separator: ", ") + "]"
        case .mapping(let members):
            "{" + members.map { "\($0.key): \($0.value.compactText)" }.joined(separator: ", ") + "}"
        }
    }
}
