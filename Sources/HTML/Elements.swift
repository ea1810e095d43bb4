/// Elements with content, by their names in HTML and SVG.
public enum Tag: String, Sendable {
    case a, article, aside, bdi, body, button, caption, code, dd, details, div, dl, dt, em, fieldset, footer, form, g,
        h1,
        h2, h3, head, header, label, legend, li, main, nav, noscript, ol, option, p, script, section, select, small,
        span, strong,
        summary, svg, table, tbody, td, text, textarea, tfoot, th, thead, time, title, tr, ul
}

/// Elements without content.
public enum VoidTag: String, Sendable {
    case br, hr, input, line, link, meta, rect
}

/// An element with what is in it.
public func element(_ tag: Tag, _ attributes: Attribute..., @HTMLBuilder containing content: () -> HTML) -> HTML {
    .element(tag.rawValue, attributes, content())
}

/// An element with what is in it, and attributes that are put together.
public func element(_ tag: Tag, _ attributes: [Attribute], @HTMLBuilder containing content: () -> HTML) -> HTML {
    .element(tag.rawValue, attributes, content())
}

/// An element with text in it, or with nothing.
public func element(_ tag: Tag, _ attributes: Attribute..., text: String = "") -> HTML {
    .element(tag.rawValue, attributes, HTML(text: text))
}

/// An element that has no content.
public func element(_ tag: VoidTag, _ attributes: Attribute...) -> HTML { .void(tag.rawValue, attributes) }

/// An element that has no content, and attributes that are put together.
public func element(_ tag: VoidTag, _ attributes: [Attribute]) -> HTML { .void(tag.rawValue, attributes) }

/// Text that somebody typed, kept from turning the text around it: its direction is its own. See HTML's `bdi`.
public func foreign(_ text: String) -> HTML { element(.bdi, text: text) }
