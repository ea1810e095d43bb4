/// Makes a card of a document's tree.
struct RateDocumentReader {
    private struct Seller: Hashable {
        let name: String
        let provider: String
    }

    func card(_ root: DocumentNode, hash: String) throws -> RateCard {
        let top = try root.members(of: "the document", allowing: ["format", "effective", "rates"])
        guard let format = top["format"], format.text == "meterd/1" else {
            throw DocumentProblem("format must be meterd/1", (top["format"] ?? root).place)
        }
        var effective: Timestamp?
        if let node = top["effective"] {
            guard let text = node.text, let moment = Timestamp(rfc3339: text) else {
                throw DocumentProblem("effective must be a time like 2026-01-31T00:00:00Z", node.place)
            }
            effective = moment
        }
        guard let list = top["rates"]?.list else {
            throw DocumentProblem("rates must be a list", (top["rates"] ?? root).place)
        }
        var sellers: Set<Seller> = []
        var defaults: [String: String] = [:]
        var rates: [Rate] = []
        rates.reserveCapacity(list.count)
        for node in list {
            let rate = try rate(node)
            for name in rate.names {
                guard sellers.insert(Seller(name: name, provider: rate.provider)).inserted else {
                    throw DocumentProblem("\(rate.provider) sells '\(name)' twice in this document", node.place)
                }
                guard rate.defaultNames.contains(name) else { continue }
                if let other = defaults.updateValue(rate.provider, forKey: name) {
                    throw DocumentProblem("\(other) is the default seller of '\(name)' already", node.place)
                }
            }
            rates.append(rate)
        }
        return RateCard(hash: hash, effective: effective, rates: rates)
    }

    private static let rateMembers = [
        "model", "provider", "aliases", "default_seller", "price", "context", "windows", "tiers", "surcharges",
        "unused",
    ]
    private static let scheduleMembers = ["price", "context", "windows"]

    private func rate(_ node: DocumentNode) throws -> Rate {
        let members = try node.members(of: "a rate", allowing: Self.rateMembers)
        let model = try text(members["model"], "model", in: node)
        let written = try text(members["provider"], "provider", in: node)
        let provider = RateCard.canonicalProvider(written)
        guard ProviderName.spelledAtFirst(written) == written else {
            throw DocumentProblem("provider '\(written)' is written '\(provider)'", members["provider"]?.place)
        }
        var aliases: [String] = []
        if let list = members["aliases"] {
            guard let elements = list.list else { throw DocumentProblem("aliases must be a list", list.place) }
            for alias in elements { aliases.append(try text(alias, "an alias", in: list)) }
        }
        let defaultNames = try self.defaultNames(members["default_seller"], of: [model] + aliases)
        var schedules = [ServiceTier.standard: try schedule(members, in: node)]
        if let tiers = members["tiers"] {
            let names = ServiceTier.allCases.filter { $0 != .standard }.map(\.name)
            for (name, value) in try tiers.members(of: "tiers", allowing: names) {
                guard let tier = ServiceTier(name: name) else { continue }
                let inner = try value.members(of: "tiers.\(name)", allowing: Self.scheduleMembers)
                schedules[tier] = try schedule(inner, in: value)
            }
        }
        return Rate(
            provider: provider, model: model, aliases: aliases, defaultNames: defaultNames, schedules: schedules,
            surcharges: try surcharges(members["surcharges"]), unused: try unused(members["unused"]))
    }

    /// `true` for all names, or a list of some.
    private func defaultNames(_ node: DocumentNode?, of names: [String]) throws -> Set<String> {
        guard let node else { return [] }
        if let word = node.text, word == "true" || word == "false" { return word == "true" ? Set(names) : [] }
        guard let list = node.list, list.allSatisfy({ $0.text.map(names.contains) ?? false }) else {
            throw DocumentProblem("default_seller must be true, false, or a list of the rate's names", node.place)
        }
        return Set(list.compactMap(\.text))
    }

    private func schedule(_ members: [String: DocumentNode], in node: DocumentNode) throws -> PriceSchedule {
        var schedule = PriceSchedule(prices: try prices(members, in: node))
        guard let windows = members["windows"] else { return schedule }
        guard let list = windows.list else { throw DocumentProblem("windows must be a list", windows.place) }
        for node in list {
            let members = try node.members(
                of: "a window", allowing: ["hours_utc", "days", "days_utc_offset", "price", "context"])
            schedule.windows.append(
                PriceSchedule.Window(hours: try hours(members, in: node), prices: try prices(members, in: node)))
        }
        return schedule
    }

    private func hours(_ members: [String: DocumentNode], in node: DocumentNode) throws -> WeeklyHours {
        guard let list = members["hours_utc"]?.list, !list.isEmpty else {
            throw DocumentProblem(
                "hours_utc must be a list such as [\"00:00-01:00\", \"10:00-24:00\"]",
                (members["hours_utc"] ?? node).place)
        }
        let spans = try list.map { node -> WeeklyHours.Span in
            guard let span = node.text.flatMap({ WeeklyHours.Span($0) }) else {
                throw DocumentProblem("hours_utc takes hours such as \"10:00-24:00\"", node.place)
            }
            return span
        }
        var hours = WeeklyHours(spans: spans)
        if let node = members["days"] {
            guard let list = node.list, !list.isEmpty else {
                throw DocumentProblem("days must be a list such as [sat, sun]", node.place)
            }
            hours.days = 0
            for day in list {
                guard let index = day.text.flatMap({ WeeklyHours.dayNames.firstIndex(of: $0) }) else {
                    throw DocumentProblem(
                        "days takes \(WeeklyHours.dayNames.joined(separator: ", "))", day.place)
                }
                hours.days |= 1 << UInt8(index)
            }
        }
        if let node = members["days_utc_offset"] {
            guard let minutes = node.text.flatMap(Self.offset) else {
                throw DocumentProblem("days_utc_offset must be hours and minutes such as \"+08:00\"", node.place)
            }
            hours.calendarMinutes = minutes
        }
        return hours
    }

    private static func offset(_ text: String) -> Int? {
        guard text.utf8.count == 6, let sign = text.first, sign == "+" || sign == "-" else { return nil }
        let parts = text.dropFirst().split(separator: ":")
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy(\.isNumber) }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), hours <= 14, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (sign == "-" ? -1 : 1)
    }

    private func prices(_ members: [String: DocumentNode], in node: DocumentNode) throws -> ContextPrices {
        guard let price = members["price"] else { throw DocumentProblem("price is missing", node.place) }
        var prices = ContextPrices(base: try sheet(price))
        guard let context = members["context"] else { return prices }
        guard let list = context.list else { throw DocumentProblem("context must be a list", context.place) }
        var last: Int64 = 0
        for step in list {
            let members = try step.members(of: "a context step", allowing: ["over", "at_least", "price"])
            guard let price = members["price"], (members["over"] == nil) != (members["at_least"] == nil),
                let tokens = (members["over"] ?? members["at_least"])?.text.flatMap({ Int64($0) }), tokens > 0
            else {
                throw DocumentProblem(
                    "a context step takes 'over' or 'at_least' with a number of prompt tokens, and a price", step.place)
            }
            guard tokens > last else { throw DocumentProblem("context steps must ascend", step.place) }
            last = tokens
            prices.add(
                ContextThreshold(promptTokens: tokens, isInclusive: members["at_least"] != nil), try sheet(price))
        }
        return prices
    }

    private static let unitNames = UsageUnit.allCases.filter { $0 != .reportedCost }.map(\.name)

    private func sheet(_ node: DocumentNode) throws -> PriceSheet {
        var sheet = PriceSheet()
        for (name, value) in try node.members(of: "price", allowing: Self.unitNames) {
            guard let unit = UsageUnit(name: name) else { continue }
            guard let text = value.text, let price = UnitPrice(decimal: text, perUnits: unit.unitsPerPublishedPrice)
            else {
                throw DocumentProblem(
                    "price.\(name) must be a decimal of US dollars, not negative, such as 3.00", value.place)
            }
            sheet[unit] = price
        }
        return sheet
    }

    private func surcharges(_ node: DocumentNode?) throws -> [String: Surcharge] {
        guard let node else { return [:] }
        guard let mapping = node.mapping else { throw DocumentProblem("surcharges must be a mapping", node.place) }
        var surcharges: [String: Surcharge] = [:]
        for member in mapping {
            let isKnown = member.key.hasPrefix("speed.") || member.key.hasPrefix("geo.")
            guard isKnown, member.key == member.key.lowercased() else {
                throw DocumentProblem(
                    "surcharges takes conditions in lower case, such as speed.fast and geo.us", member.keyPlace)
            }
            guard let surcharge = member.value.text.flatMap({ Surcharge(decimal: $0) }) else {
                throw DocumentProblem(
                    "surcharges.\(member.key) must be a multiple such as 1.1, of at most 3 decimals", member.value.place
                )
            }
            guard surcharges.updateValue(surcharge, forKey: member.key) == nil else {
                throw DocumentProblem("\(member.key) is there twice", member.keyPlace)
            }
        }
        return surcharges
    }

    private func unused(_ node: DocumentNode?) throws -> [String: String] {
        guard let node else { return [:] }
        guard let mapping = node.mapping else { throw DocumentProblem("unused must be a mapping", node.place) }
        var unused: [String: String] = [:]
        for member in mapping {
            guard let text = member.value.text else {
                throw DocumentProblem("unused.\(member.key) must be a number or a text", member.value.place)
            }
            guard unused.updateValue(text, forKey: member.key) == nil else {
                throw DocumentProblem("\(member.key) is there twice", member.keyPlace)
            }
        }
        return unused
    }

    /// The members of a mapping by name; an error where it is none, has another name, or has one twice.
    private func text(_ node: DocumentNode?, _ name: String, in parent: DocumentNode) throws -> String {
        guard let text = node?.text, RateDocument.isName(text) else {
            throw DocumentProblem(
                "\(name) must be a text of 1 to \(RateDocument.nameBytesMax) bytes", (node ?? parent).place)
        }
        return text
    }
}
