import HTML
import Wording

/// Pieces that many pages are made of.
enum Parts {
    /// A part of a page with a heading.
    static func card(
        _ title: String, id: String? = nil, class extra: String = "", @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        element(.section, [.class(extra.isEmpty ? "card" : "card \(extra)")] + (id.map { [.id($0)] } ?? [])) {
            element(.h2, text: title)
            content()
        }
    }

    /// What was said about a form.
    static func notice(_ notice: Notice) -> HTML {
        switch notice.kind {
        case .done: element(.div, .class("notice done"), .text(.role, "status")) { element(.p, text: notice.words) }
        case .failed: element(.div, .class("notice failed"), .text(.role, "alert")) { element(.p, text: notice.words) }
        }
    }

    /// A form of a session.
    static func form(
        _ place: Place, _ session: Session?, class name: String = "", @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        element(
            .form,
            [.text(.method, "post"), .action(place)] + (name.isEmpty ? [] : [.class(name)])
        ) {
            if let session { hidden("form_token", session.formToken) }
            content()
        }
    }

    static func hidden(_ name: String, _ value: String) -> HTML {
        element(.input, .text(.type, "hidden"), .text(.name, name), .text(.value, value))
    }

    static func submit(_ words: String, class name: String = "primary") -> HTML {
        element(.button, .text(.type, "submit"), .class(name), text: words)
    }

    /// An input with its label, and perhaps a hint.
    ///
    /// - Parameter id: what tells it from another input of that name on the page.
    static func field(
        _ label: String, _ name: String, id: String? = nil, type: String = "text", value: String? = nil,
        hint: String? = nil, _ more: Attribute...
    ) -> HTML {
        let id = id ?? name
        var attributes: [Attribute] = [.text(.type, type), .text(.name, name), .id("f-" + id)]
        if let value { attributes.append(.text(.value, value)) }
        if hint != nil { attributes.append(.aria("describedby", "h-" + id)) }
        return element(.div, .class("field")) {
            element(.label, .text(.for, "f-" + id), text: label)
            element(.input, attributes + more)
            if let hint { element(.small, .id("h-" + id), text: hint) }
        }
    }

    /// A choice with its label.
    static func choice(
        _ label: String, _ name: String, _ options: [(value: String, words: String)], chosen: String?
    ) -> HTML {
        element(.div, .class("field")) {
            element(.label, .text(.for, "f-" + name), text: label)
            element(.select, .text(.name, name), .id("f-" + name)) {
                for option in options {
                    element(
                        .option, [.text(.value, option.value)] + (option.value == chosen ? [.flag(.selected)] : [])
                    ) { option.words }
                }
            }
        }
    }

    /// Names and values.
    static func facts(_ facts: [(String, HTML)]) -> HTML {
        element(.dl, .class("facts")) {
            for (name, value) in facts {
                element(.div) {
                    element(.dt, text: name)
                    element(.dd) { value }
                }
            }
        }
    }

    static func text(_ text: String) -> HTML { HTML(text: text) }

    /// A figure with its name.
    static func figure(_ name: String, _ value: String, _ note: String? = nil) -> HTML {
        figure(name, HTML(text: value), note)
    }

    /// A sum with its name: all of its digits, those below a cent small.
    static func sum(_ name: String, _ decimal: String?, _ note: String? = nil) -> HTML {
        let words = Words.usd(decimal)
        guard let point = words.firstIndex(of: ".") else { return figure(name, words, note) }
        let cents = words.index(point, offsetBy: 3, limitedBy: words.endIndex) ?? words.endIndex
        return figure(
            name, HTML(text: String(words[..<cents])) + element(.small, text: String(words[cents...])), note)
    }

    private static func figure(_ name: String, _ value: HTML, _ note: String?) -> HTML {
        element(.div, .class("figure")) {
            element(.p, .class("name"), text: name)
            element(.p, .class("value")) { value }
            if let note { element(.p, .class("note"), text: note) }
        }
    }

    static func figures(@HTMLBuilder _ content: () -> HTML) -> HTML { element(.div, .class("figures")) { content() } }

    /// A state, in words; its colour only repeats them.
    static func badge(_ state: String) -> HTML {
        let kind: String
        switch state {
        case "active", "available", "succeeded", "paid", "accepted", "current", "settled": kind = "good"
        case "grace", "pending", "open", "invited", "due", "refund_due", "unpriced": kind = "wait"
        case "suspended", "declined", "failed", "erased", "removed", "closed": kind = "bad"
        default: kind = "neutral"
        }
        return element(.span, .class("badge \(kind)"), text: Words.state(state))
    }

    /// A table whose first column names the row.
    ///
    /// - Parameters:
    ///   - caption: what it is of; screen readers say it.
    ///   - columns: their headings; a heading that ends with `#` is over numbers.
    static func table(_ caption: String, _ columns: [String], _ rows: [[HTML]], foot: [HTML]? = nil) -> HTML {
        let names = columns.map { $0.hasSuffix("#") ? String($0.dropLast()) : $0 }
        func cell(_ index: Int, _ content: HTML) -> HTML {
            let number: [Attribute] = columns[index].hasSuffix("#") ? [.class("number")] : []
            return index == 0
                ? element(.th, [.text(.scope, "row")] + number) { content } : element(.td, number) { content }
        }
        return element(
            .div, .class("scroll"), .text(.role, "region"), .aria("label", caption), .text(.tabindex, "0")
        ) {
            element(.table) {
                element(.caption, text: caption)
                element(.thead) {
                    element(.tr) {
                        for (index, name) in names.enumerated() {
                            element(
                                .th,
                                [.text(.scope, "col")] + (columns[index].hasSuffix("#") ? [.class("number")] : [])
                            ) { name }
                        }
                    }
                }
                element(.tbody) {
                    for row in rows {
                        element(.tr) { for (index, content) in row.enumerated() { cell(index, content) } }
                    }
                }
                if let foot {
                    element(.tfoot) {
                        element(.tr) { for (index, content) in foot.enumerated() { cell(index, content) } }
                    }
                }
            }
        }
    }

    /// What stands where a list has nothing.
    static func nothing(_ words: String) -> HTML { element(.p, .class("nothing"), text: words) }

    /// A button that leads on.
    static func link(_ words: String, _ place: Place, class name: String = "button") -> HTML {
        element(.a, .class(name), .href(place), text: words)
    }

    /// Where a list goes on.
    static func more(_ place: Place?) -> HTML {
        guard let place else { return HTML() }
        return element(.p, .class("more")) { element(.a, .href(place), text: "Older") }
    }
}
