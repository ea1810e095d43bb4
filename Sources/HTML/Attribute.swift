/// An attribute of an element.
public struct Attribute: Sendable, Hashable {
    private let name: String
    private let value: String?

    private init(_ name: String, _ value: String?) {
        self.name = name
        self.value = value
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: " "))
        bytes += Array(name.utf8)
        guard let value else { return }
        bytes += Array("=\"".utf8)
        HTML.escape(value, into: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// An attribute whose value is plain text to the browser: no address, no style, no script.
    public static func text(_ name: PlainName, _ value: String) -> Attribute { Attribute(name.rawValue, value) }

    /// An attribute that is there or not.
    public static func flag(_ name: FlagName) -> Attribute { Attribute(name.rawValue, nil) }

    /// `class`
    public static func `class`(_ names: String) -> Attribute { Attribute("class", names) }
    /// `id`
    public static func id(_ id: String) -> Attribute { Attribute("id", id) }
    /// `lang`
    public static func lang(_ language: String) -> Attribute { Attribute("lang", language) }
    /// `href` to a place of the site.
    public static func href(_ place: Place) -> Attribute { Attribute("href", place.description) }
    /// `action` of a form.
    public static func action(_ place: Place) -> Attribute { Attribute("action", place.description) }
    /// `src` of a script.
    public static func src(_ place: Place) -> Attribute { Attribute("src", place.description) }
    /// A value for the page's own script.
    public static func data(_ name: StaticString, _ value: String) -> Attribute { Attribute("data-\(name)", value) }
    /// What screen readers say.
    public static func aria(_ name: StaticString, _ value: String) -> Attribute { Attribute("aria-\(name)", value) }
    /// A number of a drawing.
    public static func number(_ name: NumberName, _ value: Int64) -> Attribute { Attribute(name.rawValue, "\(value)") }

    /// Attributes that are plain text.
    public enum PlainName: String, Sendable {
        case alt, autocomplete, charset, content, datetime, dir, enctype, `for`, headers, inputmode, media, method,
            name,
            pattern, placeholder, rel, role, scope, title, type, value
        case maxlength, min, max, step, size, colspan, rows, cols, tabindex
        case viewBox, transform, points, preserveAspectRatio
        case textAnchor = "text-anchor"
        case httpEquiv = "http-equiv"
    }

    /// Attributes without a value.
    public enum FlagName: String, Sendable {
        case autofocus, checked, disabled, hidden, multiple, novalidate, open, readonly, required, selected, `defer`
    }

    /// Attributes of drawings that are whole numbers.
    public enum NumberName: String, Sendable {
        case x, y, x1, x2, y1, y2, width, height, rx
    }
}

/// An address that a page may name: a place of the site itself, or a page of a partner over https.
///
/// An address can't be made from text as it stands, so that none can be a `javascript:` one, or lead to another site by `//`.
public struct Place: Sendable, Hashable, CustomStringConvertible {
    /// As it stands in the attribute, before it is escaped.
    public let description: String

    /// A place of the site itself.
    ///
    /// - Parameters:
    ///   - segments: parts of the path; each is percent-encoded.
    ///   - query: in that order; what is nil is left out.
    ///   - fragment: an element's id.
    public init(_ segments: [String], query: [(String, String?)] = [], fragment: String? = nil) {
        let path = "/" + segments.map(Self.encode).joined(separator: "/")
        let pairs = query.compactMap { name, value in value.map { "\(Self.encode(name))=\(Self.encode($0))" } }
        description =
            path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
            + (fragment.map { "#" + Self.encode($0) } ?? "")
    }

    /// An element of the same page.
    public init(fragment: String) { description = "#" + Self.encode(fragment) }

    /// A page elsewhere; nil if it isn't one of https, or of this machine by http.
    public init?(partner text: String) {
        let isSafe =
            text.hasPrefix("https://")
            || ["http://localhost", "http://127.0.0.1", "http://[::1]"].contains { origin in
                text.hasPrefix(origin)
                    && text.utf8.dropFirst(origin.utf8.count).first.map { ":/?".utf8.contains($0) } ?? true
            }
        guard isSafe, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { return nil }
        description = text
    }

    /// Somebody's mailbox.
    public init(mailTo address: String) { description = "mailto:" + Self.encode(address, keeping: "@") }

    /// Percent-encodes all but RFC 3986's unreserved characters.
    private static func encode(_ text: String) -> String { encode(text, keeping: "") }

    private static func encode(_ text: String, keeping kept: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            case _ where kept.utf8.contains(byte): bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
