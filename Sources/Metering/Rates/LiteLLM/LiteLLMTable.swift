/// LiteLLM's `model_prices_and_context_window.json`, the table of prices that the ecosystem shares.
///
/// <https://docs.litellm.ai/docs/proxy/sync_models_github>
public enum LiteLLMTable {
    /// The rates of a whole table, and what became of everything in it. A text that isn't such a table is refused whole.
    public static func read(_ text: String) throws(RateDocumentError) -> (rates: [Rate], report: LiteLLMReport) {
        do {
            guard text.utf8.count <= RateDocument.bytesMax else {
                throw DocumentProblem("the table is larger than \(RateDocument.bytesMax) bytes", nil)
            }
            let root: DocumentNode
            do {
                root = try DocumentNode(json: text)
            } catch {
                throw DocumentProblem("not valid JSON: \(error.message)", .offset(error.offset))
            }
            guard let entries = root.mapping else {
                throw DocumentProblem("the table must be an object of models", root.place)
            }
            var reader = LiteLLMTableReader()
            try reader.read(entries)
            guard !reader.rates.isEmpty else { throw DocumentProblem("the table has no model with a price", nil) }
            return (reader.rates, reader.report)
        } catch let problem as DocumentProblem {
            throw RateDocumentError(description: problem.words(in: text))
        } catch {
            throw RateDocumentError(description: "\(error)")
        }
    }
}

/// Takes entries one by one and keeps one rate for each model of each provider.
private struct LiteLLMTableReader {
    var rates: [Rate] = []
    var report = LiteLLMReport()

    private struct Seller: Hashable {
        let provider: String
        let model: String
    }

    private struct Taken {
        var position: Int
        var key: String
    }

    /// The provider of each entry by its name.
    private var providers: [String: String] = [:]
    private var sellers: [Seller: Taken] = [:]
    private var positions: [String: Int] = [:]
    private var members: [String: LiteLLMMember] = [:]

    mutating func read(_ entries: [DocumentNode.Member]) throws {
        for entry in entries {
            guard let named = entry.value.mapping?.first(where: { $0.key == "litellm_provider" })?.value.text,
                providers.updateValue(RateCard.canonicalProvider(named), forKey: entry.key) == nil
            else { continue }
        }
        var names: Set<String> = Set(minimumCapacity: entries.count)
        var aliases: [String: String] = [:]
        for entry in entries {
            guard names.insert(entry.key).inserted else {
                throw DocumentProblem("'\(entry.key)' is there twice", entry.keyPlace)
            }
            guard let content = entry.value.mapping else {
                throw DocumentProblem("'\(entry.key)' must be an object", entry.value.place)
            }
            if entry.key == "sample_spec" || entry.key == "fallback_generalizations" {
                report.notModels.append(entry.key)
                continue
            }
            report.entries += 1
            if let target = content.first(where: { $0.key == "alias_of" })?.value.text {
                aliases[entry.key] = target
                report.members += content.count
                for member in content where member.key != "alias_of" {
                    report.descriptive[member.key, default: 0] += 1
                }
            } else {
                take(entry.key, content)
            }
        }
        for (alias, target) in aliases.sorted(by: { $0.key < $1.key }) { name(alias, target, aliases) }
        report.rates = rates.count
        report.prices = rates.reduce(0) { sum, rate in
            sum
                + rate.schedules.values.reduce(0) { sum, schedule in
                    let sheets = schedule.prices.steps + schedule.windows.flatMap(\.prices.steps)
                    return sum + sheets.reduce(0) { $0 + $1.sheet.entries.count }
                }
        }
    }

    /// Sorts an entry's members, and makes a rate of those that are prices.
    private mutating func take(_ key: String, _ content: [DocumentNode.Member]) {
        guard let named = content.first(where: { $0.key == "litellm_provider" })?.value.text else {
            report.members += content.count
            report.unreadable.append(.init(model: key, member: nil, note: "the entry names no litellm_provider"))
            return
        }
        let provider = RateCard.canonicalProvider(named)
        let prefix = ["\(named)/", "\(provider)/"].first { key.hasPrefix($0) }
        var model = prefix.map { String(key.dropFirst($0.count)) } ?? key
        // perplexity/perplexity/sonar beside perplexity/sonar: the short name is the other entry's.
        if prefix != nil, model.hasPrefix("\(provider)/"), providers[model] == provider { model = key }
        guard RateDocument.isName(model), RateDocument.isName(provider) else {
            report.members += content.count
            report.unreadable.append(
                .init(
                    model: key, member: nil,
                    note: "its name and its provider must be 1 to \(RateDocument.nameBytesMax) bytes"))
            return
        }
        var entry = LiteLLMEntry(key: key, provider: provider)
        report.members += content.count
        for member in content {
            if member.value.text == "null" {
                report.descriptive[member.key, default: 0] += 1
                continue
            }
            let kind = members[member.key] ?? LiteLLMMember(name: member.key)
            members[member.key] = kind
            entry.take(member, kind, &report)
        }
        guard !entry.isEmpty else {
            report.withoutPrice.append(key)
            return
        }
        guard let (schedules, surcharges, unused) = entry.schedules(&report) else { return }
        add(
            Rate(
                provider: provider, model: model, defaultNames: prefix == nil ? [model] : [], schedules: schedules,
                surcharges: surcharges, unused: unused), key)
    }

    private mutating func add(_ new: Rate, _ key: String) {
        let seller = Seller(provider: new.provider, model: new.model)
        guard let taken = sellers[seller] else {
            sellers[seller] = Taken(position: rates.count, key: key)
            positions[key] = rates.count
            rates.append(new)
            return
        }
        report.repeated += 1
        positions[key] = taken.position
        var kept = rates[taken.position]
        let defaultNames = kept.defaultNames.union(new.defaultNames)
        if let both = kept.completed(with: new) {
            kept = both
        } else {
            // As LiteLLM looks names up: with the provider in front before without.
            let winner = new.defaultNames.isEmpty ? key : taken.key
            if winner == key {
                kept = new
                sellers[seller]?.key = key
            }
            report.disagreements.append(
                .init(
                    model: new.defaultNames.isEmpty ? taken.key : key, member: nil,
                    note: "its prices are not those of '\(winner)', which were taken for \(new.provider)'s \(new.model)"
                ))
        }
        kept.defaultNames = defaultNames
        kept.unused.merge(new.unused) { first, _ in first }
        rates[taken.position] = kept
    }

    private mutating func name(_ alias: String, _ target: String, _ aliases: [String: String]) {
        var final = target
        for _ in 0..<4 { final = aliases[final] ?? final }
        guard let position = positions[final] else {
            let note = "it is an alias of '\(target)', which has no rate"
            report.unreadable.append(.init(model: alias, member: "alias_of", note: note))
            return
        }
        let provider = rates[position].provider
        var name = alias
        if let slash = alias.firstIndex(of: "/"), RateCard.canonicalProvider(String(alias[..<slash])) == provider {
            name = String(alias[alias.index(after: slash)...])
        }
        guard RateDocument.isName(name) else {
            let note = "its name must be 1 to \(RateDocument.nameBytesMax) bytes"
            report.unreadable.append(.init(model: alias, member: "alias_of", note: note))
            return
        }
        let seller = Seller(provider: provider, model: name)
        if let taken = sellers[seller] {
            guard taken.position != position else { return report.repeated += 1 }
            report.disagreements.append(
                .init(model: alias, member: "alias_of", note: "\(provider) sells '\(taken.key)' under that name"))
            return
        }
        sellers[seller] = Taken(position: position, key: alias)
        rates[position].aliases.append(name)
        if name == alias { rates[position].defaultNames.insert(name) }
        report.aliases += 1
    }
}
