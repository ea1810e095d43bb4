import FoundationEssentials
import Glibc

/// Reads one invoice as the control socket serves it from standard input, and writes it as a PDF.
@main
enum InvoicePDF {
    /// Bytes that are read at most.
    private static let inputBytesMax = 16 << 20

    private static let usage = """
        usage: meterd-invoice-pdf FILE < invoice.json
               FILE - is standard output; the invoice is what meterctl invoice show ORG NUMBER --json prints.
        """

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments == ["--help"] || arguments == ["-h"] {
            print(usage)
            return
        }
        guard arguments.count == 1, let target = arguments.first, target == "-" || !target.hasPrefix("-"),
            !target.isEmpty
        else {
            complain(usage)
            exit(64)
        }
        do {
            let invoice = try Invoice.read(try Files.standardInput(bytesMax: inputBytesMax))
            let canvas = try Canvas(titled: invoice.titleWithNumber, by: invoice.seller.name, on: invoice.issued)
            let typesetter = try Typesetter(canvas)
            try InvoiceDocument(invoice, typesetter: typesetter).draw(on: canvas)
            try Files.write(try canvas.finish(), to: target)
            if typesetter.lacksLetters {
                complain(
                    "meterd-invoice-pdf: some letters are boxes, as no installed font has them; see fonts-noto-core, fonts-noto-cjk"
                )
            }
        } catch {
            complain("meterd-invoice-pdf: \(error)")
            exit(1)
        }
    }

    private static func complain(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// Why there is no PDF, in a line.
struct Refusal: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
