import CPangoCairo
import FoundationEssentials

/// The PDF's pages, on which Cairo draws. Measures are points from the upper left corner.
final class Canvas {
    /// What Cairo has written so far.
    private final class Output {
        var bytes = Data()
    }

    let cairo: OpaquePointer
    private let surface: OpaquePointer
    private let output: Output

    /// - Parameter day: what the document says of its own making. A clock's time would make each copy another file.
    init(titled title: String, by author: Words, on day: Day) throws(Refusal) {
        output = Output()
        let write: cairo_write_func_t = { closure, bytes, count in
            guard let closure, let bytes else { return CAIRO_STATUS_WRITE_ERROR }
            Unmanaged<Output>.fromOpaque(closure).takeUnretainedValue().bytes.append(bytes, count: Int(count))
            return CAIRO_STATUS_SUCCESS
        }
        guard
            let surface = cairo_pdf_surface_create_for_stream(
                write, Unmanaged.passUnretained(output).toOpaque(), Sheet.width, Sheet.height),
            let cairo = cairo_create(surface)
        else { throw Refusal("there is no memory for the PDF") }
        (self.surface, self.cairo) = (surface, cairo)
        cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_5)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, author.text)
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "meterd")
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, "\(day.text)T00:00:00Z")
    }

    deinit {
        cairo_destroy(cairo)
        cairo_surface_destroy(surface)
    }

    /// Sets what is drawn with from now on.
    func use(_ colour: Colour) {
        cairo_set_source_rgb(cairo, colour.red, colour.green, colour.blue)
    }

    /// Draws a horizontal line.
    func rule(from x: Double, width: Double, at y: Double, thickness: Double, _ colour: Colour) {
        use(colour)
        cairo_rectangle(cairo, x, y - thickness / 2, width, thickness)
        cairo_fill(cairo)
    }

    /// Ends a page.
    func endPage() {
        cairo_show_page(cairo)
    }

    /// Ends the document, and gives its bytes.
    func finish() throws(Refusal) -> Data {
        cairo_surface_finish(surface)
        for status in [cairo_status(cairo), cairo_surface_status(surface)] where status != CAIRO_STATUS_SUCCESS {
            throw Refusal("the PDF can't be made: \(String(cString: cairo_status_to_string(status)))")
        }
        return output.bytes
    }
}

/// A colour of print.
struct Colour {
    let red: Double
    let green: Double
    let blue: Double

    private init(_ hex: UInt32) {
        (red, green, blue) = (
            Double(hex >> 16 & 0xFF) / 255, Double(hex >> 8 & 0xFF) / 255, Double(hex & 0xFF) / 255
        )
    }

    static let ink = Colour(0x1B2430)
    static let grey = Colour(0x6A7380)
    static let hairline = Colour(0xDDE1E6)
    static let accent = Colour(0x17527A)
}

/// A4, and where things are on it.
enum Sheet {
    static let width = 595.276
    static let height = 841.89
    static let left = 56.0
    static let top = 60.0
    /// Where the flow of a page ends; the footer is below.
    static let bottom = height - 84
    static let footer = height - 52
    static let contentWidth = width - 2 * left
    /// Two columns: the wide one on the left for what is long.
    static let wide = 270.0
    static let narrowLeft = left + 298
    static let narrow = contentWidth - 298
    static let bodyHeight = bottom - top
}
