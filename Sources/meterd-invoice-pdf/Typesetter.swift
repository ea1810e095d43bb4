import CPangoCairo
import FoundationEssentials

/// How a paragraph looks.
struct TextStyle {
    enum Side {
        case left
        case right
    }

    var size = 9.0
    var isBold = false
    var colour = Colour.ink
    var side = Side.left
    /// Lines at most; what is longer ends in an ellipsis.
    var linesMax = 12

    static let title = TextStyle(size: 26, colour: .accent)
    static let number = TextStyle(size: 11, colour: .grey, linesMax: 3)
    static let name = TextStyle(size: 10, isBold: true, linesMax: 5)
    static let body = TextStyle(linesMax: 4)
    static let label = TextStyle(size: 7.5, colour: .grey)
    static let small = TextStyle(size: 8, colour: .grey, linesMax: 6)
    static let footer = TextStyle(size: 7.5, colour: .grey, linesMax: 1)

    /// The same, on the right.
    var right: TextStyle { with { $0.side = .right } }

    /// The same but for a change.
    func with(_ change: (inout TextStyle) -> Void) -> TextStyle {
        var style = self
        change(&style)
        return style
    }
}

/// Makes paragraphs of texts in any script: Pango finds fonts, shapes, and breaks lines.
final class Typesetter {
    /// Whether a text had letters that no font has, which are boxes with their numbers then.
    private(set) var lacksLetters = false
    private let context: OpaquePointer
    /// Families in the order in which they are wanted; the last always finds one.
    private static let families = "Noto Sans, Noto Sans Arabic, Noto Sans Hebrew, DejaVu Sans, Sans"

    init(_ canvas: Canvas) throws(Refusal) {
        // What the caller's language is must not choose between the forms of a letter.
        setenv("PANGO_LANGUAGE", "en", 1)
        guard let context = pango_cairo_create_context(canvas.cairo) else {
            throw Refusal("there is no memory for text")
        }
        self.context = context
        // A point of type is a point of the page, and letters are placed exactly: this is paper, not a screen.
        pango_cairo_context_set_resolution(context, 72)
        pango_context_set_round_glyph_positions(context, 0)
        pango_context_set_language(context, pango_language_from_string("en"))
        // Without a font Pango draws boxes and is content.
        guard set("0123456789", .body).isLegible else {
            throw Refusal("no font is installed; install one, such as fonts-dejavu-core")
        }
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(context))
    }

    /// Makes a paragraph.
    ///
    /// - Parameter width: where its lines break; nil: nowhere.
    func set(_ text: String, _ style: TextStyle, width: Double? = nil) -> Paragraph {
        let layout: OpaquePointer = pango_layout_new(context)
        let font = pango_font_description_from_string(Self.families)
        pango_font_description_set_absolute_size(font, style.size * Double(PANGO_SCALE))
        pango_font_description_set_weight(font, style.isBold ? PANGO_WEIGHT_SEMIBOLD : PANGO_WEIGHT_NORMAL)
        pango_layout_set_font_description(layout, font)
        pango_font_description_free(font)
        let attributes = pango_attr_list_new()
        pango_attr_list_insert(attributes, pango_attr_font_features_new("tnum=1, lnum=1"))
        // A name that is broken is still that name: no hyphen that isn't in it.
        pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(0))
        pango_layout_set_attributes(layout, attributes)
        pango_attr_list_unref(attributes)
        pango_layout_set_text(layout, text, -1)
        // Pango turns sides around in a paragraph from right to left; here a side is a side of the page.
        let firstLine = pango_layout_get_line_readonly(layout, 0)
        let isTurned = firstLine.map { pango_layout_line_get_resolved_direction($0) } == PANGO_DIRECTION_RTL
        pango_layout_set_alignment(layout, (style.side == .right) != isTurned ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT)
        if let width {
            pango_layout_set_width(layout, Int32(max(1, width) * Double(PANGO_SCALE)))
            pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
            pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END)
            pango_layout_set_height(layout, Int32(-style.linesMax))
        }
        let paragraph = Paragraph(layout, style.colour)
        lacksLetters = lacksLetters || !paragraph.isLegible
        return paragraph
    }
}

/// A text in its lines, with its measures.
final class Paragraph {
    let width: Double
    let height: Double
    /// From its upper edge to the line that its first letters stand on.
    let baseline: Double
    private let layout: OpaquePointer
    private let colour: Colour

    fileprivate init(_ layout: OpaquePointer, _ colour: Colour) {
        (self.layout, self.colour) = (layout, colour)
        var area = PangoRectangle()
        pango_layout_get_extents(layout, nil, &area)
        width = Double(area.width) / Double(PANGO_SCALE)
        height = Double(area.height) / Double(PANGO_SCALE)
        baseline = Double(pango_layout_get_baseline(layout)) / Double(PANGO_SCALE)
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(layout))
    }

    /// Whether there was a font for every letter.
    var isLegible: Bool { pango_layout_get_unknown_glyphs_count(layout) == 0 }

    /// Draws it with its upper left corner at a place.
    func draw(on canvas: Canvas, x: Double, y: Double) {
        canvas.use(colour)
        cairo_move_to(canvas.cairo, x, y)
        pango_cairo_show_layout(canvas.cairo, layout)
    }
}
