/// A piece of a page, as bytes of HTML that are safe to send.
///
/// Text becomes HTML only through ``init(text:)``, which escapes by byte. Markup comes only from this module's elements, so that a page can't
/// hold unescaped text. Escaping by character is not enough: `"` followed by a combining mark is one character, and would pass.
public struct HTML: Sendable, Hashable {
    /// UTF-8.
    public private(set) var bytes: [UInt8]

    /// Nothing.
    public init() { bytes = [] }

    /// Text, escaped for an element's content and for an attribute's value in quotes.
    public init(text: String) {
        bytes = []
        Self.escape(text, into: &bytes)
    }

    /// Markup of this module.
    init(markup: [UInt8]) { bytes = markup }

    /// Both, in that order.
    public static func + (first: HTML, second: HTML) -> HTML {
        var both = first
        both.bytes += second.bytes
        return both
    }

    /// Adds what comes after.
    public static func += (first: inout HTML, second: HTML) { first.bytes += second.bytes }

    /// A whole document.
    public static func document(language: String, @HTMLBuilder _ content: () -> HTML) -> HTML {
        HTML(markup: Array("<!doctype html>\n".utf8)) + element("html", [.lang(language)], content())
    }

    /// A stylesheet in the document itself, as mails need it. It is part of the program, so that nothing in it is anybody's text.
    public static func style(_ sheet: StaticString) -> HTML {
        element("style", [], HTML(markup: sheet.withUTF8Buffer { Array($0) }))
    }

    /// Whether there is nothing.
    public var isEmpty: Bool { bytes.isEmpty }

    /// Escapes the five bytes that mean something in HTML. Control characters, which HTML forbids, become U+FFFD.
    static func escape(_ text: String, into bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += Array("&amp;".utf8)
            case UInt8(ascii: "<"): bytes += Array("&lt;".utf8)
            case UInt8(ascii: ">"): bytes += Array("&gt;".utf8)
            case UInt8(ascii: "\""): bytes += Array("&quot;".utf8)
            case UInt8(ascii: "'"): bytes += Array("&#39;".utf8)
            case 0x09, 0x0A: bytes.append(byte)
            case 0..<0x20, 0x7F: bytes += [0xEF, 0xBF, 0xBD]
            default: bytes.append(byte)
            }
        }
    }

    /// An element with its content.
    static func element(_ name: String, _ attributes: [Attribute], _ content: HTML) -> HTML {
        var html = opening(name, attributes)
        html += content
        html.bytes += Array("</\(name)>".utf8)
        return html
    }

    /// An element that has no content. Drawings close theirs by a slash, which HTML's own may have. See HTML, section 13.1.2.1.
    static func void(_ name: String, _ attributes: [Attribute]) -> HTML { opening(name, attributes, end: " />") }

    private static func opening(_ name: String, _ attributes: [Attribute], end: String = ">") -> HTML {
        var bytes = Array("<\(name)".utf8)
        for attribute in attributes { attribute.append(to: &bytes) }
        bytes += Array(end.utf8)
        return HTML(markup: bytes)
    }
}

/// Puts pages together: text and elements, one after the other.
@resultBuilder
public enum HTMLBuilder {
    /// Text, escaped.
    public static func buildExpression(_ text: String) -> HTML { HTML(text: text) }
    /// An element.
    public static func buildExpression(_ html: HTML) -> HTML { html }
    /// Text that may be missing.
    public static func buildExpression(_ text: String?) -> HTML { text.map(HTML.init(text:)) ?? HTML() }
    /// All of it, in order.
    public static func buildBlock(_ parts: HTML...) -> HTML { parts.reduce(into: HTML()) { $0 += $1 } }
    /// What may be left out.
    public static func buildOptional(_ part: HTML?) -> HTML { part ?? HTML() }
    /// The first of two.
    public static func buildEither(first part: HTML) -> HTML { part }
    /// The second of two.
    public static func buildEither(second part: HTML) -> HTML { part }
    /// A list.
    public static func buildArray(_ parts: [HTML]) -> HTML { parts.reduce(into: HTML()) { $0 += $1 } }
}
