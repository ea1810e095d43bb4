import HTML

/// What somebody is told: a mail's content, before it is a mail. Text and HTML are made of the same parts, so that they say the same.
struct Notice: Sendable, Codable {
    /// The mail's subject.
    var subject: String
    /// What happened, and what follows from it: a sentence or two per paragraph.
    var paragraphs: [String]
    /// Names and values, such as an amount and an invoice's number.
    var facts: [Fact] = []
    /// What to do about it.
    var action: Action?
    /// What stands below the button, as when the link ends.
    var note: String?
    /// The invoice whose PDF is attached; nil for none.
    var invoice: String?

    /// A name and a value.
    struct Fact: Sendable, Codable, Hashable {
        let name: String
        let value: String
    }

    /// A button.
    struct Action: Sendable, Codable, Hashable {
        let words: String
        let url: String
    }
}

/// Where people reach the dashboard.
public struct DashboardAddress: Sendable, Hashable {
    private let origin: String

    /// Reads `https://HOST[:PORT]`, or `http://localhost[:PORT]`; nil for anything else.
    public init?(_ text: String) {
        let origin = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard Place(partner: origin) != nil, let host = origin.split(separator: "/").last,
            origin.split(separator: "/").count == 2,
            !host.contains("?"), !host.contains("#"), !host.contains("@")
        else { return nil }
        self.origin = origin
    }

    /// A page's address.
    func page(_ path: [String], query: [(String, String?)] = [], fragment: String? = nil) -> String {
        origin + Place(path, query: query, fragment: fragment).description
    }
}

/// Where a notice comes from, which stands at its end.
struct NoticeFooter: Sendable {
    /// The org, as people call it.
    let org: String
    /// Whom to ask for help; nil if nobody is configured.
    let support: String?

    /// The org's name with a full stop.
    var sentence: String { org.hasSuffix(".") ? org : org + "." }
}

// A notice as a mail shows it.
extension Notice {
    /// As plain text.
    func text(_ footer: NoticeFooter) -> String {
        var lines = paragraphs
        if !facts.isEmpty {
            let width = facts.map(\.name.count).max() ?? 0
            lines.append(
                facts.map { $0.name + ":" + String(repeating: " ", count: width - $0.name.count + 2) + $0.value }
                    .joined(separator: "\n"))
        }
        if let action { lines.append("\(action.words):\n\(action.url)") }
        if let note { lines.append(note) }
        var end = "-- \nSent by meterd about \(footer.sentence) All times are UTC."
        if let support = footer.support { end += "\nHelp: \(support)" }
        return (lines + [end]).joined(separator: "\n\n") + "\n"
    }

    /// As HTML. Whatever comes from elsewhere is escaped.
    func html(_ footer: NoticeFooter) -> HTML {
        .document(language: "en") {
            element(.head) {
                element(.meta, .text(.charset, "utf-8"))
                element(.meta, .text(.name, "viewport"), .text(.content, "width=device-width, initial-scale=1"))
                element(.meta, .text(.name, "color-scheme"), .text(.content, "light dark"))
                element(.title, text: subject)
                HTML.style(Self.style)
            }
            element(.body) {
                element(.main, .class("mail")) {
                    element(.p, .class("brand"), text: "meterd")
                    element(.h1, text: subject)
                    for paragraph in paragraphs { element(.p, text: paragraph) }
                    if !facts.isEmpty {
                        element(.table) {
                            for fact in facts {
                                element(.tr) {
                                    element(.th, .text(.scope, "row"), text: fact.name)
                                    element(.td) { foreign(fact.value) }
                                }
                            }
                        }
                    }
                    if let action, let place = Place(partner: action.url) {
                        element(.p) { element(.a, .class("button"), .href(place), text: action.words) }
                    }
                    if let note { element(.p, .class("note"), text: note) }
                    element(.p, .class("end")) {
                        "Sent by meterd about "
                        foreign(footer.sentence)
                        " All times are UTC."
                        if let support = footer.support { " Help: \(support)." }
                    }
                }
            }
        }
    }

    /// Mail programs know less CSS than browsers: no variables, no grid.
    private static let style: StaticString = """
        body { margin: 0; padding: 16px; background: #f4f5f7; color: #1a1d23; font: 16px/1.5 system-ui, sans-serif; }
        .mail { max-width: 560px; margin: 0 auto; padding: 24px; background: #fff; border-radius: 8px; }
        .brand { margin: 0 0 16px; font-weight: 700; color: #3452c7; }
        h1 { margin: 0 0 16px; font-size: 20px; line-height: 1.3; }
        p { margin: 0 0 16px; }
        table { margin: 0 0 16px; border-collapse: collapse; }
        th { padding: 4px 16px 4px 0; text-align: left; font-weight: 400; color: #5b6270; vertical-align: top; }
        td { padding: 4px 0; font-weight: 600; overflow-wrap: anywhere; }
        .button { display: inline-block; padding: 10px 18px; border-radius: 6px; background: #3452c7; color: #fff; text-decoration: none; }
        .note, .end { font-size: 13px; color: #5b6270; }
        .end { margin: 24px 0 0; padding: 16px 0 0; border-top: 1px solid #dfe2e8; }
        @media (prefers-color-scheme: dark) {
            body { background: #14161a; color: #e6e8ec; }
            .mail { background: #1e2127; }
            .brand { color: #93a7f5; }
            th, .note, .end { color: #a3aab8; }
            .end { border-color: #353a44; }
            .end a { color: #93a7f5; }
        }
        """
}
