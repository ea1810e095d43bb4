extension RateDocument {
    /// A document of those rates as YAML, to read and to edit.
    ///
    /// Reading it gives the same rates again.
    ///
    /// - Parameter comment: lines to begin with, without `#`.
    public static func yaml(_ rates: [Rate], effective: Timestamp? = nil, comment: [String] = []) -> String {
        var text = comment.map { $0.isEmpty ? "#\n" : "# \(oneLine($0))\n" }.joined()
        text += "format: meterd/1\n"
        if let effective { text += "effective: \(effective)\n" }
        text += rates.isEmpty ? "rates: []\n" : "rates:\n"
        for rate in rates {
            text += "\n"
            DocumentValue(rate).appendBlock(to: &text, indent: 4, firstPrefix: "  - ")
        }
        return text
    }

    /// A text that stays within a comment, whatever is in it.
    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { DocumentValue.isWritable($0) ? $0 : " " }))
    }

    /// The same document as JSON: what is quick to read and is kept.
    public static func json(_ rates: [Rate], effective: Timestamp? = nil) -> String {
        var members: [(String, DocumentValue)] = [("format", .scalar("meterd/1"))]
        if let effective { members.append(("effective", .scalar(effective.description))) }
        var text = ""
        DocumentValue.mapping(members + [("rates", .list(rates.map { DocumentValue($0) }))]).appendJSON(to: &text)
        return text + "\n"
    }
}

/// What a document says, to be written in either form.
private enum DocumentValue {
    case scalar(String)
    case list([DocumentValue])
    case mapping([(String, DocumentValue)])
    /// A mapping that stays on one line where lines matter.
    case row([(String, DocumentValue)])

    init(_ rate: Rate) {
        var members: [(String, DocumentValue)] = [
            ("model", .scalar(rate.model)), ("provider", .scalar(rate.provider)),
        ]
        if !rate.aliases.isEmpty { members.append(("aliases", .list(rate.aliases.map { .scalar($0) }))) }
        if rate.defaultNames == Set(rate.names) {
            members.append(("default_seller", .scalar("true")))
        } else if !rate.defaultNames.isEmpty {
            members.append(("default_seller", .list(rate.defaultNames.sorted().map { .scalar($0) })))
        }
        members += Self.members(rate.schedules[.standard] ?? PriceSchedule(prices: ContextPrices(base: PriceSheet())))
        let tiers = ServiceTier.allCases.compactMap { tier -> (String, DocumentValue)? in
            guard tier != .standard, let schedule = rate.schedules[tier] else { return nil }
            return (tier.name, .mapping(Self.members(schedule)))
        }
        if !tiers.isEmpty { members.append(("tiers", .mapping(tiers))) }
        if !rate.surcharges.isEmpty {
            members.append(
                (
                    "surcharges",
                    .row(rate.surcharges.sorted { $0.key < $1.key }.map { ($0.key, .scalar($0.value.text)) })
                ))
        }
        if !rate.unused.isEmpty {
            members.append(
                ("unused", .mapping(rate.unused.sorted { $0.key < $1.key }.map { ($0.key, .scalar($0.value)) })))
        }
        self = .mapping(members)
    }

    private static func members(_ schedule: PriceSchedule) -> [(String, DocumentValue)] {
        var members = Self.members(schedule.prices)
        if !schedule.windows.isEmpty {
            let windows = schedule.windows.map { window -> DocumentValue in
                var hours: [(String, DocumentValue)] = [
                    ("hours_utc", .list(window.hours.spans.map { .scalar($0.text) }))
                ]
                if window.hours.days != WeeklyHours.everyDay {
                    let days = WeeklyHours.dayNames.enumerated().filter {
                        window.hours.days & 1 << UInt8($0.offset) != 0
                    }
                    hours.append(("days", .list(days.map { .scalar($0.element) })))
                }
                if window.hours.calendarMinutes != 0 {
                    hours.append(("days_utc_offset", .scalar(offset(window.hours.calendarMinutes))))
                }
                return .mapping(hours + Self.members(window.prices))
            }
            members.append(("windows", .list(windows)))
        }
        return members
    }

    private static func members(_ prices: ContextPrices) -> [(String, DocumentValue)] {
        var members: [(String, DocumentValue)] = [("price", sheet(prices.base))]
        let steps = prices.steps.dropFirst().map { step -> DocumentValue in
            .mapping([
                (step.threshold.isInclusive ? "at_least" : "over", .scalar(String(step.threshold.promptTokens))),
                ("price", sheet(step.sheet)),
            ])
        }
        if !steps.isEmpty { members.append(("context", .list(steps))) }
        return members
    }

    private static func sheet(_ sheet: PriceSheet) -> DocumentValue {
        .row(
            sheet.entries.map {
                ($0.unit.name, .scalar($0.price.text(perUnits: $0.unit.unitsPerPublishedPrice)))
            })
    }

    private static func offset(_ minutes: Int) -> String {
        (minutes < 0 ? "-" : "+") + WeeklyHours.Span.clock(abs(minutes))
    }

    // MARK: YAML

    /// A mapping's members a line each, its first one behind `firstPrefix`.
    func appendBlock(to text: inout String, indent: Int, firstPrefix: String) {
        guard case .mapping(let members) = self else { return }
        let margin = String(repeating: " ", count: indent)
        for (index, (name, value)) in members.enumerated() {
            text += (index == 0 ? firstPrefix : margin) + Self.word(name) + ":"
            switch value {
            case .mapping:
                text += "\n"
                value.appendBlock(to: &text, indent: indent + 2, firstPrefix: margin + "  ")
            case .list(let elements) where elements.contains(where: \.isBlock):
                text += "\n"
                for element in elements {
                    element.appendBlock(to: &text, indent: indent + 4, firstPrefix: margin + "  - ")
                }
            default:
                text += " "
                value.appendFlow(to: &text)
                text += "\n"
            }
        }
    }

    private var isBlock: Bool {
        if case .mapping = self { return true }
        return false
    }

    private func appendFlow(to text: inout String) {
        switch self {
        case .scalar(let scalar): text += Self.word(scalar)
        case .list(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                element.appendFlow(to: &text)
            }
            text += "]"
        case .mapping(let members), .row(let members):
            text += "{"
            for (index, (name, value)) in members.enumerated() {
                if index > 0 { text += ", " }
                text += Self.word(name) + ": "
                value.appendFlow(to: &text)
            }
            text += "}"
        }
    }

    /// A scalar plain where nobody can read it otherwise, else in quotes.
    private static func word(_ text: String) -> String {
        let bytes = text.utf8
        let isPlain =
            bytes.first.map(isLetterOrDigit) ?? false
            && bytes.allSatisfy { isLetterOrDigit($0) || "._/-+@".utf8.contains($0) }
        return isPlain ? text : quoted(text)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    // MARK: JSON

    func appendJSON(to text: inout String) {
        switch self {
        case .scalar(let scalar): text += Self.quoted(scalar)
        case .list(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.appendJSON(to: &text)
            }
            text += "]"
        case .mapping(let members), .row(let members):
            text += "{"
            for (index, (name, value)) in members.enumerated() {
                if index > 0 { text += "," }
                text += Self.quoted(name) + ":"
                value.appendJSON(to: &text)
            }
            text += "}"
        }
    }

    /// Whether a character may stand in YAML as it is, and doesn't end its line.
    /// <https://yaml.org/spec/1.2.2/#51-character-set>
    static func isWritable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
        default: true
        }
    }

    /// In double quotes, with the escapes that JSON and YAML share.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where !isWritable(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
